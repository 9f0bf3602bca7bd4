// The guest's state (generated from firmware/state.json), and arithmetic for its counters and
// countdowns. Everything that outlives an event is in this region, or in storage.
export * from "./state.gen";

/**
 * `counter` plus one. It stops at the largest u32, so that a counter never wraps to a smaller
 * value.
 */
export function increment(counter: u32): u32 {
  return counter === u32.MAX_VALUE ? counter : counter + 1;
}

/** What is left of a countdown of `left` ms after `ms` more have passed: at least 0. */
export function countDown(left: u32, ms: u32): u32 {
  return left > ms ? left - ms : 0;
}
