/**
 * Tests what the emulated chip does differently from rp2040js: flags, faults, sleep, UART, flash, watchdog, boot ROM.
 * The programs are a few instructions each, written as halfwords.
 */
import { describe, expect, test } from "vitest";
import { PowerLoss } from "../../../host-sim/sim/host-loop.ts";
import { type AluState, executeAlu } from "../../../host-sim/targets/rp2040/alu.ts";
import { checksumOfBoot } from "../../../host-sim/targets/rp2040/boot-checksum.ts";
import { Chip } from "../../../host-sim/targets/rp2040/chip.ts";
import { NorFlash } from "../../../host-sim/targets/rp2040/nor-flash.ts";

const FLASH_BYTES = 2 * 1024 * 1024;
const HUNG = 100_000;

function flags(text: string): AluState {
  const has = (flag: string) => text.includes(flag);
  return { registers: new Uint32Array(16), N: has("N"), Z: has("Z"), C: has("C"), V: has("V") };
}

const shown = ({ N, Z, C, V }: AluState) =>
  [N && "N", Z && "Z", C && "C", V && "V"].filter(Boolean).join("");

describe("flags", () => {
  // Opcodes on r0, r1: 0x4080 LSLS, 0x40c0 LSRS, 0x4100 ASRS, 0x4140 ADCS, 0x4180 SBCS, 0x41c0 RORS.
  test.each([
    ["ADCS with signed overflow", 0x4148, 0x7fff_ffff, 0, "C", 0x8000_0000, "NV"],
    ["ADCS whose carry out comes from its carry in", 0x4148, 0xffff_ffff, 0, "C", 0, "ZC"],
    ["ADCS of all ones and all ones", 0x4148, 0xffff_ffff, 0xffff_ffff, "C", 0xffff_ffff, "NC"],
    ["SBCS without a borrow", 0x4188, 5, 3, "C", 2, "C"],
    ["SBCS with signed overflow", 0x4188, 0x8000_0000, 0, "", 0x7fff_ffff, "CV"],
    ["SBCS of 0 with only a borrow", 0x4188, 0, 0xffff_ffff, "", 0, "Z"],
    ["LSLS by 0 keeps the carry", 0x4088, 1, 0, "C", 1, "C"],
    ["LSLS by 32", 0x4088, 1, 32, "", 0, "ZC"],
    ["LSLS by 33", 0x4088, 1, 33, "C", 0, "Z"],
    ["LSRS by 32", 0x40c8, 0x8000_0000, 32, "", 0, "ZC"],
    ["LSRS by 40", 0x40c8, 0xffff_ffff, 40, "C", 0, "Z"],
    ["ASRS by 40", 0x4108, 0x8000_0000, 40, "", 0xffff_ffff, "NC"],
    ["RORS by 32", 0x41c8, 0x8000_0001, 32, "", 0x8000_0001, "NC"],
    ["RORS by 0 keeps the carry", 0x41c8, 2, 0, "C", 2, "C"],
  ])("%s", (_, opcode, left, right, before, result, after) => {
    const state = flags(before);
    state.registers.set([left, right]);
    executeAlu(state, opcode);
    expect(state.registers[0]).toBe(result);
    expect(shown(state)).toBe(after);
  });
});

interface Ran {
  readonly chip: Chip;
  readonly nor: NorFlash;
  readonly sent: number[];
  readonly levels: Map<number, boolean>;
}

/** A chip that runs these halfwords as its second stage. */
function program(...code: readonly number[]): Ran {
  const nor = new NorFlash(FLASH_BYTES);
  const stage = Buffer.alloc(252);
  for (const [index, half] of code.entries()) stage.writeUInt16LE(half, 2 * index);
  nor.bytes.set(stage);
  new DataView(nor.bytes.buffer).setUint32(252, checksumOfBoot(stage), true);
  const sent: number[] = [];
  const levels = new Map<number, boolean>();
  const chip = new Chip(
    nor,
    {
      sent: (_, byte) => sent.push(byte),
      driven: (pin, high) => levels.set(pin, high),
      randomBit: () => 1,
      temperatureReading: () => 0,
    },
    HUNG,
  );
  chip.boot();
  return { chip, nor, sent, levels };
}

