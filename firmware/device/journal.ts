// The journal: an append-only ring of records, each chained to the one before by SHA-256. Written
// record by record, so a loss of supply at any byte tears the newest one only. Must not know what
// the records mean.
//
// Slot (64 bytes): body (20): sequence number u32, time in ms u32, RECORD u8, detail u8, 0 u16,
// value u32, boots u32; hash (32) = SHA-256(hash before || body); 0xff (12). Little-endian. The hash
// before record 0 is all zero. Hash input is 52 bytes: one block of SHA-256.

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
/** What erased storage reads as, and the end of every slot is. */
const ERASED: u32 = 0xffffffff;
const HASH_BYTES: u32 = 32;
/** A record on the wire: body and hash. */
export const RECORD_BYTES: u32 = BODY_BYTES + HASH_BYTES;

/** A record's body. Its hash follows. */
@unmanaged
class Body {
  seq: u32;
  timeMs: u32;
  /** RECORD. */
  kind: u8;
  detail: u8;
  zero: u16;
  value: u32;
  boots: u32;
}

const SLOT: usize = memory.data(64, 8);
const BEFORE: usize = memory.data(64, 8);
const body: Body = changetype<Body>(SLOT);
/** Hash before, then body, then the padding of 52 bytes to a block (FIPS 180-4, 5.1.1): what is hashed. */
const LINK: usize = memory.data(64, 8);
const HASH: usize = memory.data(32, 8);
/** The scan reads this many slots at once: an import call costs about as much as 50 bytes of it. */
const SCAN_SLOTS: u32 = 8;
const SCAN: usize = memory.data(512, 8);

function readSlot(seq: u32, into: usize): bool {
  const offset = (seq % JOURNAL_SLOTS) * JOURNAL_SLOT_BYTES;
  if (storage_read(REGION_JOURNAL, offset, into as u32, JOURNAL_SLOT_BYTES) !== STATUS_OK)
    return false;
  return load<u32>(into) === seq;
}

/** Hashes the body at `bodyPtr` after the hash at `before`, into HASH. */
function chain(before: usize, bodyPtr: usize): void {
  copy(LINK, before, HASH_BYTES);
  copy(LINK + HASH_BYTES, bodyPtr, BODY_BYTES);
  store<u32>(LINK, 0x80, HASH_BYTES + BODY_BYTES);
  store<u32>(LINK, 0, 56);
  store<u32>(LINK, bswap<u32>((HASH_BYTES + BODY_BYTES) << 3), 60);
  sha256Begin();
  sha256Block(LINK);
  sha256Digest(HASH);
}

/** Whether record `seq` stands in its slot and follows from the one before; it is then in SLOT. */
function linked(seq: u32): bool {
  if (seq === u32.MAX_VALUE || !readSlot(seq, SLOT)) return false;
  if (seq === 0) fill(BEFORE, 0, JOURNAL_SLOT_BYTES / 4);
  else if (!readSlot(seq - 1, BEFORE)) return false;
  chain(seq === 0 ? BEFORE : BEFORE + BODY_BYTES, SLOT);
  return same(HASH, SLOT + BODY_BYTES, HASH_BYTES);
}

/** No sequence number: storage could not be read. */
const UNREAD: u32 = u32.MAX_VALUE;

/**
 * Highest sequence number that stands in its own slot and follows the slot before, plus one; 0 for an
 * empty ring; UNREAD if storage fails. A number torn in its writing follows nothing: it would lie far
 * beyond all records.
 */
function highest(): u32 {
  let next: u32 = 0;
  const last = (JOURNAL_SLOTS - 1) * JOURNAL_SLOT_BYTES;
  if (storage_read(REGION_JOURNAL, last, SLOT as u32, JOURNAL_SLOT_BYTES) !== STATUS_OK)
    return UNREAD;
  let before = body.seq;
  for (let slot: u32 = 0; slot < JOURNAL_SLOTS; slot += SCAN_SLOTS) {
    const offset = slot * JOURNAL_SLOT_BYTES;
    const bytes = SCAN_SLOTS * JOURNAL_SLOT_BYTES;
    if (storage_read(REGION_JOURNAL, offset, SCAN as u32, bytes) !== STATUS_OK) return UNREAD;
    let at = SCAN;
    for (let index = slot; index < slot + SCAN_SLOTS; index++, at += JOURNAL_SLOT_BYTES) {
      const last = before;
      before = load<u32>(at);
      if (before === u32.MAX_VALUE) continue;
      const stands = before % JOURNAL_SLOTS === index && (before === 0 || before - 1 === last);
      if (stands && before >= next) next = before + 1;
    }
  }
  return next;
}

/**
 * Finds the head. JOURNAL_NEXT holds the retained head, or 0: then the ring is scanned. Records that
 * do not follow from the one before are torn or damaged: the head falls back behind them, at most a
 * whole ring. Returns whether any was found; the next append writes over the first of them.
 */
export function journalOpen(): bool {
  let next = state.journalNext;
  if (next === 0 || !linked(next - 1)) next = highest();
  state.journalOpen = next === UNREAD ? 0 : 1;
  if (next === UNREAD) return false;
  // A record may have been written and the retained head not.
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
 * Appends a record. A failing storage loses the record, never the chain: a journal that could not be
 * read at the boot takes none until the next.
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

/** Address of record `seq` (RECORD_BYTES), valid until the next call; 0 if it is not in the ring. */
export function journalRecord(seq: u32): usize {
  if (seq >= state.journalNext) return 0;
  return readSlot(seq, SLOT) ? SLOT : 0;
}
