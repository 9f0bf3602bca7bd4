/**
 * Hostile guests on each native board: the trace is the simulator's, killed stays off, no byte leaves,
 * the host survives or restarts, and says why; under the sanitizers on POSIX.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import wabtModule from "wabt";
import { type Firmware, firmwarePath, loadFirmware, readModule } from "../../host-sim/firmware.ts";
import { type BuildOptions, buildBoard } from "../../host-sim/native/build.ts";
import { NativeTarget } from "../../host-sim/native/target.ts";
import { packageRoot } from "../../host-sim/paths.ts";
import { Prng } from "../../host-sim/prng.ts";
import type { Scenario } from "../../host-sim/scenario/grammar.ts";
import { guestBytes } from "../../host-sim/scenario/guest.ts";
import { SimTarget } from "../../host-sim/scenario/targets/sim.ts";
import { wildGuests } from "../hostile/wild.ts";
import { firmwareOf, firstDifference, notRun, onTarget, traceOf } from "./support.ts";

/** Goes live, is touched, is killed while whatever the guest does is under way, and tries again. */
const SCENARIO: Scenario = {
  name: "A hostile guest",
  about: "Live, touched, killed while the guest does what it does, live again, killed again",
  // Another than the device's own: not held to what a sound device does.
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
/** Wall time after which V8 ends a guest: one that hangs by design, and one that only has much to do. */
const V8_HANGS_MS = 400;
const V8_WORKS_MS = 20_000;
const FLIPS = 48;

const folder = join(packageRoot(), "tests", "hostile");
const written = readdirSync(folder).filter((name) => name.endsWith(".wat"));
const shipped: Firmware = loadFirmware();

/** Why the run is not what it must be; null if it is. */
async function fault(
  guest: Uint8Array<ArrayBuffer>,
  build: BuildOptions,
  guestTimeoutMs = V8_WORKS_MS,
): Promise<string | null> {
  const firmware = firmwareOf(shipped, guest);
  const image = buildBoard({ ...build, guest });
  const sim = await onTarget(SCENARIO, firmware, new SimTarget("sim", { guestTimeoutMs }));
  const native = await onTarget(SCENARIO, firmware, new NativeTarget({ image, guest }));
  if (native.status === "failed") return `${native.failure.expected}, ${native.failure.found}`;
  // V8 knows more of WebAssembly than the boards' profile: a guest beyond it is refused, and said so.
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

/** Each guest is compiled, so only those that were written have their turn here. */
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
  test.each(written)("%s", async (file) => {
    const timeout = file.includes("loop") ? V8_HANGS_MS : V8_WORKS_MS;
    const guest = await guestBytes(join(folder, file));
    expect(await fault(guest, TRANSLATED, timeout)).toBeNull();
  });
});

for (const [name, build] of BUILDS) {
  describe.skipIf(notRun(build.board) !== null)(name, () => {
    test.each(written)("%s", async (file) => {
      const timeout = file.includes("loop") ? V8_HANGS_MS : V8_WORKS_MS;
      expect(await fault(await guestBytes(join(folder, file)), build, timeout)).toBeNull();
    });

    test.each(wildGuests())("%s", async (wild, text) => {
      expect(await fault(await assemble(wild, text), build)).toBeNull();
    });

    test.each(Array.from({ length: FLIPS }, (_, seed) => seed + 1))(
      "device.wasm flipped by seed %i",
      async (seed) => {
        // A flip may make a loop that never ends.
        expect(await fault(flipped(seed), build, 2000)).toBeNull();
      },
    );

    test.each([0, 1, 8, 100, 1000, 8000])("device.wasm cut to %i bytes", async (length) => {
      const whole = new Uint8Array(readModule(firmwarePath("device")));
      expect(await fault(whole.slice(0, length), build)).toBeNull();
    });
  });
}
