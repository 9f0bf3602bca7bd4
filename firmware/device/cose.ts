// COSE_Mac0 (RFC 9052, 6.2 and 6.3) with HMAC 256/256 and nothing else. Bytes in, views out; no MAC
// is computed here. It must not know what a payload means, whose key a kid names, or the board.
//
// One message at a time: the accessors speak of the last one that mac0Parse() or mac0Build() took,
// and point into its bytes. Nothing is copied: what stands before the payload in a message, and what
// stands before it in the MAC_structure, take turns in the same place.

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
/** Head of a byte string of no bytes. */
const BYTES_HEAD: u32 = 0x40;

/** The protected header {1: 5}, little-endian, and its first byte of an empty one. */
const PROTECTED: u32 = 0x0501a1;
const PROTECTED_LEN: u32 = 3;
const EMPTY_MAP: u32 = 0xa0;

/** How mac0Build() begins a message, and nearly everybody: 17([h'a10105', {4: -- and then the kid. */
const USUAL: u64 = 0xa14384d1 | (0x04a10501 << 32);
const USUAL_LEN: u32 = 8;
/** What stands before the payload in a MAC_structure: ["MAC0", h'a10105', h'', -- in two parts. */
const STRUCTURE: u64 = 0x414d6484 | (0xa1433043 << 32);
const STRUCTURE_REST: u32 = 0x400501a1;
const STRUCTURE_LEN: u32 = 11;
/** The same with nothing protected: ["MAC0", h'', h'', --. */
const BARE: u64 = 0x414d6484 | (0x40403043 << 32);
const BARE_LEN: u32 = 8;
/** Head of a tag's byte string: h'-- of 32 bytes, little-endian. */
const TAG_HEAD: u32 = 0x2058;
const TAG_HEAD_LEN: u32 = 2;

/** Before a message: what mac0Structure() may need more than the shortest headers take. */
export const MESSAGE_MARGIN: u32 = 8;
/** Before a payload that is to be built around: the usual beginning, kid and heads. */
export const PAYLOAD_MARGIN: u32 = 32;
/** Largest payload that can be built around. */
export const PAYLOAD_MAX: u32 = MESSAGE_MAX - PAYLOAD_MARGIN - TAG_HEAD_LEN - TAG_BYTES;
/** Behind it: the tag. */
export const TAG_MARGIN: u32 = TAG_HEAD_LEN + TAG_BYTES;

/** The message that was parsed or built last: addresses, and lengths in bytes. */
@unmanaged
class Message {
  /** 0 if there is no kid. */
  kid: usize;
  kidLen: u32;
  payload: usize;
  payloadLen: u32;
  /** 0 if there is no message. */
  tag: usize;
  /** The head of the payload's byte string. */
  payloadHead: usize;
  /** 0 if the protected header is empty, so that the alg is in the unprotected one. */
  isProtected: u32;
  /** Where mac0Structure() wrote. */
  structure: usize;
}

const message: Message = changetype<Message>(memory.data(32, 8));

/** The headers as read: not those of this profile, or a bit each. */
const REFUSED: u32 = 0;
const TAKEN: u32 = 1;
const WITH_ALG_PROTECTED: u32 = 2;
const WITH_KID: u32 = 4;

/** Reads the protected header: {1: 5}, or empty as h'' or h'A0'. */
function parseProtected(): u32 {
  const ptr = readBytes();
  const len = readLength();
  if (len === 0) return TAKEN;
  if (len === 1) return load<u8>(ptr) === EMPTY_MAP ? TAKEN : REFUSED;
  if (len !== PROTECTED_LEN || load<u16>(ptr) !== <u16>PROTECTED) return REFUSED;
  return load<u8>(ptr, 2) === <u8>(PROTECTED >>> 16) ? TAKEN | WITH_ALG_PROTECTED : REFUSED;
}

