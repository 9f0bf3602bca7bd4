/**
 * Shows that each scenario fails if the line that it guards is changed, as listed in
 * tests/scenarios/mutants.json.
 */
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { loadBoard } from "../../host-sim/base/board-data.ts";
import { scenarioFolder, scenarioPaths } from "../../host-sim/scenario/files.ts";
import { firmwareWith } from "../../host-sim/scenario/guest.ts";
import { loadScenario } from "../../host-sim/scenario/load.ts";
import { type Outcome, runScenario } from "../../host-sim/scenario/runner.ts";
import { SimTarget } from "../../host-sim/targets/sim.ts";
import { type Host, type Mutant, mutatedFirmware, mutatedHost } from "./mutation.ts";

const folder = scenarioFolder();
const mutants = JSON.parse(readFileSync(join(folder, "mutants.json"), "utf8")) as Mutant[];
const host: Host = { runScenario, SimTarget, firmwareWith };

async function runOn(mutant: Mutant): Promise<Outcome> {
  const path = join(folder, `${mutant.scenario}.yaml`);
  const { scenario } = loadScenario(path);
  const isHost = mutant.file.startsWith("host-sim/");
  const on = isHost ? await mutatedHost(mutant) : host;
  const guest = scenario.guest === undefined ? undefined : resolve(dirname(path), scenario.guest);
  return on.runScenario({
    scenario,
    target: new on.SimTarget(),
    board: loadBoard(scenario.start.board),
    firmware: isHost ? await on.firmwareWith(guest) : await mutatedFirmware(mutant),
    seed: scenario.seed ?? 1,
  });
}

/**
 * Mutants without a change, which must pass: so a mutant fails only because of its changed line.
 */
function controlOf(mutant: Mutant): Mutant {
  return { ...mutant, replace: mutant.find };
}

test("every scenario has a mutant", () => {
  const names = scenarioPaths(folder).map((path) => loadScenario(path).scenario.name);
  const guarded = new Set(mutants.map(({ scenario }) => scenario));
  expect(names.filter((name) => !guarded.has(name))).toEqual([]);
});

for (const mutant of mutants) {
  test(`${mutant.scenario} fails with "${mutant.replace}" in ${mutant.file}`, async () => {
    expect((await runOn(mutant)).status).toBe("failed");
  });
}

const builds = ["firmware/gate/", "firmware/device/", "host-sim/"];
const controls = builds.flatMap(
  (source) => mutants.find(({ file }) => file.startsWith(source)) ?? [],
);
for (const mutant of controls.map(controlOf)) {
  test(`${mutant.scenario} passes with ${mutant.file} rebuilt as it is`, async () => {
    expect((await runOn(mutant)).status).toBe("passed");
  });
}
