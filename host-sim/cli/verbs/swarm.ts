/**
 * `killswitch swarm`: runs random scenarios by seed and checks each run against the invariants.
 */
import { type Command, Option } from "commander";
import { RealClock } from "../../base/clock.ts";
import { EXIT, type ExitCode, UserError } from "../../base/errors.ts";
import { checkOutputFile, checkOutputFolder } from "../../base/outputs.ts";
import { launcher } from "../../base/paths.ts";
import { onSignal } from "../../base/signals.ts";
import { firmwarePath, validModule } from "../../sim/firmware.ts";
import { Engine, type Modules } from "../../swarm/engine.ts";
import { type Finding, writeFinding } from "../../swarm/finding.ts";
import { openProgress, Progress, type SeedRange, subjectOf } from "../../swarm/progress-file.ts";
import { summaryLines, type Verdict, verdictOf } from "../../swarm/report.ts";
import { reasonOf } from "../../swarm/shrink.ts";
import { sortedTotals, type Totals, unreachedMarks } from "../../swarm/totals.ts";
import {
  example,
  JOBS_MAX,
  jsonOption,
  parseCount,
  parseDuration,
  seedOption,
} from "../options.ts";
import { runWorkers } from "../swarm-workers.ts";
import { print, printJson } from "../terminal.ts";
import { serveWorker, Worker } from "../worker-process.ts";

interface SwarmOptions {
  readonly seeds: number;
  readonly from: number;
  readonly jobs: number;
  readonly time: number;
  readonly gate: string;
  readonly device: string;
  readonly state?: string;
  readonly out: string;
  readonly worker: boolean;
  readonly json: boolean;
}

const CODES: Record<Verdict, ExitCode> = {
  held: EXIT.OK,
  violated: EXIT.REFUTED,
  "not reached": EXIT.NOT_CLOSED,
  interrupted: EXIT.NOT_CLOSED,
};
const DEFAULT_SEEDS = 10_000;
/** One more than the largest seed. */
const SEED_END = 2 ** 32;
/**
 * Time between two updates of the progress bar, and between two writes of the state file, in ms.
 */
const SHOW_MS = 200;
const SAVE_MS = 5_000;
/** The most violations to shrink. They are of different kinds, the first of each. */
const FINDINGS_MAX = 3;
/** Width of the progress bar, in characters. */
const BAR = 30;

/** Returns a function that shows the progress on a terminal and saves the state at intervals. */
function progressReporter(progress: Progress, path: string | undefined): () => void {
  const clock = new RealClock();
  const before = progress.totals.runs;
  let shown = 0;
  let saved = 0;
  return () => {
    const now = clock.now();
    if (path !== undefined && now - saved >= SAVE_MS) {
      saved = now;
      progress.save(path);
    }
    if (!process.stderr.isTTY || now - shown < SHOW_MS) return;
    shown = now;
    const { runs, violated } = progress.totals;
    const { seeds } = progress.subject;
    const full = Math.floor((BAR * runs) / seeds);
    const rate = Math.round((1000 * (runs - before)) / Math.max(1, now));
    const bar = `[${"#".repeat(full)}${"-".repeat(BAR - full)}]`;
    process.stderr.write(
      `\r\x1b[K${bar} ${runs.toLocaleString("en")} of ${seeds.toLocaleString("en")}, ${rate}/s, ${violated} broke a rule`,
    );
  };
}

/** Arguments of a worker process of the same swarm. */
function workerArgs({ gate, device, time }: SwarmOptions): string[] {
  return ["swarm", "--worker", "--time", `${time}ms`, "--gate", gate, "--device", device];
}

