/**
 * Encodes and decodes COSE_Mac0 with HMAC 256/256 (RFC 9052, 6.2 and 6.3; RFC 9053, 3.1) and
 * deterministic CBOR (RFC 8949, 4.2).
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { decode, encode, rfc8949EncodeOptions } from "cborg";
import { MESSAGE_MAX, TAG_BYTES } from "../abi/abi.gen.ts";
import type { Kid } from "../abi/topics.ts";

/** A message from the network is malformed or not genuine. The message says why. */
export class MessageError extends Error {}

/** CBOR tag 17, which marks a COSE_Mac0. */
const TAG_17 = 0xd1;
/** Header parameter `kid`: RFC 9052, 3.1. */
const HEADER_KID = 4;
/** The protected header {1: 5}: algorithm HMAC 256/256. */
export const PROTECTED = Uint8Array.of(0xa1, 0x01, 0x05);

/**
 * Accepts only the deterministic profile: no indefinite lengths, duplicate keys, longer encodings
 * than needed, tags, NaN, or integers beyond 2^53. cborg always refuses trailing bytes.
 */
const STRICT = {
  strict: true,
  useMaps: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: false,
};

export function encodeCbor(value: unknown): Uint8Array {
  return encode(value, rfc8949EncodeOptions);
}

/** Decodes one item. Throws MessageError if it is not in the deterministic profile. */
export function decodeCbor(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, STRICT);
  } catch (error) {
    throw new MessageError(error instanceof Error ? error.message : String(error));
  }
}

/** Computes HMAC-SHA256. */
export type Hmac = (key: Uint8Array, bytes: Uint8Array) => Uint8Array;
let hmac: Hmac = (key, bytes) => new Uint8Array(createHmac("sha256", key).update(bytes).digest());

/** Replaces node:crypto in this process. A swarm uses mac.wasm, which needs no handles. */
export function useHmac(engine: Hmac): void {
  hmac = engine;
}

/** HMAC-SHA256 over the MAC_structure of RFC 9052, 6.3. */
export function macOf(key: Uint8Array, header: Uint8Array, aad: Uint8Array, payload: Uint8Array) {
  return hmac(key, macStructure(header, aad, payload));
}

/** An array of 4 items, then the text "MAC0". */
const STRUCTURE_HEAD = Uint8Array.of(0x84, 0x64, 0x4d, 0x41, 0x43, 0x30);
/** Buffer for one MAC_structure over a message, with external data. */
const SCRATCH = new Uint8Array(4 * MESSAGE_MAX);

/** Writes a byte string of at most 65,535 bytes to SCRATCH at `at`. Returns its end. */
function putString(at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  let end = at;
  if (length < 24) SCRATCH[end++] = 0x40 | length;
  else if (length < 0x100) {
    SCRATCH[end++] = 0x58;
    SCRATCH[end++] = length;
  } else {
    SCRATCH[end++] = 0x59;
    SCRATCH[end++] = length >> 8;
    SCRATCH[end++] = length & 0xff;
  }
  SCRATCH.set(bytes, end);
  return end + length;
}

/**
 * ["MAC0", header, aad, payload] as CBOR, in SCRATCH: valid until the next call. Throws RangeError
 * if it does not fit.
 */
function macStructure(header: Uint8Array, aad: Uint8Array, payload: Uint8Array): Uint8Array {
  SCRATCH.set(STRUCTURE_HEAD);
  const end = putString(putString(putString(STRUCTURE_HEAD.length, header), aad), payload);
  return SCRATCH.subarray(0, end);
}

const NO_AAD = new Uint8Array(0);
const ENCODER = new TextEncoder();

/** Encodes a tagged COSE_Mac0. Throws RangeError if it is longer than MESSAGE_MAX bytes. */
export function encodeMac0(key: Uint8Array, kid: Kid, payload: Uint8Array): Uint8Array {
  const tag = macOf(key, PROTECTED, NO_AAD, payload);
  const headers = new Map([[HEADER_KID, ENCODER.encode(kid)]]);
  const body = encodeCbor([PROTECTED, headers, payload, tag]);
  const message = new Uint8Array(body.length + 1);
  message[0] = TAG_17;
  message.set(body, 1);
  if (message.length > MESSAGE_MAX) throw new RangeError(`message of ${message.length} bytes`);
  return message;
}

/** The payload of a COSE_Mac0. Throws MessageError unless `kid` signed it with `key`. */
export function decodeMac0(key: Uint8Array, kid: Kid, message: Uint8Array): Uint8Array {
  if (message.length > MESSAGE_MAX) throw new MessageError(`longer than ${MESSAGE_MAX} bytes`);
  if (message[0] !== TAG_17) throw new MessageError("not a tagged COSE_Mac0");
  const parts = decodeCbor(message.subarray(1));
  if (!Array.isArray(parts) || parts.length !== 4)
    throw new MessageError("not an array of 4 items");
  const [header, headers, payload, tag] = parts as unknown[];
  if (!(header instanceof Uint8Array && Buffer.compare(header, PROTECTED) === 0)) {
    throw new MessageError("the protected header is not {1: 5}");
  }
  const named = headers instanceof Map && headers.size === 1 ? headers.get(HEADER_KID) : undefined;
  if (!(named instanceof Uint8Array)) throw new MessageError("the kid is missing");
  if (Buffer.from(named).toString("latin1") !== kid) throw new MessageError(`not signed by ${kid}`);
  if (!(payload instanceof Uint8Array)) throw new MessageError("the payload is missing");
  if (!(tag instanceof Uint8Array && tag.length === TAG_BYTES)) {
    throw new MessageError(`the tag is not ${TAG_BYTES} bytes`);
  }
  if (!timingSafeEqual(tag, macOf(key, PROTECTED, NO_AAD, payload))) {
    throw new MessageError(`the tag does not match the key of ${kid}`);
  }
  return payload;
}
