/**
 * Attestations of the simulator's host: statements of the device about itself and its journal for third
 * parties, signed with a key that was made on the device. It corresponds to boards/runtime/attest.c; the two
 * make the same bytes.
 */
import { encode, rfc8949EncodeOptions } from "cborg";
import { JOURNAL_SLOT_BYTES, REGION, RING, RING_SLOTS } from "../abi/abi.gen.ts";
import { ATTESTED, NONCE_BYTES, SIGN1_PROTECTED, STATEMENT, TAG_18 } from "../abi/attestation.ts";
import { crc32 } from "../base/crc32.ts";
import { type Hal, IDENTITY_BYTES, IDENTITY_REGION } from "./hal.ts";
import type { GuestModule } from "./module.ts";
import { SEED_BYTES, type Signer, shippedSigner } from "./signer.ts";

/** Of a record of the journal: the hash follows the body. */
const BODY_BYTES = 20;
const HASH_BYTES = 32;
/** A slot that was never written reads as this. */
const ERASED = 0xffff_ffff;

const cbor = (value: unknown) => encode(value, rfc8949EncodeOptions);

/**
 * The number of a ring's next record and the hash of its last one, zero before record 0, as the guest finds
 * them at its boot: the highest number that is in its own slot and one above that in the slot before.
 */
function ringHead(hal: Hal, which: number): { next: number; hash: Uint8Array } {
  const none = { next: 0, hash: new Uint8Array(HASH_BYTES) };
  const ring = new Uint8Array(RING_SLOTS * JOURNAL_SLOT_BYTES);
  if (!hal.storageRead(REGION.JOURNAL, which * ring.length, ring)) return none;
  const view = new DataView(ring.buffer);
  let next = 0;
  let before = view.getUint32((RING_SLOTS - 1) * JOURNAL_SLOT_BYTES, true);
  for (let slot = 0; slot < RING_SLOTS; slot++) {
    const seq = view.getUint32(slot * JOURNAL_SLOT_BYTES, true);
    const follows = seq === 0 || seq - 1 === before;
    before = seq;
    if (seq !== ERASED && seq % RING_SLOTS === slot && follows && seq >= next) next = seq + 1;
  }
  if (next === 0) return none;
  const at = ((next - 1) % RING_SLOTS) * JOURNAL_SLOT_BYTES + BODY_BYTES;
  return { next, hash: ring.slice(at, at + HASH_BYTES) };
}

/**
 * The seed of the device's key, made when it is first needed. Null if it can be neither read nor stored. The
 * stored identity is the seed and its CRC-32, which detects a record that is erased or torn.
 */
function seedOf(hal: Hal): Uint8Array | null {
  const identity = new Uint8Array(IDENTITY_BYTES);
  const view = new DataView(identity.buffer);
  const seed = identity.subarray(0, SEED_BYTES);
  const sum = () => Number.parseInt(crc32(seed), 16);
  if (!hal.storageRead(IDENTITY_REGION, 0, identity)) return null;
  if (view.getUint32(SEED_BYTES, true) === sum()) return seed;
  hal.random(seed);
  view.setUint32(SEED_BYTES, sum(), true);
  return hal.storageWrite(IDENTITY_REGION, 0, identity) ? seed : null;
}

/** What only the host loop knows. */
export interface HostFacts {
  readonly nonce: Uint8Array;
  readonly epoch: Uint8Array;
  /** The guest that runs. Null if none does. */
  readonly guest: Uint8Array | null;
}

/** The attestation: a COSE_Sign1 (RFC 9052, 4.2). Null if the device has no key. */
export function attestationOf(hal: Hal, signer: Signer, facts: HostFacts): Uint8Array | null {
  const local = ringHead(hal, RING.LOCAL);
  const remote = ringHead(hal, RING.REMOTE);
  const payload = cbor(
    new Map<number, unknown>([
      [ATTESTED.STATEMENT, STATEMENT],
      [ATTESTED.DEVICE, hal.device],
      [ATTESTED.NONCE, facts.nonce],
      [ATTESTED.NEXT, local.next],
      [ATTESTED.HASH, local.hash],
      [ATTESTED.REMOTE_NEXT, remote.next],
      [ATTESTED.REMOTE_HASH, remote.hash],
      [ATTESTED.EPOCH, facts.epoch],
      [ATTESTED.GUEST, facts.guest && signer.digest(facts.guest)],
    ]),
  );
  const seed = seedOf(hal);
  if (seed === null) return null;
  const signature = signer.sign(
    seed,
    cbor(["Signature1", SIGN1_PROTECTED, new Uint8Array(0), payload]),
  );
  const key = new Map([[4, signer.publicKey(seed)]]);
  return Uint8Array.of(TAG_18, ...cbor([SIGN1_PROTECTED, key, payload, signature]));
}

/** Makes attestations one at a time, when the host has nothing else to do. */
export class Attester {
  readonly #hal: Hal;
  #nonce: Uint8Array | null = null;

  constructor(hal: Hal) {
    this.#hal = hal;
  }

  /** Asks for one. It is refused while another is being made, and with a nonce of another length. */
  ask(nonce: Uint8Array): void {
    if (nonce.length !== NONCE_BYTES || this.#nonce !== null) this.#hal.attested(null);
    else this.#nonce = nonce.slice();
  }

  /** Makes the one that was asked for, if any. `guest`: a text if none runs. */
  work(epoch: Uint8Array, guest: GuestModule | string): void {
    const nonce = this.#nonce;
    if (nonce === null) return;
    this.#nonce = null;
    const bytes = typeof guest === "string" ? null : guest.bytes;
    const facts = { nonce, epoch, guest: bytes };
    this.#hal.attested(attestationOf(this.#hal, shippedSigner(), facts));
  }

  /** The board restarts. */
  forget(): void {
    this.#nonce = null;
  }
}
