/**
 * What runs have come to, as sums: parts add up to the same whole in any order. Must not know how runs
 * are shared out.
 */
import { EXPECTED } from "./marks.ts";

/** A run that broke a rule. */
export interface Found {
  seed: number;
  /** What must hold. */
  expected: string;
  found: string;
}

export interface Tally {
  runs: number;
  /** Steps drawn, by kind. */
  steps: Record<string, number>;
  lines: number;
  /** By mark: how often, and in how many runs. */
  marks: Record<string, [number, number]>;
  violated: number;
  /** Of those that broke a rule, the lowest seeds. */
  found: Found[];
}

/** A swarm of fewer runs only reports what it did not reach: chance alone may have missed it. */
export const SUFFICIENT_RUNS = 20_000;
/** Violations kept: they tend to be the same one. */
const FOUND_MAX = 20;

export function emptyTally(): Tally {
  return { runs: 0, steps: {}, lines: 0, marks: {}, violated: 0, found: [] };
}

/** Takes another tally into this one. */
export function add(into: Tally, part: Tally): void {
  into.runs += part.runs;
  into.lines += part.lines;
  into.violated += part.violated;
  for (const [kind, count] of Object.entries(part.steps))
    into.steps[kind] = (into.steps[kind] ?? 0) + count;
  for (const [mark, [often, runs]] of Object.entries(part.marks)) {
    const [oftenBefore, runsBefore] = into.marks[mark] ?? [0, 0];
    into.marks[mark] = [oftenBefore + often, runsBefore + runs];
  }
  into.found = [...into.found, ...part.found].sort((a, b) => a.seed - b.seed).slice(0, FOUND_MAX);
}

/** The tally with its names in order: the same text for the same sums. */
export function inOrder(tally: Tally): Tally {
  const sorted = <T>(of: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { ...tally, steps: sorted(tally.steps), marks: sorted(tally.marks) };
}

/** Expected marks that were not reached and could have been. */
export function unreached({ marks }: Tally): string[] {
  return EXPECTED.filter(
    ({ mark, unreachable }) => unreachable === undefined && marks[mark] === undefined,
  ).map(({ mark }) => mark);
}

/** Marks that were reached although no sound host lets them be. */
export function impossible({ marks }: Tally): string[] {
  return EXPECTED.filter(
    ({ mark, unreachable }) => unreachable !== undefined && marks[mark] !== undefined,
  ).map(({ mark }) => mark);
}
