/**
 * The formats of storage: reads and writes blocks and journal records as the guest does. Sources:
 * firmware/device/block.ts, journal.ts, retained.ts, config.ts.
 */
import { createHash } from "node:crypto";
import { JOURNAL_SLOT_BYTES, JOURNAL_SLOTS } from "../../abi/abi.gen.ts";

/** A block: version, generation, payload, checksum. A region holds two copies. */
export const BLOCK_BYTES = 32;
const BLOCK_VERSION = 0x4b530001;
const BLOCK_WORDS = BLOCK_BYTES / 4;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** A record: body, then hash. The hash is over the previous record's hash and the body. */
export const BODY_BYTES = 20;
export const HASH_BYTES = 32;

function checksum(words: Int32Array, at: number): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < BLOCK_WORDS - 1; index++)
    hash = Math.imul(hash ^ (words[at + index] ?? 0), FNV_PRIME);
  return hash ^ (hash >>> 15);
}

/** Whether the block at word `at` has this version and a correct checksum. */
export function blockGood(words: Int32Array, at: number): boolean {
  return words[at] === BLOCK_VERSION && words[at + BLOCK_WORDS - 1] === checksum(words, at);
}

/** Writes a good block of `generation` over the copy with the same parity. */
export function putBlock(region: Uint8Array, generation: number, payload: readonly number[]): void {
  const words = new Int32Array(BLOCK_WORDS);
  words[0] = BLOCK_VERSION;
  words[1] = generation;
  words.set(payload, 2);
  words[BLOCK_WORDS - 1] = checksum(words, 0);
  region.set(new Uint8Array(words.buffer), (generation & 1) * BLOCK_BYTES);
}

/** The payload of the newest good block of a region; null if neither copy is good. */
export function newestBlock(
  region: Uint8Array,
): { generation: number; payload: Int32Array } | null {
  const words = new Int32Array(region.slice().buffer);
  let newest = -1;
  for (const at of [0, BLOCK_WORDS]) {
    if (!blockGood(words, at)) continue;
    const newer = newest < 0 || (((words[at + 1] ?? 0) - (words[newest + 1] ?? 0)) | 0) >= 0;
    if (newer) newest = at;
  }
  if (newest < 0) return null;
  const payload = words.slice(newest + 2, newest + BLOCK_WORDS - 1);
  return { generation: (words[newest + 1] ?? 0) >>> 0, payload };
}

/** The hash of a record with this body. `before`: the previous record's hash. */
export function recordHash(before: Uint8Array, body: Uint8Array): Uint8Array {
  return createHash("sha256").update(before).update(body).digest();
}

/** Writes a record with the correct hash into its slot of a ring. Returns the hash. */
export function putRecord(ring: Uint8Array, seq: number, before: Uint8Array): Uint8Array {
  const slot = new Uint8Array(JOURNAL_SLOT_BYTES).fill(0xff);
  slot.fill(0, 0, BODY_BYTES);
  new DataView(slot.buffer).setUint32(0, seq, true);
  const hash = recordHash(before, slot.subarray(0, BODY_BYTES));
  slot.set(hash, BODY_BYTES);
  ring.set(slot, (seq % JOURNAL_SLOTS) * JOURNAL_SLOT_BYTES);
  return hash;
}

/** The slot of record `seq` in a ring. */
export function slotOf(ring: Uint8Array, seq: number): Uint8Array {
  const at = (seq % JOURNAL_SLOTS) * JOURNAL_SLOT_BYTES;
  return ring.subarray(at, at + JOURNAL_SLOT_BYTES);
}

/** Whether a ring holds record `seq`, with the correct hash after `before`; null: with any hash. */
export function holdsRecord(ring: Uint8Array, seq: number, before: Uint8Array | null): boolean {
  const slot = slotOf(ring, seq);
  const view = new DataView(slot.buffer, slot.byteOffset, slot.length);
  if (view.getUint32(0, true) !== seq) return false;
  if (before === null) return true;
  const own = slot.subarray(BODY_BYTES, BODY_BYTES + HASH_BYTES);
  return Buffer.compare(own, recordHash(before, slot.subarray(0, BODY_BYTES))) === 0;
}

/**
 * The number of records, ending at `next` - 1, that form an unbroken chain back to record 0 or to the
 * oldest one in the ring, whose predecessor was overwritten.
 */
export function chainLength(ring: Uint8Array, next: number): number {
  let length = 0;
  for (let seq = next - 1; seq >= 0 && length < JOURNAL_SLOTS; seq--, length++) {
    const oldest = seq > 0 && length === JOURNAL_SLOTS - 1;
    if (!oldest && seq > 0 && !holdsRecord(ring, seq - 1, null)) return length;
    const before =
      seq === 0
        ? new Uint8Array(HASH_BYTES)
        : slotOf(ring, seq - 1).subarray(BODY_BYTES, BODY_BYTES + HASH_BYTES);
    if (!holdsRecord(ring, seq, oldest ? null : before)) return length;
  }
  return length;
}
