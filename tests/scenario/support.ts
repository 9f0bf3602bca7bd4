/** Runs scenarios for tests. */
import { dirname, resolve } from "node:path";
import { loadBoard } from "../../host-sim/base/board-data.ts";
import type { Scenario } from "../../host-sim/scenario/grammar.ts";
import { firmwareWith } from "../../host-sim/scenario/guest.ts";
import { loadScenario } from "../../host-sim/scenario/load.ts";
import { type Outcome, runScenario } from "../../host-sim/scenario/runner.ts";
import type { Target } from "../../host-sim/scenario/target.ts";
import { SimTarget } from "../../host-sim/targets/sim.ts";

/** Wall time after which a guest counts as hung, in ms. A correct guest needs far less. */
const HANG_MS = 1000;

/** Runs a scenario that is not in a file. */
export async function runData(
  scenario: Scenario,
  options: { seed?: number; target?: Target; guest?: string } = {},
): Promise<Outcome> {
  return runScenario({
    scenario,
    target: options.target ?? new SimTarget("sim", { guestTimeoutMs: HANG_MS }),
    board: loadBoard(scenario.start.board),
    firmware: await firmwareWith(options.guest),
    seed: options.seed ?? scenario.seed ?? 1,
  });
}

/** Runs a scenario file, with the guest that it names. */
export function runFile(
  path: string,
  options: { seed?: number; target?: Target } = {},
): Promise<Outcome> {
  const { scenario } = loadScenario(path);
  const guest =
    scenario.guest === undefined ? {} : { guest: resolve(dirname(path), scenario.guest) };
  return runData(scenario, { ...options, ...guest });
}

/** Why a run failed, in one line; "" if it passed. */
export function trouble(outcome: Outcome): string {
  if (outcome.status === "passed") return "";
  if (outcome.status === "not-run") return `not run: ${outcome.reason}`;
  const { step, expected, found } = outcome.failure;
  return `${JSON.stringify(step)}: expected ${expected}, found ${found}`;
}
