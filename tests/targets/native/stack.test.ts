/**
 * Both stacks of the interpreter are bounded. Native: with room for more of the guest's frames than
 * the native stack holds, the guest traps; without the bound the process dies. The interpreter's own:
 * arguments that are passed at its very end stay within the red zone; without it a sanitizer reports.
 * Straight code takes no native stack, and the deepest nest of blocks compiles on the smallest one.
 */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ABI_VERSION } from "../../../host-sim/abi/abi.gen.ts";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { type BuildOptions, buildBoard } from "../../../host-sim/build/native-image.ts";
import type { Scenario } from "../../../host-sim/scenario/grammar.ts";
import { assembleWat, guestBytes } from "../../../host-sim/scenario/guest.ts";
import { loadFirmware } from "../../../host-sim/sim/firmware.ts";
import { NESTING_MAX } from "../../../host-sim/sim/profile-code.ts";
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
  return traceWith({ ...BUILD, flags }, guest);
}

async function traceWith(build: BuildOptions, guest: Uint8Array<ArrayBuffer>): Promise<string[]> {
  const image = buildBoard(build);
  const firmware = firmwareOf(loadFirmware(), guest);
  const outcome = await onTarget(SCENARIO, firmware, new NativeTarget({ image, guest }));
  return traceOf(outcome);
}

/** A guest whose init runs `body`; `functions` stand before its exports. */
function guestText(functions: string, body: string): string {
  return `(module
  (type $t (func))
  (memory (export "memory") 1 1)
  (table 1 funcref)
  (elem (i32.const 0) $nothing)
  (global $g (mut i32) (i32.const 0))
  (func $nothing (type $t))
  ${functions}
  (func (export "abi_version") (result i32) (i32.const ${ABI_VERSION}))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32) ${body})
  (func (export "on_event") (param i32 i32 i32)))`;
}

const PARAMS = 32;

/** Recurses `calls` deep, then passes as many arguments as may be to a function not yet compiled. */
function edgeText(calls: number, locals: number): string {
  const value = "(i64.const 0x4141414141414141)";
  const functions = `
  (func $victim (param ${"i64 ".repeat(PARAMS)}) (call_indirect (type $t) (i32.const 0)))
  (func $edge (local ${"i64 ".repeat(locals)}) (call $victim ${value.repeat(PARAMS)}))
  (func $go (param $n i32) (local ${"i64 ".repeat(20)})
    (if (i32.eqz (local.get $n))
      (then (call $edge))
      (else (call $go (i32.sub (local.get $n) (i32.const 1))))))`;
  return guestText(functions, `(call $go (i32.const ${calls}))`);
}

/** The calls and locals that bring the frame of $edge up to the end of a stack of 4 KiB. */
const EDGES = [18, 19, 20, 21].flatMap((calls) =>
  Array.from({ length: 14 }, (_, index): [number, number] => [calls, 3 * index]),
);
const SANITIZED: BuildOptions = { board: "posix", compiler: "clang", sanitize: true };

describe.skipIf(notRun("posix") !== null)("the end of the interpreter's stack", () => {
  test("arguments passed there stay within the red zone", async () => {
    let traps = 0;
    for (const [calls, locals] of EDGES) {
      const guest = await assembleWat("edge", edgeText(calls, locals));
      const lines = await traceWith(SANITIZED, guest);
      if (lines.some((line) => line.includes("trap during=init"))) traps++;
    }
    // Some fit, others do not.
    expect(traps).toBeGreaterThan(5);
    expect(traps).toBeLessThan(EDGES.length - 5);
  }, 120_000);

  test("without a red zone a sanitizer reports", async () => {
    const bare = { ...SANITIZED, flags: ["-DSTACK_RED_ZONE=0u"] };
    const ends = async () => {
      for (const [calls, locals] of EDGES)
        await traceWith(bare, await assembleWat("edge", edgeText(calls, locals)));
    };
    await expect(ends()).rejects.toThrow("board posix ended");
  }, 120_000);
});

describe.each(["posix", "qemu-riscv32"])("%s", (board) => {
  const skip = notRun(board) !== null;

  test.skipIf(skip)("straight code takes no native stack", async () => {
    const step = "(global.set $g (i32.add (global.get $g) (i32.const 1)))";
    const guest = await assembleWat("straight", guestText("", step.repeat(1500)));
    const lines = await traceWith({ board }, guest);
    expect(lines.filter((line) => line.includes("trap"))).toEqual([]);
  });

  test.skipIf(skip)("the deepest nest of blocks compiles", async () => {
    const depth = NESTING_MAX - 1;
    const nest = `${"(if (i32.eqz (global.get $g)) (then) (else ".repeat(depth)}${"))".repeat(depth)}`;
    const guest = await assembleWat("nest", guestText("", nest));
    const lines = await traceWith({ board }, guest);
    expect(lines.filter((line) => line.includes("trap"))).toEqual([]);
  });
});

describe.skipIf(notRun("posix") !== null)("posix", () => {
  test("traps a guest with endless recursion", async () => {
    expect((await trace([])).some((line) => line.includes("trap during="))).toBe(true);
  });

  test("shows that such a guest ends the host if the limit is removed", async () => {
    await expect(trace([UNBOUNDED])).rejects.toThrow("board posix ended");
  });
});
