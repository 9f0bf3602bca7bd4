/**
 * Runs hostile guests on each native board, on POSIX under the sanitizers. The trace must be the
 * simulator's, the radio must stay off while killed, no byte may leave, and the host must survive
 * or restart with a reason in the trace.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import wabtModule from "wabt";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { Prng } from "../../../host-sim/base/prng.ts";
import { type BuildOptions, buildBoard } from "../../../host-sim/build/native-image.ts";
import type { Scenario } from "../../../host-sim/scenario/grammar.ts";
import { guestBytes } from "../../../host-sim/scenario/guest.ts";
import {
  type Firmware,
  firmwarePath,
  loadFirmware,
  readModule,
} from "../../../host-sim/sim/firmware.ts";
import { NativeTarget } from "../../../host-sim/targets/native/native-target.ts";
import { SimTarget } from "../../../host-sim/targets/sim.ts";
import { wildGuests } from "../../hostile/wild.ts";
import { firmwareOf, firstDifference, notRun, onTarget, traceOf } from "./support.ts";

/** Goes live, taps the button, kills while the guest runs, and does it again. */
const SCENARIO: Scenario = {
  name: "A hostile guest",
  about: "Live, button tapped, killed while the guest runs, live again, killed again",
  // A scenario with a guest of its own is not compared with the reference model.
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
/**
 * Wall time after which a guest on V8 is ended, in ms: one that hangs by design, and a slow one.
 */
const V8_HANGING_MS = 400;
const V8_SLOW_MS = 20_000;
const FLIPS = 48;

const folder = join(packageRoot(), "tests", "hostile");
const written = readdirSync(folder).filter((name) => name.endsWith(".wat"));
const shipped: Firmware = loadFirmware();

/** Runs a guest on the simulator and on a board. Returns what is wrong, or null. */
async function problemWith(
  guest: Uint8Array<ArrayBuffer>,
  build: BuildOptions,
  guestTimeoutMs = V8_SLOW_MS,
): Promise<string | null> {
  const firmware = firmwareOf(shipped, guest);
  const image = buildBoard({ ...build, guest });
  const sim = await onTarget(SCENARIO, firmware, new SimTarget("sim", { guestTimeoutMs }));
  const native = await onTarget(SCENARIO, firmware, new NativeTarget({ image, guest }));
  if (native.status === "failed") return `${native.failure.expected}, ${native.failure.found}`;
  // V8 accepts more of WebAssembly than the boards do. The board refuses such a guest and reports
  // it.
  const lines = traceOf(native);
  const refused = lines.some((line) => line.endsWith("guest state=refused reason=format"));
  if (refused && typeof firmware.guest !== "string") return null;
  return firstDifference(traceOf(sim), lines);
}

function assemble(name: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  return wabtModule().then((wabt) => {
    const module = wabt.parseWat(name, text);
    const { buffer } = module.toBinary({});
    module.destroy();
    return new Uint8Array(buffer);
  });
}

function flipped(seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(readModule(firmwarePath("device")));
  const prng = new Prng(seed);
  for (let flips = 1 + prng.below(3); flips > 0; flips--) {
    const at = prng.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << prng.below(8));
  }
  return bytes;
}

/** Each guest is compiled, which is slow, so this build runs only the hand-written guests. */
const TRANSLATED: BuildOptions = {
  board: "posix",
  compiler: "clang",
  sanitize: true,
  engine: "aot",
};

const BUILDS: [string, BuildOptions][] = [
  ["posix, sanitized", { board: "posix", compiler: "clang", sanitize: true }],
  ["qemu-riscv32", { board: "qemu-riscv32" }],
];

describe.skipIf(notRun("posix") !== null)("posix, aot, sanitized", () => {
  test.each(written)("contains %s", async (file) => {
    const timeout = file.includes("loop") ? V8_HANGING_MS : V8_SLOW_MS;
    const guest = await guestBytes(join(folder, file));
    expect(await problemWith(guest, TRANSLATED, timeout)).toBeNull();
  });
});

for (const [name, build] of BUILDS) {
  describe.skipIf(notRun(build.board) !== null)(name, () => {
    test.each(written)("contains %s", async (file) => {
      const timeout = file.includes("loop") ? V8_HANGING_MS : V8_SLOW_MS;
      expect(await problemWith(await guestBytes(join(folder, file)), build, timeout)).toBeNull();
    });

    test.each(wildGuests())("contains %s", async (wild, text) => {
      expect(await problemWith(await assemble(wild, text), build)).toBeNull();
    });

    test.each(Array.from({ length: FLIPS }, (_, seed) => seed + 1))(
      "contains device.wasm with bits flipped by seed %i",
      async (seed) => {
        // A flipped bit may cause an endless loop.
        expect(await problemWith(flipped(seed), build, 2000)).toBeNull();
      },
    );

    test.each([0, 1, 8, 100, 1000, 8000])(
      "contains device.wasm cut to %i bytes",
      async (length) => {
        const whole = new Uint8Array(readModule(firmwarePath("device")));
        expect(await problemWith(whole.slice(0, length), build)).toBeNull();
      },
    );
  });
}
