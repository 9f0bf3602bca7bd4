/**
 * Faults put on a guest: bits flipped in its memory, time that jumps, supply that fails at every byte
 * of every write. What must hold then is less than without them, and docs/PROOFS.md says what. Must
 * not know how faults come about.
 */
import { createSecretKey } from "node:crypto";
import {
  BOOT,
  EVENT,
  JOURNAL_SLOT_BYTES,
  JOURNAL_SLOTS,
  PHASE,
  REGION,
} from "../../abi/abi.gen.ts";
import { STATE_BYTES } from "../../abi/state.gen.ts";
import type { BoardData } from "../../base/board-data.ts";
import { Prng } from "../../base/prng.ts";
import { makeGate } from "../../sim/firmware.ts";
import { loadGuest } from "../../sim/module.ts";
import { Runtime } from "../../sim/runtime.ts";
import { Simulator } from "../../sim/simulator.ts";
import { VirtualBroker } from "../../sim/virtual-broker.ts";
import { GATE_SPEC } from "../gate/paths.ts";
import { at, EPOCH_WORDS } from "./abstraction.ts";
import { told } from "./explorer.ts";
import { Machine } from "./instrumented-guest.ts";
import { MODEL_KEYS } from "./messages.ts";
import { chainLength, HASH_BYTES, newestBlock, putRecord } from "./storage-format.ts";

export interface FaultReport {
  /** Bits flipped in the memory of a guest in its board. */
  memoryFlips: number;
  /** Cuts, one at each byte of each write, and boots after them. */
  powerCuts: number;
  /** Jumps of time. */
  timeJumps: number;
  /** The first rule that broke; null if none. */
  failure: string | null;
}

export interface FaultOptions {
  flips: number;
  seed: number;
  board: BoardData;
}

const PAGE = 65_536;
/** A reset before flips leaves this much time for the boot, and the flip this much to do its worst. */
const SETTLE_MS = 400;
const WORST_MS = 600;

/**
 * Flips bits anywhere in the page of a guest that runs on a simulated board, one a run: at KILL the
 * radio stays off and nothing is sent; then at ON the radio comes on after ARM_MS, and not before.
 */
function flipMemory(
  gate: Uint8Array<ArrayBuffer>,
  device: Uint8Array<ArrayBuffer>,
  options: FaultOptions,
  report: FaultReport,
): void {
  const prng = new Prng(options.seed);
  const guest = loadGuest(device);
  const state = new Machine(device).statePtr;
  for (let run = 0; run < options.flips && report.failure === null; run++) {
    let onAt = Number.POSITIVE_INFINITY;
    const link = new VirtualBroker(() => {});
    const simulator = new Simulator({
      board: options.board,
      firmware: { gate: makeGate(gate), guest },
      link,
      seed: run,
      keys: MODEL_KEYS.map((key) => createSecretKey(key)),
      position: "kill",
      trace: (now, kind, detail) => {
        const early = now < onAt + GATE_SPEC.armMs;
        if (early && (kind === "tx" || (kind === "radio" && detail === "power=on")))
          report.failure ??= `bit flip ${run}: ${kind} ${detail} at ${now} ms, ON at ${onAt} ms`;
      },
    });
    simulator.advance(SETTLE_MS);
    const { loop } = simulator;
    if (!(loop instanceof Runtime) || loop.guest === null) throw new Error("a guest runs");
    // Every second flip hits the state region: the rest of the page is mostly unused.
    const byte = run % 2 === 0 ? state + prng.below(STATE_BYTES) : prng.below(PAGE);
    const memory = new Uint8Array(loop.guest.memory.buffer);
    memory[byte] = (memory[byte] ?? 0) ^ (1 << prng.below(8));
    simulator.board.press(true);
    simulator.advance(SETTLE_MS + WORST_MS);
    onAt = simulator.now;
    simulator.board.flick("on");
    simulator.advance(onAt + WORST_MS);
    report.memoryFlips++;
  }
}

