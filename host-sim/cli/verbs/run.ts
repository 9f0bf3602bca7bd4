/**
 * `killswitch run`: runs scenarios on a target and reports which of them pass.
 */
import { dirname, relative, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { loadBoard } from "../../base/board-data.ts";
import { EXIT, UserError } from "../../base/errors.ts";
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
import {
  engineOption,
  example,
  JOBS_MAX,
  jsonOption,
  parseCount,
  parseTcpPort,
  seedOption,
} from "../options.ts";
import { answerOf, type Job, jobsOf, runInWorkers, type Task } from "../run-jobs.ts";
import { checkOutputs, type Outputs, writeOutputs } from "../run-outputs.ts";
import { now, print, printJson, returnToLoop } from "../terminal.ts";
import { passwordOption, wifiOf } from "../wifi.ts";
import { serveWorker } from "../worker-process.ts";

const REPEAT_MAX = 1_000_000;

interface RunVerbOptions extends Outputs {
  readonly target: string;
  readonly engine?: Engine;
  readonly seed?: number;
  readonly filter?: string;
  readonly repeat: number;
  readonly jobs: number;
  readonly worker: boolean;
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
export function runOne(file: ScenarioFile, options: OneOptions): Promise<Report> {
  const [job] = jobsOf([file], { ...options, filter: "", repeat: 1 });
  if (job === undefined) throw new Error(`no run of ${file.path}`);
  return runJob(job, options);
}

async function runJob(job: Job, options: OneOptions): Promise<Report> {
  for (let again = 0; ; again++) {
    try {
      return await runOnce(job, options);
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

async function runOnce({ file, seed, repeated }: Job, options: OneOptions): Promise<Report> {
  const { scenario, path } = file;
  const own = scenario.guest === undefined ? undefined : resolve(dirname(path), scenario.guest);
  const guest = options.guest ?? own;
  const target = makeTarget(options.target, {
    ...targetOptions(options),
    ...(guest === undefined ? {} : { guest: await guestBytes(guest) }),
  });
  const began = now();
  const outcome = await runScenario({
    scenario,
    target,
    board: loadBoard(scenario.start.board),
    firmware: await firmwareWith(guest),
    seed,
  });
  const wallMs = now() - began;
  return { file, outcome, target: target.name, seed, guest: options.guest, wallMs, repeated };
}

/** Arguments of a worker process. A board on a serial port has none. */
function workerArgs({ target, engine, guest }: RunVerbOptions): string[] {
  return [
    ...["run", "--worker", "--target", target],
    ...(engine === undefined ? [] : ["--engine", engine]),
    ...(guest === undefined ? [] : ["--guest", guest]),
  ];
}

async function runAll(
  jobs: readonly Job[],
  options: RunVerbOptions,
  done: (report: Report) => void,
): Promise<void> {
  if (options.jobs === 1) {
    for (const job of jobs) {
      done(await runJob(job, options));
      await returnToLoop();
    }
    return;
  }
  // Builds the target's image, which all workers then find.
  makeTarget(options.target, targetOptions(options));
  const { jobs: count, guest } = options;
  await runInWorkers(jobs, { count, args: workerArgs(options), guest }, done);
}

async function run(names: readonly string[], given: RunCommandOptions): Promise<void> {
  const { wifi: ssid, passwordFile, ...rest } = given;
  if (rest.worker) {
    return serveWorker(({ path, seed }: Task) =>
      answerOf(() => runOne(loadScenario(path), { ...rest, seed })),
    );
  }
  const wanted = names.length === 0 ? [relative(process.cwd(), scenarioFolder()) || "."] : names;
  // Read all files before running any, so that a bad file is reported first.
  const jobs = jobsOf(wanted.flatMap(scenarioPaths).map(loadScenario), given);
  checkOutputs(given, jobs.length);
  const trouble = targetTrouble(given.target);
  if (trouble !== null) throw new UserError(`NOT RUN ${given.target}: ${trouble}`, EXIT.NO_TOOL);
  if (given.jobs > 1 && given.target.startsWith("serial:"))
    throw new UserError(`--jobs ${given.jobs}: a board runs one scenario at a time`, EXIT.USAGE);
  const wifi = ssid === undefined ? null : await wifiOf(ssid, passwordFile);
  const options: RunVerbOptions = { ...rest, ...(wifi && { wifi }) };
  await checkTarget(options.target, targetOptions(options));
  const started = Date.now();
  const reports: Report[] = [];
  await runAll(jobs, options, (report) => {
    reports.push(report);
    if (options.json) printJson(reportJson(report));
    else for (const line of reportLines(report)) print(line);
  });
  writeOutputs(options, reports, started);
  const { passed, failed, "not-run": notRun } = summaryOf(reports);
  if (options.json) printJson({ passed, failed, notRun });
  else print(`${passed} passed, ${failed} failed, ${notRun} not run`);
  if (failed > 0) process.exitCode = EXIT.REFUTED;
}

/** Options that choose the runs and where their results go. */
function addRunOptions(command: Command): void {
  command
    .option("--filter <text>", "run only the scenarios whose name contains this text")
    .addOption(
      new Option("--repeat <n>", "run each scenario this often, each time with the next seed")
        .argParser(parseCount(REPEAT_MAX))
        .default(1),
    )
    .addOption(
      new Option("--jobs <n>", "number of parallel processes; it does not change the output")
        .argParser(parseCount(JOBS_MAX))
        .default(1),
    )
    .option("--trace <file>", "write the traces to this file")
    .option("--junit <file>", "write the outcomes to this file as JUnit XML")
    .option("--html <file>", "write a report with waveforms to this file, as one HTML page")
    .option(
      "--vcd <path>",
      "write waveforms to this file, or one file for each run to this folder/",
    )
    .addOption(new Option("--worker").default(false).hideHelp());
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
    .option("--guest <file>", "run this guest (.wasm or .wat) instead of device.wasm")
    .addOption(jsonOption())
    .action(run);
  addRunOptions(command);
  example(
    command,
    "killswitch run",
    "killswitch run tests/scenarios/bounce.yaml --seed 7 --trace bounce.trace",
    "killswitch run --jobs 2 --junit results.xml --html report.html --vcd waves/",
    "killswitch run --target serial:/dev/ttyUSB0 --fixture serial:/dev/ttyUSB1 --wifi home",
  );
}
