// Counts what the network was refused, and writes it to the journal: refusals and drops, at most one
// record of each in an interval. The interval doubles with each record, from INTERVAL_MS up to
// INTERVAL_MS << STEP_MAX, until the next boot: steady noise fills the remote ring by two records in
// 64 minutes at most.
import {
  CODE_BAD_MAC,
  CODE_KILLED,
  MARK_REFUSALS_COALESCED,
  mark,
  RECORD_DROPPED,
  RECORD_REFUSED,
} from "./abi.gen";
import { journalAppend } from "./journal";
import { countDown, increment, state } from "./state";

/** The first interval between records, in ms. */
const INTERVAL_MS: u32 = 60000;
/** How often the interval doubles. */
const STEP_MAX: u32 = 6;
/** The lowest CODE in the mask of a record of refusals: bit 0. */
const FIRST_CODE: u32 = 2;
/** Drops of a kind are counted up to this number in a record. */
const DROPS_MAX: u32 = 0xffff;

/** Kinds of drops: index in state.droppedPending. */
const DROP_KILLED: u32 = 0;
const DROP_MALFORMED: u32 = 1;
const DROP_BAD_MAC: u32 = 2;

function isPending(): bool {
  const drops = state.getDroppedPending(DROP_KILLED) | state.getDroppedPending(DROP_MALFORMED);
  return (state.refusedPending | drops | state.getDroppedPending(DROP_BAD_MAC)) !== 0;
}

function writeRecords(): void {
  const step: u32 = state.refusedStep;
  state.refusedMs = INTERVAL_MS << step;
  if (step < STEP_MAX) state.refusedStep = (step + 1) as u8;
  const refusals = state.refusedPending;
  const codes: u32 = state.refusedCodes;
  const by: u32 = state.refusedBy;
  state.refusedPending = 0;
  state.refusedCodes = 0;
  state.refusedBy = 0;
  if (refusals !== 0) journalAppend(RECORD_REFUSED, codes, refusals, by);
  const killed = state.getDroppedPending(DROP_KILLED);
  const malformed = state.getDroppedPending(DROP_MALFORMED);
  const badMac = state.getDroppedPending(DROP_BAD_MAC);
  for (let kind: u32 = 0; kind <= DROP_BAD_MAC; kind++) state.setDroppedPending(kind, 0);
  if ((killed | malformed | badMac) !== 0)
    journalAppend(RECORD_DROPPED, 0, (malformed << 16) | badMac, killed & 0xff, killed >>> 8);
}

function noted(): void {
  if (state.refusedMs === 0) writeRecords();
  else mark(MARK_REFUSALS_COALESCED);
}

/** Counts a command of `principal` that was refused with `code`, under a good tag. */
export function noteRefusal(principal: u32, code: u32): void {
  state.refused = increment(state.refused);
  state.refusedPending = increment(state.refusedPending);
  state.refusedCodes = ((state.refusedCodes as u32) | (1 << (code - FIRST_CODE))) as u8;
  state.refusedBy = ((state.refusedBy as u32) | (1 << principal)) as u8;
  noted();
}

/** Counts a message that was dropped without a reply, because of `code`. */
export function noteDrop(code: u32): void {
  state.dropped = increment(state.dropped);
  let kind = DROP_MALFORMED;
  if (code === CODE_KILLED) kind = DROP_KILLED;
  else if (code === CODE_BAD_MAC) kind = DROP_BAD_MAC;
  const count = state.getDroppedPending(kind);
  if (count < DROPS_MAX) state.setDroppedPending(kind, count + 1);
  noted();
}

/** Advances the time by `ms`; writes what is pending when the interval ends. */
export function refusalsElapse(ms: u32): void {
  if (state.refusedMs === 0) return;
  state.refusedMs = countDown(state.refusedMs, ms);
  if (state.refusedMs === 0 && isPending()) writeRecords();
}
