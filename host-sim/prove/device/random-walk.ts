/**
 * Tests the abstraction with random runs in which nothing is abstracted: real times, sequence numbers,
 * epochs, counters, storage, torn writes. After each event the abstract state of the run must be one that
 * the exploration found. The representative of the state before must do the same on the same event, and
 * come to the same abstract state.
 */
import {
  BOOT,
  BOOT_NAMES,
  EVENT,
  INPUT_TEMPERATURE_SHIFT,
  MARK,
  REGION,
} from "../../abi/abi.gen.ts";
import { STATE_BYTES } from "../../abi/state.gen.ts";
import { Prng } from "../../base/prng.ts";
import { journalHead, OFFSET, writeRepresentative } from "./abstraction.ts";
import { writeJournal } from "./boot-storage.ts";
import { eventList, fire, type ModelEvent } from "./events.ts";
import { InstrumentedGuest } from "./instrumented-guest.ts";
import { type Message, messageCatalogue, sealCommand } from "./messages.ts";
import { COUNTDOWNS } from "./model-values.ts";
import type { StateTable } from "./state-table.ts";
import { violationFromError } from "./violation.ts";

export interface WalkReport {
  steps: number;
  boots: number;
  /** Number of different abstract states that the run was in. */
  states: number;
  /** The first disagreement; null if none. */
  failure: string | null;
}

/** Steps of time between events, in ms. */
const STEPS_MS = [
  0, 0, 0, 1, 3, 29, 30, 31, 250, 1000, 4999, 5000, 5001, 60_000, 3_600_000,
] as const;
/** The most time between two events that the guest counts, in ms: firmware/device/main.ts. */
const STEP_MAX_MS = 5000;
/** One event in this many is a cut, a reset or a trap; in FAIL_ODDS, writes fail. */
const BOOT_ODDS = 40;
const FAIL_ODDS = 10;

