/**
 * A swarm's outcome in words: what was drawn, every mark, what broke. Must not know how a figure came
 * about.
 */
import { EXPECTED } from "./marks.ts";
import { impossible, SUFFICIENT_RUNS, type Tally, unreached } from "./tally.ts";

const n = (value: number) => value.toLocaleString("en-US");
const perRun = (count: number, runs: number) => (count / Math.max(1, runs)).toFixed(1);

function drawnLine({ steps, runs, lines }: Tally): string {
  const total = Object.values(steps).reduce((sum, count) => sum + count, 0);
  const messages = (steps.send ?? 0) + (steps.replay ?? 0);
  const waits = (steps.wait ?? 0) + (steps.stall ?? 0);
  return (
    `a run has on average ${perRun(total - waits, runs)} stimuli, ${perRun(messages, runs)} of them messages, ` +
    `${perRun(steps.switch ?? 0, runs)} moves of the switch; ${perRun(lines, runs)} trace lines`
  );
}

function markLines({ marks, runs }: Tally): string[] {
  const rows = EXPECTED.map(({ mark, unreachable }) => {
    const [often, inRuns] = marks[mark] ?? [0, 0];
    const share = `in ${((100 * inRuns) / Math.max(1, runs)).toFixed(2)} % of runs`;
    const reached = often > 0 ? share : (unreachable ?? "NOT REACHED");
    return `  ${n(often).padStart(12)}  ${mark}  ${reached}`;
  });
  const expected = new Set(EXPECTED.map(({ mark }) => mark));
  const others = Object.entries(marks)
    .filter(([mark]) => !expected.has(mark))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([mark, [often]]) => `  ${n(often).padStart(12)}  ${mark}`);
  return [...rows, ...others];
}

export type Verdict = "held" | "violated" | "not reached" | "interrupted";

export function verdictOf(tally: Tally, done: boolean): Verdict {
  if (tally.violated > 0 || impossible(tally).length > 0) return "violated";
  if (!done) return "interrupted";
  return tally.runs >= SUFFICIENT_RUNS && unreached(tally).length > 0 ? "not reached" : "held";
}

/** The whole summary; the same for the same seeds, whoever ran them. */
export function summaryLines(tally: Tally): string[] {
  const { runs, violated } = tally;
  const missed = unreached(tally);
  const lines = [drawnLine(tally), ...markLines(tally)];
  for (const mark of impossible(tally))
    lines.push(`"${mark}" was reached, and no sound host lets it be`);
  if (missed.length > 0) {
    const weight =
      runs >= SUFFICIENT_RUNS
        ? "a swarm of this size must reach them: it fails"
        : `by so few runs; from ${n(SUFFICIENT_RUNS)} on this fails the swarm`;
    lines.push(`${missed.length} marks not reached: ${weight}`);
  }
  lines.push(`${n(runs)} runs, ${n(violated)} broke a rule, ${missed.length} marks not reached`);
  return lines;
}
