/** Tests the reader of a board's console: trace lines, answers, frames, noise and torn lines. */
import { expect, test } from "vitest";
import { Prng } from "../../../host-sim/base/prng.ts";
import { ConsoleReader } from "../../../host-sim/targets/hil/console.ts";
import {
  frameFromBoard,
  frameToBoard,
  parseFrameFromBoard,
  parseFrameToBoard,
} from "../../../host-sim/targets/hil/frames.ts";
import { JournalDump } from "../../../host-sim/targets/hil/journal.ts";

function read(...pieces: (string | Uint8Array)[]) {
  const lines: string[] = [];
  const reader = new ConsoleReader({
    trace: (stamp, kind, detail) => lines.push(`trace ${stamp} ${kind} ${detail}`),
    answer: (text) => lines.push(`answer ${text}`),
    other: (text) => lines.push(`other ${text}`),
  });
  for (const piece of pieces) reader.feed(Buffer.from(piece));
  return { lines, reader };
}

test("distinguishes trace lines, answers and other lines, however the bytes are split", () => {
  const { lines, reader } = read("@12 gate pha", "se=LIVE\r\n= done\r\nI (8) wifi: up\n");
  expect(lines).toEqual(["trace 12 gate phase=LIVE", "answer done", "other I (8) wifi: up"]);
  expect(reader.tornLines).toBe(0);
});

test.each([
  "@12 gate phase=LIV",
  "@12 gate phase=LIVEESP-ROM:esp32c3",
  "@12 radio power=o",
  "@1x boot reason=CUT",
  "@12 nothing known=1",
  "@",
])("counts the torn line %s and does not report it", (line) => {
  const { lines, reader } = read(`${line}\n@13 boot reason=CUT\n`);
  expect(lines).toEqual(["trace 13 boot reason=CUT"]);
  expect(reader.tornLines).toBe(1);
});

test("skips an Improv Serial frame between two lines, even if it contains newlines", () => {
  const frame = Buffer.concat([
    Buffer.from("IMPROV"),
    Buffer.from([1, 4, 3, 0x0a, 0x40, 0x0a, 0x99]),
  ]);
  expect(read("@1 boot reason=CUT\n", frame, "\n= ok\n").lines).toEqual([
    "trace 1 boot reason=CUT",
    "other ",
    "answer ok",
  ]);
});

test("reads noise without an error and finds no trace line in it", () => {
  const prng = new Prng(7);
  const noise = new Uint8Array(200_000);
  prng.fill(noise);
  expect(read(noise).lines.filter((line) => line.startsWith("trace"))).toEqual([]);
});

test("parses a message frame only if it is complete and undamaged", () => {
  const bytes = Uint8Array.of(1, 2, 0, 255);
  expect(parseFrameToBoard(frameToBoard(bytes).trim())).toEqual(Buffer.from(bytes));
  expect(parseFrameToBoard(frameToBoard(new Uint8Array()).trim())).toEqual(Buffer.alloc(0));
  expect(parseFrameFromBoard(frameFromBoard(2, bytes).trim())).toEqual({
    channel: 2,
    bytes: Buffer.from(bytes),
  });
  const whole = frameToBoard(bytes).trim();
  for (let length = 0; length < whole.length; length++)
    expect(parseFrameToBoard(whole.slice(0, length))).toBeNull();
  expect(parseFrameToBoard(whole.replace("0102", "0103"))).toBeNull();
  expect(parseFrameFromBoard(frameFromBoard(2, bytes).trim().replace("< 2", "< 7"))).toBeNull();
});

test("refuses a journal with a missing piece", () => {
  const dump = new JournalDump();
  expect(dump.take("journal len=4")).toBeNull();
  expect(dump.take("journal at=0 0102")).toBeNull();
  expect(() => dump.take("journal crc=b63cfbcd")).toThrow("2 of 4 bytes");
  expect(dump.take("journal len=4")).toBeNull();
  dump.take("journal at=0 0102");
  dump.take("journal at=2 0304");
  expect(dump.take("journal crc=b63cfbcd")).toEqual(Buffer.of(1, 2, 3, 4));
  expect(() => dump.take("error the journal cannot be read at 64")).toThrow("cannot be read");
});
