/**
 * `killswitch conform`: every scenario on every target that is here, traces compared byte for byte.
 * Must not know what a trace means.
 */
import { type Command, Option } from "commander";
import { EXIT } from "../errors.ts";
import { ENGINES, type Engine } from "../native/build.ts";
import { scenarioFolder, scenarioPaths } from "../scenario/files.ts";
import { loadScenario, type ScenarioFile } from "../scenario/load.ts";
import { placeOf, type Report, reproduction } from "../scenario/report.ts";
import {
  controllerTargetNames,
  exactTargetNames,
  targetTrouble,
} from "../scenario/targets/index.ts";
import { example, jsonOption } from "./options.ts";
import { runOne } from "./run.ts";
import { print, printJson } from "./terminal.ts";

interface ConformOptions {
  readonly engine?: Engine;
  readonly json: boolean;
}

interface Score {
  readonly target: string;
  same: number;
  notRun: number;
  /** Passed, and of a kind whose trace is not the simulator's. */
  apart: number;
}

/** The first line in which two traces part; null if they do not. */
export function parting(left: readonly string[], right: readonly string[]): number | null {
  const length = Math.max(left.length, right.length);
  for (let line = 0; line < length; line++) if (left[line] !== right[line]) return line;
  return null;
}

/**
 * A trace without what depends on a clock that counts from the supply's return: the simulator's counts from its
 * first coming, and a status tells the device's age.
 */
function ageless(lines: readonly string[]): string[] {
  const since = lines.findIndex((line) => / supply state=(?:on|reset)$/.test(line));
  return lines.map((line, index) =>
    since >= 0 && index > since ? line.replace(/^(@\d+ tx .*) crc=[0-9a-f]{8}$/, "$1") : line,
  );
}

/** Why a controller's trace of a scenario is not held to the simulator's; null if it is. */
export function apartFrom({ scenario }: ScenarioFile): string | null {
  if (scenario.start.image === "hostile") return "a native image of the chip's own";
  const fails = JSON.stringify(scenario.steps).includes('"set":"storage-fails"');
  return fails ? "what the flash refuses to take is not lost from RAM" : null;
}

/** What is wrong with a target's run beside the reference; null if nothing is. */
export function verdict(reference: Report, report: Report, own = false): string[] | null {
  const { outcome, file, target } = report;
  if (outcome.status === "failed") {
    const { expected, found } = outcome.failure;
    return [`${placeOf(report)} on ${target}: expected ${expected}, found ${found}`];
  }
  const texts = ({ outcome: { trace } }: Report) => (own ? ageless(trace.texts()) : trace.texts());
  const [left, right] = [texts(reference), texts(report)];
  const line = parting(left, right);
  if (line === null) return null;
  return [
    `${file.path} on ${target}, trace line ${line + 1}:`,
    `  ${reference.target}: ${left[line] ?? "(the end)"}`,
    `  ${target}: ${right[line] ?? "(the end)"}`,
  ];
}

/** Where words go: beside the result where that is data. */
function sayer({ json }: ConformOptions): (line: string) => void {
  return json ? (line) => process.stderr.write(`${line}\n`) : print;
}

/** The epochs of a trace, one after the other, as random bytes: of a board that draws them itself. */
export function epochsOf(report: Pick<Report, "outcome">): { fill(bytes: Uint8Array): void } {
  const epochs = report.outcome.trace
    .texts()
    .flatMap((line) => /^@\d+ epoch value=([0-9a-f]{16})$/.exec(line)?.[1] ?? []);
  let next = 0;
  return {
    fill(bytes) {
      // One more than the board drew: the traces part here, and an epoch is not all zero.
      bytes.set(Buffer.from(epochs[next++] ?? "f".repeat(2 * bytes.length), "hex"));
    },
  };
}

/** As verdict(), for a board with randomness of its own: the simulator draws what it drew. */
export async function verdictOfOwn(file: ScenarioFile, report: Report): Promise<string[] | null> {
  if (report.outcome.status !== "passed") return verdict(report, report, true);
  const [target = ""] = exactTargetNames();
  return verdict(await runOne(file, { target, entropy: epochsOf(report) }), report, true);
}

async function conformOne(
  file: ScenarioFile,
  scores: readonly Score[],
  options: ConformOptions,
): Promise<boolean> {
  const say = sayer(options);
  let reference: Report | null = null;
  let good = true;
  for (const score of scores) {
    const report = await runOne(file, { target: score.target, ...options });
    reference ??= report;
    if (report.outcome.status === "not-run") {
      score.notRun++;
      say(`NOT RUN ${file.scenario.name} on ${score.target}: ${report.outcome.reason}`);
      continue;
    }
    const own = controllerTargetNames().includes(score.target);
    const apart = own && report.outcome.status === "passed" ? apartFrom(file) : null;
    if (apart !== null) {
      score.apart++;
      say(`PASSED, not compared: ${file.scenario.name} on ${score.target}: ${apart}`);
      continue;
    }
    const trouble = own ? await verdictOfOwn(file, report) : verdict(reference, report);
    if (trouble === null) score.same++;
    else {
      good = false;
      for (const line of [...trouble, `  again  ${reproduction(report)}`]) say(line);
    }
  }
  return good;
}

async function conform(names: readonly string[], options: ConformOptions): Promise<void> {
  const paths = names.length === 0 ? [scenarioFolder()] : names;
  const files = paths.flatMap(scenarioPaths).map(loadScenario);
  const scores: Score[] = [];
  const say = sayer(options);
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
    const told = scores.map(
      ({ target, same, notRun, apart }) => `${target} ${same}/${files.length - notRun - apart}`,
    );
    print(told.join(", "));
  }
  if (!good) process.exitCode = EXIT.REFUTED;
}

export function register(program: Command): void {
  const command = program
    .command("conform")
    .description(
      "run every scenario on every target that is here and keeps virtual time, and compare their traces",
    )
    .argument("[scenario...]", "files, folders or patterns")
    .addOption(new Option("--engine <name>", "engine of the native boards").choices(ENGINES))
    .addOption(jsonOption())
    .action(conform);
  example(
    command,
    "killswitch conform",
    "killswitch conform tests/scenarios/bounce.yaml --engine aot",
  );
}
