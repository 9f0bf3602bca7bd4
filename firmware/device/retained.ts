// What outlives a cut: relay level, whether a hand holds it, the journal's head. Must not know why
// the board restarts.

import { MARK_RETAINED_LOST, MARK_RETAINED_USED, mark, REGION_RETAINED, SAFE_ON } from "./abi.gen";
import { BLOCK_PAYLOAD, blockRead, blockWrite } from "./block";
import { fill } from "./bytes";
import { state } from "./state";

const PAYLOAD: usize = memory.data(20, 8);

/**
 * Begins a hold of `seconds`; 0 for none. Its length is kept with it: a configuration that comes later
 * shortens no hold, not even across a cut.
 */
export function holdTake(seconds: u32): void {
  state.holdTakenS = seconds;
  state.holdMs = seconds * 1000;
}

/**
 * Restores the state after a restart; after a loss of supply the relay takes its safe state. A hold
 * is restored in full: the time that passed is unknown, and the doubt is the hand's.
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
  state.relay = load<u32>(PAYLOAD) & 1 ? 1 : 0;
  state.journalNext = load<u32>(PAYLOAD + 4);
  holdTake(load<u32>(PAYLOAD + 8));
}

/** Saves. A failure leaves the block before: the relay then comes back at its last saved level. */
export function retainedSave(): void {
  fill(PAYLOAD, 0, BLOCK_PAYLOAD / 4);
  store<u32>(PAYLOAD, state.relay);
  store<u32>(PAYLOAD + 4, state.journalNext);
  store<u32>(PAYLOAD + 8, state.holdMs > 0 ? state.holdTakenS : 0);
  const generation = blockWrite(REGION_RETAINED, state.retainedGeneration, PAYLOAD);
  if (generation !== 0) state.retainedGeneration = generation;
}
