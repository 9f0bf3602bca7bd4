/**
 * Tests the rig for emulated boards with a fake emulator: flash image, sockets, supply, capture.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { loadBoard } from "../../../host-sim/base/board-data.ts";
import { RealClock } from "../../../host-sim/base/clock.ts";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { firmwareWith } from "../../../host-sim/scenario/guest.ts";
import { loadScenario } from "../../../host-sim/scenario/load.ts";
import { type Outcome, runScenario } from "../../../host-sim/scenario/runner.ts";
import { BoardTarget } from "../../../host-sim/targets/hil/board-target.ts";
import {
  type Emulator,
  emulators,
  emulatorTrouble,
} from "../../../host-sim/targets/hil/emulator-board.ts";
import { EmulatorRig } from "../../../host-sim/targets/hil/emulator-rig.ts";
import { freePort } from "../../mqtt/fixture.ts";
import { trouble } from "../../scenario/support.ts";

const folder = mkdtempSync(join(tmpdir(), "killswitch-emulator-"));
const program = join(folder, "emulator");
const image = join(folder, "image.bin");
const source = join(packageRoot(), "tests", "targets", "hil", "fake-emulator.ts");
// One process: the program `tsx` would start another, which outlives it when it is killed.
const node = `"${process.execPath}" --import "${import.meta.resolve("tsx")}"`;
writeFileSync(program, `#!/bin/sh\nexec ${node} "${source}" "$@"\n`, { mode: 0o755 });
writeFileSync(image, "");

function fake(change: Partial<Emulator["data"]> = {}): Emulator {
  const [real] = emulators();
  if (real === undefined) throw new Error("no board.json describes an emulator");
  const data = {
    ...real.data,
    target: "fake",
    program: "FAKE_EMULATOR",
    image: "FAKE_IMAGE",
    arguments: ["{flash}", "{console}", "{pins}", "{monitor}", "{capture}"],
    drive: "in {pin} {level}",
    outputs: "out",
    sensesRail: true,
    monitorAnswer: "^\\(fake\\) .",
    ...change,
  };
  return { ...real, data, pins: { no: 0, nc: 1, button: 2, relay: 3, lamp: 4 } };
}

async function run(name: string, emulator = fake()): Promise<Outcome> {
  process.env.FAKE_EMULATOR = program;
  process.env.FAKE_IMAGE = image;
  const { scenario } = loadScenario(join(packageRoot(), "tests", "scenarios", `${name}.yaml`));
  const clock = new RealClock();
  const rig = new EmulatorRig(emulator, clock);
  return runScenario({
    scenario,
    target: new BoardTarget({ rig, clock, guest: null }),
    board: loadBoard(scenario.start.board),
    firmware: await firmwareWith(),
    seed: 1,
  });
}

/** Processes that were started with a file of this test. Linux only. */
function started(): string[] {
  if (process.platform !== "linux") return [];
  const { stdout } = spawnSync("ps", ["-eo", "pid,args"], { encoding: "utf8" });
  return stdout.split("\n").filter((line) => line.includes(folder));
}

afterAll(() => {
  expect(started()).toEqual([]);
});

afterEach(() => {
  delete process.env.LEAK;
  delete process.env.LATE;
});

/** These tests run in real time and may fail on a busy machine, so they are tried again. */
const RETRY = { retry: 2 };

test(
  "passes scenarios with a cut and a loss of supply, and checks the captured frames",
  RETRY,
  async () => {
    for (const name of ["relay-keeps-its-level-through-cuts", "replay-across-supply-loss"]) {
      const outcome = await run(name);
      expect(trouble(outcome)).toBe("");
      expect(outcome.notes?.join()).toMatch(
        /^[1-9]\d* frames sent by the board were captured and checked/,
      );
    }
  },
);

test("detects from the capture alone that a board keeps sending at KILL", async () => {
  process.env.LEAK = "1";
  const outcome = await run("relay-keeps-its-level-through-cuts");
  expect(trouble(outcome)).toContain("no frame from the board while its switch is not at ON");
});

test("detects a single frame right after the cut", RETRY, async () => {
  process.env.LATE = "0 25";
  const outcome = await run("relay-keeps-its-level-through-cuts");
  expect(trouble(outcome)).toContain("no frame from the board while its switch is not at ON");
});

test("detects a frame while the switch travels back to ON", RETRY, async () => {
  process.env.LATE = "1 3";
  process.env.FAKE_EMULATOR = program;
  process.env.FAKE_IMAGE = image;
  const rig = new EmulatorRig(fake(), new RealClock());
  const contacts = { no: true, nc: false };
  await rig.prepare({ guest: null, brokerPort: await freePort(), contacts }, () => {});
  try {
    await rig.supply(true);
    await rig.wires.contacts(false, true, 0);
    await rig.wires.contacts(true, false, 0);
    expect(() => rig.checkWitnesses()).toThrow("no frame from the board");
  } finally {
    await rig.close();
  }
});

test("names a missing environment variable or file, and what it is for", () => {
  delete process.env.FAKE_EMULATOR;
  expect(emulatorTrouble(fake())).toBe(
    "FAKE_EMULATOR is not set: set it to the path of the emulator's program",
  );
  process.env.FAKE_EMULATOR = program;
  process.env.FAKE_IMAGE = join(folder, "none");
  expect(emulatorTrouble(fake())).toMatch(/FAKE_IMAGE=.*none: no such file/);
});

test("reports an emulator that exits immediately, with its last line of output", async () => {
  const broken = join(folder, "broken");
  writeFileSync(broken, "#!/bin/sh\necho no such machine >&2\nexit 1\n", { mode: 0o755 });
  const emulator = fake({ program: "BROKEN_EMULATOR" });
  process.env.BROKEN_EMULATOR = broken;
  await expect(run("boot-at-on", emulator)).rejects.toThrow("does not start: no such machine");
});
