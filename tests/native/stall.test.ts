/** A board that never answers is ended and said to be stuck; what a killed harness leaves is cleared. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildBoard, FIGURE_SOURCES } from "../../host-sim/native/build.ts";
import { Doorbell, removeStaleRuns } from "../../host-sim/native/doorbell.ts";
import { ANSWER, IN, IN_BYTES, STIMULI_AT } from "../../host-sim/native/page.ts";
import { packageRoot } from "../../host-sim/paths.ts";
import { notRun } from "./support.ts";

/** Processor time that the board is given, in ms. */
const BOUND_MS = 500;
/** The wait is for processor time, of which a busy machine gives little. */
const TIMEOUT_MS = 120_000;

/** A board whose software does what `what` stands for in contacts.c. */
function doorbell(board: string, what: string): Doorbell {
  const instead = [
    join(packageRoot(), "tests", "native", "contacts.c"),
    ...FIGURE_SOURCES.slice(1),
  ];
  const prepare = (page: Doorbell) => {
    const head = Buffer.alloc(IN_BYTES);
    head.writeUInt32LE(1, IN.guestLen);
    head.write(what, STIMULI_AT);
    page.write(0, head);
  };
  return new Doorbell(buildBoard({ board, instead }), Uint8Array.of(0), prepare, BOUND_MS);
}

for (const board of ["posix", "qemu-riscv32"]) {
  describe.skipIf(notRun(board) !== null)(board, () => {
    test("that answers is left alone", () => {
      const bell = doorbell(board, "-");
      expect(bell.answer()).toBe(ANSWER.DONE);
      bell.close();
    });

    test(
      "that spins is ended",
      () => {
        const bell = doorbell(board, "s");
        expect(() => bell.answer()).toThrow(`board ${board} is stuck: no answer in 0.5 s`);
      },
      TIMEOUT_MS,
    );
  });
}

test("what a harness that is gone left behind is removed, and nothing else", () => {
  const room = mkdtempSync(join(tmpdir(), "removeStaleRuns-"));
  const { pid } = spawnSync("true");
  const names = [`killswitch-${pid}-gone`, `killswitch-${process.pid}-runs`, "killswitch-other"];
  for (const name of names) {
    mkdirSync(join(room, name));
    // A number that is another process's by now: this one's.
    writeFileSync(join(room, name, "board"), String(process.pid));
  }
  removeStaleRuns(room);
  expect(names.map((name) => existsSync(join(room, name)))).toEqual([false, true, true]);
  rmSync(room, { recursive: true });
});
