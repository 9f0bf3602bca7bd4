/**
 * Turns a failed run into a finding: a shrunk scenario in a file of its own, which is read back and
 * run as `killswitch run` would run it.
 */
import { mkdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { stringify } from "yaml";
import { loadBoard } from "../base/board-data.ts";
import { writeOutput } from "../base/outputs.ts";
import type { Scenario } from "../scenario/grammar.ts";
import { firmwareWith } from "../scenario/guest.ts";
import { loadScenario } from "../scenario/load.ts";
import { type Outcome, runScenario } from "../scenario/runner.ts";
import { makeGate } from "../sim/firmware.ts";
import { loadGuest } from "../sim/module.ts";
import { SimTarget } from "../targets/sim.ts";
import type { Engine, Modules } from "./engine.ts";
import { reasonOf, shrink } from "./shrink.ts";
import type { FailedRun } from "./totals.ts";

export interface Finding extends FailedRun {
  /** Path of the shrunk scenario. */
  path: string;
  steps: number;
  /** Whether the file failed for the same reason when it was read back and run. */
  replayed: boolean;
}

function failureOf(outcome: Outcome): { expected: string; found: string } | null {
  return outcome.status === "failed" ? outcome.failure : null;
}

/** Runs the file on these modules with the scenario runner, without the swarm's engine. */
async function replay(path: string, { gate, device }: Modules): Promise<Outcome> {
  const { scenario } = loadScenario(path);
  const { guest } = scenario;
  const own = { gate: makeGate(gate), guest: loadGuest(device) };
  const other = guest === undefined ? own : await firmwareWith(resolve(dirname(path), guest));
  return runScenario({
    scenario,
    target: new SimTarget(),
    board: loadBoard(scenario.start.board),
    firmware: { ...own, guest: other.guest },
    seed: scenario.seed ?? 1,
  });
}

/** The text of a scenario file in `folder`. Guest paths in it are relative to the folder. */
function textOf(scenario: Scenario, folder: string, { expected, found }: FailedRun): string {
  const { guest } = scenario;
  const placed = guest === undefined ? {} : { guest: relative(folder, guest) };
  const about = `${expected}. FailedRun: ${found}.`;
  return stringify(
    { ...scenario, about, ...placed },
    { lineWidth: 100, aliasDuplicateObjects: false },
  );
}

/**
 * Shrinks a failed run and writes it into `folder`. Throws UserError if the file cannot be written.
 */
export async function writeFinding(
  engine: Engine,
  modules: Modules,
  found: FailedRun,
  folder: string,
): Promise<Finding> {
  const fails = async (candidate: Scenario) =>
    failureOf(await engine.run(candidate))?.expected ?? null;
  const small = await shrink(engine.generate(found.seed), found.expected, fails);
  const last = failureOf(await engine.run(small)) ?? found;
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `swarm-${found.seed}.yaml`);
  writeOutput(path, textOf(small, resolve(folder), { ...found, ...last }));
  const again = failureOf(await replay(path, modules));
  const replayed = again !== null && reasonOf(again.expected) === reasonOf(last.expected);
  return { ...found, path, steps: small.steps.length, replayed };
}
