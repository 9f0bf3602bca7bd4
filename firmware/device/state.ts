// All mutable state of the guest: one region, laid out in firmware/state.json, and who may call what
// a field. Countdowns run towards 0 and stop there; the only absolute time is NOW. Must not know how
// any field is used.
export * from "./state.gen";

/** The counter plus one; the largest u32 stays, so a counter never wraps to a smaller figure. */
export function increment(counter: u32): u32 {
  return counter === u32.MAX_VALUE ? counter : counter + 1;
}

/** What is left of a countdown of `left` ms after `ms` have passed: at least 0. */
export function countDown(left: u32, ms: u32): u32 {
  return left > ms ? left - ms : 0;
}
