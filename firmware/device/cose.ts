// Parses and builds COSE_Mac0 (RFC 9052, 6.2 and 6.3) with HMAC 256/256. The caller computes the
// MAC.
//
// There is one message at a time: the one that mac0Parse() or mac0Build() was called for last. The
// accessors at the end of this file return addresses within it. The payload is never copied: the
// message's headers and the head of the MAC_structure are written to the same place before it.

import { MESSAGE_MAX, TAG_BYTES } from "./abi.gen";
import { copy } from "./bytes";
import {
  readArray,
  readAt,
  readBegin,
  readBytes,
  readLength,
  readMap,
  readTag,
  readUint,
} from "./cbor";

/** Major type of a tag (RFC 8949, 3.1). */
const MAJOR_TAG: u32 = 6;
/** CBOR tag of a COSE_Mac0 (RFC 9052, 2). */
const TAG_MAC0: u64 = 17;
/** Header parameters (RFC 9052, 3.1). */
const HEADER_ALG: u64 = 1;
const HEADER_KID: u64 = 4;
/** HMAC 256/256 (RFC 9053, 3.1). */
const ALG_HMAC_256_256: u64 = 5;
/** Longest kid, in bytes. */
const KID_MAX: u32 = 16;
/** Head of an empty byte string. */
const BYTES_HEAD: u32 = 0x40;

/** The protected header {1: 5} as a little-endian number, and an empty map. */
const PROTECTED: u32 = 0x0501a1;
const PROTECTED_LEN: u32 = 3;
const EMPTY_MAP: u32 = 0xa0;

/**
 * The usual beginning of a message, up to the kid: 17([h'a10105', {4: ... mac0Build() writes it,
 * and mac0Parse() compares it as one number.
 */
const USUAL_START: u64 = 0xa14384d1 | (0x04a10501 << 32);
const USUAL_START_LEN: u32 = 8;
/** The MAC_structure up to the payload: ["MAC0", h'a10105', h'', ... It is stored in two parts. */
const STRUCTURE_START: u64 = 0x414d6484 | (0xa1433043 << 32);
const STRUCTURE_START_REST: u32 = 0x400501a1;
const STRUCTURE_START_LEN: u32 = 11;
/** The same for an empty protected header: ["MAC0", h'', h'', ... */
const BARE_START: u64 = 0x414d6484 | (0x40403043 << 32);
const BARE_START_LEN: u32 = 8;
/** Head of the tag: a byte string of 32 bytes, little-endian. */
const TAG_HEAD: u32 = 0x2058;
const TAG_HEAD_LEN: u32 = 2;

/**
 * Bytes before a message that mac0Structure() may overwrite: the MAC_structure may begin before it.
 */
export const MESSAGE_MARGIN: u32 = 8;
/**
 * Bytes before a payload that mac0Build() and mac0Finish() need: usual beginning, kid and heads.
 */
export const PAYLOAD_MARGIN: u32 = 32;
/** Largest payload of a message that is built, in bytes. */
export const PAYLOAD_MAX: u32 = MESSAGE_MAX - PAYLOAD_MARGIN - TAG_HEAD_LEN - TAG_BYTES;
/** Bytes after a payload that mac0Build() needs: the tag. */
export const TAG_MARGIN: u32 = TAG_HEAD_LEN + TAG_BYTES;

/** The current message: addresses, and lengths in bytes. */
@unmanaged
class Message {
  /** 0 if there is no kid. */
  kid: usize;
  kidLen: u32;
  payload: usize;
  payloadLen: u32;
  /** 0 if there is no message. */
  tag: usize;
  /** Where the head of the payload's byte string begins. */
  payloadHead: usize;
  /** 0 if the protected header is empty; the alg is then in the unprotected header. */
  isProtected: u32;
  /** Where the MAC_structure begins, after mac0Structure(). */
  structure: usize;
}

const message: Message = changetype<Message>(memory.data(32, 8));

/**
 * Result of reading the headers: REFUSED if they are not of this profile, otherwise a set of bits.
 */
const REFUSED: u32 = 0;
const TAKEN: u32 = 1;
const WITH_ALG_PROTECTED: u32 = 2;
const WITH_KID: u32 = 4;

/** Reads the protected header: {1: 5}; or an empty one, h'' or h'A0'. */
function parseProtected(): u32 {
  const ptr = readBytes();
  const len = readLength();
  if (len === 0) return TAKEN;
  if (len === 1) return load<u8>(ptr) === EMPTY_MAP ? TAKEN : REFUSED;
  if (len !== PROTECTED_LEN || load<u16>(ptr) !== <u16>PROTECTED) return REFUSED;
  return load<u8>(ptr, 2) === <u8>(PROTECTED >>> 16) ? TAKEN | WITH_ALG_PROTECTED : REFUSED;
}

/** Reads the headers up to the kid, of a message without the usual beginning. */
function parseHeaders(ptr: usize): u32 {
  if (<u32>load<u8>(ptr) >>> 5 === MAJOR_TAG && readTag() !== TAG_MAC0) return REFUSED;
  if (readArray() !== 4) return REFUSED;
  const taken = parseProtected();
  if (taken === REFUSED) return REFUSED;
  // The unprotected header: alg unless the protected one has it, then a kid or none.
  const pairs = readMap();
  const algs: u32 = taken & WITH_ALG_PROTECTED ? 0 : 1;
  if (algs === 1 && (readUint() !== HEADER_ALG || readUint() !== ALG_HMAC_256_256)) return REFUSED;
  if (pairs === algs) return taken;
  return pairs === algs + 1 && readUint() === HEADER_KID ? taken | WITH_KID : REFUSED;
}