/** A guest that runs on, event by event, with storage of its own. */
class Bench {
  readonly machine: Machine;
  readonly state = new Uint8Array(STATE_BYTES);
  now = 1000;

  constructor(device: Uint8Array<ArrayBuffer>) {
    this.machine = new Machine(device);
  }

  boot(reason: number): void {
    this.machine.settle(this.state.fill(0x5a));
    this.machine.poison();
    this.machine.clear();
    this.machine.guest.init(reason);
    this.keep();
  }

  keep(): void {
    this.machine.sync();
    const { memory, statePtr } = this.machine;
    this.state.set(memory.subarray(statePtr, statePtr + STATE_BYTES));
  }

  event(kind: number, b: number, ms = 0): void {
    this.now += ms;
    this.machine.settle(this.state);
    this.machine.poison();
    this.machine.clear();
    if (kind === EVENT.GATE && b === PHASE.LIVE)
      this.machine.guest.on_event(EVENT.EPOCH, EPOCH_WORDS[0], EPOCH_WORDS[1]);
    this.machine.guest.on_event(kind, this.now | 0, b);
    this.keep();
  }

  word(offset: number): number {
    return new DataView(this.state.buffer).getUint32(offset, true);
  }
}

/** Events that write: kind, argument, time before. */
const WRITERS: readonly (readonly [number, number, number])[] = [
  [EVENT.TICK, 0, 1],
  [EVENT.BUTTON, 1, 100],
  [EVENT.GATE, PHASE.FAULT_RAIL, 1],
  [EVENT.GATE, PHASE.KILLED, 1],
  [EVENT.GATE, PHASE.LIVE, 1],
  [EVENT.BUTTON, 1, 100],
];
/** Heads of the journal to cut at: its first records, and its ring's turn. */
const HEADS = [0, 1, JOURNAL_SLOTS - 2, JOURNAL_SLOTS, 2 * JOURNAL_SLOTS + 1] as const;

/** The supply fails at every byte of every write of WRITERS, from each of HEADS; then the board boots. */
function cutPower(device: Uint8Array<ArrayBuffer>, report: FaultReport): void {
  for (const head of HEADS) {
    const bench = new Bench(device);
    const { regions } = bench.machine;
    const journal = regions[REGION.JOURNAL] ?? new Uint8Array(0);
    regions[REGION.RETAINED]?.fill(0);
    let hash: Uint8Array = new Uint8Array(HASH_BYTES);
    for (let seq = 0; seq < head; seq++) hash = Uint8Array.from(putRecord(journal, seq, hash));
    bench.boot(BOOT.POWER_ON);
    for (const [kind, b, ms] of WRITERS) {
      const before = regions.map((region) => region.slice());
      const were = bench.word(at.JOURNAL_NEXT);
      bench.event(kind, b, ms);
      const log = Array.from({ length: bench.machine.writes }, (_, index) => {
        const { region, offset, length, bytes } = bench.machine.write(index);
        return { region, offset, bytes: bytes.slice(0, length) };
      });
      const after = regions.map((region) => region.slice());
      const kept = { state: bench.state.slice(), now: bench.now };
      for (let write = 0; write < log.length && report.failure === null; write++)
        for (let length = 0; length <= (log[write]?.bytes.length ?? 0); length++)
          cutAt(bench, before, log, write, length, were, report);
      for (const [region, bytes] of after.entries()) regions[region]?.set(bytes);
      bench.state.set(kept.state);
      bench.now = kept.now;
    }
  }
}

type Log = readonly { region: number; offset: number; bytes: Uint8Array }[];

