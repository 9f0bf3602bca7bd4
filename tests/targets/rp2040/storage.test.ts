/**
 * Runs the controller's storage and randomness as C programs on this machine: a supply that fails at every point of
 * an update, and a million restarts without a repeated epoch.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { MAC_MEMORY, translateCore } from "../../../host-sim/build/translate.ts";
import { RETAINED_REGION, RETAINED_VERSION } from "../../../host-sim/targets/rp2040/chip.ts";
import { BOARD, runProgram } from "./support.ts";

const firmware = (name: string) => join("boards", BOARD.name, "firmware", name);
const runtime = (name: string) => join("boards", "runtime", name);
const TIMEOUT_MS = 240_000;

test(
  "a record is stored whole or not at all, wherever the supply fails",
  () => {
    const sources = [
      "tests/targets/rp2040/record_log.c",
      firmware("record_log.c"),
      runtime("crc32.c"),
    ];
    expect(runProgram(sources, [])).toMatch(/^ok points=\d{5} /);
  },
  TIMEOUT_MS,
);

test("the emulator knows the layout of the retained block", () => {
  const shared = join("boards", "esp32", "main");
  const sources = [
    "tests/targets/rp2040/retained_layout.c",
    join(shared, "retained_block.c"),
    runtime("crc32.c"),
  ];
  const flags = [`-I${join(packageRoot(), shared)}`];
  expect(runProgram(sources, flags)).toBe(`${RETAINED_VERSION} ${RETAINED_REGION}`);
});

/** Runs epochs.c. */
function epochs(source: string, restarts: number): string {
  const folder = mkdtempSync(join(tmpdir(), "killswitch-mac-"));
  try {
    const [, mac] = translateCore(folder);
    if (mac === undefined) throw new Error("the MAC was not translated");
    const flags = [...mac.flags, `-DKS_MAC_MEMORY=${MAC_MEMORY}`, `-I${folder}`, "-Wno-error"];
    const parts = ["mac.c", "wasm-rt.c"].map(runtime);
    const sources = ["tests/targets/rp2040/epochs.c", firmware("entropy.c"), ...parts];
    return runProgram(sources, [...flags, mac.source], source, String(restarts));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([
  ["good", 1_000_000, "made=857143 twice=0 fault=none"],
  ["same", 1_000_000, "made=857143 twice=0 fault=none"],
  ["dead", 1_000_000, "made=0 twice=0 fault=repetition"],
  ["stuck", 10_000, "made=0 twice=0 fault=repetition"],
  ["slow", 10_000, "made=0 twice=0 fault=repetition"],
])(
  "no epoch comes twice: source %s, %i restarts",
  (source, restarts, expected) => {
    expect(epochs(source, restarts)).toBe(expected);
  },
  TIMEOUT_MS,
);
