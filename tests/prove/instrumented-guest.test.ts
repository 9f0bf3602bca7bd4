/** The recorder in place of a board: poison, tags, writes and misuse. */
import { expect, test } from "vitest";
import { REGION, STATUS } from "../../host-sim/abi/abi.gen.ts";
import { STATE_BYTES } from "../../host-sim/abi/state.gen.ts";
import { InstrumentedGuest, Misuse } from "../../host-sim/prove/device/instrumented-guest.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";

/** Calls imports as the guest does. */
class Probe extends InstrumentedGuest {
  call(name: string, ...args: number[]): unknown {
    return (this.imports()[name] as (...args: number[]) => unknown)(...args);
  }
}

const device = readModule(firmwarePath("device"));
const PAGE = 65_536;
/** An address beyond the guest's state and constants, below the end of the poison. */
const SCRATCH = 0x300;

test("overwrites memory outside the state and the constants before each event, with changing bytes", () => {
  const guest = new Probe(device);
  const state = new Uint8Array(STATE_BYTES).fill(3);
  guest.startFrom(state);
  const seen = new Set<number>();
  for (let round = 0; round < 4; round++) {
    guest.memory.fill(7, 0, PAGE / 16);
    guest.begin();
    seen.add(guest.memory[SCRATCH] ?? -1);
    const { statePtr } = guest;
    expect(guest.memory.slice(statePtr, statePtr + STATE_BYTES)).toEqual(state);
    expect(guest.constantsUnchanged()).toBe(true);
  }
  expect(seen.size).toBe(4);
});

test("finds memory that the guest used beyond the poison, once", () => {
  const guest = new Probe(device);
  guest.memory[PAGE - 1] = 1;
  expect(guest.extendPoison()).toBe(true);
  expect(guest.extendPoison()).toBe(false);
});

test("accepts a tag only for the signed bytes, the principal and the tag", () => {
  const guest = new Probe(device);
  const structure = Uint8Array.from({ length: 61 }, (_, index) => index);
  const tag = Uint8Array.from({ length: 32 }, (_, index) => 0x80 + index);
  const [at, tagAt] = [0x4000, 0x5000];
  guest.memory.set(structure, at);
  guest.memory.set(tag, tagAt);
  guest.setSigned({ principal: 1, structure, tag });
  const verify = (principal: number, length: number) =>
    guest.call("mac_verify", principal, at, length, tagAt);
  expect(verify(1, structure.length)).toBe(STATUS.OK);
  expect(verify(0, structure.length)).toBe(STATUS.BAD_TAG);
  expect(verify(1, structure.length - 1)).toBe(STATUS.BAD_TAG);
  for (const address of [at, at + structure.length - 1, tagAt, tagAt + 31]) {
    guest.memory[address] = (guest.memory[address] ?? 0) ^ 1;
    expect(verify(1, structure.length)).toBe(STATUS.BAD_TAG);
    guest.memory[address] = (guest.memory[address] ?? 0) ^ 1;
  }
  guest.setSigned(null);
  expect(verify(1, structure.length)).toBe(STATUS.BAD_TAG);
});

test("records writes byte for byte, and fails the attempts that it is told to", () => {
  const guest = new Probe(device);
  guest.failWrites = 0b10;
  for (const [attempt, length] of [7, 8, 32, 52, 64].entries()) {
    const bytes = Uint8Array.from({ length }, (_, index) => 1 + attempt + index);
    guest.memory.set(bytes, 0x4000);
    const status = guest.call("storage_write", REGION.JOURNAL, 64 * attempt, 0x4000, length);
    expect(status).toBe(attempt === 1 ? STATUS.IO : STATUS.OK);
    if (attempt === 1) continue;
    const write = guest.write(guest.writes - 1);
    const padded = new Uint8Array(64);
    padded.set(bytes);
    expect(write).toMatchObject({ region: REGION.JOURNAL, offset: 64 * attempt, length });
    expect(write.bytes.slice(0, 64)).toEqual(padded);
  }
  expect(guest.attempts).toBe(5);
  expect(guest.writes).toBe(4);
});

test.each([
  ["mark", [1000]],
  ["gpio_write", [9, 0]],
  ["gpio_write", [0, 2]],
  ["net_send", [3, 0, 1]],
  ["net_send", [0, PAGE - 1, 2]],
  ["mac_verify", [3, 0, 1, 0]],
  ["mac_sign", [0, 1, PAGE - 1]],
  ["storage_write", [3, 0, 0, 1]],
  ["storage_write", [REGION.CONFIG, 64, 0, 1]],
  ["storage_read", [REGION.CONFIG, 64, 0, 1]],
  ["log", [PAGE, 1]],
] as [string, number[]][])("refuses %s(%j)", (name, args) => {
  expect(() => new Probe(device).call(name, ...args)).toThrow(Misuse);
});
