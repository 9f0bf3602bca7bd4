/** Runs every scenario on the simulator: twice for the same trace, and with other seeds. */
import { basename } from "node:path";
import { expect, test } from "vitest";
import { MARK_NAMES } from "../../host-sim/abi/abi.gen.ts";
import { scenarioFolder, scenarioPaths } from "../../host-sim/scenario/files.ts";
import type { Image, Scenario, Step } from "../../host-sim/scenario/grammar.ts";
import { loadScenario } from "../../host-sim/scenario/load.ts";
import type { Target } from "../../host-sim/scenario/target.ts";
import { SimTarget } from "../../host-sim/targets/sim.ts";
import { runData, runFile, trouble } from "./support.ts";

/**
 * Marks that no scenario can reach, because the host or the controller drops such messages first.
 */
const UNREACHED_MARKS = ["KILLED"];
const SEEDS = [2, 3, 4, 5];

const paths = scenarioPaths(scenarioFolder());
const marks = new Set<string>();

for (const path of paths) {
  const name = basename(path, ".yaml");
  const { scenario } = loadScenario(path);

  test(`${name} passes and repeats byte for byte`, async () => {
    const first = await runFile(path);
    expect(trouble(first)).toBe("");
    const texts = first.trace.texts();
    expect((await runFile(path)).trace.texts()).toEqual(texts);
    for (const { kind, detail } of first.trace.lines) {
      if (kind === "mark") marks.add(detail.slice("name=".length));
    }
  });

  test(`${name} has the name of its file`, () => {
    expect(scenario.name).toBe(name);
  });

  // Scenarios with another guest are left out: a hung guest takes wall time.
  if (scenario.guest !== undefined) continue;
  test(`${name} passes with other seeds`, async () => {
    for (const seed of SEEDS) expect(trouble(await runFile(path, { seed }))).toBe("");
  });
}

test("reaches every mark in some scenario", () => {
  const missed = MARK_NAMES.filter((name) => !marks.has(name));
  expect(missed).toEqual(UNREACHED_MARKS);
});

test("gives another trace with another seed", async () => {
  const path = paths.find((candidate) => candidate.endsWith("bounce.yaml")) ?? "";
  const first = await runFile(path, { seed: 1 });
  const second = await runFile(path, { seed: 2 });
  expect(second.trace.texts()).not.toEqual(first.trace.texts());
});

/** A target whose calls complete later, like those of a board. */
class Later implements Target {
  readonly #inner = new SimTarget();
  readonly name = "later";
  get now(): number {
    return this.#inner.now;
  }
  unsupportedReason(step: Step): string | null {
    return "temperature" in step ? "no heater on this bench" : null;
  }
  unsupportedImageReason(image: Image): string | null {
    return image === "own" ? null : "no other image on this bench";
  }
  async start(config: Parameters<Target["start"]>[0]): Promise<void> {
    this.#inner.start(config);
  }
  async apply(stimulus: Parameters<Target["apply"]>[0]): Promise<void> {
    this.#inner.apply(stimulus);
  }
  async advance(ms: number): Promise<void> {
    this.#inner.advance(ms);
  }
  async stall(ms: number): Promise<void> {
    this.#inner.stall(ms);
  }
  async publish(...message: Parameters<Target["publish"]>): Promise<void> {
    this.#inner.publish(...message);
  }
  async rail(): Promise<"up" | "down"> {
    return this.#inner.rail();
  }
  async journal(): Promise<Uint8Array> {
    return this.#inner.journal();
  }
  async stop(): Promise<void> {
    this.#inner.stop();
  }
}

test("gives the same trace on a target whose calls complete later", async () => {
  for (const name of ["hold-against-remote", "journal-across-a-power-cut"]) {
    const path = paths.find((candidate) => candidate.endsWith(`/${name}.yaml`)) ?? "";
    const direct = await runFile(path);
    const later = await runFile(path, { target: new Later() });
    expect(trouble(later)).toBe("");
    expect(later.trace.texts()).toEqual(direct.trace.texts());
  }
});

test("does not run a scenario with a step that the target cannot run, wherever the step is", async () => {
  const scenario: Scenario = {
    name: "warm",
    about: "Warms.",
    start: { switch: "kill" },
    steps: [{ repeat: { times: 1, steps: [{ temperature: 40 }] } }],
  };
  const outcome = await runData(scenario, { target: new Later() });
  expect(outcome).toMatchObject({ status: "not-run", reason: "no heater on this bench" });
});

/** Bytes that a press of the button writes: the retained block, a record, the retained block. */
const PRESS_BYTES = 32 + 64 + 32;

/**
 * A journal with a record per press and three more. The next press loses the supply after `bytes`.
 */
function cutAfter(presses: number, bytes: number): Scenario {
  const steps: Step[] = [
    { wait: "200ms" },
    { repeat: { times: presses, steps: [{ button: "tap" }, { wait: "50ms" }] } },
    { wait: "1s" },
    { storage: { "lose-power-after": bytes } },
    { button: "tap" },
    { expect: { supply: "off" } },
    { wait: "50ms" },
    { supply: "on" },
    { wait: "1s" },
    { expect: { phase: "LIVE", boot: "POWER_ON", relay: "off" } },
    { journal: { verifies: true, has: ["HOLD state=begun relay=on", "boots=2 LIVE"] } },
    { send: { as: "owner", op: "relay.set on", reply: "OK" } },
    { send: { as: "owner", op: "status", reply: "OK", data: { boots: 2 } } },
  ];
  return { name: "cut", about: "Cuts.", start: { switch: "on" }, steps };
}

test("the journal verifies after a power cut at every byte of a write", async () => {
  const torn: number[] = [];
  for (let bytes = 0; bytes < PRESS_BYTES; bytes++) {
    const outcome = await runData(cutAfter(1, bytes));
    expect(`${bytes}: ${trouble(outcome)}`).toBe(`${bytes}: `);
    if (outcome.trace.count("mark name=JOURNAL_TORN", 0) > 0) torn.push(bytes);
  }
  // A record is torn if its number (4 bytes) is complete and its hash is not.
  expect(torn[0]).toBe(32 + 4);
  expect(torn.at(-1)).toBe(32 + 51);
});

// A torn number reads as a far larger one. Past 255, and past a whole ring, other bytes of it
// remain.
test.for([257, 300, 515])(
  "ignores a record number that is torn after %i presses",
  async (presses) => {
    for (let bytes = 32; bytes <= 32 + 5; bytes++) {
      const outcome = await runData(cutAfter(presses, bytes));
      expect(`${bytes}: ${trouble(outcome)}`).toBe(`${bytes}: `);
    }
  },
);
