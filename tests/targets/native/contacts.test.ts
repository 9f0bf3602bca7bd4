/**
 * Tests that software on a native board cannot write its contacts, its guest's image or its flash.
 */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { buildBoard, FIGURE_SOURCES } from "../../../host-sim/build/native-image.ts";
import { Doorbell } from "../../../host-sim/targets/native/doorbell.ts";
import { ANSWER, IN, IN_BYTES, STIMULI_AT } from "../../../host-sim/targets/native/page.ts";
import { notRun } from "./support.ts";

/** Attempts of contacts.c, by the first byte of the stimuli. */
const ATTEMPTS: [string, string][] = [
  ["writes the contacts", "c"],
  ["writes the guest's image", "g"],
  ["writes the flash", "f"],
  ["runs code in RAM", "x"],
];

/** Runs contacts.c with an attempt. Returns the board's answer. Throws if the board ends. */
function run(board: string, attempt: string): number {
  const instead = [
    join(packageRoot(), "tests", "targets", "native", "contacts.c"),
    ...FIGURE_SOURCES.slice(1),
  ];
  const image = buildBoard({ board, instead });
  const doorbell = new Doorbell(image, Uint8Array.of(0), (page) => {
    const head = Buffer.alloc(IN_BYTES);
    head.writeUInt32LE(1, IN.guestLen);
    head.write(attempt, STIMULI_AT);
    page.write(0, head);
  });
  try {
    return doorbell.answer();
  } finally {
    doorbell.close();
  }
}

for (const board of ["posix", "qemu-riscv32"]) {
  describe.skipIf(notRun(board) !== null)(board, () => {
    test("runs a program that does nothing forbidden", () => {
      expect(run(board, "-")).toBe(ANSWER.DONE);
    });

    test.each(ATTEMPTS)("ends a program that %s", (_, attempt) => {
      expect(() => run(board, attempt)).toThrow(`board ${board} ended`);
    });
  });
}
