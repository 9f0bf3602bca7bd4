/**
 * `killswitch conform`: runs every scenario on every available target with virtual time and
 * compares the traces byte for byte.
 */
import type { Command } from "commander";
import { EXIT } from "../../base/errors.ts";
import type { Engine } from "../../build/native-image.ts";
import { scenarioFolder, scenarioPaths } from "../../scenario/files.ts";
import { loadScenario, type ScenarioFile } from "../../scenario/load.ts";
import { placeOf, type Report, reproduction } from "../../scenario/report.ts";
import { controllerTargetNames, exactTargetNames, targetTrouble } from "../../targets/registry.ts";
import { engineOption, example, jsonOption } from "../options.ts";
import { print, printAside, printJson, returnToLoop } from "../terminal.ts";
import { runOne } from "./run.ts";

interface ConformOptions {
  readonly engine?: Engine;
  readonly json: boolean;
}

interface Score {
  readonly target: string;
  same: number;
  notRun: number;
  /** Passed, but not compared with the simulator. */
  apart: number;
}

/** The index of the first line in which two traces differ. Null if they are the same. */
export function differingLine(left: readonly string[], right: readonly string[]): number | null {
  const length = Math.max(left.length, right.length);
  for (let line = 0; line < length; line++) if (left[line] !== right[line]) return line;
  return null;
}

/**
 * A trace without what depends on a clock that counts from the return of the supply: the simulator's counts
 * from the first power-on, and a status contains the device's age.
 */
function ageless(lines: readonly string[]): string[] {
  const since = lines.findIndex((line) => / supply state=(?:on|reset)$/.test(line));
  return lines.map((line, index) =>
    since >= 0 && index > since ? line.replace(/^(@\d+ tx .*) crc=[0-9a-f]{8}$/, "$1") : line,
  );
}

/** Why a controller's trace of a scenario is not compared with the simulator's; null if it is. */
export function notComparedReason({ scenario }: ScenarioFile): string | null {
  if (scenario.start.image === "hostile") return "it runs a native image of its own";
  const fails = JSON.stringify(scenario.steps).includes('"set":"storage-fails"');
  return fails ? "the board keeps in RAM what its flash refuses to take" : null;
}

/**
 * Lines that describe how a run differs from the reference run. Null if it does not. `own`: the target has a
 * clock of its own.
 */
export function differenceLines(reference: Report, report: Report, own = false): string[] | null {
  const { outcome, file, target } = report;
  if (outcome.status === "failed") {
    const { expected, found } = outcome.failure;
    return [`${placeOf(report)} on ${target}: expected ${expected}, found ${found}`];
  }
  const texts = ({ outcome: { trace } }: Report) => (own ? ageless(trace.texts()) : trace.texts());
  const [left, right] = [texts(reference), texts(report)];
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
  return json ? printAside : print;
}

/** The epochs of a trace in order, as random bytes: for a board that draws them itself. */
export function epochsOf(report: Pick<Report, "outcome">): { fill(bytes: Uint8Array): void } {
  const epochs = report.outcome.trace
    .texts()
    .flatMap((line) => /^@\d+ epoch value=([0-9a-f]{16})$/.exec(line)?.[1] ?? []);
  let next = 0;
  return {
    fill(bytes) {
      // One more than the board drew: the traces differ here, and an epoch is never all zero.
      bytes.set(Buffer.from(epochs[next++] ?? "f".repeat(2 * bytes.length), "hex"));
    },
  };
}

/** differenceLines() for a board with randomness of its own: the simulator draws the same epochs. */
export async function ownDifferenceLines(
  file: ScenarioFile,
  report: Report,
): Promise<string[] | null> {
  if (report.outcome.status !== "passed") return differenceLines(report, report, true);
  const [target = ""] = exactTargetNames();
  return differenceLines(await runOne(file, { target, entropy: epochsOf(report) }), report, true);
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
    const own = controllerTargetNames().includes(score.target);
    const apart = own && report.outcome.status === "passed" ? notComparedReason(file) : null;
    if (apart !== null) {
      score.apart++;
      say(`PASSED, not compared: ${file.scenario.name} on ${score.target}: ${apart}`);
      continue;
    }
    const difference = own
      ? await ownDifferenceLines(file, report)
      : differenceLines(reference, report);
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
  for (const target of [...exactTargetNames(), ...controllerTargetNames()]) {
    const trouble = targetTrouble(target);
    if (trouble === null) scores.push({ target, same: 0, notRun: 0, apart: 0 });
    else say(`NOT RUN ${target}: ${trouble}`);
  }
  let good = true;
  for (const file of files) {
    if (!(await conformOne(file, scores, options))) good = false;
  }
  if (options.json) printJson({ scenarios: files.length, scores });
  else {
    const totals = scores.map(
      ({ target, same, notRun, apart }) => `${target} ${same}/${files.length - notRun - apart}`,
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
