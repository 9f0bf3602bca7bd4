// Refusals, counted and put on record. A flood cannot wash the journal out: after one record, the
// next waits REFUSAL_INTERVAL_MS and carries the count of all since. Must not know why anything is refused.
import { MARK_REFUSALS_COALESCED, mark, RECORD_REFUSED } from "./abi.gen";
import { journalAppend } from "./journal";
import { countDown, increment, state } from "./state";

/** Least time between two records of refusals, in ms. */
const REFUSAL_INTERVAL_MS: u32 = 60000;

function write(): void {
  const pending = state.refusedPending;
  state.refusedPending = 0;
  state.refusedMs = REFUSAL_INTERVAL_MS;
  journalAppend(RECORD_REFUSED, state.refusedCode, pending);
}

function note(code: u32): void {
  state.refusedPending = increment(state.refusedPending);
  state.refusedCode = code as u8;
  if (state.refusedMs === 0) write();
  else mark(MARK_REFUSALS_COALESCED);
}

/** A command from a known principal was refused with `code`. */
export function noteRefusal(code: u32): void {
  state.refused = increment(state.refused);
  note(code);
}

/** A message was dropped without an answer. */
export function noteDrop(code: u32): void {
  state.dropped = increment(state.dropped);
  note(code);
}

/** Lets `ms` pass. */
export function refusalsElapse(ms: u32): void {
  if (state.refusedMs === 0) return;
  state.refusedMs = countDown(state.refusedMs, ms);
  if (state.refusedMs === 0 && state.refusedPending > 0) write();
}
