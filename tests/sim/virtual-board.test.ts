/** The virtual board: contacts, rail, button, storage and supply. */
import { expect, test } from "vitest";
import { INPUT_BUTTON, KEY, REGION } from "../../host-sim/abi/abi.gen.ts";
import { loadBoard } from "../../host-sim/base/board-data.ts";
import { VirtualClock } from "../../host-sim/base/clock.ts";
import { Prng } from "../../host-sim/base/prng.ts";
import { PowerLoss } from "../../host-sim/sim/host-loop.ts";
import { type Fault, type Position, VirtualBoard } from "../../host-sim/sim/virtual-board.ts";

const DATA = { ...loadBoard("esp32"), dischargeMs: 3, railUpMs: 2, bounceMs: 5 };
const ON = 1;
const KILL = 2;
const RAIL = 4;
/** The longest move of the switch in ms: two bounces (at most 3 of 2 edges each) and the travel. */
const FLICK_MS = 40;

function bench(options: { position?: Position; seed?: number; data?: Partial<typeof DATA> } = {}) {
  const clock = new VirtualClock();
  const stored: [number, number, Uint8Array][] = [];
  const edges: boolean[] = [];
  const board = new VirtualBoard({
    data: { ...DATA, ...options.data },
    clock,
    physics: new Prng(options.seed ?? 1),
    entropy: new Prng(2),
    secrets: [new Uint8Array(32).fill(1), null],
    position: options.position ?? "on",
    ports: {
      trace: () => {},
      radioPower: () => {},
      linkSend: () => {},
      stored: (...write) => stored.push(write),
      attested: () => {},
    },
    device: "bench",
  });
  /** The values of sense() in each of the next `ms` milliseconds. */
  const watch = (ms: number): number[] =>
    Array.from({ length: ms }, () => {
      board.update((pressed) => edges.push(pressed));
      const sense = board.sense();
      clock.set(clock.now() + 1);
      return sense;
    });
  return { board, clock, stored, edges, watch };
}

test("moves from one contact through neither to the other, never through both", () => {
  for (let seed = 0; seed < 200; seed++) {
    const { board, watch } = bench({ seed });
    board.flick("kill");
    const senses = watch(FLICK_MS);
    expect(senses[0]).toBe(0);
    expect(senses.at(-1)).toBe(KILL);
    expect(senses.every((sense) => sense !== (ON | KILL))).toBe(true);
    expect(senses.lastIndexOf(ON)).toBeLessThan(senses.indexOf(KILL));
    expect(board.deadline()).toBe(Number.POSITIVE_INFINITY);
  }
});

test("bounces for some seeds, but not on a board without bounce", () => {
  const closings = (seed: number, bounceMs: number) => {
    const { board, watch } = bench({ seed, data: { bounceMs } });
    board.flick("kill");
    const senses = watch(FLICK_MS);
    return senses.filter((sense, at) => sense === KILL && senses[at - 1] !== KILL).length;
  };
  const seeds = Array.from({ length: 50 }, (_, seed) => seed);
  expect(Math.max(...seeds.map((seed) => closings(seed, 5)))).toBeGreaterThan(1);
  expect(Math.max(...seeds.map((seed) => closings(seed, 0)))).toBe(1);
});

test("does nothing when the switch is moved to its current position", () => {
  const { board, watch } = bench();
  board.flick("on");
  expect(watch(3)).toEqual([ON, ON, ON]);
});

test.for([
  ["broken-wire", 0, 0],
  ["broken-no", 0, KILL],
  ["broken-nc", ON, 0],
  ["welded-no", ON, ON | KILL],
  ["welded-nc", ON | KILL, KILL],
] as [Fault, number, number][])("with %s reads %i at ON and %i at KILL", ([fault, on, kill]) => {
  const positions = [
    ["on", on, ON],
    ["kill", kill, KILL],
  ] as const;
  for (const [position, wanted, sound] of positions) {
    const { board } = bench({ position });
    board.setFault(fault, true);
    expect(board.sense()).toBe(wanted);
    board.setFault(fault, false);
    expect(board.sense()).toBe(sound);
  }
});

test("is due once, at the time a fault is set", () => {
  const { board, clock, watch } = bench();
  clock.set(70);
  board.setFault("broken-no", true);
  expect(board.deadline()).toBe(70);
  watch(1);
  expect(board.deadline()).toBe(Number.POSITIVE_INFINITY);
});

test("raises and lowers the rail with the radio's power after the board's delays", () => {
  const { board, watch } = bench();
  board.radioPower(true);
  expect(watch(4).map((sense) => sense & RAIL)).toEqual([0, 0, RAIL, RAIL]);
  board.radioPower(false);
  expect(watch(5).map((sense) => sense & RAIL)).toEqual([RAIL, RAIL, RAIL, 0, 0]);
});