const SLEEP = 0xbf30;
const AGAIN = 0xe7fd;
/** ldr r0, [pc, #4]; ldr r1, [r0]; wfi; b .-4; .word: loads from an address. */
const load = (address: number) => [0x4801, 0x6801, SLEEP, AGAIN, address & 0xffff, address >>> 16];
/** The same with a store. */
const store = (address: number) => [0x4801, 0x6001, SLEEP, AGAIN, address & 0xffff, address >>> 16];

describe("faults", () => {
  test.each([
    ["a misaligned load", load(0x2000_0001), "misaligned"],
    ["a misaligned store", store(0x2000_0002), "misaligned"],
    ["a load from an unmapped address", load(0x3000_0000), "unmapped"],
    ["a load below SRAM", load(0x1fff_fffc), "unmapped"],
    ["a store to flash", store(0x1000_0100), "store to flash"],
    ["a store to the boot ROM", store(0x0000_0010), "store to ROM"],
    ["a read of flash before it is set up", load(0x1000_0000), "flash is busy"],
  ])("reports %s", (_, code, what) => {
    const { chip } = program(...code);
    chip.run();
    expect(chip.faults[0]?.what).toBe(what);
  });

  test("does not report a load from RAM", () => {
    const { chip } = program(...load(0x2000_0000));
    expect(chip.run()).toBe("asleep");
    expect(chip.faults).toEqual([]);
  });
});

test("does not run a second stage with a wrong checksum", () => {
  const { nor, chip } = program(SLEEP);
  nor.bytes[0] = 1;
  chip.boot();
  expect(chip.run()).toBe("usb drive");
});

test("treats a program that never sleeps as hung, and lets time continue", () => {
  const { chip } = program(0xe7fe);
  expect(chip.run()).toBe("hung");
  const before = chip.instructions;
  expect(chip.run()).toBe("hung");
  expect(chip.instructions - before).toBeLessThan(HUNG);
});

describe("flash", () => {
  const command = (nor: NorFlash, ...bytes: readonly number[]) => {
    nor.select(true);
    const answer = bytes.map((byte) => nor.exchange(byte));
    nor.select(false);
    return answer.at(-1) ?? 0;
  };
  const ready = (nor: NorFlash) => {
    while ((command(nor, 0x05, 0) & 1) !== 0);
  };

  test("programs only after write-enable, only clears bits, wraps in its page", () => {
    const nor = new NorFlash(FLASH_BYTES);
    command(nor, 0x02, 0, 0, 0, 0x12);
    expect(nor.bytes[0]).toBe(0xff);
    command(nor, 0x06);
    command(nor, 0x02, 0, 0, 0xff, 0x0f, 0xf0);
    expect(nor.busy).toBe(true);
    expect([nor.bytes[0xff], nor.bytes[0], nor.bytes[0x100]]).toEqual([0x0f, 0xf0, 0xff]);
    // While busy, commands have no effect.
    command(nor, 0x06);
    command(nor, 0x20, 0, 0, 0);
    expect(nor.bytes[0]).toBe(0xf0);
    ready(nor);
    command(nor, 0x06);
    command(nor, 0x02, 0, 0, 0, 0x8f);
    ready(nor);
    expect(nor.bytes[0]).toBe(0x80);
    command(nor, 0x06);
    command(nor, 0x20, 0, 0, 0);
    expect(nor.bytes.subarray(0, 4096).every((byte) => byte === 0xff)).toBe(true);
  });

  test("keeps the bytes that were written before the supply failed", () => {
    const nor = new NorFlash(FLASH_BYTES);
    nor.bytesToPowerLoss = 1;
    command(nor, 0x06);
    expect(() => command(nor, 0x02, 0, 0, 0, 1, 2)).toThrow(PowerLoss);
    expect([nor.bytes[0], nor.bytes[1]]).toEqual([1, 0xff]);
  });

  test("writes nothing while it refuses commands", () => {
    const nor = new NorFlash(FLASH_BYTES);
    nor.refuses = true;
    command(nor, 0x06);
    expect(command(nor, 0x05, 0)).toBe(0);
    command(nor, 0x02, 0, 0, 0, 1);
    expect(nor.bytes[0]).toBe(0xff);
  });
});

test("a UART without a reader counts the bytes that do not fit its FIFO as overruns", () => {
  const { chip } = program(SLEEP);
  chip.uarts[0]?.force(new Uint8Array(40));
  expect(chip.uarts[0]?.overruns).toBe(8);
});
