// Memory for intermediate results. Those of the points and those of the scalars are not needed at the same
// time, so both are here.

/** 512 bytes. field.ts and point.ts use the first 416, scalar.ts uses all. */
export const SCRATCH: usize = memory.data(512, 8);

export function scratchWipe(): void {
  for (let at = SCRATCH; at < SCRATCH + 512; at += 8) store<u64>(at, 0);
}
