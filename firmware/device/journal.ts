// The journal: two append-only rings of records, one for what happens at the device (local) and one
// for what the network caused (remote), so that nothing remote can evict a local record. In each ring
// a record is chained to the previous one by SHA-256. Records are written one at a time, so a loss of
// supply at any byte damages only the newest one.
//
// A slot has 64 bytes: the body (20), the hash (32) and 12 bytes of 0xff. Numbers are
// little-endian. The hash is SHA-256(previous hash || body || ring), with one byte for the ring; the
// hash before record 0 is all zero. The hashed 53 bytes fit one block of SHA-256. Record n of a ring
// is in slot n modulo RING_SLOTS of that ring; the local ring comes first in the region.
// Records of an earlier layout were hashed without the last byte, so they link to nothing here.

import { sha256Begin, sha256Block, sha256Digest } from "../mac/sha256";
import {
  JOURNAL_SLOT_BYTES,
  MARK_JOURNAL_FAILED,
  MARK_JOURNAL_TORN,
  mark,
  RECORD_BOOT,
  RECORD_CLEAR,
  RECORD_COMMAND,
  RECORD_CONFIG,
  RECORD_DROPPED,
  RECORD_LIVE,
  RECORD_REFUSED,
  REGION_JOURNAL,
  RING_COUNT,
  RING_LOCAL,
  RING_SLOTS,
  STATUS_OK,
  storage_read,
  storage_write,
} from "./abi.gen";
import { copy, fill, same } from "./bytes";
import { retainedSave } from "./retained";
import { state } from "./state";

const BODY_BYTES: u32 = 20;
/** Erased storage reads as this, and every slot ends with it. */
const ERASED: u32 = 0xffffffff;
const HASH_BYTES: u32 = 32;
/** Length of a record in a reply, in bytes: body and hash. */
export const RECORD_BYTES: u32 = BODY_BYTES + HASH_BYTES;

/** Body of a record; its hash follows. */
@unmanaged
class Body {
  /** Sequence number. */
  seq: u32;
  /** state.now when the record was written. */
  timeMs: u32;
  /** RECORD, which gives the ring and the meaning of detail, by, argument and value. */
  kind: u8;
  detail: u8;
  by: u8;
  argument: u8;
  value: u32;
  /** state.boots when the record was written. */
  boots: u32;
}

/** The kinds of the remote ring, a bit for each RECORD; all others are local. */
const REMOTE_KINDS: u32 =
  (1 << RECORD_COMMAND) | (1 << RECORD_CONFIG) | (1 << RECORD_REFUSED) | (1 << RECORD_DROPPED);
/** The local kinds that do not end a run of boots: they belong to it. */
const RUN_KINDS: u32 = (1 << RECORD_BOOT) | (1 << RECORD_LIVE) | (1 << RECORD_CLEAR);
/** The ring's byte in a hash, of the local ring. Plus RING. */
const RING_BYTE: u32 = 0x20;

/** The slot that was read last or is to be written. */
const SLOT: usize = memory.data(64, 8);
const body: Body = changetype<Body>(SLOT);
/** The slot before it, to check the chain. */
const PREVIOUS: usize = memory.data(64, 8);
/** Input of a hash: previous hash, body, ring, and the padding to a block (FIPS 180-4, 5.1.1). */
const LINK: usize = memory.data(64, 8);
/** Result of chain(). */
const HASH: usize = memory.data(32, 8);
/**
 * Slots that the scan reads in one call. An import call costs about as much as reading 50 bytes.
 */
const SCAN_SLOTS: u32 = 8;
const SCAN: usize = memory.data(512, 8);

/** Offset of the slot of record `seq` in the region. */
function slotOffset(ring: u32, seq: u32): u32 {
  return (ring * RING_SLOTS + (seq % RING_SLOTS)) * JOURNAL_SLOT_BYTES;
}

/** Reads the slot of record `seq` to `into`. Returns whether that record is in it. */
function readSlot(ring: u32, seq: u32, into: usize): bool {
  const offset = slotOffset(ring, seq);
  if (storage_read(REGION_JOURNAL, offset, into as u32, JOURNAL_SLOT_BYTES) !== STATUS_OK)
    return false;
  return load<u32>(into) === seq;
}

/** Writes SHA-256(hash at `previousHash` || body in SLOT || ring) to HASH. */
function chain(ring: u32, previousHash: usize): void {
  copy(LINK, previousHash, HASH_BYTES);
  copy(LINK + HASH_BYTES, SLOT, BODY_BYTES);
  store<u32>(LINK, 0x8000 | (RING_BYTE + ring), HASH_BYTES + BODY_BYTES);
  store<u32>(LINK, 0, 56);
  store<u32>(LINK, bswap<u32>((HASH_BYTES + BODY_BYTES + 1) << 3), 60);
  sha256Begin();
  sha256Block(LINK);
  sha256Digest(HASH);
}

/** The newest record's hash of a ring: address of HASH_BYTES in the state. */
function ringHash(ring: u32): usize {
  return state.journalHashPtr + (ring as usize) * HASH_BYTES;
}

/**
 * The head of the whole journal, SHA-256(hash of the local ring || hash of the remote ring). Returns its
 * address, valid until the next call.
 */
export function journalHead(): usize {
  sha256Begin();
  sha256Block(state.journalHashPtr);
  fill(LINK, 0, 16);
  store<u32>(LINK, 0x80);
  store<u32>(LINK, bswap<u32>((RING_COUNT * HASH_BYTES) << 3), 60);
  sha256Block(LINK);
  sha256Digest(HASH);
  return HASH;
}