async function runAll(engine: Engine, progress: Progress, options: SwarmOptions): Promise<void> {
  const reportProgress = progressReporter(progress, options.state);
  if (options.jobs === 1) {
    await runWorkers(progress, [([from, count]) => engine.runSeeds(from, count)], reportProgress);
  } else {
    const workers = Array.from(
      { length: options.jobs },
      () => new Worker<SeedRange, Totals>(workerArgs(options)),
    );
    try {
      await runWorkers(
        progress,
        workers.map(({ run }) => run),
        reportProgress,
      );
    } finally {
      for (const worker of workers) worker.close();
    }
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  if (options.state !== undefined) progress.save(options.state);
}

/** Shrinks the first violation of each kind and writes it to a scenario file. */
async function writeFindings(
  engine: Engine,
  modules: Modules,
  { found }: Totals,
  folder: string,
): Promise<Finding[]> {
  const kinds = new Map([...found].reverse().map((one) => [reasonOf(one.expected), one] as const));
  const first = [...kinds.values()].sort((a, b) => a.seed - b.seed).slice(0, FINDINGS_MAX);
  const findings: Finding[] = [];
  for (const one of first) findings.push(await writeFinding(engine, modules, one, folder));
  return findings;
}

/** The command that runs one seed again. */
function reproduction(seed: number, { time: ms, gate, device }: SwarmOptions): string {
  const time = ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
  const other = [
    ...(gate === firmwarePath("gate") ? [] : ["--gate", gate]),
    ...(device === firmwarePath("device") ? [] : ["--device", device]),
  ];
  return [launcher(), "swarm --seeds 1 --from", seed, "--time", time, ...other].join(" ");
}

function findingLines(finding: Finding, options: SwarmOptions): string[] {
  const { seed, expected, found, path, steps, replayed } = finding;
  const guest = options.device === firmwarePath("device") ? "" : ` --guest ${options.device}`;
  return [
    `seed ${seed} broke a rule`,
    `  expected  ${expected}`,
    `  found     ${found}`,
    `  run again ${reproduction(seed, options)}`,
    `  shrunk to ${steps} steps: ${path}${replayed ? "" : " (this scenario did NOT fail when replayed)"}`,
    `  replay    ${launcher()} run ${path}${guest}`,
  ];
}

async function swarm(options: SwarmOptions): Promise<void> {
  const { seeds, from, time, state } = options;
  const modules = { gate: validModule(options.gate), device: validModule(options.device) };
  if (options.worker) {
    const engine = await Engine.make(modules, time);
    return serveWorker(([first, count]: SeedRange) => engine.runSeeds(first, count));
  }
  if (from + seeds > SEED_END)
    throw new UserError(
      `swarm: the last seed would exceed ${SEED_END - 1}: use a smaller --seeds or --from`,
      EXIT.USAGE,
    );
  checkOutputFile(state);
  checkOutputFolder(options.out);
  const subject = subjectOf(modules, from, seeds, time);
  const progress = state === undefined ? new Progress(subject) : openProgress(state, subject);
  const removeHandler = onSignal(() => {
    if (state !== undefined) progress.save(state);
    const next =
      state === undefined
        ? "use --state FILE to be able to continue an interrupted swarm"
        : "run the same command again to continue";
    process.stderr.write(`\n${progress.totals.runs} of ${seeds} done: ${next}\n`);
  });
  const engine = await Engine.make(modules, time);
  await runAll(engine, progress, options);
  removeHandler();
  const { totals } = progress;
  const verdict = verdictOf(totals, progress.done);
  const findings = await writeFindings(engine, modules, totals, options.out);
  if (options.json) {
    const missed = unreachedMarks(totals);
    const replays = findings.map((one) => ({ ...one, again: reproduction(one.seed, options) }));
    printJson({ verdict, subject, ...sortedTotals(totals), unreached: missed, findings: replays });
  } else {
    for (const finding of findings) for (const line of findingLines(finding, options)) print(line);
    for (const line of summaryLines(totals)) print(line);
  }
  process.exitCode = CODES[verdict];
}

export function register(program: Command): void {
  const command = program
    .command("swarm")
    .description("run random scenarios by seed: user, attacker, faults, supply, network, guests")
    .addOption(
      new Option("--seeds <n>", "number of runs")
        .argParser(parseCount(SEED_END))
        .default(DEFAULT_SEEDS),
    )
    .addOption(seedOption("--from <seed>", "first seed").default(1))
    .addOption(
      new Option("--jobs <n>", "number of parallel processes; it does not change the result")
        .argParser(parseCount(JOBS_MAX))
        .default(1),
    )
    .addOption(
      new Option("--time <time>", "virtual time of each run")
        .argParser(parseDuration)
        .default(60_000, "60s"),
    )
    .option("--gate <file>", "gate module to test", firmwarePath("gate"))
    .option("--device <file>", "device module to test", firmwarePath("device"))
    .option("--state <file>", "save the state in this file, and continue from it if it exists")
    .option("--out <dir>", "folder for scenario files of the violations found", ".")
    .addOption(
      new Option("--worker", "run the seeds that a parent process sends").hideHelp().default(false),
    )
    .addOption(jsonOption())
    .action(swarm);
  example(
    command,
    "killswitch swarm --seeds 10000 --jobs 2",
    "killswitch swarm --seeds 1000000 --state swarm.state",
  );
}