test("lets the rail follow the switch on a board whose switch carries the supply", () => {
  const { board, watch } = bench({ position: "kill", data: { railFollows: "switch" } });
  board.radioPower(true);
  expect(watch(10).every((sense) => (sense & RAIL) === 0)).toBe(true);
  board.flick("on");
  watch(FLICK_MS);
  board.radioPower(false);
  expect(board.sense() & RAIL).toBe(RAIL);
  board.flick("kill");
  watch(FLICK_MS);
  expect(board.sense() & RAIL).toBe(0);
});

test("does not raise the rail if power goes off before it is up", () => {
  const { board, watch } = bench();
  board.radioPower(true);
  watch(1);
  board.radioPower(false);
  expect(watch(10).every((sense) => (sense & RAIL) === 0)).toBe(true);
});

test("keeps a stuck rail up until the fault is cleared", () => {
  const { board, watch } = bench();
  board.radioPower(true);
  watch(5);
  board.setFault("stuck-rail", true);
  board.radioPower(false);
  expect(watch(100).every((sense) => (sense & RAIL) !== 0)).toBe(true);
  board.setFault("stuck-rail", false);
  watch(5);
  expect(board.sense() & RAIL).toBe(0);
});

test("reports alternating button edges that end at the level that was set", () => {
  for (let seed = 0; seed < 100; seed++) {
    const { board, edges, watch } = bench({ seed });
    board.press(true);
    watch(20);
    board.press(true);
    watch(20);
    expect(board.inputs() & INPUT_BUTTON).toBe(INPUT_BUTTON);
    board.press(false);
    watch(20);
    expect(board.inputs() & INPUT_BUTTON).toBe(0);
    expect(edges.every((pressed, index) => pressed === (index % 2 === 0))).toBe(true);
    expect(edges.length % 2).toBe(0);
  }
});

test("puts the signed temperature into the high bits of the inputs", () => {
  const { board } = bench();
  board.temperature = -35;
  expect(board.inputs() >> 16).toBe(-35);
  board.temperature = 1234;
  expect(board.inputs() >> 16).toBe(1234);
});

test("stops a write when the supply fails, and writes again after power-on", () => {
  const { board, stored } = bench();
  board.bytesToPowerLoss = 5;
  expect(board.storageWrite(REGION.CONFIG, 0, Uint8Array.of(1, 2))).toBe(true);
  expect(() => board.storageWrite(REGION.CONFIG, 8, Uint8Array.of(3, 4, 5, 6))).toThrow(PowerLoss);
  board.supplyLost(false);
  const bytes = new Uint8Array(12);
  board.storageRead(REGION.CONFIG, 0, bytes);
  expect([...bytes]).toEqual([1, 2, 255, 255, 255, 255, 255, 255, 3, 4, 5, 255]);
  expect(stored.map(([region, at, { length }]) => [region, at, length])).toEqual([
    [REGION.CONFIG, 0, 2],
    [REGION.CONFIG, 8, 3],
  ]);
  expect(board.storageWrite(REGION.CONFIG, 8, new Uint8Array(40))).toBe(true);
});

test("clears the retained block on loss of supply, fills it with noise on a sag, and keeps the rest", () => {
  for (const sag of [false, true]) {
    const { board, stored } = bench();
    board.storageWrite(REGION.RETAINED, 0, new Uint8Array(64).fill(7));
    board.storageWrite(REGION.CONFIG, 0, new Uint8Array(64).fill(7));
    board.gpioWrite(0, 1);
    board.supplyLost(sag);
    const retained = new Set(board.storage[REGION.RETAINED]);
    expect(retained.size > 1).toBe(sag);
    expect(retained.has(7) && !sag).toBe(false);
    expect(new Set(board.storage[REGION.CONFIG])).toEqual(new Set([7]));
    expect([board.pins[0], board.radioOn]).toEqual([0, false]);
    expect(stored.length).toBe(1);
  }
});

test("fails every read and write while storage fails", () => {
  const { board, stored } = bench();
  board.setFault("storage-fails", true);
  const bytes = Uint8Array.of(9);
  expect(board.storageRead(REGION.CONFIG, 0, bytes)).toBe(false);
  expect(board.storageWrite(REGION.CONFIG, 0, bytes)).toBe(false);
  expect([bytes[0], board.storage[REGION.CONFIG]?.[0], stored.length]).toEqual([9, 255, 0]);
});

test("makes no tag for a principal without a secret", () => {
  const { board } = bench();
  const bytes = new Uint8Array(3);
  expect(board.mac(0, KEY.COMMAND, bytes)?.length).toBe(32);
  expect(board.mac(1, KEY.COMMAND, bytes)).toBeNull();
  expect(board.mac(1, KEY.REPLY, bytes)).toBeNull();
  expect(board.mac(7, KEY.COMMAND, bytes)).toBeNull();
});

test("makes other tags for what a principal commands than for what it is told", () => {
  const { board } = bench();
  const bytes = new Uint8Array(3);
  expect(board.mac(0, KEY.REPLY, bytes)).not.toEqual(board.mac(0, KEY.COMMAND, bytes));
});
