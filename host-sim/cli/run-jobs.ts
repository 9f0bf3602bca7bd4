/**
 * The runs that `killswitch run` makes of its scenarios, and their distribution among processes. The
 * order of the reports does not depend on the number of processes.
 */
import { EXIT, type ExitCode, UserError } from "../base/errors.ts";
import type { ScenarioFile } from "../scenario/load.ts";
import type { Report } from "../scenario/report.ts";
import type { Outcome } from "../scenario/runner.ts";
import { Trace, type TraceLine } from "../scenario/trace.ts";
import { Worker } from "./worker-process.ts";

/** One run of one scenario. */
export interface Job {
  readonly file: ScenarioFile;
  readonly seed: number;
  /** The scenario has several runs. */
  readonly repeated: boolean;
}

const DEFAULT_SEED = 1;
const SEED_END = 2 ** 32;

/**
 * The runs, in order: each scenario whose name contains `filter`, `repeat` times. A repeated run
 * takes the next seed, so that it is another run in virtual time too. Throws UserError if no name
 * contains `filter`.
 */
export function jobsOf(
  files: readonly ScenarioFile[],
  { filter = "", seed, repeat }: { filter?: string; seed?: number; repeat: number },
): Job[] {
  const wanted = files.filter(({ scenario }) => scenario.name.includes(filter.toLowerCase()));
  if (wanted.length === 0) {
    throw new UserError(
      `--filter ${filter}: no name of the ${files.length} scenarios contains it`,
      EXIT.USAGE,
    );
  }
  return wanted.flatMap((file) => {
    const first = seed ?? file.scenario.seed ?? DEFAULT_SEED;
    return Array.from({ length: repeat }, (_, time) => ({
      file,
      seed: (first + time) % SEED_END,
      repeated: repeat > 1,
    }));
  });
}

/** What a worker process is asked for. */
export interface Task {
  readonly path: string;
  readonly seed: number;
}

/** What a worker process answers: a report as JSON can hold it, or the user's error. */
export type Answer =
  | { readonly error: { readonly message: string; readonly exitCode: ExitCode } }
  | {
      readonly target: string;
      readonly wallMs: number;
      readonly lines: TraceLine[];
      readonly outcome: Omit<Outcome, "trace">;
      /** Which step of the file failed. -1: none. */
      readonly step: number;
    };

/** The worker's side: runs a task and packs its report. */
export async function answerOf(run: () => Promise<Report>): Promise<Answer> {
  try {
    const { file, outcome, target, wallMs } = await run();
    const { trace, ...rest } = outcome;
    const step = outcome.status === "failed" ? outcome.failure.step : null;
    const index = step === null ? -1 : [...file.places.keys()].indexOf(step);
    return { target, wallMs, lines: trace.lines, outcome: rest, step: index };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { error: { message: error.message, exitCode: error.exitCode } };
  }
}

function reportOf(job: Job, guest: string | undefined, answer: Answer): Report {
  if ("error" in answer) throw new UserError(answer.error.message, answer.error.exitCode);
  const trace = new Trace();
  for (const { at, kind, detail } of answer.lines) trace.push(at, kind, detail);
  const outcome = { ...answer.outcome, trace } as Outcome;
  if (outcome.status === "failed") {
    outcome.failure.step = [...job.file.places.keys()][answer.step] ?? null;
  }
  return { ...job, outcome, target: answer.target, guest, wallMs: answer.wallMs };
}

/**
 * Makes the runs in `count` processes with the arguments `args`. Calls `done` with each report, in
 * the order of the runs.
 */
export async function runInWorkers(
  jobs: readonly Job[],
  { count, args, guest }: { count: number; args: readonly string[]; guest: string | undefined },
  done: (report: Report) => void,
): Promise<void> {
  const finished = new Map<number, Report>();
  let next = 0;
  let shown = 0;
  const work = async ({ run }: Worker<Task, Answer>) => {
    for (let job = jobs[next]; job !== undefined; job = jobs[next]) {
      const index = next++;
      finished.set(index, reportOf(job, guest, await run({ path: job.file.path, seed: job.seed })));
      for (let report = finished.get(shown); report !== undefined; report = finished.get(++shown)) {
        finished.delete(shown);
        done(report);
      }
    }
  };
  const workers = Array.from(
    { length: Math.min(count, jobs.length) },
    () => new Worker<Task, Answer>(args),
  );
  try {
    await Promise.all(workers.map(work));
  } finally {
    for (const worker of workers) worker.close();
  }
}
