// All mutable state of the guest: one region, laid out in firmware/state.json, and who may call what
// a field. Countdowns run towards 0 and stop there; the only absolute time is NOW. Must not know how
// any field is used.
export * from "./state.gen";

/** Adds one, stopping at the largest u32: a counter never wraps to a smaller figure. */
export function count(counter: usize): void {
  const value = load<u32>(counter);
  if (value !== u32.MAX_VALUE) store<u32>(counter, value + 1);
}

/** Takes `ms` off a countdown. Returns true when this made it 0. */
export function elapse(countdown: usize, ms: u32): bool {
  const left = load<u32>(countdown);
  if (left === 0) return false;
  store<u32>(countdown, left > ms ? left - ms : 0);
  return left <= ms;
}
