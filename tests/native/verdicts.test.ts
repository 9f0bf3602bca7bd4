/**
 * The board and the simulator decide alike on damaged modules: the board never accepts what V8
 * refuses; what V8 accepts and the board does not lies outside the boards' profile.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firmwarePath, readModule } from "../../host-sim/firmware.ts";
import { loadGuest } from "../../host-sim/module.ts";
import { packageRoot } from "../../host-sim/paths.ts";
import { notRun } from "./support.ts";

/** A prime, so that every bit of a byte has its turn. */
const STRIDE = 61;
/** Share of damaged modules on which a wider V8 may differ: 0.8 % of all flips of one bit. */
const WIDER = 0.02;
const FLAGS = ["-std=c11", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

const folder = mkdtempSync(join(tmpdir(), "killswitch-verdicts-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** One letter each, for every STRIDE-th bit flipped and for every truncation. */
function verdicts(module: string): string {
  const common = join(packageRoot(), "boards", "common");
  const sources = ["validate.c", "validate_code.c", "validate_read.c"].map((name) =>
    join(common, name),
  );
  const program = join(folder, "verdicts");
  const own = join(packageRoot(), "tests", "native", "verdicts.c");
  execFileSync("gcc", [...FLAGS, `-I${common}`, own, ...sources, "-o", program]);
  const { stdout, stderr, status } = spawnSync(program, [module, "0", String(STRIDE)], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
}

function simulators(bytes: Uint8Array<ArrayBuffer>): string {
  const guest = loadGuest(bytes);
  return typeof guest === "string" ? (guest[0] ?? "") : ".";
}

describe.skipIf(notRun("posix") !== null)("device.wasm, damaged", () => {
  const path = firmwarePath("device");
  const module = new Uint8Array(readModule(path));
  // A describe's own lines run even where its tests are skipped.
  let told = "";
  beforeAll(() => {
    told = verdicts(path);
  });
  const flips = Math.ceil((8 * module.length) / STRIDE);

  test("one bit flipped", () => {
    let wider = 0;
    for (let index = 0; index < flips; index++) {
      const bit = index * STRIDE;
      const copy = module.slice();
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const sim = simulators(copy);
      if (sim === "." && told[index] === "f") wider++;
      else expect(`bit ${bit}: ${told[index]}`).toBe(`bit ${bit}: ${sim}`);
    }
    expect(wider / flips).toBeLessThan(WIDER);
  });

  test("truncated", () => {
    for (let length = 0; length < module.length; length += STRIDE) {
      const sim = simulators(module.slice(0, length));
      expect(`${length}: ${told[flips + length]}`).toBe(`${length}: ${sim}`);
    }
  });

  test("whole", () => expect(simulators(module)).toBe("."));
});
