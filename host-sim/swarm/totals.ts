/** Totals over the runs of a swarm. Adding partial totals gives the same result in any order. */
import { EXPECTED_MARKS } from "./coverage-marks.ts";

/** A run that broke a rule. */
export interface FailedRun {
  seed: number;
  /** The rule that was broken. */
  expected: string;
  found: string;
}

export interface Totals {
  runs: number;
  /** Generated steps, by kind. */
  steps: Record<string, number>;
  /** Trace lines. */
  lines: number;
  /** By coverage mark: how often it occurred, and in how many runs. */
  marks: Record<string, [number, number]>;
  /** Runs that broke a rule. */
  violated: number;
  /** The failed runs with the lowest seeds, at most FAILED_MAX. */
  found: FailedRun[];
}

/** With fewer runs a missed mark is only reported: randomness alone may explain it. */
export const SUFFICIENT_RUNS = 20_000;
/** Failed runs that are kept. Most of them usually have the same cause. */
const FAILED_MAX = 20;

export function emptyTotals(): Totals {
  return { runs: 0, steps: {}, lines: 0, marks: {}, violated: 0, found: [] };
}

/** Adds `part` to `into`. */
export function addTotals(into: Totals, part: Totals): void {
  into.runs += part.runs;
  into.lines += part.lines;
  into.violated += part.violated;
  for (const [kind, count] of Object.entries(part.steps))
    into.steps[kind] = (into.steps[kind] ?? 0) + count;
  for (const [mark, [times, runs]] of Object.entries(part.marks)) {
    const [timesBefore, runsBefore] = into.marks[mark] ?? [0, 0];
    into.marks[mark] = [timesBefore + times, runsBefore + runs];
  }
  into.found = [...into.found, ...part.found].sort((a, b) => a.seed - b.seed).slice(0, FAILED_MAX);
}

/** The totals with sorted keys, so that equal totals print as equal JSON. */
export function sortedTotals(totals: Totals): Totals {
  const sorted = <T>(of: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...totals, steps: sorted(totals.steps), marks: sorted(totals.marks) };
}

/** Reachable marks that no run reached. */
export function unreachedMarks({ marks }: Totals): string[] {
  return EXPECTED_MARKS.filter(
    ({ mark, unreachable }) => unreachable === undefined && marks[mark] === undefined,
  ).map(({ mark }) => mark);
}

/** Marks that were reached although a correct host never lets them happen. */
export function impossibleMarks({ marks }: Totals): string[] {
  return EXPECTED_MARKS.filter(
    ({ mark, unreachable }) => unreachable !== undefined && marks[mark] !== undefined,
  ).map(({ mark }) => mark);
}
