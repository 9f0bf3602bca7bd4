/**
 * The formats of storage: reads and writes blocks and journal records as the guest does. Sources:
 * firmware/device/block.ts, journal.ts, retained.ts, config.ts.
 */
import { createHash } from "node:crypto";
import { JOURNAL_SLOT_BYTES, RECORD, RING, RING_SLOTS } from "../../abi/abi.gen.ts";

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

/** The hash of a record of a ring with this body. `before`: the previous record's hash. */
export function recordHash(ring: number, before: Uint8Array, body: Uint8Array): Uint8Array {
  return createHash("sha256")
    .update(before)
    .update(body)
    .update(Uint8Array.of(0x20 + ring))
    .digest();
}

/** The ring in which a record of this kind must be. */
export function ringOfKind(kind: number): number {
  const remote: readonly number[] = [RECORD.COMMAND, RECORD.CONFIG, RECORD.REFUSED, RECORD.DROPPED];
  return remote.includes(kind) ? RING.REMOTE : RING.LOCAL;
}

/** The offset in the region of the slot of record `seq`. */
export function slotOffset(ring: number, seq: number): number {
  return (ring * RING_SLOTS + (seq % RING_SLOTS)) * JOURNAL_SLOT_BYTES;
}

/** Writes a record with the correct hash into its slot of a ring. Returns the hash. */
export function putRecord(
  journal: Uint8Array,
  ring: number,
  seq: number,
  before: Uint8Array,
): Uint8Array {
  const slot = new Uint8Array(JOURNAL_SLOT_BYTES).fill(0xff);
  slot.fill(0, 0, BODY_BYTES);
  new DataView(slot.buffer).setUint32(0, seq, true);
  if (ring === RING.REMOTE) slot[8] = RECORD.COMMAND;
  const hash = recordHash(ring, before, slot.subarray(0, BODY_BYTES));
  slot.set(hash, BODY_BYTES);
  journal.set(slot, slotOffset(ring, seq));
  return hash;
}

/** The slot of record `seq` in a ring. */
export function slotOf(journal: Uint8Array, ring: number, seq: number): Uint8Array {
  const at = slotOffset(ring, seq);
  return journal.subarray(at, at + JOURNAL_SLOT_BYTES);
}

/** Whether a ring holds record `seq`, with the correct hash after `before`; null: with any hash. */
function holdsRecord(
  journal: Uint8Array,
  ring: number,
  seq: number,
  before: Uint8Array | null,
): boolean {
  const slot = slotOf(journal, ring, seq);
  const view = new DataView(slot.buffer, slot.byteOffset, slot.length);
  if (view.getUint32(0, true) !== seq) return false;
  if (before === null) return true;
  const own = slot.subarray(BODY_BYTES, BODY_BYTES + HASH_BYTES);
  return Buffer.compare(own, recordHash(ring, before, slot.subarray(0, BODY_BYTES))) === 0;
}

/**
 * The number of records, ending at `next` - 1, that form an unbroken chain back to record 0 or to the
 * oldest one in the ring, whose predecessor was overwritten.
 */
export function chainLength(journal: Uint8Array, ring: number, next: number): number {
  let length = 0;
  for (let seq = next - 1; seq >= 0 && length < RING_SLOTS; seq--, length++) {
    const oldest = seq > 0 && length === RING_SLOTS - 1;
    if (!oldest && seq > 0 && !holdsRecord(journal, ring, seq - 1, null)) return length;
    const before =
      seq === 0
        ? new Uint8Array(HASH_BYTES)
        : slotOf(journal, ring, seq - 1).subarray(BODY_BYTES, BODY_BYTES + HASH_BYTES);
    if (!holdsRecord(journal, ring, seq, oldest ? null : before)) return length;
  }
  return length;
}
