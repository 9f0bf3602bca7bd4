/**
 * Injects faults: bits flipped in the guest's memory, jumps of time, and a supply that fails at every
 * byte of every write. docs/PROOFS.md, "Faults", says what must hold.
 */
import {
  BOOT,
  EVENT,
  JOURNAL_SLOT_BYTES,
  PHASE,
  REGION,
  RING,
  RING_SLOTS,
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
import { OFFSET } from "./abstraction.ts";
import { InstrumentedGuest } from "./instrumented-guest.ts";
import { MODEL_KEYS } from "./messages.ts";
import { EPOCH_WORDS } from "./model-values.ts";
import { chainLength, HASH_BYTES, newestBlock, putRecord } from "./storage-format.ts";
import { violationFromError } from "./violation.ts";

export interface FaultReport {
  /** Bits flipped in the memory of a guest on a simulated board. */
  memoryFlips: number;
  /** Losses of supply, one at each byte of each write, each followed by a boot. */
  powerCuts: number;
  /** Jumps of time. */
  timeJumps: number;
  /** The first rule that broke, or null. */
  failure: string | null;
}

export interface FaultOptions {
  flips: number;
  seed: number;
  board: BoardData;
}

const PAGE = 65_536;
/** Time for the boot before a flip, and time for the flip to have an effect. */
const SETTLE_MS = 400;
const EFFECT_MS = 600;

/**
 * Flips a bit in the page of a guest on a simulated board, one a run. At KILL the radio must stay off and
 * nothing may be sent. At ON the radio must not come on before GATE_SPEC.armMs.
 */
function flipMemory(
  gate: Uint8Array<ArrayBuffer>,
  device: Uint8Array<ArrayBuffer>,
  options: FaultOptions,
  report: FaultReport,
): void {
  const prng = new Prng(options.seed);
  const guest = loadGuest(device);
  const state = new InstrumentedGuest(device).statePtr;
  for (let run = 0; run < options.flips && report.failure === null; run++) {
    let onAt = Number.POSITIVE_INFINITY;
    const link = new VirtualBroker(() => {});
    const simulator = new Simulator({
      board: options.board,
      firmware: { gate: makeGate(gate), guest },
      link,
      seed: run,
      secrets: MODEL_KEYS,
      position: "kill",
      trace: (now, kind, detail) => {
        const early = now < onAt + GATE_SPEC.armMs;
        if (early && (kind === "tx" || (kind === "radio" && detail === "power=on")))
          report.failure ??= `bit flip ${run}: "${kind} ${detail}" at ${now} ms, with the switch moved to ON at ${onAt} ms`;
      },
    });
    simulator.advance(SETTLE_MS);
    const { loop } = simulator;
    if (!(loop instanceof Runtime) || loop.guest === null)
      throw new Error("the simulator runs no guest");
    // Every second flip hits the state region: the rest of the page is mostly unused.
    const byte = run % 2 === 0 ? state + prng.below(STATE_BYTES) : prng.below(PAGE);
    const memory = new Uint8Array(loop.guest.memory.buffer);
    memory[byte] = (memory[byte] ?? 0) ^ (1 << prng.below(8));
    simulator.board.press(true);
    simulator.advance(SETTLE_MS + EFFECT_MS);
    onAt = simulator.now;
    simulator.board.flick("on");
    simulator.advance(onAt + EFFECT_MS);
    report.memoryFlips++;
  }
}

/** A guest that runs on from event to event, and keeps its storage. */
class RunningGuest {
  readonly guest: InstrumentedGuest;
  readonly state = new Uint8Array(STATE_BYTES);
  now = 1000;

  constructor(device: Uint8Array<ArrayBuffer>) {
    this.guest = new InstrumentedGuest(device);
  }

  boot(reason: number): void {
    this.guest.startFrom(this.state.fill(0x5a));
    this.guest.begin();
    this.guest.exports.init(reason);
    this.keep();
  }

  keep(): void {
    this.guest.applyWrites();
    const { memory, statePtr } = this.guest;
    this.state.set(memory.subarray(statePtr, statePtr + STATE_BYTES));
  }

  event(kind: number, b: number, ms = 0): void {
    this.now += ms;
    this.guest.startFrom(this.state);
    this.guest.begin();
    if (kind === EVENT.GATE && b === PHASE.LIVE)
      this.guest.exports.on_event(EVENT.EPOCH, EPOCH_WORDS[0], EPOCH_WORDS[1]);
    this.guest.exports.on_event(kind, this.now | 0, b);
    this.keep();
  }

  word(offset: number): number {
    return new DataView(this.state.buffer).getUint32(offset, true);
  }
}

/** Events that write: kind, argument, time before it in ms. */
const WRITERS: readonly (readonly [number, number, number])[] = [
  [EVENT.TICK, 0, 1],
  [EVENT.BUTTON, 1, 100],
  [EVENT.GATE, PHASE.FAULT_RAIL, 1],
  [EVENT.GATE, PHASE.KILLED, 1],
  [EVENT.GATE, PHASE.LIVE, 1],
  [EVENT.BUTTON, 1, 100],
];
/** Heads of the local ring: its first records, and where its ring begins again. */
const HEADS = [0, 1, RING_SLOTS - 2, RING_SLOTS, 2 * RING_SLOTS + 1] as const;

/** For each of HEADS, cuts the supply at every byte of every write of WRITERS, and boots. */
function cutPower(device: Uint8Array<ArrayBuffer>, report: FaultReport): void {
  for (const head of HEADS) {
    const running = new RunningGuest(device);
    const { regions } = running.guest;
    const journal = regions[REGION.JOURNAL] ?? new Uint8Array(0);
    regions[REGION.RETAINED]?.fill(0);
    let hash: Uint8Array = new Uint8Array(HASH_BYTES);
    for (let seq = 0; seq < head; seq++)
      hash = Uint8Array.from(putRecord(journal, RING.LOCAL, seq, hash));
    running.boot(BOOT.POWER_ON);
    for (const [kind, b, ms] of WRITERS) {
      const before = regions.map((region) => region.slice());
      const were = running.word(OFFSET.JOURNAL_NEXT);
      running.event(kind, b, ms);
      const log = Array.from({ length: running.guest.writes }, (_, index) => {
        const { region, offset, length, bytes } = running.guest.write(index);
        return { region, offset, bytes: bytes.slice(0, length) };
      });
      const after = regions.map((region) => region.slice());
      const kept = { state: running.state.slice(), now: running.now };
      for (let write = 0; write < log.length && report.failure === null; write++)
        for (let length = 0; length <= (log[write]?.bytes.length ?? 0); length++)
          cutAt(running, before, log, write, length, were, report);
      for (const [region, bytes] of after.entries()) regions[region]?.set(bytes);
      running.state.set(kept.state);
      running.now = kept.now;
    }
  }
}

type Log = readonly { region: number; offset: number; bytes: Uint8Array }[];

function cutAt(
  running: RunningGuest,
  before: readonly Uint8Array[],
  log: Log,
  write: number,
  length: number,
  were: number,
  report: FaultReport,
): void {
  const { regions } = running.guest;
  for (const reason of [BOOT.RESET, BOOT.POWER_ON]) {
    for (const [region, bytes] of before.entries()) regions[region]?.set(bytes);
    let whole = 0;
    for (const [index, { region, offset, bytes }] of log.entries()) {
      if (index > write) break;
      const kept = index === write ? length : bytes.length;
      regions[region]?.set(bytes.subarray(0, kept), offset);
      if (region === REGION.JOURNAL && kept === bytes.length) whole++;
      // The last bytes of a slot are unused: the record is whole without them.
      else if (region === REGION.JOURNAL && kept >= RECORD_BYTES) whole++;
    }
    const retained = newestBlock(regions[REGION.RETAINED] ?? new Uint8Array(0));
    if (reason === BOOT.POWER_ON) regions[REGION.RETAINED]?.fill(0);
    running.boot(reason);
    running.event(EVENT.TICK, 0, 1);
    report.powerCuts++;
    const where = `cut at byte ${length} of write ${write + 1}, boot ${reason}, ${were} records`;
    const next = running.word(OFFSET.JOURNAL_NEXT);
    const due = were + whole + 1;
    const journal = regions[REGION.JOURNAL] ?? new Uint8Array(0);
    if (next !== due)
      report.failure ??= `I9: ${where}: the journal has ${next} records, expected ${due}`;
    if (chainLength(journal, RING.LOCAL, next) < Math.min(next, RING_SLOTS - 1))
      report.failure ??= `I9: ${where}: the journal's chain is broken`;
    const level = retained === null ? 0 : (retained.payload[0] ?? 0) & 1;
    const relay = running.state[OFFSET.RELAY];
    if (reason === BOOT.RESET && relay !== level)
      report.failure ??= `I8: ${where}: the relay is ${relay}, but ${level} was saved`;
  }
}
const RECORD_BYTES = 52;
if (RECORD_BYTES > JOURNAL_SLOT_BYTES) throw new Error("RECORD_BYTES is more than a slot has");

/** Jumps of a board's clock, in ms. */
const JUMPS = [
  -1, -1000, -0x8000_0000, 0x7fff_ffff, 0x8000_0000, 5001, 86_400_000, 0xffff_ffff,
] as const;
/** The most that a jump may shorten a hold, in ms. */
const JUMP_MOST_MS = 5000;

/** Lets time jump during a hold. No jump may end the hold, change the relay, or trap the guest. */
function jumpTime(device: Uint8Array<ArrayBuffer>, report: FaultReport): void {
  for (const jump of JUMPS) {
    const running = new RunningGuest(device);
    running.guest.regions[REGION.RETAINED]?.fill(0);
    running.boot(BOOT.POWER_ON);
    running.event(EVENT.TICK, 0, 1);
    running.event(EVENT.BUTTON, 1, 100);
    const hold = running.word(OFFSET.HOLD_MS);
    const relay = running.state[OFFSET.RELAY];
    running.event(EVENT.TICK, 0, jump);
    running.event(EVENT.TICK, 0, jump);
    report.timeJumps += 2;
    const left = running.word(OFFSET.HOLD_MS);
    if (left > hold || left < hold - 2 * JUMP_MOST_MS || left === 0)
      report.failure ??= `I5: two jumps of ${jump} ms shorten a hold from ${hold} to ${left} ms`;
    if (running.state[OFFSET.RELAY] !== relay)
      report.failure ??= `a jump of ${jump} ms changes the relay`;
  }
}

/** Injects every kind of fault. Stops at the first rule that breaks. */
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
    report.failure ??= violationFromError(error);
  }
  return report;
}