class Walk {
  readonly report: WalkReport = { steps: 0, boots: 0, states: 0, failure: null };
  /** The guest that runs, and the one that takes the representatives. */
  readonly #free: InstrumentedGuest;
  readonly #model: InstrumentedGuest;
  readonly #prng: Prng;
  readonly #table: StateTable;
  readonly #events: readonly ModelEvent[];
  readonly #messages: readonly Message[] = messageCatalogue();
  readonly #visited = new Set<number>();
  readonly #region = new Uint8Array(STATE_BYTES);
  readonly #epoch = new Uint8Array(8).fill(1);
  #now = 0;
  /** Time since the event before, in ms. */
  #passed = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>, table: StateTable, seed: number) {
    this.#free = new InstrumentedGuest(bytes);
    this.#model = new InstrumentedGuest(bytes);
    this.#table = table;
    this.#prng = new Prng(seed);
    this.#events = eventList(this.#messages).filter(({ variantOf }) => variantOf === null);
  }

  run(steps: number): WalkReport {
    const { report } = this;
    try {
      this.#boot(BOOT.POWER_ON);
      for (; report.steps < steps && report.failure === null; report.steps++) {
        if (this.#prng.below(BOOT_ODDS) === 0) this.#boot(this.#prng.below(BOOT_NAMES.length));
        else this.#step();
      }
    } catch (error) {
      report.failure = violationFromError(error);
    }
    report.states = this.#visited.size;
    return report;
  }

  #note(what: string): void {
    const code = this.#free.abstractState();
    this.#visited.add(code);
    if (this.#table.find(code) < 0)
      this.report.failure ??= `step ${this.report.steps}: ${what}: the exploration did not find abstract state ${code}`;
  }

  /** Restarts the guest. `reason` decides what is left of the retained block. */
  #boot(reason: number): void {
    const free = this.#free;
    const retained = free.regions[REGION.RETAINED];
    if (reason === BOOT.POWER_ON) retained?.fill(0);
    if (reason === BOOT.BROWN_OUT && retained !== undefined) this.#prng.fill(retained);
    if (reason === BOOT.POWER_ON) this.#now = this.#prng.below(3) === 0 ? 0xffff_f000 : 0;
    free.startFrom(this.#region);
    free.begin();
    free.exports.init(reason);
    free.applyWrites();
    this.report.boots++;
    this.#note(`boot ${BOOT_NAMES[reason]}`);
  }

  #step(): void {
    const event = this.#events[this.#prng.below(this.#events.length)];
    const ms = STEPS_MS[this.#prng.below(STEPS_MS.length)] ?? 0;
    if (event === undefined) return;
    const chosen = { ...event, b: this.#argument(event), ends: 0, ms: 0, failWrites: 0 };
    if (this.#prng.below(FAIL_ODDS) === 0) chosen.failWrites = this.#prng.below(8);
    const free = this.#free;
    const before = this.#free.abstractState();
    const state = free.memory.slice(free.statePtr, free.statePtr + STATE_BYTES);
    const view = new DataView(state.buffer);
    if (view.getUint8(OFFSET.BOOT_DUE) === 0 && ms > 0) {
      const passed = Math.min(ms, STEP_MAX_MS);
      chosen.ms = 1;
      for (const [index, [name]] of COUNTDOWNS.entries()) {
        const left = view.getUint32(OFFSET[name], true);
        if (left > 0 && left <= passed) chosen.ends |= 1 << index;
      }
    }
    const saved = free.regions.map((region) => region.slice());
    this.#fireFree(chosen, ms, state);
    this.#note(chosen.name);
    if (this.report.failure === null) this.#compare(before, chosen, view);
    if (free.writes > 0 && this.#prng.below(BOOT_ODDS / 4) === 0) this.#tear(saved);
  }

  /** The event's argument; a random temperature for a tick. */
  #argument(event: ModelEvent): number {
    if (event.kind !== EVENT.TICK) return event.b;
    return (this.#prng.below(2000) - 1000) << INPUT_TEMPERATURE_SHIFT;
  }

  #fireFree(event: ModelEvent, ms: number, state: Uint8Array): void {
    const free = this.#free;
    this.#now = (this.#now + ms) >>> 0;
    this.#passed = ms;
    free.startFrom(state);
    free.begin();
    free.failWrites = event.failWrites;
    free.netAccepts = event.netAccepts;
    if (event.epoch) {
      this.#prng.fill(this.#epoch);
      const view = new DataView(this.#epoch.buffer);
      free.exports.on_event(EVENT.EPOCH, view.getInt32(0, true), view.getInt32(4, true));
    }
    let b = event.b;
    if (event.message === null) free.setSigned(null);
    else {
      const { bytes, signed } = this.#concrete(event.message);
      free.deliver(bytes, signed);
      b = bytes.length;
    }
    free.exports.on_event(event.kind, this.#now | 0, b);
    free.applyWrites();
  }

  /** The message with this run's epoch and sequence numbers. */
  #concrete(message: Message): Pick<Message, "bytes" | "signed"> {
    if (message.broken !== undefined) return message;
    const { view, statePtr } = this.#free;
    const last = view.getUint32(statePtr + OFFSET.LAST_SEQ + 4 * message.principal, true);
    const seq = { last: last === 0 ? 1 + this.#prng.below(9) : last, never: 0, next: 0 };
    seq.next = Math.min(0xffff_ffff, last + 1 + this.#prng.below(1 << this.#prng.below(20)));
    const epochs = {
      current: this.#epoch.slice(),
      previous: this.#epoch.slice(),
      zero: new Uint8Array(8),
    };
    epochs.previous[this.#prng.below(8)] = (epochs.previous[0] ?? 0) ^ (1 + this.#prng.below(255));
    const same = Buffer.compare(epochs.previous, epochs.current) === 0;
    if (same) epochs.previous[0] = (epochs.previous[0] ?? 0) ^ 1;
    if (message.question) return message;
    const clock = view.getUint32(statePtr + OFFSET.CLOCK, true) + this.#passed;
    return sealCommand(message, epochs[message.epoch], seq[message.seq], clock);
  }

  /** Fires the event at the representative of the state before, and compares. */
  #compare(before: number, event: ModelEvent, view: DataView): void {
    const [free, model] = [this.#free, this.#model];
    // At the highest sequence number only refusals are left, which the model does not have.
    const last =
      event.message === null
        ? 0
        : view.getUint32(OFFSET.LAST_SEQ + 4 * event.message.principal, true);
    if (last === 0xffff_ffff) return;
    writeRepresentative(before, this.#region);
    writeJournal(journalHead(before), model.regions);
    model.startFrom(this.#region);
    fire(model, event);
    // Whether a used number comes with the very bytes of the last command is left to the model.
    const duplicate = 1 << MARK.DUPLICATE;
    const marksOf = ({ marks }: InstrumentedGuest) =>
      (marks & duplicate) === 0 ? marks : (marks & ~duplicate) | (1 << MARK.REPLAY);
    const did = (guest: InstrumentedGuest) =>
      [marksOf(guest), guest.sends, guest.relayPin, guest.radio, guest.attempts].join();
    if (did(free) !== did(model)) {
      this.report.failure = `step ${this.report.steps}: ${event.name}: the guest did ${did(free)}, its representative ${did(model)} (marks, messages, relay, radio, writes)`;
      return;
    }
    const code = model.abstractState();
    if (code === this.#free.abstractState()) return;
    this.report.failure = `step ${this.report.steps}: ${event.name}: the guest came to abstract state ${this.#free.abstractState()}, its representative to ${code}`;
  }

  /** Cuts the supply at a random byte of the last event's writes, then boots. */
  #tear(saved: Uint8Array[]): void {
    const free = this.#free;
    const last = this.#prng.below(free.writes);
    for (const [region, bytes] of saved.entries()) free.regions[region]?.set(bytes);
    for (let write = 0; write <= last; write++) {
      const { region, offset, length, bytes } = free.write(write);
      const kept = write === last ? this.#prng.below(length + 1) : length;
      free.regions[region]?.set(bytes.subarray(0, kept), offset);
    }
    this.#boot(this.#prng.below(BOOT_NAMES.length));
  }
}

/** Runs `steps` random events, drawn from `seed`, against the abstract states of `table`. */
export function walk(
  bytes: Uint8Array<ArrayBuffer>,
  table: StateTable,
  seed: number,
  steps: number,
): WalkReport {
  return new Walk(bytes, table, seed).run(steps);
}
