// Refusals, counted and put on record. A flood cannot wash the journal out: after one record, the
// next waits REFUSAL_MS and carries the count of all since. Must not know why anything is refused.
import { MARK_REFUSALS_COALESCED, mark, RECORD_REFUSED } from "./abi.gen";
import { journalAppend } from "./journal";
import {
  count,
  DROPPED,
  elapse,
  REFUSED,
  REFUSED_CODE,
  REFUSED_MS,
  REFUSED_PENDING,
} from "./state";

/** Least time between two records of refusals, in ms. */
const REFUSAL_MS: u32 = 60000;

function write(): void {
  const pending = load<u32>(REFUSED_PENDING);
  store<u32>(REFUSED_PENDING, 0);
  store<u32>(REFUSED_MS, REFUSAL_MS);
  journalAppend(RECORD_REFUSED, load<u8>(REFUSED_CODE), pending);
}

function note(code: u32): void {
  count(REFUSED_PENDING);
  store<u8>(REFUSED_CODE, code as u8);
  if (load<u32>(REFUSED_MS) === 0) write();
  else mark(MARK_REFUSALS_COALESCED);
}

/** A command from a known principal was refused with `code`. */
export function noteRefusal(code: u32): void {
  count(REFUSED);
  note(code);
}

/** A message was dropped without an answer. */
export function noteDrop(code: u32): void {
  count(DROPPED);
  note(code);
}

/** Lets `ms` pass. */
export function refusalsElapse(ms: u32): void {
  if (elapse(REFUSED_MS, ms) && load<u32>(REFUSED_PENDING) > 0) write();
}
