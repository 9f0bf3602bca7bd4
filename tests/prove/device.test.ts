/** The explorer and its abstraction, on the device that ships and on devices broken by hand. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { scenarioOf } from "../../host-sim/prove/device/counterexample.ts";
import { Explorer } from "../../host-sim/prove/device/explorer.ts";
import { replays } from "../../host-sim/prove/scenario-replay.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";
import { buildPatched, type Patch } from "./build.ts";

const gate = readModule(firmwarePath("gate"));
const device = readModule(firmwarePath("device"));
const broken = JSON.parse(
  readFileSync(new URL("fixtures/broken.json", import.meta.url), "utf8"),
) as (Patch & { name: string; rule: string; steps: number })[];

test("the device that ships breaks no rule in 2,000 states", () => {
  const report = new Explorer(device, { statesMax: 2000 }).run();
  expect(report.violations).toEqual([]);
  expect(report.transitions).toBeGreaterThan(10_000);
});

test("checking every transition again gives the same report", () => {
  const known = new Explorer(device, { statesMax: 1000 }).run();
  const rechecked = new Explorer(device, { statesMax: 1000, recheck: true }).run();
  expect(rechecked).toEqual(known);
});

test("refutes a guest that keeps state outside its state region", async () => {
  const bytes = await buildPatched({
    file: "firmware/device/actuators.ts",
    find: "const quiet = state.quietMs === 0;",
    replace: `const hidden: usize = memory.data(4, 4);
  store<u32>(hidden, load<u32>(hidden) + 1);
  const quiet = state.quietMs === 0 && (load<u32>(hidden) & 3) !== 0;`,
  });
  const [violation] = new Explorer(bytes).run().violations;
  expect(violation?.rule).toMatch(/^I6: a press toggles the relay/);
});

describe.each(broken)("$name", ({ rule, steps, ...patch }) => {
  let bytes = new Uint8Array(0);
  beforeAll(async () => {
    bytes = await buildPatched(patch);
  });

  test("is refuted by a short trace, which replays as a scenario", async () => {
    const [violation] = new Explorer(bytes).run().violations;
    expect(violation?.rule).toBe(rule);
    expect(violation?.trace.length).toBeLessThanOrEqual(steps);
    if (violation === undefined) return;
    const [rechecked] = new Explorer(bytes, { recheck: true }).run().violations;
    expect(rechecked).toEqual(violation);
    const scenario = scenarioOf(violation);
    expect(await replays(scenario, gate, bytes)).toBe(true);
    expect(await replays(scenario, gate, device)).toBe(false);
  });
});
