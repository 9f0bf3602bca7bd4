/**
 * Tests that the interpreter ends a guest's recursion before the native stack overflows (wasm3.c,
 * yield()). The guest's own stack is made so large that the native stack would overflow first: the
 * guest traps. Without the limit, the process dies.
 */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { type BuildOptions, buildBoard } from "../../../host-sim/build/native-image.ts";
import type { Scenario } from "../../../host-sim/scenario/grammar.ts";
import { guestBytes } from "../../../host-sim/scenario/guest.ts";
import { loadFirmware } from "../../../host-sim/sim/firmware.ts";
import { NativeTarget } from "../../../host-sim/targets/native/native-target.ts";
import { firmwareOf, notRun, onTarget, traceOf } from "./support.ts";

const MIB = 1024 * 1024;
const BUILD: BuildOptions = { board: "posix", guestStackBytes: 16 * MIB, arenaBytes: 20 * MIB };
/** A limit that no stack reaches, which disables the check. */
const UNBOUNDED = "-DSTACK_BYTES=0x40000000u";
const SCENARIO: Scenario = {
  name: "Recursion",
  about: "One tick",
  // A scenario with a guest of its own is not compared with the reference model.
  guest: "the one under test",
  start: { switch: "kill" },
  steps: [{ wait: "600ms" }],
};

async function trace(flags: readonly string[]): Promise<string[]> {
  const guest = await guestBytes(join(packageRoot(), "tests", "hostile", "recurse.wat"));
  const image = buildBoard({ ...BUILD, flags });
  const firmware = firmwareOf(loadFirmware(), guest);
  const outcome = await onTarget(SCENARIO, firmware, new NativeTarget({ image, guest }));
  return traceOf(outcome);
}

describe.skipIf(notRun("posix") !== null)("posix", () => {
  test("traps a guest with endless recursion", async () => {
    expect((await trace([])).some((line) => line.includes("trap during="))).toBe(true);
  });

  test("shows that such a guest ends the host if the limit is removed", async () => {
    await expect(trace([UNBOUNDED])).rejects.toThrow("board posix ended");
  });
});
