/**
 * `killswitch run`: runs scenarios on a target and reports which of them pass.
 */
import { dirname, relative, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { loadBoard } from "../../base/board-data.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { writeFileAtomic } from "../../base/files.ts";
import { checkOutputFile, writeTrouble } from "../../base/outputs.ts";
import type { Engine } from "../../build/native-image.ts";
import { scenarioFolder, scenarioPaths } from "../../scenario/files.ts";
import { firmwareWith, guestBytes } from "../../scenario/guest.ts";
import { loadScenario, type ScenarioFile } from "../../scenario/load.ts";
import { type Report, reportJson, reportLines, summaryOf } from "../../scenario/report.ts";
import { runScenario } from "../../scenario/runner.ts";
import type { Wifi } from "../../serial/improv-client.ts";
import { OPTIONAL_WIRES, type OptionalWire } from "../../targets/hil/fixture.ts";
import { TimingOverrun } from "../../targets/hil/timing-overrun.ts";
import {
  checkTarget,
  isTargetName,
  LISTEN,
  makeTarget,
  type TargetOptions,
  targetNames,
  targetTrouble,
} from "../../targets/registry.ts";
import { engineOption, example, jsonOption, parseTcpPort, seedOption } from "../options.ts";
import { print, printJson, returnToLoop } from "../terminal.ts";
import { passwordOption, wifiOf } from "../wifi.ts";

const DEFAULT_SEED = 1;

interface RunVerbOptions {
  readonly target: string;
  readonly engine?: Engine;
  readonly seed?: number;
  readonly trace?: string;
  readonly guest?: string;
  readonly json: boolean;
  readonly fixture?: string;
  readonly wired?: readonly OptionalWire[];
  readonly listen?: { readonly host: string; readonly port: number };
  readonly wifi?: Wifi;
}

/** The options as given on the command line, with the Wi-Fi network by name. */
interface RunCommandOptions extends Omit<RunVerbOptions, "wifi"> {
  readonly wifi?: string;
  readonly passwordFile?: string;
}

/** How often a scenario is run again because this machine moved a switch too slowly. */
const OVERRUN_RETRIES_MAX = 4;

function parseTarget(text: string): string {
  if (isTargetName(text)) return text;
  throw new InvalidArgumentError(`Use one of ${targetNames().join(", ")}, serial:PORT.`);
}

function parseWired(text: string): OptionalWire[] {
  return text.split(",").map((word) => {
    const wire = OPTIONAL_WIRES.find((name) => name === word);
    if (wire === undefined)
      throw new InvalidArgumentError(
        `Write a comma-separated list of ${OPTIONAL_WIRES.join(", ")}.`,
      );
    return wire;
  });
}

function parseListen(text: string): { host: string; port: number } {
  const [, host, port] = /^([\w.-]+):(\d{1,5})$/.exec(text) ?? [];
  if (host !== undefined) return { host, port: parseTcpPort(port ?? "") };
  throw new InvalidArgumentError("Write ADDRESS:PORT, such as 192.168.1.10:1883.");
}

type OneOptions = Pick<RunVerbOptions, "target"> &
  Partial<RunVerbOptions> &
  Pick<TargetOptions, "entropy">;

/** Runs one scenario. A guest in `options` replaces the scenario's own. */
export async function runOne(file: ScenarioFile, options: OneOptions): Promise<Report> {
  for (let again = 0; ; again++) {
    try {
      return await runOnce(file, options);
    } catch (error) {
      if (!(error instanceof TimingOverrun) || again === OVERRUN_RETRIES_MAX) throw error;
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

/**
 * Writes all traces to one file, each under a heading. Throws a UserError if it cannot be written.
 */
function writeTraces(path: string, reports: readonly Report[]): void {
  const lines = reports.flatMap(({ file, seed, target, outcome }) => [
    `# ${file.scenario.name} --target ${target} --seed ${seed}`,
    ...outcome.trace.texts(),
  ]);
  try {
    writeFileAtomic(path, `${lines.join("\n")}\n`, { mode: 0o644, replace: true });
  } catch (error) {
    throw writeTrouble(path, error);
  }
}

async function run(names: readonly string[], given: RunCommandOptions): Promise<void> {
  const wanted = names.length === 0 ? [relative(process.cwd(), scenarioFolder()) || "."] : names;
  checkOutputFile(given.trace);
  // Read all files before running any, so that a bad file is reported first.
  const files = wanted.flatMap(scenarioPaths).map(loadScenario);
  const trouble = targetTrouble(given.target);
  if (trouble !== null) throw new UserError(`NOT RUN ${given.target}: ${trouble}`, EXIT.NO_TOOL);
  const { wifi: ssid, passwordFile, ...rest } = given;
  const wifi = ssid === undefined ? null : await wifiOf(ssid, passwordFile);
  const options: RunVerbOptions = { ...rest, ...(wifi && { wifi }) };
  await checkTarget(options.target, targetOptions(options));
  const reports: Report[] = [];
  for (const file of files) {
    const report = await runOne(file, options);
    await returnToLoop();
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
    .description("run scenarios and check their expectations (default: all in tests/scenarios)")
    .argument("[scenario...]", "scenario files, folders or patterns")
    .addOption(
      new Option(
        "--target <name>",
        `what runs the scenarios: ${targetNames().join(", ")}, serial:PORT`,
      )
        .argParser(parseTarget)
        .default("sim"),
    )
    .option("--fixture <serial:PORT>", "test fixture on the wires of a serial board")
    .addOption(
      new Option(
        "--wired <list>",
        `wires of the fixture besides contacts and button: ${OPTIONAL_WIRES.join()}`,
      )
        .argParser(parseWired)
        .default(["reset", "relay", "lamp"] satisfies OptionalWire[], "reset,relay,lamp"),
    )
    .addOption(
      new Option("--listen <address:port>", "address at which a serial board reaches the broker")
        .argParser(parseListen)
        .default(LISTEN, "0.0.0.0:1883"),
    )
    .option("--wifi <ssid>", "Wi-Fi network that a serial board joins")
    .addOption(passwordOption())
    .addOption(engineOption())
    .addOption(seedOption("--seed <n>", "seed of bounce and epochs, instead of the scenario's own"))
    .option("--trace <file>", "write the traces to this file")
    .option("--guest <file>", "run this guest (.wasm or .wat) instead of device.wasm")
    .addOption(jsonOption())
    .action(run);
  example(
    command,
    "killswitch run",
    "killswitch run tests/scenarios/bounce.yaml --seed 7 --trace bounce.trace",
    "killswitch run --target serial:/dev/ttyUSB0 --fixture serial:/dev/ttyUSB1 --wifi home",
  );
}
