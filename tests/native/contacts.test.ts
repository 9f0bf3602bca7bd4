/** No software on a native board can write its contacts, the guest's image or the flash. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildBoard, FIGURE_SOURCES } from "../../host-sim/native/build.ts";
import { Doorbell } from "../../host-sim/native/doorbell.ts";
import { ANSWER, IN, IN_BYTES, STIMULI_AT } from "../../host-sim/native/page.ts";
import { packageRoot } from "../../host-sim/paths.ts";
import { notRun } from "./support.ts";

/** What the software tries: contacts, guest, flash, execution of RAM; none of it. */
const ATTEMPTS: [string, string][] = [
  ["its contacts", "c"],
  ["the guest's image", "g"],
  ["its own flash", "f"],
  ["code in its RAM", "x"],
];

function attempt(board: string, what: string): number {
  const instead = [
    join(packageRoot(), "tests", "native", "contacts.c"),
    ...FIGURE_SOURCES.slice(1),
  ];
  const image = buildBoard({ board, instead });
  const doorbell = new Doorbell(image, Uint8Array.of(0), (page) => {
    const head = Buffer.alloc(IN_BYTES);
    head.writeUInt32LE(1, IN.guestLen);
    head.write(what, STIMULI_AT);
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
    test("software that tries nothing runs", () => {
      expect(attempt(board, "-")).toBe(ANSWER.DONE);
    });

    test.each(ATTEMPTS)("writing or running %s ends it", (_, what) => {
      expect(() => attempt(board, what)).toThrow(`board ${board} ended`);
    });
  });
}
