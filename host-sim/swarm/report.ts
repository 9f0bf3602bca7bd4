/** The summary of a swarm as text: averages per run, coverage marks, violations. */
import { EXPECTED_MARKS } from "./coverage-marks.ts";
import { impossibleMarks, SUFFICIENT_RUNS, type Totals, unreachedMarks } from "./totals.ts";

const n = (value: number) => value.toLocaleString("en-US");
const perRun = (count: number, runs: number) => (count / Math.max(1, runs)).toFixed(1);

function averagesLine({ steps, runs, lines }: Totals): string {
  const total = Object.values(steps).reduce((sum, count) => sum + count, 0);
  const messages = (steps.send ?? 0) + (steps.replay ?? 0);
  const waits = (steps.wait ?? 0) + (steps.stall ?? 0);
  return (
    `average per run: ${perRun(total - waits, runs)} stimuli (${perRun(messages, runs)} messages, ` +
    `${perRun(steps.switch ?? 0, runs)} switch moves), ${perRun(lines, runs)} trace lines`
  );
}

function markLines({ marks, runs }: Totals): string[] {
  const rows = EXPECTED_MARKS.map(({ mark, unreachable }) => {
    const [times, inRuns] = marks[mark] ?? [0, 0];
    const share = `in ${((100 * inRuns) / Math.max(1, runs)).toFixed(2)} % of runs`;
    const reached = times > 0 ? share : (unreachable ?? "NOT REACHED");
    return `  ${n(times).padStart(12)}  ${mark}  ${reached}`;
  });
  const expected = new Set(EXPECTED_MARKS.map(({ mark }) => mark));
  const others = Object.entries(marks)
    .filter(([mark]) => !expected.has(mark))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([mark, [times]]) => `  ${n(times).padStart(12)}  ${mark}`);
  return [...rows, ...others];
}

export type Verdict = "held" | "violated" | "not reached" | "interrupted";

export function verdictOf(totals: Totals, done: boolean): Verdict {
  if (totals.violated > 0 || impossibleMarks(totals).length > 0) return "violated";
  if (!done) return "interrupted";
  return totals.runs >= SUFFICIENT_RUNS && unreachedMarks(totals).length > 0
    ? "not reached"
    : "held";
}

/** The summary. It depends only on the seeds, not on how many processes ran them. */
export function summaryLines(totals: Totals): string[] {
  const { runs, violated } = totals;
  const missed = unreachedMarks(totals);
  const lines = [averagesLine(totals), ...markLines(totals)];
  for (const mark of impossibleMarks(totals))
    lines.push(`"${mark}" was reached, which a correct host never allows`);
  if (missed.length > 0) {
    const weight =
      runs >= SUFFICIENT_RUNS
        ? "a swarm of this size must reach them, so it fails"
        : `too few runs to judge; from ${n(SUFFICIENT_RUNS)} runs on, this fails the swarm`;
    lines.push(`${missed.length} marks not reached: ${weight}`);
  }
  lines.push(`${n(runs)} runs, ${n(violated)} broke a rule, ${missed.length} marks not reached`);
  return lines;
}
