// Counts refusals and writes them to the journal, at most one record in REFUSAL_INTERVAL_MS. A
// record carries the number of refusals since the last one, so a flood of bad messages does not
// fill the ring.
import { MARK_REFUSALS_COALESCED, mark, RECORD_REFUSED } from "./abi.gen";
import { journalAppend } from "./journal";
import { countDown, increment, state } from "./state";

/** Shortest time between two records of refusals, in ms. */
const REFUSAL_INTERVAL_MS: u32 = 60000;

function writeRecord(): void {
  const pending = state.refusedPending;
  state.refusedPending = 0;
  state.refusedMs = REFUSAL_INTERVAL_MS;
  journalAppend(RECORD_REFUSED, state.refusedCode, pending);
}

function note(code: u32): void {
  state.refusedPending = increment(state.refusedPending);
  state.refusedCode = code as u8;
  if (state.refusedMs === 0) writeRecord();
  else mark(MARK_REFUSALS_COALESCED);
}

/** Counts a command that was refused with `code`, under a good tag. */
export function noteRefusal(code: u32): void {
  state.refused = increment(state.refused);
  note(code);
}

/** Counts a message that was dropped without a reply, because of `code`. */
export function noteDrop(code: u32): void {
  state.dropped = increment(state.dropped);
  note(code);
}

/** Advances the time by `ms`; writes the pending refusals when the interval ends. */
export function refusalsElapse(ms: u32): void {
  if (state.refusedMs === 0) return;
  state.refusedMs = countDown(state.refusedMs, ms);
  if (state.refusedMs === 0 && state.refusedPending > 0) writeRecord();
}
