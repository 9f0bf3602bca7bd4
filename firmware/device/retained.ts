// The retained block: relay level, active hold, the journal's heads and the run of boots. It survives every restart, but not
// a loss of supply.

import {
  MARK_RETAINED_LOST,
  MARK_RETAINED_USED,
  mark,
  REGION_RETAINED,
  RING_LOCAL,
  RING_REMOTE,
  SAFE_ON,
} from "./abi.gen";
import { blockRead, blockWrite } from "./block";
import { state } from "./state";

/** Payload of the retained block: all of its BLOCK_PAYLOAD bytes. */
@unmanaged
class Retained {
  /** Bit 0: level of the relay; bits 3 to 1: reason of the boot (BOOT); from bit 4 on: run of boots. */
  relay: u32;
  localNext: u32;
  /** Length of the active hold, in s; 0 = no hold. */
  holdS: u32;
  remoteNext: u32;
  boots: u32;
}

const REASON_SHIFT: u32 = 1;
const RUN_SHIFT: u32 = 4;

const PAYLOAD: usize = memory.data(20, 8);
const retained: Retained = changetype<Retained>(PAYLOAD);

/**
 * Begins a hold of `seconds`; 0 ends it. The length is stored with the hold, so that a later
 * configuration does not shorten an active hold, not even across a cut.
 */
export function holdTake(seconds: u32): void {
  state.holdTakenS = seconds;
  state.holdMs = seconds * 1000;
}

/**
 * Restores the state after a restart. Without a good block, as after a loss of supply, the relay
 * takes its safe state. Called with the rest of the state all zero, and the reason set. A hold is restored in full: how much of it has passed is unknown, and the
 * doubt is resolved in favour of the user at the device.
 */
export function retainedLoad(): void {
  const generation = blockRead(REGION_RETAINED, PAYLOAD);
  state.retainedGeneration = generation;
  if (generation === 0) {
    mark(MARK_RETAINED_LOST);
    state.relay = state.safeState === SAFE_ON ? 1 : 0;
    return;
  }
  mark(MARK_RETAINED_USED);
  state.relay = retained.relay & 1 ? 1 : 0;
  state.setJournalNext(RING_LOCAL, retained.localNext);
  state.setJournalNext(RING_REMOTE, retained.remoteNext);
  state.boots = retained.boots;
  const run = retained.relay >>> RUN_SHIFT;
  if (run !== 0 && ((retained.relay >>> REASON_SHIFT) & 7) === (state.reason as u32))
    state.run = run;
  holdTake(retained.holdS);
}

/**
 * Saves the state. If storage fails, the previous block stays, and the next boot restores that one.
 */
export function retainedSave(): void {
  retained.relay =
    (state.relay as u32) | ((state.reason as u32) << REASON_SHIFT) | (state.run << RUN_SHIFT);
  retained.localNext = state.getJournalNext(RING_LOCAL);
  retained.remoteNext = state.getJournalNext(RING_REMOTE);
  retained.boots = state.boots;
  retained.holdS = state.holdMs > 0 ? state.holdTakenS : 0;
  const generation = blockWrite(REGION_RETAINED, state.retainedGeneration, PAYLOAD);
  if (generation !== 0) state.retainedGeneration = generation;
}
