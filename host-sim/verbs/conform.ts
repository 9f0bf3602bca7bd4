/**
 * `killswitch conform`: runs every scenario on every available target with virtual time and
 * compares the traces byte for byte.
 */
import type { Command } from "commander";
import { EXIT } from "../errors.ts";
import type { Engine } from "../native/build.ts";
import { scenarioFolder, scenarioPaths } from "../scenario/files.ts";
import { loadScenario, type ScenarioFile } from "../scenario/load.ts";
import { placeOf, type Report, reproduction } from "../scenario/report.ts";
import { exactTargetNames, targetTrouble } from "../scenario/targets/index.ts";
import { engineOption, example, jsonOption } from "./options.ts";
import { runOne } from "./run.ts";
import { print, printJson, returnToLoop } from "./terminal.ts";

interface ConformOptions {
  readonly engine?: Engine;
  readonly json: boolean;
}

interface Score {
  readonly target: string;
  same: number;
  notRun: number;
}

/** The index of the first line in which two traces differ. Null if they are the same. */
export function differingLine(left: readonly string[], right: readonly string[]): number | null {
  const length = Math.max(left.length, right.length);
  for (let line = 0; line < length; line++) if (left[line] !== right[line]) return line;
  return null;
}

/** Lines that describe how a run differs from the reference run. Null if it does not. */
function differenceLines(reference: Report, report: Report): string[] | null {
  const { outcome, file, target } = report;
  if (outcome.status === "failed") {
    const { expected, found } = outcome.failure;
    return [`${placeOf(report)} on ${target}: expected ${expected}, found ${found}`];
  }
  const [left, right] = [reference.outcome.trace.texts(), outcome.trace.texts()];
  const line = differingLine(left, right);
  if (line === null) return null;
  return [
    `${file.path} on ${target}, trace line ${line + 1}:`,
    `  ${reference.target}: ${left[line] ?? "(end of trace)"}`,
    `  ${target}: ${right[line] ?? "(end of trace)"}`,
  ];
}

/** Prints a message: to standard error if standard output is JSON. */
function messagePrinter({ json }: ConformOptions): (line: string) => void {
  return json ? (line) => process.stderr.write(`${line}\n`) : print;
}

async function conformOne(
  file: ScenarioFile,
  scores: readonly Score[],
  options: ConformOptions,
): Promise<boolean> {
  const say = messagePrinter(options);
  let reference: Report | null = null;
  let good = true;
  for (const score of scores) {
    const report = await runOne(file, { target: score.target, ...options });
    await returnToLoop();
    reference ??= report;
    if (report.outcome.status === "not-run") {
      score.notRun++;
      say(`NOT RUN ${file.scenario.name} on ${score.target}: ${report.outcome.reason}`);
      continue;
    }
    const difference = differenceLines(reference, report);
    if (difference === null) score.same++;
    else {
      good = false;
      for (const line of [...difference, `  run again  ${reproduction(report)}`]) say(line);
    }
  }
  return good;
}

async function conform(names: readonly string[], options: ConformOptions): Promise<void> {
  const paths = names.length === 0 ? [scenarioFolder()] : names;
  const files = paths.flatMap(scenarioPaths).map(loadScenario);
  const scores: Score[] = [];
  const say = messagePrinter(options);
  for (const target of exactTargetNames()) {
    const trouble = targetTrouble(target);
    if (trouble === null) scores.push({ target, same: 0, notRun: 0 });
    else say(`NOT RUN ${target}: ${trouble}`);
  }
  let good = true;
  for (const file of files) {
    if (!(await conformOne(file, scores, options))) good = false;
  }
  if (options.json) printJson({ scenarios: files.length, scores });
  else {
    const totals = scores.map(
      ({ target, same, notRun }) => `${target} ${same}/${files.length - notRun}`,
    );
    print(totals.join(", "));
  }
  if (!good) process.exitCode = EXIT.REFUTED;
}

export function register(program: Command): void {
  const command = program
    .command("conform")
    .description(
      "run every scenario on every available target with virtual time and compare the traces",
    )
    .argument(
      "[scenario...]",
      "scenario files, folders or patterns (default: all in tests/scenarios)",
    )
    .addOption(engineOption())
    .addOption(jsonOption())
    .action(conform);
  example(
    command,
    "killswitch conform",
    "killswitch conform tests/scenarios/bounce.yaml --engine aot",
  );
}
