/**
 * A violation as a person gets it: a small scenario in a file of its own, replayed as `killswitch run`
 * replays it. Must not know what was violated.
 */
import { dirname, join, relative, resolve } from "node:path";
import { stringify } from "yaml";
import { loadBoard } from "../board-data.ts";
import { codeOf, EXIT, UserError } from "../errors.ts";
import { writeFileAtomic } from "../files.ts";
import { makeGate } from "../firmware.ts";
import { loadGuest } from "../module.ts";
import type { Scenario } from "../scenario/grammar.ts";
import { firmwareWith } from "../scenario/guest.ts";
import { loadScenario } from "../scenario/load.ts";
import { type Outcome, runScenario } from "../scenario/runner.ts";
import { SimTarget } from "../scenario/targets/sim.ts";
import type { Engine, Modules } from "./engine.ts";
import { reasonOf, shrink } from "./shrink.ts";
import type { Found } from "./tally.ts";

export interface Finding extends Found {
  /** The file of the shrunk scenario. */
  path: string;
  steps: number;
  /** Whether the file, read and run as any other, was seen to fail for the same reason. */
  replayed: boolean;
}

function failureOf(outcome: Outcome): { expected: string; found: string } | null {
  return outcome.status === "failed" ? outcome.failure : null;
}

/** The file's outcome on these modules, by the runner and nothing of the swarm's. */
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

/** The text of a scenario file that stands in `folder`. */
function textOf(scenario: Scenario, folder: string, { expected, found }: Found): string {
  const { guest } = scenario;
  const placed = guest === undefined ? {} : { guest: relative(folder, guest) };
  const about = `${expected}. Found: ${found}.`;
  return stringify(
    { ...scenario, about, ...placed },
    { lineWidth: 100, aliasDuplicateObjects: false },
  );
}

/** Shrinks a run that broke a rule and writes it into `folder`. Throws a UserError if it cannot. */
export async function reduce(
  engine: Engine,
  modules: Modules,
  found: Found,
  folder: string,
): Promise<Finding> {
  const fails = async (candidate: Scenario) =>
    failureOf(await engine.run(candidate))?.expected ?? null;
  const small = await shrink(engine.draw(found.seed), found.expected, fails);
  const last = failureOf(await engine.run(small)) ?? found;
  const path = join(folder, `swarm-${found.seed}.yaml`);
  try {
    const text = textOf(small, resolve(folder), { ...found, ...last });
    writeFileAtomic(path, text, { mode: 0o644, replace: true });
  } catch (error) {
    throw new UserError(`${path} cannot be written (${codeOf(error)})`, EXIT.BAD_FILE);
  }
  const again = failureOf(await replay(path, modules));
  const replayed = again !== null && reasonOf(again.expected) === reasonOf(last.expected);
  return { ...found, path, steps: small.steps.length, replayed };
}
