/**
 * Hostile guests on the emulated controller, interpreted: the trace is the simulator's, which draws the epochs that
 * the controller drew, and no access of the chip is a fault but those of a stack that runs out.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import wabtModule from "wabt";
import { ABI_VERSION } from "../../../host-sim/abi/abi.gen.ts";
import { loadBoard } from "../../../host-sim/base/board-data.ts";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { differingLine, epochsOf } from "../../../host-sim/cli/verbs/conform.ts";
import type { Scenario } from "../../../host-sim/scenario/grammar.ts";
import { guestBytes } from "../../../host-sim/scenario/guest.ts";
import { runScenario } from "../../../host-sim/scenario/runner.ts";
import type { Target } from "../../../host-sim/scenario/target.ts";
import { type Firmware, loadFirmware } from "../../../host-sim/sim/firmware.ts";
import { loadGuest } from "../../../host-sim/sim/module.ts";
import { ControllerTarget } from "../../../host-sim/targets/rp2040/target.ts";
import { SimTarget } from "../../../host-sim/targets/sim.ts";
import { BOARD, notRun } from "./support.ts";

/** Goes live, is touched, is killed while whatever the guest does is under way, and tries again. */
const SCENARIO: Scenario = {
  name: "A hostile guest",
  about: "Live, touched, killed while the guest does what it does, live again, killed again",
  guest: "the one under test",
  start: { switch: "on" },
  steps: [
    { wait: "700ms" },
    { button: "tap" },
    { wait: "400ms" },
    { switch: "kill" },
    { wait: "200ms" },
    { expect: { radio: "off" } },
    { wait: "1s" },
    { expect: { radio: "off" } },
    { switch: "on" },
    { wait: "2s" },
    { switch: "kill" },
    { wait: "20ms" },
    { expect: { radio: "off" } },
  ],
};
const TIMEOUT_MS = 120_000;
/** Wall time after which V8 ends a guest that hangs by design, in ms. */
const V8_HANGS_MS = 400;
const V8_WORKS_MS = 20_000;
/**
 * What works longer than a guest may: this chip gives up a guest that has not slept for so many instructions, and
 * the simulator's processor does all of it in no time. Run, and not compared.
 */
const LONG = [
  "flood-of-logs-just-allowed.wat",
  "flood-of-logs.wat",
  "flood-of-macs.wat",
  "flood-of-writes.wat",
];

const folder = join(packageRoot(), "tests", "hostile");
const written = readdirSync(folder).filter((name) => name.endsWith(".wat"));
const shipped: Firmware = loadFirmware();

async function fault(name: string, guest: Uint8Array<ArrayBuffer>): Promise<string | null> {
  const firmware = { ...shipped, guest: loadGuest(guest) };
  const run = (target: Target) =>
    runScenario({ scenario: SCENARIO, target, board: loadBoard(), firmware, seed: 1 });
  const target = new ControllerTarget({ board: BOARD, guest });
  const outcome = await run(target);
  if (outcome.status === "failed") return `${outcome.failure.expected}, ${outcome.failure.found}`;
  const lines = outcome.trace.texts();
  const refused = lines.some((line) => line.endsWith("guest state=refused reason=format"));
  if ((refused && typeof firmware.guest !== "string") || LONG.includes(name)) return null;
  const guestTimeoutMs = name.includes("loop") ? V8_HANGS_MS : V8_WORKS_MS;
  const sim = await run(new SimTarget("sim", { guestTimeoutMs, entropy: epochsOf({ outcome }) }));
  const at = differingLine(sim.trace.texts(), lines);
  return at === null ? null : `line ${at + 1}: ${sim.trace.texts()[at]} / ${lines[at]}`;
}

async function assemble(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const wabt = await wabtModule();
  const module = wabt.parseWat("made", text);
  const { buffer } = module.toBinary({});
  module.destroy();
  return new Uint8Array(buffer);
}

/** A guest whose tick does `body`; all else does nothing. */
const withTick = (body: string, locals = "") => `(module
  (memory (export "memory") 1 1)
  (func (export "abi_version") (result i32) (i32.const ${ABI_VERSION}))
  (func (export "init") (param i32))
  (func (export "on_event") (param i32 i32 i32) ${locals} ${body})
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 4)))`;
const add = "(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))";
const nested = (depth: number): string =>
  depth === 0 ? add : `(loop ${nested(depth - 1)} (br_if 0 (i32.const 0)))`;

describe.skipIf(notRun() !== null)("hostile guests on the emulated controller", () => {
  test.each(written)(
    "%s",
    async (file) => {
      expect(await fault(file, await guestBytes(join(folder, file)))).toBeNull();
    },
    TIMEOUT_MS,
  );

  // Plain wasm3 nests a frame an operation: 1,500 statements overran 16 KB.
  test.each([
    ["1,500 straight statements", add.repeat(1500)],
    ["20 nested loops", nested(20)],
  ])(
    "%s need no native stack",
    async (_, body) => {
      expect(await fault("made", await assemble(withTick(body)))).toBeNull();
    },
    TIMEOUT_MS,
  );
});
