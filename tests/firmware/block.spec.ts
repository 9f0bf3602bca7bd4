// Stored blocks: reading back the newest good copy, and loss of supply at any byte of a write.

import { REGION_CONFIG } from "../../firmware/device/abi.gen";
import { BLOCK_PAYLOAD, blockRead, blockWrite } from "../../firmware/device/block";
import { storage_fill, storage_limit, storage_poke, storage_readable } from "./oracle";

const PAYLOAD = memory.data(32, 8);

function write(generation: u32, value: u32): u32 {
  memory.fill(PAYLOAD, value as u8, BLOCK_PAYLOAD);
  return blockWrite(REGION_CONFIG, generation, PAYLOAD);
}

/** The value of the stored block; 256 if there is no good one. */
function value(): u32 {
  memory.fill(PAYLOAD, 0xee, BLOCK_PAYLOAD);
  return blockRead(REGION_CONFIG, PAYLOAD) === 0 ? 256 : load<u8>(PAYLOAD + BLOCK_PAYLOAD - 1);
}

describe("blocks", () => {
  beforeEach(() => {
    storage_limit(u32.MAX_VALUE);
    storage_readable(true);
    storage_fill(REGION_CONFIG, 0xff);
  });

  it("finds no block in storage that is filled with any one byte", () => {
    for (let fill: u32 = 0; fill < 256; fill++) {
      storage_fill(REGION_CONFIG, fill);
      expect(value()).toBe(256);
    }
  });

  it("reads back the newest of several blocks", () => {
    let generation: u32 = 0;
    for (let round: u32 = 1; round <= 9; round++) {
      generation = write(generation, round);
      expect(generation).toBe(round);
      expect(value()).toBe(round);
    }
  });

  it("keeps the previous block when the supply fails at any byte of a write", () => {
    for (let cut: u32 = 0; cut < 32; cut++) {
      storage_limit(u32.MAX_VALUE);
      storage_fill(REGION_CONFIG, 0xff);
      const generation = write(write(0, 1), 2);
      storage_limit(cut);
      expect(write(generation, 3)).toBe(0);
      expect(value()).toBe(2);
    }
  });

  it("falls back to the older copy when any byte of the newer one is damaged", () => {
    for (let at: u32 = 0; at < 32; at++) {
      storage_fill(REGION_CONFIG, 0xff);
      write(write(0, 1), 2);
      storage_poke(REGION_CONFIG, at, 0x5a);
      expect(value()).toBe(1);
    }
  });

  it("continues the generations of a block that could not be read at the boot", () => {
    for (let rounds: u32 = 1; rounds < 6; rounds++) {
      storage_fill(REGION_CONFIG, 0xff);
      let generation: u32 = 0;
      for (let round: u32 = 1; round <= rounds; round++) generation = write(generation, round);
      storage_readable(false);
      expect(value()).toBe(256);
      expect(write(0, 77)).toBe(0);
      storage_readable(true);
      expect(value()).toBe(rounds);
      expect(write(0, 88)).toBe(rounds + 1);
      expect(value()).toBe(88);
    }
  });

  it("wraps past the last generation and writes to the other copy", () => {
    const last = write(u32.MAX_VALUE - 1, 1);
    expect(last).toBe(u32.MAX_VALUE);
    const next = write(last, 2);
    expect(next).toBe(2);
    expect(value()).toBe(2);
  });
});
