// The abstraction: the copy of the guest's state as one integer. docs/PROOFS.md, "Abstracted", says what
// is left out and why.
import { BOOT_RESET, PHASE_FAULT_RAIL, RING_LOCAL } from "../../../../firmware/device/abi.gen";
import { STATE_LEN, State } from "../../../../firmware/device/state.gen";
import { STATE } from "./memory-map";
import { state } from "./records";
import * as bit from "./state-bits";

function isSet(value: u32): u32 {
  return value !== 0 ? 1 : 0;
}

function above(value: u32, most: u32): u32 {
  return value > most ? 1 : 0;
}

/** 1 if a field is out of its range, or a byte that belongs to no field is used. */
function outOfRange(): u32 {
  const s = state;
  let out = above(s.phase, PHASE_FAULT_RAIL) | above(s.reason, BOOT_RESET) | above(s.blink, 3);
  out |= above(s.bootDue, 3) | (s.bootDue === 2 ? 1 : 0);
  out |= above(s.linked, 1) | above(s.relay, 1) | above(s.lamp, 1) | above(s.safeState, 1);
  out |= above(s.statusDue, 1) | above(s.journalOpen, 1);
  let unused: u32 = 0;
  for (let at: usize = offsetof<State>(); at < STATE_LEN; at += 4) unused |= load<u32>(STATE + at);
  return out | isSet(unused);
}

/** The abstract state; -1 if a field is out of its range. */
export function abstractState(): i32 {
  const s = state;
  const bootDue = s.bootDue as u32;
  const drops = s.getDroppedPending(0) | s.getDroppedPending(1) | s.getDroppedPending(2);
  let code: u32 = ((s.phase as u32) << bit.PHASE) | ((s.linked as u32) << bit.LINKED);
  code |= ((s.relay as u32) << bit.RELAY) | ((s.safeState as u32) << bit.SAFE_STATE);
  code |= (s.epoch !== 0 ? 1 : 0) << bit.EPOCH;
  code |= isSet(s.getLastSeq(0)) << bit.LAST_SEQ;
  code |= isSet(s.getLastSeq(1)) << (bit.LAST_SEQ + 1);
  code |= isSet(s.getLastSeq(2)) << (bit.LAST_SEQ + 2);
  code |= (isSet(s.quietMs) << bit.QUIET_MS) | (isSet(s.identifyMs) << bit.IDENTIFY_MS);
  code |= (isSet(s.holdMs) << bit.HOLD_MS) | (isSet(s.refusedMs) << bit.REFUSED_MS);
  code |= (isSet(s.telemetryMs) << bit.TELEMETRY_MS) | (isSet(s.telemetryS) << bit.TELEMETRY_S);
  code |= (isSet(s.holdS) << bit.HOLD_S) | ((bootDue - (bootDue >>> 1)) << bit.BOOT_DUE);
  code |= (s.statusDue as u32) << bit.STATUS_DUE;
  code |= isSet(s.refusedPending) << bit.REFUSED_PENDING;
  code |= isSet(s.getJournalNext(RING_LOCAL)) << bit.JOURNAL_NEXT;
  code |= isSet(s.run & (s.run - 1)) << bit.REPEATED;
  code |= isSet(drops) << bit.DROPPED_PENDING;
  code |= (s.journalOpen as u32) << bit.JOURNAL_OPEN;
  return select<i32>(-1, code as i32, outOfRange());
}
