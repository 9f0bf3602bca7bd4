// COSE_Mac0 (RFC 9052, 6.2 and 6.3) with HMAC 256/256 and nothing else. Bytes in, views out; no MAC
// is computed here. It must not know what a payload means, whose key a kid names, or the board.
//
// One message at a time: the accessors speak of the last one that mac0Parse() or mac0Build() took,
// and point into its bytes.

import { MESSAGE_MAX, TAG_BYTES } from "./board";
import {
  readArray,
  readBegin,
  readBytes,
  readDone,
  readLength,
  readMap,
  readTag,
  readUint,
  writeArray,
  writeBegin,
  writeBytes,
  writeEnd,
  writeMap,
  writeTag,
  writeText,
  writeUint,
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
/** What a MAC_structure may be longer than a message: mostly external data. */
const STRUCTURE_EXTRA: u32 = 64;

/** The protected header {1: 5}, and its first byte of an empty one. */
const PROTECTED = memory.data<u8>([0xa1, 0x01, 0x05]);
const PROTECTED_LEN: u32 = 3;
const EMPTY_MAP: u32 = 0xa0;
/** "MAC0". */
const CONTEXT = memory.data<u8>([0x4d, 0x41, 0x43, 0x30]);
const CONTEXT_LEN: u32 = 4;
/** Stands for the tag until mac_sign() writes it. */
const NO_TAG = memory.data(TAG_BYTES, 8);

const STRUCTURE = memory.data(MESSAGE_MAX + STRUCTURE_EXTRA, 8);

/** The view of the message: addresses and lengths; no message while TAG_PTR is 0. */
const VIEW_BYTES: u32 = 24;
const VIEW = memory.data(VIEW_BYTES, 8);
const KID_PTR: usize = 0;
const KID_LEN: usize = 4;
const PAYLOAD_PTR: usize = 8;
const PAYLOAD_LEN: usize = 12;
const TAG_PTR: usize = 16;
/** 1 if the alg stands in the protected header, 0 if that is empty. */
const IS_PROTECTED: usize = 20;

/** Reads the protected header: {1: 5}, or empty as h'' or h'A0'. */
function parseProtected(): bool {
  const ptr = readBytes();
  const len = readLength();
  if (len === 0) return true;
  if (len === 1) return load<u8>(ptr) === EMPTY_MAP;
  if (len !== PROTECTED_LEN) return false;
  for (let i: u32 = 0; i < PROTECTED_LEN; i++) {
    if (load<u8>(ptr + i) !== load<u8>(PROTECTED + i)) return false;
  }
  store<u32>(VIEW, 1, IS_PROTECTED);
  return true;
}

/** Reads the unprotected header: alg unless the protected one has it, then kid or not. */
function parseUnprotected(): bool {
  const pairs = readMap();
  const algs: u32 = 1 - load<u32>(VIEW, IS_PROTECTED);
  if (algs === 1 && (readUint() !== HEADER_ALG || readUint() !== ALG_HMAC_256_256)) return false;
  if (pairs === algs) return true;
  if (pairs !== algs + 1 || readUint() !== HEADER_KID) return false;
  const ptr = readBytes();
  const len = readLength();
  if (len > KID_MAX) return false;
  store<usize>(VIEW, ptr, KID_PTR);
  store<u32>(VIEW, len, KID_LEN);
  return true;
}

function clear(): void {
  for (let i: usize = 0; i < VIEW_BYTES; i += 4) store<u32>(VIEW + i, 0);
}

function parse(ptr: usize, len: u32): bool {
  if (len === 0 || len > MESSAGE_MAX) return false;
  readBegin(ptr, len);
  if (<u32>load<u8>(ptr) >>> 5 === MAJOR_TAG && readTag() !== TAG_MAC0) return false;
  if (readArray() !== 4 || !parseProtected() || !parseUnprotected()) return false;
  const payload = readBytes();
  const payloadSize = readLength();
  const tag = readBytes();
  if (!readDone() || readLength() !== TAG_BYTES) return false;
  assert(tag + TAG_BYTES === ptr + len);
  store<usize>(VIEW, payload, PAYLOAD_PTR);
  store<u32>(VIEW, payloadSize, PAYLOAD_LEN);
  store<usize>(VIEW, tag, TAG_PTR);
  return true;
}

/**
 * Reads a COSE_Mac0 of this profile: deterministic CBOR, tagged 17 or untagged, at most MESSAGE_MAX
 * bytes and none after it; alg HMAC 256/256 exactly once, a kid of at most KID_MAX bytes or none, no
 * other header; payload present; tag of TAG_BYTES. Anything else is false, and then there is no message.
 */
export function mac0Parse(ptr: usize, len: u32): bool {
  clear();
  const parsed = parse(ptr, len);
  if (!parsed) clear();
  return parsed;
}

/**
 * Writes a COSE_Mac0 at `out`, at most `capacity` <= MESSAGE_MAX bytes: 17([h'A10105', {4: kid},
 * payload, tag]) with a tag of zeroes, and makes it the message. To sign it, write the MAC of
 * mac0Structure() to tagPtr(). kid: 1 to KID_MAX bytes; both kid and payload lie outside the
 * buffer. Returns the length; 0 if it does not fit, and then there is no message.
 */
export function mac0Build(
  out: usize,
  capacity: u32,
  kid: usize,
  kidSize: u32,
  payload: usize,
  payloadSize: u32,
): u32 {
  assert(capacity <= MESSAGE_MAX);
  assert(kidSize > 0 && kidSize <= KID_MAX);
  writeBegin(out, capacity);
  writeTag(TAG_MAC0);
  writeArray(4);
  writeBytes(PROTECTED, PROTECTED_LEN);
  writeMap(1);
  writeUint(HEADER_KID);
  writeBytes(kid, kidSize);
  writeBytes(payload, payloadSize);
  writeBytes(NO_TAG, TAG_BYTES);
  const len = writeEnd();
  const fits = len > 0;
  assert(mac0Parse(out, len) === fits);
  return len;
}

/**
 * Writes the message's MAC_structure (RFC 9052, 6.3) to macStructurePtr(): the bytes that the tag
 * authenticates, external data included. Returns its length; 0 if the external data is too long.
 * Traps without a message.
 */
export function mac0Structure(aad: usize, aadSize: u32): u32 {
  assert(load<usize>(VIEW, TAG_PTR) !== 0);
  writeBegin(STRUCTURE, MESSAGE_MAX + STRUCTURE_EXTRA);
  writeArray(4);
  writeText(CONTEXT, CONTEXT_LEN);
  writeBytes(PROTECTED, load<u32>(VIEW, IS_PROTECTED) === 0 ? 0 : PROTECTED_LEN);
  writeBytes(aad, aadSize);
  writeBytes(payloadPtr(), payloadLen());
  return writeEnd();
}

/** Where mac0Structure() writes. */
export function macStructurePtr(): usize {
  return STRUCTURE;
}

/** Address of the kid; 0 if absent. */
export function kidPtr(): usize {
  return load<usize>(VIEW, KID_PTR);
}

/** Length of the kid; 0 if absent. */
export function kidLen(): u32 {
  return load<u32>(VIEW, KID_LEN);
}

/** Address of the payload; 0 without a message. */
export function payloadPtr(): usize {
  return load<usize>(VIEW, PAYLOAD_PTR);
}

/** Length of the payload. */
export function payloadLen(): u32 {
  return load<u32>(VIEW, PAYLOAD_LEN);
}

/** Address of the tag, TAG_BYTES long; 0 without a message. */
export function tagPtr(): usize {
  return load<usize>(VIEW, TAG_PTR);
}
