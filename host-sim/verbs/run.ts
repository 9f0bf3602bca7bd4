/**
 * `killswitch run`: scenarios on a target. Must not know what a step does.
 */
import { dirname, relative, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { loadBoard } from "../board-data.ts";
import { codeOf, EXIT, UserError } from "../errors.ts";
import { writeWhole } from "../files.ts";
import { WIRED, type Wired } from "../hil/fixture.ts";
import { Untimely } from "../hil/untimely.ts";
import type { Wifi } from "../improv/client.ts";
import { ENGINES, type Engine } from "../native/build.ts";
import { scenarioFolder, scenarioPaths } from "../scenario/files.ts";
import { firmwareWith, guestBytes } from "../scenario/guest.ts";
import { loadScenario, type ScenarioFile } from "../scenario/load.ts";
import { type Report, reportJson, reportLines, summaryOf } from "../scenario/report.ts";
import { runScenario } from "../scenario/runner.ts";
import {
  checkTarget,
  isTargetName,
  LISTEN,
  makeTarget,
  type TargetOptions,
  targetNames,
  targetTrouble,
} from "../scenario/targets/index.ts";
import { example, jsonOption } from "./options.ts";
import { print, printJson } from "./terminal.ts";
import { passwordOption, wifiOf } from "./wifi.ts";

const DEFAULT_SEED = 1;

interface RunVerbOptions {
  readonly target: string;
  readonly engine?: Engine;
  readonly seed?: number;
  readonly trace?: string;
  readonly guest?: string;
  readonly json: boolean;
  readonly fixture?: string;
  readonly wired?: readonly Wired[];
  readonly listen?: { readonly host: string; readonly port: number };
  readonly wifi?: Wifi;
}

/** As the command line has it: the network by its name. */
interface RunCommandOptions extends Omit<RunVerbOptions, "wifi"> {
  readonly wifi?: string;
  readonly passwordFile?: string;
}

/** Times that a scenario is run anew because this machine moved a switch too slowly. */
const UNTIMELY_MAX = 4;

export function parseSeed(text: string): number {
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (seed <= 0xffff_ffff) return seed;
  throw new InvalidArgumentError("Write a whole number, 0 to 4294967295.");
}

function parseTarget(text: string): string {
  if (isTargetName(text)) return text;
  throw new InvalidArgumentError(`Use one of ${targetNames().join(", ")}, serial:PORT.`);
}

function parseWired(text: string): Wired[] {
  return text.split(",").map((word) => {
    const wire = WIRED.find((name) => name === word);
    if (wire === undefined) throw new InvalidArgumentError(`Write some of ${WIRED.join(",")}.`);
    return wire;
  });
}

function parseListen(text: string): { host: string; port: number } {
  const [, host, port] = /^([\w.-]+):(\d{1,5})$/.exec(text) ?? [];
  if (host !== undefined && Number(port) <= 0xffff) return { host, port: Number(port) };
  throw new InvalidArgumentError("Write ADDRESS:PORT: 192.168.1.10:1883.");
}

type OneOptions = Pick<RunVerbOptions, "target"> &
  Partial<RunVerbOptions> &
  Pick<TargetOptions, "entropy">;

/** Runs one scenario; a guest that is named goes before the scenario's own. */
export async function runOne(file: ScenarioFile, options: OneOptions): Promise<Report> {
  for (let again = 0; ; again++) {
    try {
      return await runOnce(file, options);
    } catch (error) {
      if (!(error instanceof Untimely) || again === UNTIMELY_MAX) throw error;
    }
  }
}

function targetOptions(options: OneOptions): TargetOptions {
  const { engine, fixture, wired, listen, wifi, entropy } = options;
  return {
    ...(entropy && { entropy }),
    ...(engine && { engine }),
    ...(fixture && { fixture }),
    ...(wired && { wired }),
    ...(listen && { listen }),
    ...(wifi && { wifi }),
  };
}

async function runOnce(file: ScenarioFile, options: OneOptions): Promise<Report> {
  const { scenario, path } = file;
  const own = scenario.guest === undefined ? undefined : resolve(dirname(path), scenario.guest);
  const guest = options.guest ?? own;
  const target = makeTarget(options.target, {
    ...targetOptions(options),
    ...(guest === undefined ? {} : { guest: await guestBytes(guest) }),
  });
  const seed = options.seed ?? scenario.seed ?? DEFAULT_SEED;
  const outcome = await runScenario({
    scenario,
    target,
    board: loadBoard(scenario.start.board),
    firmware: await firmwareWith(guest),
    seed,
  });
  return { file, outcome, target: target.name, seed, guest: options.guest };
}

/** All traces in one file, a heading before each. */
function writeTraces(path: string, reports: readonly Report[]): void {
  const lines = reports.flatMap(({ file, seed, target, outcome }) => [
    `# ${file.scenario.name} --target ${target} --seed ${seed}`,
    ...outcome.trace.texts(),
  ]);
  try {
    writeWhole(path, `${lines.join("\n")}\n`, { mode: 0o644, replace: true });
  } catch (error) {
    throw new UserError(`${path} cannot be written (${codeOf(error)})`, EXIT.BAD_FILE);
  }
}

async function run(names: readonly string[], given: RunCommandOptions): Promise<void> {
  const wanted = names.length === 0 ? [relative(process.cwd(), scenarioFolder()) || "."] : names;
  // Every file is read before anything runs.
  const files = wanted.flatMap(scenarioPaths).map(loadScenario);
  const trouble = targetTrouble(given.target);
  if (trouble !== null) throw new UserError(`NOT RUN ${given.target}: ${trouble}`, EXIT.BAD_FILE);
  const { wifi: ssid, passwordFile, ...rest } = given;
  const wifi = ssid === undefined ? null : await wifiOf(ssid, passwordFile);
  const options: RunVerbOptions = { ...rest, ...(wifi && { wifi }) };
  await checkTarget(options.target, targetOptions(options));
  const reports: Report[] = [];
  for (const file of files) {
    const report = await runOne(file, options);
    reports.push(report);
    if (options.json) printJson(reportJson(report));
    else for (const line of reportLines(report)) print(line);
  }
  if (options.trace !== undefined) writeTraces(options.trace, reports);
  const { passed, failed, "not-run": notRun } = summaryOf(reports);
  if (options.json) printJson({ passed, failed, notRun });
  else print(`${passed} passed, ${failed} failed, ${notRun} not run`);
  if (failed > 0) process.exitCode = EXIT.REFUTED;
}

export function register(program: Command): void {
  const command = program
    .command("run")
    .description(
      "run scenarios and check what they expect; all of tests/scenarios if none is named",
    )
    .argument("[scenario...]", "files, folders or patterns")
    .addOption(
      new Option("--target <name>", `what runs them: ${targetNames().join(", ")}, serial:PORT`)
        .argParser(parseTarget)
        .default("sim"),
    )
    .option("--fixture <serial:PORT>", "what moves and reads the wires of a board on a serial line")
    .addOption(
      new Option(
        "--wired <list>",
        `what its wires go to besides contacts and button: ${WIRED.join()}`,
      )
        .argParser(parseWired)
        .default(["reset", "relay", "lamp"] satisfies Wired[], "reset,relay,lamp"),
    )
    .addOption(
      new Option("--listen <address:port>", "where a board on a serial line finds the broker")
        .argParser(parseListen)
        .default(LISTEN, "0.0.0.0:1883"),
    )
    .option("--wifi <ssid>", "network that a board on a serial line joins")
    .addOption(passwordOption())
    .addOption(
      new Option("--engine <name>", "on native boards: guest interpreted, or compiled in").choices(
        ENGINES,
      ),
    )
    .addOption(
      new Option("--seed <n>", "in place of the scenario's own: bounce, epochs").argParser(
        parseSeed,
      ),
    )
    .option("--trace <file>", "write the trace to a file")
    .option("--guest <file>", "another guest, .wasm or .wat, in place of the device")
    .addOption(jsonOption())
    .action(run);
  example(
    command,
    "npx killswitch run",
    "npx killswitch run tests/scenarios/bounce.yaml --seed 7 --trace bounce.trace",
    "npx killswitch run --target serial:/dev/ttyUSB0 --fixture serial:/dev/ttyUSB1 --wifi home",
  );
}