function cutAt(
  bench: Bench,
  before: readonly Uint8Array[],
  log: Log,
  write: number,
  length: number,
  were: number,
  report: FaultReport,
): void {
  const { regions } = bench.machine;
  for (const reason of [BOOT.RESET, BOOT.POWER_ON]) {
    for (const [region, bytes] of before.entries()) regions[region]?.set(bytes);
    let whole = 0;
    for (const [index, { region, offset, bytes }] of log.entries()) {
      if (index > write) break;
      const kept = index === write ? length : bytes.length;
      regions[region]?.set(bytes.subarray(0, kept), offset);
      if (region === REGION.JOURNAL && kept === bytes.length) whole++;
      // The last bytes of a slot are unused: a record stands without them.
      else if (region === REGION.JOURNAL && kept >= RECORD_BYTES) whole++;
    }
    const retained = newestBlock(regions[REGION.RETAINED] ?? new Uint8Array(0));
    if (reason === BOOT.POWER_ON) regions[REGION.RETAINED]?.fill(0);
    bench.boot(reason);
    bench.event(EVENT.TICK, 0, 1);
    report.powerCuts++;
    const where = `cut at byte ${length} of write ${write + 1}, boot ${reason}, ${were} records`;
    const next = bench.word(at.JOURNAL_NEXT);
    const due = were + whole + 1;
    const journal = regions[REGION.JOURNAL] ?? new Uint8Array(0);
    if (next !== due) report.failure ??= `I9: ${where}: ${next} records, not ${due}`;
    if (chainLength(journal, next) < Math.min(next, JOURNAL_SLOTS - 1))
      report.failure ??= `I9: ${where}: the chain is broken`;
    const level = retained === null ? 0 : (retained.payload[0] ?? 0);
    const relay = bench.state[at.RELAY];
    if (reason === BOOT.RESET && relay !== level)
      report.failure ??= `I8: ${where}: the relay is ${relay}, saved was ${level}`;
  }
}
const RECORD_BYTES = 52;
if (RECORD_BYTES > JOURNAL_SLOT_BYTES) throw new Error("a record fits its slot");

/** Jumps of time, in ms, as the clock of a board might make them. */
const JUMPS = [
  -1, -1000, -0x8000_0000, 0x7fff_ffff, 0x8000_0000, 5001, 86_400_000, 0xffff_ffff,
] as const;
/** No jump may take more off a hold than this, in ms. */
const JUMP_MOST_MS = 5000;

/** Time jumps in the middle of a hold: it ends no hold, moves no relay, and traps nothing. */
function jumpTime(device: Uint8Array<ArrayBuffer>, report: FaultReport): void {
  for (const jump of JUMPS) {
    const bench = new Bench(device);
    bench.machine.regions[REGION.RETAINED]?.fill(0);
    bench.boot(BOOT.POWER_ON);
    bench.event(EVENT.TICK, 0, 1);
    bench.event(EVENT.BUTTON, 1, 100);
    const hold = bench.word(at.HOLD_MS);
    const relay = bench.state[at.RELAY];
    bench.event(EVENT.TICK, 0, jump);
    bench.event(EVENT.TICK, 0, jump);
    report.timeJumps += 2;
    const left = bench.word(at.HOLD_MS);
    if (left > hold || left < hold - 2 * JUMP_MOST_MS || left === 0)
      report.failure ??= `I5: two jumps of ${jump} ms take a hold from ${hold} to ${left} ms`;
    if (bench.state[at.RELAY] !== relay) report.failure ??= `a jump of ${jump} ms moves the relay`;
  }
}

/** Puts every kind of fault on a gate and its device. */
export function injectFaults(
  gate: Uint8Array<ArrayBuffer>,
  device: Uint8Array<ArrayBuffer>,
  options: FaultOptions,
): FaultReport {
  const report: FaultReport = { memoryFlips: 0, powerCuts: 0, timeJumps: 0, failure: null };
  try {
    jumpTime(device, report);
    cutPower(device, report);
    flipMemory(gate, device, options, report);
  } catch (error) {
    report.failure ??= told(error);
  }
  return report;
}
