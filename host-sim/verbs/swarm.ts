/**
 * `killswitch swarm`: random scenarios by seed, held to what must never happen. Schedules, prints,
 * keeps its place; must not know what a run asks.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { RealClock } from "../clock.ts";
import { EXIT, type ExitCode, UserError } from "../errors.ts";
import { firmwarePath, validModule } from "../firmware.ts";
import { Engine, type Modules } from "../swarm/engine.ts";
import { type Finding, writeFinding } from "../swarm/finding.ts";
import { openProgress, Progress, subjectOf } from "../swarm/progress-file.ts";
import { summaryLines, type Verdict, verdictOf } from "../swarm/report.ts";
import { reasonOf } from "../swarm/shrink.ts";
import { sortedTotals, type Totals, unreachedMarks } from "../swarm/totals.ts";
import { example, jsonOption, parseDuration, seedOption } from "./options.ts";
import { Lane, runLanes, serveLane } from "./swarm-lanes.ts";
import { onSignal, print, printJson } from "./terminal.ts";

interface SwarmOptions {
  readonly seeds: number;
  readonly from: number;
  readonly jobs: number;
  readonly time: number;
  readonly gate: string;
  readonly device: string;
  readonly state?: string;
  readonly out: string;
  readonly lane: boolean;
  readonly json: boolean;
}

const CODES: Record<Verdict, ExitCode> = {
  held: EXIT.OK,
  violated: EXIT.REFUTED,
  "not reached": EXIT.NOT_CLOSED,
  interrupted: EXIT.NOT_CLOSED,
};
const SEEDS = 10_000;
const SEED_END = 2 ** 32;
const JOBS_MAX = 64;
/** Between two looks at the progress, and two writes of the state, in ms. */
const SHOW_MS = 200;
const SAVE_MS = 5_000;
/** Violations that are shrunk: the first of each kind, so many kinds. */
const REDUCED_MAX = 3;
const BAR = 30;

function parseCount(most: number): (text: string) => number {
  return (text) => {
    const count = /^\d{1,10}$/.test(text) ? Number(text) : 0;
    if (count >= 1 && count <= most) return count;
    throw new InvalidArgumentError(`Write a whole number, 1 to ${most}.`);
  };
}

/** Draws a bar on a terminal, saves the state now and then. */
function watcher(progress: Progress, path: string | undefined): () => void {
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

/** Arguments by which a process of this program runs parts of the same swarm. */
function laneArgs({ gate, device, time }: SwarmOptions): string[] {
  return ["swarm", "--lane", "--time", `${time}ms`, "--gate", gate, "--device", device];
}

async function runAll(engine: Engine, progress: Progress, options: SwarmOptions): Promise<void> {
  const after = watcher(progress, options.state);
  if (options.jobs === 1) {
    await runLanes(progress, [([from, count]) => engine.runSeeds(from, count)], after);
  } else {
    const lanes = Array.from({ length: options.jobs }, () => new Lane(laneArgs(options)));
    try {
      await runLanes(
        progress,
        lanes.map(({ run }) => run),
        after,
      );
    } finally {
      for (const lane of lanes) lane.close();
    }
  }
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  if (options.state !== undefined) progress.save(options.state);
}

/** The first of each kind of violation, shrunk. */
async function writeFindings(
  engine: Engine,
  modules: Modules,
  { found }: Totals,
  folder: string,
): Promise<Finding[]> {
  const kinds = new Map([...found].reverse().map((one) => [reasonOf(one.expected), one] as const));
  const first = [...kinds.values()].sort((a, b) => a.seed - b.seed).slice(0, REDUCED_MAX);
  const findings: Finding[] = [];
  for (const one of first) findings.push(await writeFinding(engine, modules, one, folder));
  return findings;
}

/** What a person types to see it again. */
function againOf(seed: number, { time: ms, gate, device }: SwarmOptions): string {
  const time = ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
  const other = [
    ...(gate === firmwarePath("gate") ? [] : ["--gate", gate]),
    ...(device === firmwarePath("device") ? [] : ["--device", device]),
  ];
  return ["npx killswitch swarm --seeds 1 --from", seed, "--time", time, ...other].join(" ");
}

function findingLines(finding: Finding, options: SwarmOptions): string[] {
  const { seed, expected, found, path, steps, replayed } = finding;
  const guest = options.device === firmwarePath("device") ? "" : ` --guest ${options.device}`;
  return [
    `seed ${seed} broke a rule`,
    `  expected  ${expected}`,
    `  found     ${found}`,
    `  again     ${againOf(seed, options)}`,
    `  shrunk to ${steps} steps: ${path}${replayed ? "" : ", which was NOT seen to fail when replayed"}`,
    `  replay    npx killswitch run ${path}${guest}`,
  ];
}

async function swarm(options: SwarmOptions): Promise<void> {
  const { seeds, from, time, state } = options;
  const modules = { gate: validModule(options.gate), device: validModule(options.device) };
  if (options.lane) {
    const engine = await Engine.make(modules, time);
    return serveLane(([first, count]) => engine.runSeeds(first, count));
  }
  if (from + seeds > SEED_END)
    throw new UserError(
      `seeds end at ${SEED_END - 1}: take fewer, or an earlier --from`,
      EXIT.USAGE,
    );
  const subject = subjectOf(modules, from, seeds, time);
  const progress = state === undefined ? new Progress(subject) : openProgress(state, subject);
  const unheard = onSignal(() => {
    if (state !== undefined) progress.save(state);
    const next =
      state === undefined ? "with --state FILE it can be gone on with" : "the same command goes on";
    process.stderr.write(`\n${progress.totals.runs} of ${seeds} done: ${next}\n`);
  });
  const engine = await Engine.make(modules, time);
  await runAll(engine, progress, options);
  unheard();
  const { totals } = progress;
  const verdict = verdictOf(totals, progress.done);
  const findings = await writeFindings(engine, modules, totals, options.out);
  if (options.json) {
    const missed = unreachedMarks(totals);
    const replays = findings.map((one) => ({ ...one, again: againOf(one.seed, options) }));
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
    .description("run random scenarios by seed: hands, attackers, faults, supply, network, guests")
    .addOption(
      new Option("--seeds <n>", "how many runs").argParser(parseCount(SEED_END)).default(SEEDS),
    )
    .addOption(seedOption("--from <seed>", "first seed").default(1))
    .addOption(
      new Option("--jobs <n>", "processes at once; the outcome is the same")
        .argParser(parseCount(JOBS_MAX))
        .default(1),
    )
    .addOption(
      new Option("--time <time>", "virtual time of a run")
        .argParser(parseDuration)
        .default(60_000, "60s"),
    )
    .option("--gate <file>", "another gate", firmwarePath("gate"))
    .option("--device <file>", "another device", firmwarePath("device"))
    .option("--state <file>", "keep the state here, and go on from it if it is there")
    .option("--out <dir>", "where scenarios of what broke a rule are written", ".")
    .addOption(new Option("--lane", "run what a parent process sends").hideHelp().default(false))
    .addOption(jsonOption())
    .action(swarm);
  example(
    command,
    "npx killswitch swarm --seeds 10000 --jobs 2",
    "npx killswitch swarm --seeds 1000000 --state swarm.state",
  );
}
