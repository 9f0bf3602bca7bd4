/**
 * The interpreter's recursion ends before the native stack does (wasm3.c, yield()): with room for more
 * of the guest's frames than the native stack holds, the guest traps; with the bound taken away, the
 * process dies.
 */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadFirmware } from "../../host-sim/firmware.ts";
import { type BuildOptions, buildBoard } from "../../host-sim/native/build.ts";
import { NativeTarget } from "../../host-sim/native/target.ts";
import { packageRoot } from "../../host-sim/paths.ts";
import type { Scenario } from "../../host-sim/scenario/grammar.ts";
import { guestBytes } from "../../host-sim/scenario/guest.ts";
import { firmwareOf, notRun, onTarget, traceOf } from "./support.ts";

const MIB = 1024 * 1024;
const BUILD: BuildOptions = { board: "posix", guestStackBytes: 16 * MIB, arenaBytes: 20 * MIB };
/** A bound that no stack reaches: as if there were none. */
const UNBOUNDED = "-DSTACK_BYTES=0x40000000u";
const SCENARIO: Scenario = {
  name: "Recursion",
  about: "One tick",
  // Another than the device's own: not held to what a sound device does.
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
  test("a guest that recurses for ever traps", async () => {
    expect((await trace([])).some((line) => line.includes("trap during="))).toBe(true);
  });

  test("without the bound it takes the host with it", async () => {
    await expect(trace([UNBOUNDED])).rejects.toThrow("board posix ended");
  });
});
