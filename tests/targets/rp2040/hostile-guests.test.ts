/**
 * Runs hostile guests on the emulated controller, interpreted. The trace must equal that of the simulator, which is
 * given the controller's epochs. The only faults of the chip may be those of a stack that runs out.
 */
import { describe, expect, test } from "vitest";
import { ABI_VERSION } from "../../../host-sim/abi/abi.gen.ts";
import { loadBoard } from "../../../host-sim/base/board-data.ts";
import { differingLine, epochsOf } from "../../../host-sim/cli/verbs/conform.ts";
import { assembleWat, guestBytes } from "../../../host-sim/scenario/guest.ts";
import { runScenario } from "../../../host-sim/scenario/runner.ts";
import type { Target } from "../../../host-sim/scenario/target.ts";
import { type Firmware, loadFirmware } from "../../../host-sim/sim/firmware.ts";
import { loadGuest } from "../../../host-sim/sim/module.ts";
import { ControllerTarget } from "../../../host-sim/targets/rp2040/target.ts";
import { SimTarget } from "../../../host-sim/targets/sim.ts";
import {
  GUESTS,
  guestPath,
  HOSTILE_SCENARIO,
  onlyBoardRefuses,
  v8TimeoutMs,
} from "../../hostile/scenario.ts";
import { BOARD, notRun } from "./support.ts";

const TIMEOUT_MS = 120_000;
/**
 * Guests that work longer than the chip allows. The chip treats them as hung, and the simulator, where processor time
 * does not pass, does not. So they are run, and their traces are not compared.
 */
const LONG = [
  "flood-of-logs-just-allowed.wat",
  "flood-of-logs.wat",
  "flood-of-macs.wat",
  "flood-of-writes.wat",
];

const shipped: Firmware = loadFirmware();

async function fault(name: string, guest: Uint8Array<ArrayBuffer>): Promise<string | null> {
  const firmware = { ...shipped, guest: loadGuest(guest) };
  const run = (target: Target) =>
    runScenario({ scenario: HOSTILE_SCENARIO, target, board: loadBoard(), firmware, seed: 1 });
  const target = new ControllerTarget({ board: BOARD, guest });
  const outcome = await run(target);
  if (outcome.status === "failed") return `${outcome.failure.expected}, ${outcome.failure.found}`;
  const lines = outcome.trace.texts();
  if (onlyBoardRefuses(firmware, lines) || LONG.includes(name)) return null;
  const guestTimeoutMs = v8TimeoutMs(name);
  const sim = await run(new SimTarget("sim", { guestTimeoutMs, entropy: epochsOf({ outcome }) }));
  const at = differingLine(sim.trace.texts(), lines);
  return at === null ? null : `line ${at + 1}: ${sim.trace.texts()[at]} / ${lines[at]}`;
}

/** A guest whose events run `body` and whose other functions do nothing. */
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
  test.each(GUESTS)(
    "%s",
    async (file) => {
      expect(await fault(file, await guestBytes(guestPath(file)))).toBeNull();
    },
    TIMEOUT_MS,
  );

  // Unmodified wasm3 takes a stack frame for each operation: 1,500 statements overran 16 KB.
  test.each([
    ["1,500 straight statements", add.repeat(1500)],
    ["20 nested loops", nested(20)],
  ])(
    "%s need no native stack",
    async (_, body) => {
      expect(await fault("made", await assembleWat("made", withTick(body)))).toBeNull();
    },
    TIMEOUT_MS,
  );
});
