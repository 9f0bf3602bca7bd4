/**
 * Runs hostile guests on each native board, on POSIX under the sanitizers. The trace must be the
 * simulator's, the radio must stay off while killed, no byte may leave, and the host must survive
 * or restart with a reason in the trace.
 */
import { describe, expect, test } from "vitest";
import { Prng } from "../../../host-sim/base/prng.ts";
import { type BuildOptions, buildBoard } from "../../../host-sim/build/native-image.ts";
import { assembleWat, guestBytes } from "../../../host-sim/scenario/guest.ts";
import {
  type Firmware,
  firmwarePath,
  loadFirmware,
  readModule,
} from "../../../host-sim/sim/firmware.ts";
import { NativeTarget } from "../../../host-sim/targets/native/native-target.ts";
import { SimTarget } from "../../../host-sim/targets/sim.ts";
import {
  GUESTS,
  guestPath,
  HOSTILE_SCENARIO,
  onlyBoardRefuses,
  V8_SLOW_MS,
  v8TimeoutMs,
} from "../../hostile/scenario.ts";
import { wildGuests } from "../../hostile/wild.ts";
import { firmwareOf, firstDifference, notRun, onTarget, traceOf } from "./support.ts";

const FLIPS = 48;

const shipped: Firmware = loadFirmware();

/** Runs a guest on the simulator and on a board. Returns what is wrong, or null. */
async function problemWith(
  guest: Uint8Array<ArrayBuffer>,
  build: BuildOptions,
  guestTimeoutMs = V8_SLOW_MS,
): Promise<string | null> {
  const firmware = firmwareOf(shipped, guest);
  const image = buildBoard({ ...build, guest });
  const sim = await onTarget(HOSTILE_SCENARIO, firmware, new SimTarget("sim", { guestTimeoutMs }));
  const native = await onTarget(HOSTILE_SCENARIO, firmware, new NativeTarget({ image, guest }));
  if (native.status === "failed") return `${native.failure.expected}, ${native.failure.found}`;
  const lines = traceOf(native);
  if (onlyBoardRefuses(firmware, lines)) return null;
  return firstDifference(traceOf(sim), lines);
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

/** Each guest is compiled, which is slow, so this build runs only the hand-GUESTS guests. */
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
  test.each(GUESTS)("contains %s", async (file) => {
    const timeout = v8TimeoutMs(file);
    const guest = await guestBytes(guestPath(file));
    expect(await problemWith(guest, TRANSLATED, timeout)).toBeNull();
  });
});

for (const [name, build] of BUILDS) {
  describe.skipIf(notRun(build.board) !== null)(name, () => {
    test.each(GUESTS)("contains %s", async (file) => {
      const timeout = v8TimeoutMs(file);
      expect(await problemWith(await guestBytes(guestPath(file)), build, timeout)).toBeNull();
    });

    test.each(wildGuests())("contains %s", async (wild, text) => {
      expect(await problemWith(await assembleWat(wild, text), build)).toBeNull();
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
