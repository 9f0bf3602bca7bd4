/**
 * Scenarios as judges of modules: whether a counterexample fails on the module that it is about, and
 * whether the project's own scenarios tell a mutant. Must not know what a scenario does.
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

/** Whether the scenario, given as text, fails on these modules: the counterexample replays. */
export async function replays(text: string, gate: Module, device: Module): Promise<boolean> {
  return (await statusOf(parseScenario(text, "counterexample"), gate, device)) === "failed";
}

/** The project's scenarios that run the device itself, and pass on these modules. */
export async function soundScenarios(gate: Module, device: Module): Promise<ScenarioFile[]> {
  const files = scenarioPaths(scenarioFolder()).map(loadScenario);
  const own = files.filter(({ scenario }) => scenario.guest === undefined);
  const passing: ScenarioFile[] = [];
  for (const file of own) if ((await statusOf(file, gate, device)) === "passed") passing.push(file);
  return passing;
}

/** The name of the first of `files` that fails on these modules; null if all hold. */
export async function killerOf(
  files: readonly ScenarioFile[],
  gate: Module,
  device: Module,
): Promise<string | null> {
  for (const file of files)
    if ((await statusOf(file, gate, device)) === "failed") return `scenario ${file.scenario.name}`;
  return null;
}