/**
 * Parses a COSE_Mac0 of this profile: deterministic CBOR, tagged 17 or untagged, at most
 * MESSAGE_MAX bytes and none after it; alg HMAC 256/256 exactly once; at most one kid, of at most
 * KID_MAX bytes; no other header; a payload; a tag of TAG_BYTES. Returns false for anything else;
 * there is no message then.
 */
export function mac0Parse(ptr: usize, len: u32): bool {
  message.tag = 0;
  if (len === 0 || len > MESSAGE_MAX) return false;
  let headers = TAKEN | WITH_ALG_PROTECTED | WITH_KID;
  if (len > USUAL_START_LEN && load<u64>(ptr) === USUAL_START)
    readBegin(ptr + USUAL_START_LEN, len - USUAL_START_LEN);
  else {
    readBegin(ptr, len);
    headers = parseHeaders(ptr);
    if (headers === REFUSED) return false;
  }
  let kid: usize = 0;
  let kidSize: u32 = 0;
  if (headers & WITH_KID) {
    kid = readBytes();
    kidSize = readLength();
    if (kidSize > KID_MAX) return false;
  }
  const head = readAt();
  const payload = readBytes();
  const end = readAt();
  if (end === 0 || end + TAG_MARGIN !== ptr + len || load<u16>(end) !== <u16>TAG_HEAD) return false;
  message.kid = kid;
  message.kidLen = kidSize;
  message.payload = payload;
  message.payloadLen = <u32>(end - payload);
  message.payloadHead = head;
  message.isProtected = headers & WITH_ALG_PROTECTED;
  message.tag = end + TAG_HEAD_LEN;
  return true;
}

/**
 * Begins a message around the payload of `size` bytes at `payload`, with PAYLOAD_MARGIN bytes free
 * before it and TAG_MARGIN bytes free after it. The caller then calls mac0Structure(), writes the
 * MAC of that structure to tagPtr(), and calls mac0Finish(). Traps if `size` is more than
 * PAYLOAD_MAX.
 */
export function mac0Build(payload: usize, size: u32): void {
  assert(size <= PAYLOAD_MAX);
  let head = payload - 1;
  if (size < 24) store<u8>(head, BYTES_HEAD | size);
  else if (size < 256) {
    head = payload - 2;
    store<u16>(head, <u16>(0x58 | (size << 8)));
  } else {
    head = payload - 3;
    store<u8>(head, 0x59);
    store<u16>(head + 1, bswap<u16>(<u16>size));
  }
  store<u16>(payload + size, <u16>TAG_HEAD);
  message.kid = 0;
  message.kidLen = 0;
  message.payload = payload;
  message.payloadLen = size;
  message.payloadHead = head;
  message.isProtected = WITH_ALG_PROTECTED;
  message.tag = payload + size + TAG_HEAD_LEN;
}

/**
 * Writes the MAC_structure (RFC 9052, 6.3), the bytes that the tag authenticates, around the
 * payload. It overwrites the headers, so the message has no kid afterwards, and up to
 * MESSAGE_MARGIN bytes before a parsed message. Returns its length in bytes; it begins at
 * macStructurePtr(). Traps without a message.
 */
export function mac0Structure(): u32 {
  assert(tagPtr() !== 0);
  const head = message.payloadHead;
  const isProtected = message.isProtected !== 0;
  const start = head - (isProtected ? STRUCTURE_START_LEN : BARE_START_LEN);
  if (isProtected) store<u32>(head - 4, STRUCTURE_START_REST);
  store<u64>(start, isProtected ? STRUCTURE_START : BARE_START);
  message.kid = 0;
  message.kidLen = 0;
  message.structure = start;
  return <u32>(tagPtr() - TAG_HEAD_LEN - start);
}

/**
 * Completes the message that mac0Build() began: writes its headers over its MAC_structure, giving
 * 17([h'A10105', {4: kid}, payload, tag]). Returns the address of the message, which ends with the
 * tag. Traps unless the kid has 1 to KID_MAX bytes.
 */
export function mac0Finish(kid: usize, kidSize: u32): usize {
  assert(kidSize > 0 && kidSize <= KID_MAX);
  const at = message.payloadHead - kidSize;
  copy(at, kid, kidSize);
  store<u8>(at - 1, BYTES_HEAD | kidSize);
  store<u64>(at - 1 - USUAL_START_LEN, USUAL_START);
  return at - 1 - USUAL_START_LEN;
}

/** Address of the MAC_structure, after mac0Structure(). */
export function macStructurePtr(): usize {
  return message.structure;
}

// Accessors of the current message. Without one, tagPtr() is 0 and the others are undefined.

/** Address of the kid; 0 if there is none. */
export function kidPtr(): usize {
  return message.kid;
}

/** Length of the kid in bytes; 0 if there is none. */
export function kidLen(): u32 {
  return message.kidLen;
}

/** Address of the payload. */
export function payloadPtr(): usize {
  return message.payload;
}

/** Length of the payload in bytes. */
export function payloadLen(): u32 {
  return message.payloadLen;
}

/** Address of the tag of TAG_BYTES; 0 without a message. */
export function tagPtr(): usize {
  return message.tag;
}
