/** Runs swarms on the shipped device and on devices with a deliberate fault. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadBoard } from "../../host-sim/base/board-data.ts";
import { durationMs, type Scenario } from "../../host-sim/scenario/grammar.ts";
import { firmwareWith } from "../../host-sim/scenario/guest.ts";
import { loadScenario, parseScenario } from "../../host-sim/scenario/load.ts";
import { runScenario } from "../../host-sim/scenario/runner.ts";
import { loadFirmware } from "../../host-sim/sim/firmware.ts";
import type { Engine } from "../../host-sim/swarm/engine.ts";
import { writeFinding } from "../../host-sim/swarm/finding.ts";
import { swarmGuestPaths } from "../../host-sim/swarm/guest-corpus.ts";
import { SimTarget } from "../../host-sim/targets/sim.ts";
import { buildPatched } from "../prove/build.ts";
import { broken, engineOf, shipped, TIME_MS } from "./support.ts";

const SEEDS = 1_000;
/** Each broken device must fail within so many seeds, and shrink to so many steps. */
const FOUND_WITHIN = 100;
const STEPS_MAX = 8;
/** Wall time after which V8 ends a guest, in ms. A correct guest needs far less. */
const HANG_MS = 1_000;

let engine: Engine;
const folder = mkdtempSync(join(tmpdir(), "killswitch-swarm-"));
beforeAll(async () => {
  engine = await engineOf();
});
afterAll(() => rmSync(folder, { recursive: true }));

test(`finds no violation in ${SEEDS} seeds`, async () => {
  const totals = await engine.runSeeds(1, SEEDS);
  expect(totals.found).toEqual([]);
  expect(totals.runs).toBe(SEEDS);
});

/**
 * The trace of a run without the swarm's shortcuts: a new instance at each boot, HMAC by
 * node:crypto, and a hung guest ended by the wall clock.
 */
async function plain(scenario: Scenario): Promise<string[]> {
  const { trace } = await runScenario({
    scenario,
    target: new SimTarget("sim", { guestTimeoutMs: HANG_MS }),
    board: loadBoard(scenario.start.board),
    firmware: scenario.guest === undefined ? loadFirmware() : await firmwareWith(scenario.guest),
    seed: scenario.seed ?? 1,
  });
  return trace.texts();
}

test("gives the same traces with reused modules as without", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const scenario = engine.generate(seed);
    const { guest: _, ...own } = scenario;
    expect((await engine.run(own)).trace.texts()).toEqual(await plain(own));
  }
});

test.each(swarmGuestPaths())(
  "gives the same trace with guest %s and a simulated hang",
  async (guest) => {
    const steps: Scenario["steps"] = [
      { wait: "700ms" },
      { button: "tap" },
      { wait: "2500ms" },
      { switch: "kill" },
      { wait: "500ms" },
    ];
    const scenario: Scenario = {
      name: "guest",
      about: "a guest",
      start: { switch: "on" },
      guest,
      steps,
    };
    expect((await engine.run(scenario)).trace.texts()).toEqual(await plain(scenario));
  },
);

test("generates scenarios that fit the schema and last exactly the given time", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const scenario = engine.generate(seed);
    expect(() => parseScenario(JSON.stringify(scenario), "generated")).not.toThrow();
    const spent = scenario.steps.map((step) => {
      if ("wait" in step) return durationMs(step.wait);
      if ("stall" in step) return durationMs(step.stall);
      return "button" in step && step.button === "tap" ? 100 : 0;
    });
    expect(spent.reduce((sum, ms) => sum + ms, 0)).toBe(TIME_MS);
  }
});

describe.each(broken)("$name", ({ name, ...patch }) => {
  let device = new Uint8Array(0);
  beforeAll(async () => {
    device = await buildPatched(patch);
  });

  test("is found and shrunk to a short scenario that fails again when replayed", async () => {
    const brokenEngine = await engineOf(device);
    const { found } = await brokenEngine.runSeeds(1, FOUND_WITHIN);
    const [first] = found;
    expect(first, name).toBeDefined();
    if (first === undefined) return;
    const finding = await writeFinding(brokenEngine, { ...shipped, device }, first, folder);
    expect(finding.replayed).toBe(true);
    expect(finding.steps).toBeLessThanOrEqual(STEPS_MAX);
    const { scenario } = loadScenario(finding.path);
    expect((await engine.run(scenario)).status).toBe("passed");
  });
});
