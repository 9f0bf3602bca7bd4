// What outlives a cut: relay level, whether a hand holds it, the journal's head. Must not know why
// the board restarts.

import { MARK_RETAINED_LOST, MARK_RETAINED_USED, mark, REGION_RETAINED, SAFE_ON } from "./abi.gen";
import { BLOCK_PAYLOAD, blockRead, blockWrite } from "./block";
import { fill } from "./bytes";
import {
  HOLD_MS,
  HOLD_TAKEN_S,
  JOURNAL_NEXT,
  RELAY,
  RETAINED_GENERATION,
  SAFE_STATE,
} from "./state";

const PAYLOAD: usize = memory.data(20, 8);

/**
 * Begins a hold of `seconds`; 0 for none. Its length is kept with it: a configuration that comes later
 * shortens no hold, not even across a cut.
 */
export function holdTake(seconds: u32): void {
  store<u32>(HOLD_TAKEN_S, seconds);
  store<u32>(HOLD_MS, seconds * 1000);
}

/**
 * Restores the state after a restart; after a loss of supply the relay takes its safe state. A hold
 * is restored in full: the time that passed is unknown, and the doubt is the hand's.
 */
export function retainedLoad(): void {
  const generation = blockRead(REGION_RETAINED, PAYLOAD);
  store<u32>(RETAINED_GENERATION, generation);
  if (generation === 0) {
    mark(MARK_RETAINED_LOST);
    store<u8>(RELAY, load<u8>(SAFE_STATE) === SAFE_ON ? 1 : 0);
    store<u32>(HOLD_MS, 0);
    store<u32>(JOURNAL_NEXT, 0);
    return;
  }
  mark(MARK_RETAINED_USED);
  store<u8>(RELAY, load<u32>(PAYLOAD) & 1 ? 1 : 0);
  store<u32>(JOURNAL_NEXT, load<u32>(PAYLOAD + 4));
  holdTake(load<u32>(PAYLOAD + 8));
}

/** Saves. A failure leaves the block before: the relay then comes back at its last saved level. */
export function retainedSave(): void {
  fill(PAYLOAD, 0, BLOCK_PAYLOAD / 4);
  store<u32>(PAYLOAD, load<u8>(RELAY));
  store<u32>(PAYLOAD + 4, load<u32>(JOURNAL_NEXT));
  store<u32>(PAYLOAD + 8, load<u32>(HOLD_MS) > 0 ? load<u32>(HOLD_TAKEN_S) : 0);
  const generation = blockWrite(REGION_RETAINED, load<u32>(RETAINED_GENERATION), PAYLOAD);
  if (generation !== 0) store<u32>(RETAINED_GENERATION, generation);
}