/** Reads the headers of a message that does not begin as usual, up to the kid. */
function parseHeaders(ptr: usize): u32 {
  if (<u32>load<u8>(ptr) >>> 5 === MAJOR_TAG && readTag() !== TAG_MAC0) return REFUSED;
  if (readArray() !== 4) return REFUSED;
  const taken = parseProtected();
  if (taken === REFUSED) return REFUSED;
  // Unprotected: alg unless the protected one has it, then kid or not.
  const pairs = readMap();
  const algs: u32 = taken & WITH_ALG_PROTECTED ? 0 : 1;
  if (algs === 1 && (readUint() !== HEADER_ALG || readUint() !== ALG_HMAC_256_256)) return REFUSED;
  if (pairs === algs) return taken;
  return pairs === algs + 1 && readUint() === HEADER_KID ? taken | WITH_KID : REFUSED;
}

/**
 * Reads a COSE_Mac0 of this profile: deterministic CBOR, tagged 17 or untagged, at most MESSAGE_MAX
 * bytes and none after it; alg HMAC 256/256 exactly once, a kid of at most KID_MAX bytes or none, no
 * other header; payload present; tag of TAG_BYTES. Anything else is false, and then there is no message.
 */
export function mac0Parse(ptr: usize, len: u32): bool {
  message.tag = 0;
  if (len === 0 || len > MESSAGE_MAX) return false;
  let headers = TAKEN | WITH_ALG_PROTECTED | WITH_KID;
  if (len > USUAL_LEN && load<u64>(ptr) === USUAL) readBegin(ptr + USUAL_LEN, len - USUAL_LEN);
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
 * Begins a message around the `size` <= PAYLOAD_MAX bytes of payload at `payload`, with PAYLOAD_MARGIN
 * bytes free before it and TAG_MARGIN behind, and makes it the message. To sign it, write the MAC of
 * mac0Structure() to tagPtr(); then mac0Finish() writes what is left.
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
 * Writes the message's MAC_structure (RFC 9052, 6.3), the bytes that the tag authenticates, around its
 * payload, over its headers: there is no kid from then on. Returns its length; it begins at
 * macStructurePtr(). At a parsed message MESSAGE_MARGIN bytes before it are written to. Traps without
 * a message.
 */
export function mac0Structure(): u32 {
  assert(tagPtr() !== 0);
  const head = message.payloadHead;
  const isProtected = message.isProtected !== 0;
  const start = head - (isProtected ? STRUCTURE_LEN : BARE_LEN);
  if (isProtected) store<u32>(head - 4, STRUCTURE_REST);
  store<u64>(start, isProtected ? STRUCTURE : BARE);
  message.kid = 0;
  message.kidLen = 0;
  message.structure = start;
  return <u32>(tagPtr() - TAG_HEAD_LEN - start);
}

/**
 * Writes the headers of the message that mac0Build() began, over its MAC_structure: 17([h'A10105',
 * {4: kid}, payload, tag]). kid: 1 to KID_MAX bytes. Returns where the message begins; it ends with
 * the tag.
 */
export function mac0Finish(kid: usize, kidSize: u32): usize {
  assert(kidSize > 0 && kidSize <= KID_MAX);
  const at = message.payloadHead - kidSize;
  copy(at, kid, kidSize);
  store<u8>(at - 1, BYTES_HEAD | kidSize);
  store<u64>(at - 1 - USUAL_LEN, USUAL);
  return at - 1 - USUAL_LEN;
}

/** Where mac0Structure() wrote. */
export function macStructurePtr(): usize {
  return message.structure;
}

// Of a message; without one, only tagPtr() means anything: 0.

/** Address of the kid; 0 if absent. */
export function kidPtr(): usize {
  return message.kid;
}

/** Length of the kid; 0 if absent. */
export function kidLen(): u32 {
  return message.kidLen;
}

/** Address of the payload. */
export function payloadPtr(): usize {
  return message.payload;
}

/** Length of the payload. */
export function payloadLen(): u32 {
  return message.payloadLen;
}

/** Address of the tag, TAG_BYTES long; 0 without a message. */
export function tagPtr(): usize {
  return message.tag;
}
