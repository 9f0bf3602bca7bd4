/**
 * `flash`, `build` and the simulator ask the boards' own rules: what came after WebAssembly 1.0 is
 * refused by all of them, and every board has room for the firmware.
 */
import { describe, expect, test } from "vitest";
import { ABI_VERSION } from "../../host-sim/abi/abi.gen.ts";
import { boardNames } from "../../host-sim/base/board-data.ts";
import { guestFault } from "../../host-sim/flash/contents.ts";
import { roomOnBoard } from "../../host-sim/flash/room.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";
import { loadGuest } from "../../host-sim/sim/module.ts";
import { checkGuest, roomOf } from "../../host-sim/sim/profile.ts";

const device = new Uint8Array(readModule(firmwarePath("device")));

const u32 = (value: number) =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...(value >> 7 < 0x80 ? [value >> 7] : [])];
const section = (id: number, ...bytes: number[]) => [id, ...u32(bytes.length), ...bytes];
const name = (text: string) => [text.length, ...Buffer.from(text)];

interface Parts {
  /** After the memory section: tags. */
  tags?: number[];
  memory?: number[];
  table?: number[];
  /** The instructions of `init`. */
  init?: number[];
  exports?: [string, number, number][];
  data?: number[];
}

/** The least guest, with parts put in. Types: 0 nothing, 1 i32 result, 2 one i32, 3 three i32. */
function guest(parts: Parts): Uint8Array<ArrayBuffer> {
  const { memory = [1, 1, 1], init = [], exports = [] } = parts;
  const own: [string, number, number][] = [
    ...["abi_version", "rx_buffer", "state_ptr", "state_len", "init", "on_event"].map(
      (each, index): [string, number, number] => [each, 0, index],
    ),
    ["memory", 2, 0],
    ...exports,
  ];
  const values = [[0x41, ABI_VERSION], [0x41, 0x80, 0x08], [0x41, 0], [0x41, 8], init, []];
  const bodies = values.flatMap((code) => [...u32(code.length + 2), 0, ...code, 0x0b]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(
      1,
      4,
      ...[0x60, 0, 0],
      ...[0x60, 0, 1, 0x7f],
      ...[0x60, 1, 0x7f, 0],
      0x60,
      3,
      0x7f,
      0x7f,
      0x7f,
      0,
    ),
    ...section(3, 6, 1, 1, 1, 1, 2, 3),
    ...(parts.table ? section(4, 1, ...parts.table) : []),
    ...section(5, 1, ...memory),
    ...(parts.tags ? section(13, ...parts.tags) : []),
    ...section(7, ...u32(own.length), ...own.flatMap(([id, kind, at]) => [...name(id), kind, at])),
    ...section(10, 6, ...bodies),
    ...(parts.data ? section(11, 1, 0, ...parts.data) : []),
  ]);
}

test("the least guest is one", () => {
  expect(checkGuest(guest({}))).toBeTypeOf("number");
  expect(guestFault(guest({}))).toBeNull();
});

describe("refused by a board, and so by flash and the simulator", () => {
  test.each<[string, Parts, string]>([
    ["sign extension", { init: [0x41, 1, 0xc0, 0x1a] }, "format"],
    ["a tail call", { init: [0x41, 1, 0x12, 4] }, "format"],
    ["exceptions", { tags: [1, 0, 0], init: [0x08, 0] }, "format"],
    [
      "table.grow",
      { table: [0x70, 0, 1], init: [0xd0, 0x70, 0x41, 1, 0xfc, 15, 0, 0x1a] },
      "format",
    ],
    ["memory.fill", { init: [0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 11, 0] }, "format"],
    ["a shared memory", { memory: [3, 1, 1] }, "format"],
    ["floating point", { init: [0x43, 0, 0, 0, 0, 0x1a] }, "format"],
    [
      "blocks too deep",
      {
        init: Array.from({ length: 16 }, () => [0x02, 0x40])
          .flat()
          .concat(Array(16).fill(0x0b)),
      },
      "format",
    ],
    ["a table too large", { table: [0x70, 0, 65] }, "format"],
    ["a memory without a maximum", { memory: [0, 1] }, "memory"],
    ["data behind the memory", { data: [0x41, 0xff, 0xff, 0x03, 0x0b, 2, 1, 1] }, "segment"],
  ])("%s", (_, parts, reason) => {
    const bytes = guest(parts);
    expect(checkGuest(bytes)).toBe(reason);
    expect(loadGuest(bytes)).toBe(reason);
    expect(guestFault(bytes)).not.toBeNull();
  });

  test("more exports than the profile's, in no time", () => {
    const exports = Array.from({ length: 90 }, (_, index): [string, number, number] => [
      `e${index}`,
      0,
      0,
    ]);
    expect(checkGuest(guest({ exports }))).toBe("format");
    expect(checkGuest(guest({ exports: exports.slice(0, 57) }))).toBeTypeOf("number");
  });

  test("a guest that is larger than the board's room", () => {
    const needed = checkGuest(device);
    expect(needed).toBeTypeOf("number");
    expect(checkGuest(device, { memory: 65_536, words: Number(needed) })).toBe(needed);
    expect(checkGuest(device, { memory: 65_536, words: Number(needed) - 1 })).toBe("size");
    expect(checkGuest(device, { memory: 16, words: 16_384 })).toBe("segment");
  });
});

test.each(boardNames())("%s has room for the firmware", (board) => {
  for (const module of ["device", "fixture"] as const) {
    const bytes = new Uint8Array(readModule(firmwarePath(module)));
    expect(checkGuest(bytes, roomOnBoard(board))).toBeTypeOf("number");
  }
});

test("the room is what the heap holds beside memory, stack and the engine's own", () => {
  expect(roomOf(73_728, 16_384, 4096, 4)).toEqual({ memory: 16_384, words: 12_288 });
  expect(roomOf(262_144, 65_536, 4096, 8)).toEqual({ memory: 65_536, words: 16_384 });
});
