/** The outcome of a scenario as text and as JSON. */
import { launcher } from "../base/paths.ts";
import type { ScenarioFile } from "./load.ts";
import type { Outcome } from "./runner.ts";

/** One scenario's run. */
export interface Report {
  file: ScenarioFile;
  outcome: Outcome;
  target: string;
  seed: number;
  /** The guest given on the command line. */
  guest: string | undefined;
  /** Wall time that the run took, in ms. */
  wallMs: number;
  /** The scenario is run with several seeds, so its seed belongs to its title. */
  repeated: boolean;
}

/** Number of trace lines shown with a failure. */
const CONTEXT = 10;

/** What the run is called: the scenario's name, with the seed if there are several. */
export function titleOf({ file, seed, repeated }: Report): string {
  return repeated ? `${file.scenario.name} seed ${seed}` : file.scenario.name;
}

/** The command that runs it again. */
export function reproduction({ file, target, seed, guest }: Report): string {
  const other = guest === undefined ? "" : ` --guest ${quoted(guest)}`;
  return `${launcher()} run ${quoted(file.path)} --target ${target} --seed ${seed}${other}`;
}

function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** `path:line:column` of the step that failed. The path alone if no step failed. */
export function placeOf({ file, outcome }: Report): string {
  const step = outcome.status === "failed" ? outcome.failure.step : null;
  return (step === null ? undefined : file.places.get(step)) ?? file.path;
}

export function reportLines(report: Report): string[] {
  const notes = (report.outcome.notes ?? []).map((note) => `  note      ${note}`);
  return [...verdictLines(report), ...notes];
}

function verdictLines(report: Report): string[] {
  const { outcome } = report;
  const name = titleOf(report);
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

/** The report as a value for JSON. */
export function reportJson(report: Report): unknown {
  const { file, outcome, target, seed } = report;
  const { status, virtualMs, notes } = outcome;
  const scenario = file.scenario.name;
  const noted = notes === undefined ? {} : { notes };
  const common = { scenario, path: file.path, target, seed, status, ...noted };
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
