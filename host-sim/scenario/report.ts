/**
 * The outcome of a scenario in words and as data. Must not know how it came about.
 */
import type { ScenarioFile } from "./load.ts";
import type { Outcome } from "./runner.ts";

/** One scenario as it ran. */
export interface Report {
  file: ScenarioFile;
  outcome: Outcome;
  target: string;
  seed: number;
  /** Guest named on the command line. */
  guest: string | undefined;
}

/** Trace lines shown with a failure. */
const CONTEXT = 10;

/** The exact command that runs it again. */
export function reproduction({ file, target, seed, guest }: Report): string {
  const other = guest === undefined ? "" : ` --guest ${quoted(guest)}`;
  return `npx killswitch run ${quoted(file.path)} --target ${target} --seed ${seed}${other}`;
}

function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** `path:line:column` of the step that failed, or the file if it was none. */
export function placeOf({ file, outcome }: Report): string {
  const step = outcome.status === "failed" ? outcome.failure.step : null;
  return (step === null ? undefined : file.places.get(step)) ?? file.path;
}

export function reportLines(report: Report): string[] {
  const notes = (report.outcome.notes ?? []).map((note) => `  note      ${note}`);
  return [...verdictLines(report), ...notes];
}

function verdictLines(report: Report): string[] {
  const { file, outcome } = report;
  const { name } = file.scenario;
  if (outcome.status === "passed") return [`PASS ${name} (${outcome.virtualMs} ms)`];
  if (outcome.status === "not-run") return [`NOT RUN ${name}: ${outcome.reason}`];
  const { expected, found } = outcome.failure;
  return [
    `FAIL ${name}`,
    `  at        ${placeOf(report)}`,
    `  expected  ${expected}`,
    `  found     ${found}`,
    ...outcome.trace.texts(CONTEXT).map((line) => `  | ${line}`),
    `  again     ${reproduction(report)}`,
  ];
}

/** The same as data. */
export function reportJson(report: Report): unknown {
  const { file, outcome, target, seed } = report;
  const { status, virtualMs, notes } = outcome;
  const told = notes === undefined ? {} : { notes };
  const common = { scenario: file.scenario.name, path: file.path, target, seed, status, ...told };
  if (outcome.status === "not-run") return { ...common, reason: outcome.reason };
  if (outcome.status === "passed") return { ...common, virtualMs };
  const { expected, found } = outcome.failure;
  const trace = outcome.trace.texts(CONTEXT);
  const at = placeOf(report);
  return { ...common, virtualMs, at, expected, found, trace, again: reproduction(report) };
}

export function summaryOf(reports: readonly Report[]): Record<Outcome["status"], number> {
  const counts = { passed: 0, failed: 0, "not-run": 0 };
  for (const { outcome } of reports) counts[outcome.status]++;
  return counts;
}
