/**
 * Checks attestations (docs/PROTOCOL.md): what a device says of itself and its journal to anyone, under a key
 * of its own.
 */
import { createPublicKey, verify } from "node:crypto";
import { EPOCH_BYTES } from "../abi/abi.gen.ts";
import { ATTESTED, NONCE_BYTES, SIGN1_PROTECTED, STATEMENT, TAG_18 } from "../abi/attestation.ts";
import { EXIT, UserError } from "../base/errors.ts";
import { decodeCbor, encodeCbor, MessageError } from "./cose.ts";
import { type Journal, parseRecord, ringName } from "./journal.ts";

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const HASH_BYTES = 32;
const GUEST_BYTES = 64;
const SEQ_MAX = 0xffff_ffff;
/** What precedes an Ed25519 public key in a SubjectPublicKeyInfo (RFC 8410, 4). */
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

/** One ring of the journal. */
export interface AttestedRing {
  /** Number of its next record. */
  readonly next: number;
  /** Hash of its last record; zero before record 0. */
  readonly hash: string;
}

/** What an attestation says. Byte strings are in hexadecimal. */
export interface Statement {
  readonly device: string;
  readonly nonce: string;
  /** The journal's rings, in the order of RING. */
  readonly rings: readonly [local: AttestedRing, remote: AttestedRing];
  /** All zero unless the device was LIVE. */
  readonly epoch: string;
  /** SHA-512 of the guest that ran; null if none did. */
  readonly guest: string | null;
}

export interface Attestation {
  readonly statement: Statement;
  /** The key that it names, in hexadecimal. Anyone can name a key of their own. */
  readonly publicKey: string;
  /** Whether it is signed with that key. */
  readonly signed: boolean;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function bytesOf(value: unknown, length: number, what: string): Uint8Array {
  if (value instanceof Uint8Array && value.length === length) return value;
  throw new MessageError(`${what} is not a byte string of ${length} bytes`);
}

function statementOf(payload: Uint8Array): Statement {
  const map = decodeCbor(payload);
  if (!(map instanceof Map && map.size === Object.keys(ATTESTED).length))
    throw new MessageError("the payload is not a map of 9 fields");
  if (map.get(ATTESTED.STATEMENT) !== STATEMENT)
    throw new MessageError("the payload is another statement than this version knows");
  const device: unknown = map.get(ATTESTED.DEVICE);
  const ring = (nextKey: number, hashKey: number): AttestedRing => {
    const next: unknown = map.get(nextKey);
    if (typeof next !== "number" || !Number.isInteger(next) || next < 0 || next > SEQ_MAX)
      throw new MessageError("the journal's next record is not a 32-bit number");
    return { next, hash: hex(bytesOf(map.get(hashKey), HASH_BYTES, "the journal's hash")) };
  };
  const guest: unknown = map.get(ATTESTED.GUEST);
  if (typeof device !== "string") throw new MessageError("the device's name is not a text");
  return {
    device,
    nonce: hex(bytesOf(map.get(ATTESTED.NONCE), NONCE_BYTES, "the nonce")),
    rings: [ring(ATTESTED.NEXT, ATTESTED.HASH), ring(ATTESTED.REMOTE_NEXT, ATTESTED.REMOTE_HASH)],
    epoch: hex(bytesOf(map.get(ATTESTED.EPOCH), EPOCH_BYTES, "the epoch")),
    guest: guest === null ? null : hex(bytesOf(guest, GUEST_BYTES, "the guest's digest")),
  };
}

function decode(bytes: Uint8Array): Attestation {
  if (bytes[0] !== TAG_18) throw new MessageError("not a tagged COSE_Sign1");
  const parts = decodeCbor(bytes.subarray(1));
  if (!Array.isArray(parts) || parts.length !== 4)
    throw new MessageError("not an array of 4 items");
  const [header, headers, payload, signature] = parts as unknown[];
  if (!(header instanceof Uint8Array && Buffer.compare(header, SIGN1_PROTECTED) === 0))
    throw new MessageError("the protected header is not {1: -8}");
  const kid = headers instanceof Map && headers.size === 1 ? headers.get(4) : undefined;
  const key = bytesOf(kid, KEY_BYTES, "the key identifier");
  if (!(payload instanceof Uint8Array)) throw new MessageError("the payload is no byte string");
  const mark = bytesOf(signature, SIGNATURE_BYTES, "the signature");
  const structure = encodeCbor(["Signature1", SIGN1_PROTECTED, new Uint8Array(0), payload]);
  return {
    statement: statementOf(payload),
    publicKey: hex(key),
    signed: verify(null, structure, publicKeyOf(key), mark),
  };
}

function publicKeyOf(key: Uint8Array) {
  return createPublicKey({ key: Buffer.concat([SPKI, key]), format: "der", type: "spki" });
}

/** Reads an attestation. `name` is used in errors. Throws a UserError if the bytes are not one. */
export function readAttestation(name: string, bytes: Uint8Array): Attestation {
  try {
    return decode(bytes);
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    throw new UserError(
      `${name} is not an attestation (${error.message}): ask the device for one again`,
      EXIT.BAD_FILE,
    );
  }
}

/** Who checks an attestation knows this beforehand. */
export interface Expected {
  /** The device's public key, in hexadecimal, from the device itself or from somebody trusted. */
  readonly publicKey: string;
  /** The nonce that was given to the device, in hexadecimal. Undefined: any. */
  readonly nonce?: string | undefined;
}

/** Why an attestation is not what was expected; undefined if it is. */
export function unexpected(attestation: Attestation, expected: Expected): string | undefined {
  const { statement, publicKey, signed } = attestation;
  if (publicKey !== expected.publicKey) return `it is by the key ${publicKey}`;
  if (!signed) return "its signature is wrong";
  if (expected.nonce !== undefined && statement.nonce !== expected.nonce)
    return `it answers the nonce ${statement.nonce}, so it may be an old one`;
  return undefined;
}

/** Why a journal whose chains hold is not the attested one; undefined if it is. */
export function notAttested(journal: Journal, { statement }: Attestation): string | undefined {
  for (const [which, { next, hash }] of statement.rings.entries()) {
    if (next === 0) continue;
    const name = `record ${next - 1} of the ${ringName(which)} ring`;
    const records = (journal[which]?.records ?? []).map((bytes) => parseRecord(bytes));
    const last = records.at(-1)?.seq ?? -1;
    if (last < next - 1)
      return `it ends before ${name}, which is attested: records were taken away`;
    const attested = records.find(({ seq }) => seq === next - 1);
    if (attested === undefined)
      return `it begins after ${name}, the last one attested: nothing can be compared`;
    if (attested.hash !== hash)
      return `${name} is not the one that is attested: the journal was rewritten`;
  }
  return undefined;
}
