/**
 * COSE_Mac0 with HMAC 256/256 (RFC 9052, 6.2 and 6.3; RFC 9053, 3.1) and deterministic CBOR
 * (RFC 8949, 4.2), synchronous. Must not know commands, principals' rights, or files.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { decode, encode, rfc8949EncodeOptions } from "cborg";
import { MESSAGE_MAX, type PRINCIPAL_KIDS, TAG_BYTES } from "../abi.gen.ts";

/** Key identifier: whose key it is. */
export type Kid = (typeof PRINCIPAL_KIDS)[number];

/** Bytes from the network that are not what they should be, with the reason. */
export class MessageError extends Error {}

/** The tag of COSE_Mac0, 17, encoded. */
const TAG_17 = 0xd1;
/** Header parameter `kid`: RFC 9052, 3.1. */
const HEADER_KID = 4;
/** The protected header {1: 5}: algorithm HMAC 256/256. */
export const PROTECTED = Uint8Array.of(0xa1, 0x01, 0x05);

/**
 * Only what the deterministic profile can hold: no indefinite lengths, duplicate keys, longer
 * forms than needed, tags, NaN or integers beyond 2^53. Trailing bytes always throw.
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

/** Throws MessageError on anything but one item of the deterministic profile. */
export function decodeCbor(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, STRICT);
  } catch (error) {
    throw new MessageError(error instanceof Error ? error.message : String(error));
  }
}

/** HMAC-SHA256 of bytes under a key. */
export type Hmac = (key: Uint8Array, bytes: Uint8Array) => Uint8Array;
let hmac: Hmac = (key, bytes) => new Uint8Array(createHmac("sha256", key).update(bytes).digest());

/** Computes every tag with this engine from here on: a swarm's spends no time on handles. */
export function useHmac(engine: Hmac): void {
  hmac = engine;
}

/** HMAC-SHA256 over the MAC_structure of RFC 9052, 6.3. */
export function macOf(key: Uint8Array, header: Uint8Array, aad: Uint8Array, payload: Uint8Array) {
  return hmac(key, macStructure(header, aad, payload));
}

/** Array of 4, then text of 4: "MAC0". */
const STRUCTURE_HEAD = Uint8Array.of(0x84, 0x64, 0x4d, 0x41, 0x43, 0x30);
/** Where structures are put together: room for one over a message, with external data. */
const SCRATCH = new Uint8Array(4 * MESSAGE_MAX);

/** Puts a byte string of at most 65,535 bytes into SCRATCH; returns where it ends. */
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

/** ["MAC0", header, aad, payload] as CBOR, by hand: valid until the next. Throws RangeError. */
function macStructure(header: Uint8Array, aad: Uint8Array, payload: Uint8Array): Uint8Array {
  SCRATCH.set(STRUCTURE_HEAD);
  const end = putString(putString(putString(STRUCTURE_HEAD.length, header), aad), payload);
  return SCRATCH.subarray(0, end);
}

const NO_AAD = new Uint8Array(0);
const ENCODER = new TextEncoder();

/** A tagged COSE_Mac0 over `payload`, at most MESSAGE_MAX bytes. */
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

/** The payload of a COSE_Mac0 that `kid` made with `key`. Throws MessageError on anything else. */
export function decodeMac0(key: Uint8Array, kid: Kid, message: Uint8Array): Uint8Array {
  if (message.length > MESSAGE_MAX) throw new MessageError(`longer than ${MESSAGE_MAX} bytes`);
  if (message[0] !== TAG_17) throw new MessageError("not a tagged COSE_Mac0");
  const parts = decodeCbor(message.subarray(1));
  if (!Array.isArray(parts) || parts.length !== 4) throw new MessageError("not four parts");
  const [header, headers, payload, tag] = parts as unknown[];
  if (!(header instanceof Uint8Array && Buffer.compare(header, PROTECTED) === 0)) {
    throw new MessageError("the protected header is not {1: 5}");
  }
  const named = headers instanceof Map && headers.size === 1 ? headers.get(HEADER_KID) : undefined;
  if (!(named instanceof Uint8Array)) throw new MessageError("the kid is missing");
  if (Buffer.from(named).toString("latin1") !== kid) throw new MessageError(`not made by ${kid}`);
  if (!(payload instanceof Uint8Array)) throw new MessageError("the payload is missing");
  if (!(tag instanceof Uint8Array && tag.length === TAG_BYTES)) {
    throw new MessageError(`the tag is not ${TAG_BYTES} bytes`);
  }
  if (!timingSafeEqual(tag, macOf(key, PROTECTED, NO_AAD, payload))) {
    throw new MessageError(`the tag is not ${kid}'s`);
  }
  return payload;
}
