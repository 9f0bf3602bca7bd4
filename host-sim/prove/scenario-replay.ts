/**
 * Runs scenarios on given modules: whether a counterexample fails on the modules that it is about, and
 * whether the project's own scenarios kill a mutant.
 */
import { loadBoard } from "../base/board-data.ts";
import { scenarioFolder, scenarioPaths } from "../scenario/files.ts";
import { loadScenario, parseScenario, type ScenarioFile } from "../scenario/load.ts";
import { runScenario } from "../scenario/runner.ts";
import { makeGate } from "../sim/firmware.ts";
import { loadGuest } from "../sim/module.ts";
import { SimTarget } from "../targets/sim.ts";

type Module = Uint8Array<ArrayBuffer>;

async function statusOf(file: ScenarioFile, gate: Module, device: Module): Promise<string> {
  const { scenario } = file;
  const outcome = await runScenario({
    scenario,
    target: new SimTarget(),
    board: loadBoard(scenario.start.board),
    firmware: { gate: makeGate(gate), guest: loadGuest(device) },
    seed: scenario.seed ?? 1,
  });
  return outcome.status;
}

/** Whether a scenario, given as YAML, fails on these modules. */
export async function replays(text: string, gate: Module, device: Module): Promise<boolean> {
  return (await statusOf(parseScenario(text, "counterexample"), gate, device)) === "failed";
}

/** The project's scenarios that use the device as guest and pass on these modules. */
export async function passingScenarios(gate: Module, device: Module): Promise<ScenarioFile[]> {
  const files = scenarioPaths(scenarioFolder()).map(loadScenario);
  const own = files.filter(({ scenario }) => scenario.guest === undefined);
  const passing: ScenarioFile[] = [];
  for (const file of own) if ((await statusOf(file, gate, device)) === "passed") passing.push(file);
  return passing;
}

/** The name of the first scenario that fails on these modules, or null. */
export async function killerOf(
  files: readonly ScenarioFile[],
  gate: Module,
  device: Module,
): Promise<string | null> {
  for (const file of files)
    if ((await statusOf(file, gate, device)) === "failed") return `scenario ${file.scenario.name}`;
  return null;
}
