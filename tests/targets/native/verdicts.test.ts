/**
 * Compares the verdicts of the board and of the simulator on damaged modules. The board must refuse
 * all that V8 refuses. A module that only the board refuses uses a WebAssembly feature that it
 * lacks.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { firmwarePath, readModule } from "../../../host-sim/sim/firmware.ts";
import { loadGuest } from "../../../host-sim/sim/module.ts";
import { notRun } from "./support.ts";

/** A prime, so that all bit positions of a byte are covered. */
const STRIDE = 61;
/**
 * Largest share of modules that V8 accepts and the board refuses. Measured: 0.8 % of all bit flips.
 */
const V8_ONLY_MAX = 0.02;
const FLAGS = ["-std=c11", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

const folder = mkdtempSync(join(tmpdir(), "killswitch-verdicts-"));
afterAll(() => rmSync(folder, { recursive: true }));

/**
 * The board's verdicts: one letter for every STRIDE-th flipped bit, then one for every truncation.
 */
function boardVerdicts(module: string): string {
  const common = join(packageRoot(), "boards", "runtime");
  const sources = ["validate.c", "validate_code.c", "validate_read.c"].map((name) =>
    join(common, name),
  );
  const program = join(folder, "verdicts");
  const own = join(packageRoot(), "tests", "targets", "native", "verdicts.c");
  execFileSync("gcc", [...FLAGS, `-I${common}`, own, ...sources, "-o", program]);
  const { stdout, stderr, status } = spawnSync(program, [module, "0", String(STRIDE)], {
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
}

function simulatorVerdict(bytes: Uint8Array<ArrayBuffer>): string {
  const guest = loadGuest(bytes);
  return typeof guest === "string" ? (guest[0] ?? "") : ".";
}

describe.skipIf(notRun("posix") !== null)("board and simulator agree on device.wasm", () => {
  const path = firmwarePath("device");
  const module = new Uint8Array(readModule(path));
  // In beforeAll, because the body of a skipped describe still runs.
  let verdicts = "";
  beforeAll(() => {
    verdicts = boardVerdicts(path);
  });
  const flips = Math.ceil((8 * module.length) / STRIDE);

  test("with one bit flipped", () => {
    let acceptedByV8Only = 0;
    for (let index = 0; index < flips; index++) {
      const bit = index * STRIDE;
      const copy = module.slice();
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const sim = simulatorVerdict(copy);
      if (sim === "." && verdicts[index] === "f") acceptedByV8Only++;
      else expect(`bit ${bit}: ${verdicts[index]}`).toBe(`bit ${bit}: ${sim}`);
    }
    expect(acceptedByV8Only / flips).toBeLessThan(V8_ONLY_MAX);
  });

  test("truncated to each length", () => {
    for (let length = 0; length < module.length; length += STRIDE) {
      const sim = simulatorVerdict(module.slice(0, length));
      expect(`${length}: ${verdicts[flips + length]}`).toBe(`${length}: ${sim}`);
    }
  });

  test("undamaged", () => expect(simulatorVerdict(module)).toBe("."));
});