/** Whether record `seq` is in its slot and chained to the previous one. If so, it is in SLOT. */
function linked(ring: u32, seq: u32): bool {
  if (seq === u32.MAX_VALUE || !readSlot(ring, seq, SLOT)) return false;
  if (seq === 0) fill(PREVIOUS, 0, JOURNAL_SLOT_BYTES / 4);
  else if (!readSlot(ring, seq - 1, PREVIOUS)) return false;
  chain(ring, seq === 0 ? PREVIOUS : PREVIOUS + BODY_BYTES);
  return same(HASH, SLOT + BODY_BYTES, HASH_BYTES);
}

/** In place of a sequence number: the storage could not be read. */
const UNREAD: u32 = u32.MAX_VALUE;

/**
 * Scans a ring for the highest sequence number that is in its own slot and one above that of the
 * slot before. Returns it plus one; 0 for an empty ring; UNREAD if storage fails. The comparison
 * with the slot before rejects a number that was torn while it was written.
 */
function scanForNext(ring: u32): u32 {
  let next: u32 = 0;
  const last = slotOffset(ring, RING_SLOTS - 1);
  if (storage_read(REGION_JOURNAL, last, SLOT as u32, JOURNAL_SLOT_BYTES) !== STATUS_OK)
    return UNREAD;
  let seq = body.seq;
  for (let slot: u32 = 0; slot < RING_SLOTS; slot += SCAN_SLOTS) {
    const offset = slotOffset(ring, slot);
    const bytes = SCAN_SLOTS * JOURNAL_SLOT_BYTES;
    if (storage_read(REGION_JOURNAL, offset, SCAN as u32, bytes) !== STATUS_OK) return UNREAD;
    let at = SCAN;
    for (let index = slot; index < slot + SCAN_SLOTS; index++, at += JOURNAL_SLOT_BYTES) {
      const previous = seq;
      seq = load<u32>(at);
      if (seq === u32.MAX_VALUE) continue;
      const inPlace = seq % RING_SLOTS === index && (seq === 0 || seq - 1 === previous);
      if (inPlace && seq >= next) next = seq + 1;
    }
  }
  return next;
}

/**
 * Finds the heads of both rings at boot. Returns whether a torn or damaged record was found in either.
 */
export function journalOpen(): bool {
  state.journalOpen = 1;
  let torn = false;
  for (let ring: u32 = 0; ring < RING_COUNT; ring++) if (ringOpen(ring)) torn = true;
  if (torn) mark(MARK_JOURNAL_TORN);
  return torn;
}

/**
 * Finds a ring's head. `state` holds the retained head; the ring is scanned if that is 0 or not good.
 * Records that are not chained to the previous one are torn or damaged: the head moves back before
 * them, at most a whole ring, and the next append overwrites the first of them. Returns whether there
 * were any.
 */
function ringOpen(ring: u32): bool {
  let next = state.getJournalNext(ring);
  if (next === 0 || !linked(ring, next - 1)) next = scanForNext(ring);
  if (next === UNREAD) {
    state.journalOpen = 0;
    return false;
  }
  // The supply may have failed after a record was written and before the retained block was.
  while (linked(ring, next)) next++;
  const found = next;
  const floor: u32 = next > RING_SLOTS ? next - RING_SLOTS : 0;
  while (next > floor && !linked(ring, next - 1)) next--;
  if (next === floor) {
    next = 0;
    fill(ringHash(ring), 0, HASH_BYTES / 4);
  } else {
    copy(ringHash(ring), SLOT + BODY_BYTES, HASH_BYTES);
    // The retained count is higher if boots were not recorded, and 0 after a loss of supply.
    if (body.boots > state.boots) state.boots = body.boots;
  }
  state.setJournalNext(ring, next);
  return readSlot(ring, next, SLOT) || next !== found;
}

/**
 * Appends a record to the ring of its kind. If storage fails, the record is lost and the chain stays
 * intact. If the storage could not be read at the boot, the heads are unknown and every record is lost
 * until the next boot.
 */
export function journalAppend(
  kind: u32,
  detail: u32,
  value: u32,
  by: u32 = 0,
  argument: u32 = 0,
): void {
  const ring = (REMOTE_KINDS >>> kind) & 1;
  if (ring === RING_LOCAL && ((RUN_KINDS >>> kind) & 1) === 0) state.run = 0;
  if (state.journalOpen === 0) {
    mark(MARK_JOURNAL_FAILED);
    return;
  }
  const seq = state.getJournalNext(ring);
  fill(SLOT, ERASED, JOURNAL_SLOT_BYTES / 4);
  body.seq = seq;
  body.timeMs = state.now;
  body.kind = kind as u8;
  body.detail = detail as u8;
  body.by = by as u8;
  body.argument = argument as u8;
  body.value = value;
  body.boots = state.boots;
  chain(ring, ringHash(ring));
  copy(SLOT + BODY_BYTES, HASH, HASH_BYTES);
  const offset = slotOffset(ring, seq);
  if (storage_write(REGION_JOURNAL, offset, SLOT as u32, JOURNAL_SLOT_BYTES) !== STATUS_OK) {
    mark(MARK_JOURNAL_FAILED);
    return;
  }
  copy(ringHash(ring), HASH, HASH_BYTES);
  state.setJournalNext(ring, seq + 1);
  retainedSave();
}

/**
 * Address of record `seq` of a ring (RECORD_BYTES), valid until the next call; 0 if the ring does not
 * have it.
 */
export function journalRecord(ring: u32, seq: u32): usize {
  if (seq >= state.getJournalNext(ring)) return 0;
  return readSlot(ring, seq, SLOT) ? SLOT : 0;
}
