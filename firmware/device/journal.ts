// The journal: an append-only ring of records, each chained to the previous one by SHA-256. Records
// are written one at a time, so a loss of supply at any byte damages only the newest one.
//
// A slot has 64 bytes: the body (20), the hash (32) and 12 bytes of 0xff. Numbers are
// little-endian. The hash is SHA-256(previous hash || body); the hash before record 0 is all zero.
// The hashed 52 bytes fit one block of SHA-256. Record n is in slot n modulo JOURNAL_SLOTS.

import { sha256Begin, sha256Block, sha256Digest } from "../mac/sha256";
import {
  JOURNAL_SLOT_BYTES,
  JOURNAL_SLOTS,
  MARK_JOURNAL_FAILED,
  MARK_JOURNAL_TORN,
  mark,
  REGION_JOURNAL,
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
  /** RECORD, which gives the meaning of detail and value. */
  kind: u8;
  detail: u8;
  zero: u16;
  value: u32;
  /** state.boots when the record was written. */
  boots: u32;
}

/** The slot that was read last or is to be written. */
const SLOT: usize = memory.data(64, 8);
const body: Body = changetype<Body>(SLOT);
/** The slot before it, to check the chain. */
const PREVIOUS: usize = memory.data(64, 8);
/** Input of the hash: previous hash, body, and the padding to a block (FIPS 180-4, 5.1.1). */
const LINK: usize = memory.data(64, 8);
/** Result of chain(). */
const HASH: usize = memory.data(32, 8);
/**
 * Slots that the scan reads in one call. An import call costs about as much as reading 50 bytes.
 */
const SCAN_SLOTS: u32 = 8;
const SCAN: usize = memory.data(512, 8);

/** Reads the slot of record `seq` to `into`. Returns whether that record is in it. */
function readSlot(seq: u32, into: usize): bool {
  const offset = (seq % JOURNAL_SLOTS) * JOURNAL_SLOT_BYTES;
  if (storage_read(REGION_JOURNAL, offset, into as u32, JOURNAL_SLOT_BYTES) !== STATUS_OK)
    return false;
  return load<u32>(into) === seq;
}

/** Writes SHA-256(hash at `previousHash` || body at `bodyPtr`) to HASH. */
function chain(previousHash: usize, bodyPtr: usize): void {
  copy(LINK, previousHash, HASH_BYTES);
  copy(LINK + HASH_BYTES, bodyPtr, BODY_BYTES);
  store<u32>(LINK, 0x80, HASH_BYTES + BODY_BYTES);
  store<u32>(LINK, 0, 56);
  store<u32>(LINK, bswap<u32>((HASH_BYTES + BODY_BYTES) << 3), 60);
  sha256Begin();
  sha256Block(LINK);
  sha256Digest(HASH);
}

/** Whether record `seq` is in its slot and chained to the previous one. If so, it is in SLOT. */
function linked(seq: u32): bool {
  if (seq === u32.MAX_VALUE || !readSlot(seq, SLOT)) return false;
  if (seq === 0) fill(PREVIOUS, 0, JOURNAL_SLOT_BYTES / 4);
  else if (!readSlot(seq - 1, PREVIOUS)) return false;
  chain(seq === 0 ? PREVIOUS : PREVIOUS + BODY_BYTES, SLOT);
  return same(HASH, SLOT + BODY_BYTES, HASH_BYTES);
}

/** In place of a sequence number: the storage could not be read. */
const UNREAD: u32 = u32.MAX_VALUE;

/**
 * Scans the ring for the highest sequence number that is in its own slot and one above that of the
 * slot before. Returns it plus one; 0 for an empty ring; UNREAD if storage fails. The comparison
 * with the slot before rejects a number that was torn while it was written.
 */
