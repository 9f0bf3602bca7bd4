// The retained block: relay level, active hold and journal head. It survives every restart, but not
// a loss of supply.

import { MARK_RETAINED_LOST, MARK_RETAINED_USED, mark, REGION_RETAINED, SAFE_ON } from "./abi.gen";
import { BLOCK_PAYLOAD, blockRead, blockWrite } from "./block";
import { fill } from "./bytes";
import { state } from "./state";

/** Payload of the retained block; the rest of its BLOCK_PAYLOAD bytes is 0. */
@unmanaged
class Retained {
  /** Level of the relay. */
  relay: u32;
  journalNext: u32;
  /** Length of the active hold, in s; 0 = no hold. */
  holdS: u32;
}

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
 * takes its safe state. A hold is restored in full: how much of it has passed is unknown, and the
 * doubt is resolved in favour of the user at the device.
 */
export function retainedLoad(): void {
  const generation = blockRead(REGION_RETAINED, PAYLOAD);
  state.retainedGeneration = generation;
  if (generation === 0) {
    mark(MARK_RETAINED_LOST);
    state.relay = state.safeState === SAFE_ON ? 1 : 0;
    state.holdMs = 0;
    state.journalNext = 0;
    return;
  }
  mark(MARK_RETAINED_USED);
  state.relay = retained.relay & 1 ? 1 : 0;
  state.journalNext = retained.journalNext;
  holdTake(retained.holdS);
}

/**
 * Saves the state. If storage fails, the previous block stays, and the next boot restores that one.
 */
export function retainedSave(): void {
  fill(PAYLOAD, 0, BLOCK_PAYLOAD / 4);
  retained.relay = state.relay;
  retained.journalNext = state.journalNext;
  retained.holdS = state.holdMs > 0 ? state.holdTakenS : 0;
  const generation = blockWrite(REGION_RETAINED, state.retainedGeneration, PAYLOAD);
  if (generation !== 0) state.retainedGeneration = generation;
}
