/**
 * Distributes a swarm's seeds among workers: functions of this process or processes of their own. The
 * totals do not depend on the number of workers.
 */
import type { Progress, SeedRange } from "../swarm/progress-file.ts";
import type { Totals } from "../swarm/totals.ts";

/** Runs a range of seeds and returns their totals. */
export type Runner = (range: SeedRange) => Promise<Totals>;

/**
 * Seeds per range. A range takes about a tenth of a second. It is what is lost if a process dies,
 * and the longest time for which signals wait.
 */
const RANGE_SEEDS = 50;

/** Runs all remaining seeds, one worker per runner. Calls `advanced` after each range. */
export async function runWorkers(
  progress: Progress,
  runners: readonly Runner[],
  advanced: () => void,
): Promise<void> {
  const worker = async (run: Runner) => {
    for (
      let range = progress.next(RANGE_SEEDS);
      range !== null;
      range = progress.next(RANGE_SEEDS)
    ) {
      progress.take(range, await run(range));
      advanced();
      // Return to the event loop, so that signals are handled.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(runners.map(worker));
}