function scanForNext(): u32 {
  let next: u32 = 0;
  const lastSlot = (JOURNAL_SLOTS - 1) * JOURNAL_SLOT_BYTES;
  if (storage_read(REGION_JOURNAL, lastSlot, SLOT as u32, JOURNAL_SLOT_BYTES) !== STATUS_OK)
    return UNREAD;
  let seq = body.seq;
  for (let slot: u32 = 0; slot < JOURNAL_SLOTS; slot += SCAN_SLOTS) {
    const offset = slot * JOURNAL_SLOT_BYTES;
    const bytes = SCAN_SLOTS * JOURNAL_SLOT_BYTES;
    if (storage_read(REGION_JOURNAL, offset, SCAN as u32, bytes) !== STATUS_OK) return UNREAD;
    let at = SCAN;
    for (let index = slot; index < slot + SCAN_SLOTS; index++, at += JOURNAL_SLOT_BYTES) {
      const previous = seq;
      seq = load<u32>(at);
      if (seq === u32.MAX_VALUE) continue;
      const inPlace = seq % JOURNAL_SLOTS === index && (seq === 0 || seq - 1 === previous);
      if (inPlace && seq >= next) next = seq + 1;
    }
  }
  return next;
}

/**
 * Finds the journal's head at boot. `state.journalNext` holds the retained head; the ring is
 * scanned if that is 0 or not good. Records that are not chained to the previous one are torn or
 * damaged: the head moves back before them, at most a whole ring, and the next append overwrites
 * the first of them. Returns whether there were any.
 */
export function journalOpen(): bool {
  let next = state.journalNext;
  if (next === 0 || !linked(next - 1)) next = scanForNext();
  state.journalOpen = next === UNREAD ? 0 : 1;
  if (next === UNREAD) return false;
  // The supply may have failed after a record was written and before the retained block was.
  while (linked(next)) next++;
  const found = next;
  const floor: u32 = next > JOURNAL_SLOTS ? next - JOURNAL_SLOTS : 0;
  while (next > floor && !linked(next - 1)) next--;
  let torn = next !== found;
  if (next === floor) {
    next = 0;
    fill(state.journalHashPtr, 0, HASH_BYTES / 4);
  } else {
    copy(state.journalHashPtr, SLOT + BODY_BYTES, HASH_BYTES);
    state.boots = body.boots;
  }
  state.journalNext = next;
  if (readSlot(next, SLOT)) torn = true;
  if (torn) mark(MARK_JOURNAL_TORN);
  return torn;
}

/**
 * Appends a record. If storage fails, the record is lost and the chain stays intact. If the storage
 * could not be read at the boot, the head is unknown and every record is lost until the next boot.
 */
export function journalAppend(kind: u32, detail: u32, value: u32): void {
  if (state.journalOpen === 0) {
    mark(MARK_JOURNAL_FAILED);
    return;
  }
  const seq = state.journalNext;
  fill(SLOT, ERASED, JOURNAL_SLOT_BYTES / 4);
  body.seq = seq;
  body.timeMs = state.now;
  body.kind = kind as u8;
  body.detail = detail as u8;
  body.zero = 0;
  body.value = value;
  body.boots = state.boots;
  chain(state.journalHashPtr, SLOT);
  copy(SLOT + BODY_BYTES, HASH, HASH_BYTES);
  const offset = (seq % JOURNAL_SLOTS) * JOURNAL_SLOT_BYTES;
  if (storage_write(REGION_JOURNAL, offset, SLOT as u32, JOURNAL_SLOT_BYTES) !== STATUS_OK) {
    mark(MARK_JOURNAL_FAILED);
    return;
  }
  copy(state.journalHashPtr, HASH, HASH_BYTES);
  state.journalNext = seq + 1;
  retainedSave();
}

/**
 * Address of record `seq` (RECORD_BYTES), valid until the next call; 0 if the ring does not have
 * it.
 */
export function journalRecord(seq: u32): usize {
  if (seq >= state.journalNext) return 0;
  return readSlot(seq, SLOT) ? SLOT : 0;
}
