/**
 * Shares a swarm out: seeds run here, or in processes of their own, so many at a time. What comes of
 * them is the same. Must not know what a run is.
 */
import { type ChildProcess, fork } from "node:child_process";
import type { Progress, SeedRange } from "../swarm/progress-file.ts";
import type { Totals } from "../swarm/totals.ts";

/** Runs seeds, and says what they came to. */
export type Runner = (range: SeedRange) => Promise<Totals>;

/** Seeds at a time: some tenths of a second, and what a process that dies takes with it. */
const CHUNK = 250;

/** Runs all that is left, in as many lanes as there are runners. `after` sees every part taken in. */
export async function runLanes(
  progress: Progress,
  runners: readonly Runner[],
  after: () => void,
): Promise<void> {
  const lane = async (run: Runner) => {
    for (let range = progress.next(CHUNK); range !== null; range = progress.next(CHUNK)) {
      progress.take(range, await run(range));
      after();
      // A signal is heard between two parts.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(runners.map(lane));
}

/** A process of this program that runs what it is sent. */
export class Lane {
  readonly #child: ChildProcess;

  constructor(args: readonly string[]) {
    const [, program = ""] = process.argv;
    this.#child = fork(program, args, { execArgv: process.execArgv, stdio: "inherit" });
  }

  readonly run: Runner = (range) =>
    new Promise((resolve, reject) => {
      const over = (code: number | null) => reject(new Error(`a lane ended with code ${code}`));
      this.#child.once("exit", over);
      this.#child.once("message", (totals: Totals) => {
        this.#child.off("exit", over);
        resolve(totals);
      });
      this.#child.send(range);
    });

  close(): void {
    this.#child.disconnect();
  }
}

/** The other end of a Lane: runs what comes until nobody is there to send. */
export function serveLane(run: Runner): Promise<void> {
  // A signal from the keyboard reaches every process: who started this one decides.
  process.removeAllListeners("SIGINT");
  process.on("SIGINT", () => {});
  return new Promise((resolve, reject) => {
    process.on("disconnect", resolve);
    process.on("message", (range: SeedRange) => {
      const send = (totals: Totals) =>
        // Who started this one may be gone by now: then there is nobody to tell, of that either.
        process.send?.(totals, undefined, undefined, (gone) => gone && resolve());
      run(range).then(send, reject);
    });
  });
}
