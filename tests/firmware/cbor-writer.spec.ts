// The CBOR writer: each rule at its limits.

import {
  readBegin,
  readBytes,
  readDone,
  readInt,
  readLength,
  readUint,
  writeArray,
  writeBegin,
  writeBool,
  writeBytes,
  writeEnd,
  writeInt,
  writeMap,
  writeTag,
  writeText,
  writeUint,
} from "../../firmware/device/cbor";
import { pattern, same } from "./bytes";

const IN = memory.data(512, 8);
const OUT = memory.data(512, 8);

/** Whether the bytes written so far are these. */
function wrote(bytes: u64, len: u32): bool {
  if (writeEnd() !== len) return false;
  for (let i: u32 = 0; i < len; i++) {
    if (load<u8>(OUT + i) !== <u8>(bytes >>> (8 * (len - 1 - i)))) return false;
  }
  return true;
}

describe("the writer", () => {
  it("writes integers in their shortest form", () => {
    for (let shift: u64 = 0; shift < 64; shift++) {
      for (let delta: i64 = -1; delta <= 1; delta++) {
        const number = <u64>(((<i64>1) << shift) + delta);
        writeBegin(OUT, 9);
        writeUint(number);
        const len = writeEnd();
        const least: u32 =
          number < 24 ? 1 : number < 256 ? 2 : number < 65536 ? 3 : number < 1 << 32 ? 5 : 9;
        readBegin(OUT, len);
        assert(len === least && readUint() === number && readDone(), `2^${shift} + ${delta}`);
        writeBegin(OUT, 9);
        writeInt(<i64>number);
        readBegin(OUT, writeEnd());
        assert(readInt() === <i64>number && readDone(), `int 2^${shift} + ${delta}`);
      }
    }
    writeBegin(OUT, 9);
    writeUint(0x17);
    writeUint(0x18);
    writeInt(-500);
    expect<bool>(wrote(0x17_1818_3901f3, 6)).toBe(true);
  });

  it("writes each type", () => {
    store<u32>(IN, 0x04030201);
    writeBegin(OUT, 8);
    writeArray(2);
    writeBytes(IN, 1);
    writeText(IN, 0);
    writeTag(17);
    writeMap(0);
    expect<bool>(wrote(0x82_4101_60_d1_a0, 6)).toBe(true);
    writeBegin(OUT, 8);
    writeBool(false);
    writeBool(true);
    expect<bool>(wrote(0xf4f5, 2)).toBe(true);
  });

  it("writes byte strings of every length up to 300", () => {
    for (let len: u32 = 0; len <= 300; len++) {
      pattern(IN, len + 1, len);
      memory.fill(OUT, 0xee, 400);
      writeBegin(OUT, 400);
      writeBytes(IN, len);
      const end = writeEnd();
      readBegin(OUT, end);
      const ptr = readBytes();
      assert(readLength() === len && readDone() && same(ptr, IN, len), `length ${len}`);
      assert(load<u8>(OUT + end) === 0xee, `length ${len}: past its end`);
    }
    expect<bool>(readDone()).toBe(true);
  });

  it("writes nothing past its capacity, and writeEnd() returns 0", () => {
    pattern(IN, 16, 0);
    for (let capacity: u32 = 0; capacity < 20; capacity++) {
      memory.fill(OUT, 0xee, 32);
      writeBegin(OUT, capacity);
      writeUint(1000);
      writeBytes(IN, 16);
      assert(writeEnd() === 0, `capacity ${capacity}`);
      for (let i = capacity; i < 32; i++) assert(load<u8>(OUT + i) === 0xee, `byte ${i}`);
      assert(load<u64>(0) === 0, "address 0");
      writeBool(true);
      assert(writeEnd() === 0, `capacity ${capacity}: after the failure`);
    }
    writeBegin(OUT, 20);
    writeUint(1000);
    writeBytes(IN, 16);
    expect<u32>(writeEnd()).toBe(20);
  });

  throws("traps on a string that overlaps with its buffer", () => {
    writeBegin(OUT, 100);
    writeBytes(OUT, 8);
  });
});
