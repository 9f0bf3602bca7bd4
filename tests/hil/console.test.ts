/** What a board says on its line: trace, answers, frames, noise, and lines that a reset has torn. */
import { expect, test } from "vitest";
import { ConsoleReader } from "../../host-sim/hil/console.ts";
import {
  frameFromBoard,
  frameToBoard,
  parseFrameFromBoard,
  parseFrameToBoard,
} from "../../host-sim/hil/frames.ts";
import { JournalDump } from "../../host-sim/hil/journal.ts";
import { Prng } from "../../host-sim/prng.ts";

function read(...pieces: (string | Uint8Array)[]) {
  const said: string[] = [];
  const reader = new ConsoleReader({
    trace: (stamp, kind, detail) => said.push(`trace ${stamp} ${kind} ${detail}`),
    answer: (text) => said.push(`answer ${text}`),
    other: (text) => said.push(`other ${text}`),
  });
  for (const piece of pieces) reader.feed(Buffer.from(piece));
  return { said, reader };
}

test("lines of the trace, answers and all else, in whatever pieces they come", () => {
  const { said, reader } = read("@12 gate pha", "se=LIVE\r\n= done\r\nI (8) wifi: up\n");
  expect(said).toEqual(["trace 12 gate phase=LIVE", "answer done", "other I (8) wifi: up"]);
  expect(reader.garbled).toBe(0);
});

test.each([
  "@12 gate phase=LIV",
  "@12 gate phase=LIVEESP-ROM:esp32c3",
  "@12 radio power=o",
  "@1x boot reason=CUT",
  "@12 nothing known=1",
  "@",
])("%s is torn: counted, not told", (line) => {
  const { said, reader } = read(`${line}\n@13 boot reason=CUT\n`);
  expect(said).toEqual(["trace 13 boot reason=CUT"]);
  expect(reader.garbled).toBe(1);
});

test("a frame of Improv Serial between two lines is passed over, line ends in it and all", () => {
  const frame = Buffer.concat([
    Buffer.from("IMPROV"),
    Buffer.from([1, 4, 3, 0x0a, 0x40, 0x0a, 0x99]),
  ]);
  expect(read("@1 boot reason=CUT\n", frame, "\n= ok\n").said).toEqual([
    "trace 1 boot reason=CUT",
    "other ",
    "answer ok",
  ]);
});

test("noise neither throws nor passes for a line of the trace", () => {
  const prng = new Prng(7);
  const noise = new Uint8Array(200_000);
  prng.fill(noise);
  expect(read(noise).said.filter((line) => line.startsWith("trace"))).toEqual([]);
});

test("messages cross a text line whole or not at all", () => {
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

test("a journal that lost a piece on the way is none", () => {
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
