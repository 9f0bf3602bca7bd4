/** Tests that a board that never answers is ended and reported, and that stale runs are removed. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { buildBoard, FIGURE_SOURCES } from "../../../host-sim/build/native-image.ts";
import { Doorbell, removeStaleRuns } from "../../../host-sim/targets/native/doorbell.ts";
import { ANSWER, IN, IN_BYTES, STIMULI_AT } from "../../../host-sim/targets/native/page.ts";
import { notRun } from "./support.ts";

/** Limit of processor time for the board, in ms. */
const BOUND_MS = 500;
/** On a busy machine the board takes long to use that much processor time. */
const TIMEOUT_MS = 120_000;

/** Starts a board that runs contacts.c with an attempt. */
function doorbell(board: string, attempt: string): Doorbell {
  const instead = [
    join(packageRoot(), "tests", "targets", "native", "contacts.c"),
    ...FIGURE_SOURCES.slice(1),
  ];
  const prepare = (page: Doorbell) => {
    const head = Buffer.alloc(IN_BYTES);
    head.writeUInt32LE(1, IN.guestLen);
    head.write(attempt, STIMULI_AT);
    page.write(0, head);
  };
  return new Doorbell(buildBoard({ board, instead }), Uint8Array.of(0), prepare, BOUND_MS);
}

for (const board of ["posix", "qemu-riscv32"]) {
  describe.skipIf(notRun(board) !== null)(board, () => {
    test("lets a board run that answers", () => {
      const bell = doorbell(board, "-");
      expect(bell.answer()).toBe(ANSWER.DONE);
      bell.close();
    });

    test(
      "ends a board that spins",
      () => {
        const bell = doorbell(board, "s");
        expect(() => bell.answer()).toThrow(`board ${board} is stuck: no answer in 0.5 s`);
      },
      TIMEOUT_MS,
    );
  });
}

test("removes the files of a killed test process, and no others", () => {
  const runsFolder = mkdtempSync(join(tmpdir(), "stale-runs-"));
  const { pid } = spawnSync("true");
  const names = [`killswitch-${pid}-gone`, `killswitch-${process.pid}-runs`, "killswitch-other"];
  for (const name of names) {
    mkdirSync(join(runsFolder, name));
    // A process id that was reused: it is now this process, which must not be killed.
    writeFileSync(join(runsFolder, name, "board"), String(process.pid));
  }
  removeStaleRuns(runsFolder);
  expect(names.map((name) => existsSync(join(runsFolder, name)))).toEqual([false, true, true]);
  rmSync(runsFolder, { recursive: true });
});
