/**
 * The check of the abstraction: random runs of the guest that fold nothing (real time, sequence
 * numbers, epochs, counters, storage, torn writes). After each event the run's state, folded, must be
 * one that the exploration met; and the guest that stands for the state before must have done the
 * same, and come out in the same. Must not know why a fold is sound.
 */
import { BOOT, BOOT_NAMES, EVENT, INPUT_TEMPERATURE_SHIFT, REGION } from "../../abi/abi.gen.ts";
import { STATE_BYTES } from "../../abi/state.gen.ts";
import { Prng } from "../../base/prng.ts";
import { at, COUNTDOWNS, decodeState, headOf, layJournal } from "./abstraction.ts";
import { eventList, fire, type ModelEvent } from "./events.ts";
import { told } from "./explorer.ts";
import { Machine } from "./instrumented-guest.ts";
import { type Message, messageCatalogue, sealCommand } from "./messages.ts";
import type { StateTable } from "./state-table.ts";

export interface WalkReport {
  steps: number;
  boots: number;
  /** Different folded states met. */
  states: number;
  /** The first disagreement; null if none. */
  failure: string | null;
}

/** Steps of time between events, in ms. */
const STEPS_MS = [
  0, 0, 0, 1, 3, 29, 30, 31, 250, 1000, 4999, 5000, 5001, 60_000, 3_600_000,
] as const;
/** The guest takes no event to lie further behind the last than this, in ms: firmware/device/main.ts. */
const STEP_MAX_MS = 5000;
/** One in so many events ends in a cut, a reset or a trap. */
const BOOT_ODDS = 40;
const FAIL_ODDS = 10;

class Walk {
  readonly report: WalkReport = { steps: 0, boots: 0, states: 0, failure: null };
  /** Runs free, and stands in. */
  readonly #free: Machine;
  readonly #model: Machine;
  readonly #prng: Prng;
  readonly #table: StateTable;
  readonly #events: readonly ModelEvent[];
  readonly #messages: readonly Message[] = messageCatalogue();
  readonly #met = new Set<number>();
  readonly #region = new Uint8Array(STATE_BYTES);
  readonly #epoch = new Uint8Array(8).fill(1);
  #now = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>, table: StateTable, seed: number) {
    this.#free = new Machine(bytes);
    this.#model = new Machine(bytes);
    this.#table = table;
    this.#prng = new Prng(seed);
    this.#events = eventList(this.#messages).filter(({ twinOf }) => twinOf === null);
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
      report.failure = told(error);
    }
    report.states = this.#met.size;
    return report;
  }

  #fold(): number {
    return this.#free.fold();
  }

  #note(what: string): void {
    const code = this.#fold();
    this.#met.add(code);
    if (this.#table.find(code) < 0)
      this.report.failure ??= `step ${this.report.steps}: ${what}: the exploration never met state ${code}`;
  }

  /** A restart for `reason`: what storage then holds, and a boot. */
  #boot(reason: number): void {
    const free = this.#free;
    const retained = free.regions[REGION.RETAINED];
    if (reason === BOOT.POWER_ON) retained?.fill(0);
    if (reason === BOOT.BROWN_OUT && retained !== undefined) this.#prng.fill(retained);
    if (reason === BOOT.POWER_ON) this.#now = this.#prng.below(3) === 0 ? 0xffff_f000 : 0;
    free.settle(this.#region);
    free.poison();
    free.clear();
    free.guest.init(reason);
    free.sync();
    this.report.boots++;
    this.#note(`boot ${BOOT_NAMES[reason]}`);
  }

  #step(): void {
    const event = this.#events[this.#prng.below(this.#events.length)];
    const ms = STEPS_MS[this.#prng.below(STEPS_MS.length)] ?? 0;
    if (event === undefined) return;
    const chosen = { ...event, b: this.#b(event), ends: 0, ms: 0, failWrites: 0 };
    if (this.#prng.below(FAIL_ODDS) === 0) chosen.failWrites = this.#prng.below(8);
    const free = this.#free;
    const before = this.#fold();
    const state = free.memory.slice(free.statePtr, free.statePtr + STATE_BYTES);
    const view = new DataView(state.buffer);
    if (view.getUint8(at.BOOT_DUE) === 0 && ms > 0) {
      const passed = Math.min(ms, STEP_MAX_MS);
      chosen.ms = 1;
      for (const [index, [name]] of COUNTDOWNS.entries()) {
        const left = view.getUint32(at[name], true);
        if (left > 0 && left <= passed) chosen.ends |= 1 << index;
      }
    }
    const saved = free.regions.map((region) => region.slice());
    this.#fireFree(chosen, ms, state);
    this.#note(chosen.name);
    if (this.report.failure === null) this.#compare(before, chosen, view);
    if (free.writes > 0 && this.#prng.below(BOOT_ODDS / 4) === 0) this.#tear(saved);
  }

  /** Another value of the same kind. */
  #b(event: ModelEvent): number {
    if (event.kind !== EVENT.TICK) return event.b;
    return (this.#prng.below(2000) - 1000) << INPUT_TEMPERATURE_SHIFT;
  }

  #fireFree(event: ModelEvent, ms: number, state: Uint8Array): void {
    const free = this.#free;
    this.#now = (this.#now + ms) >>> 0;
    free.settle(state);
    free.poison();
    free.clear();
    free.failWrites = event.failWrites;
    free.mayNet = event.mayNet;
    if (event.epoch) {
      this.#prng.fill(this.#epoch);
      const view = new DataView(this.#epoch.buffer);
      free.guest.on_event(EVENT.EPOCH, view.getInt32(0, true), view.getInt32(4, true));
    }
    let b = event.b;
    if (event.message === null) free.expect(null);
    else {
      const { bytes, signed } = this.#concrete(event.message);
      free.deliver(bytes, signed);
      b = bytes.length;
    }
    free.guest.on_event(event.kind, this.#now | 0, b);
    free.sync();
  }

  /** The message with the epoch and sequence numbers of this run. */
  #concrete(message: Message): Pick<Message, "bytes" | "signed"> {
    if (message.broken !== undefined) return message;
    const { view, statePtr } = this.#free;
    const last = view.getUint32(statePtr + at.LAST_SEQ + 4 * message.principal, true);
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
    return sealCommand(message, epochs[message.epoch], seq[message.seq]);
  }

  /** What stands for the state before must do the same, and come out in the same. */
  #compare(before: number, event: ModelEvent, view: DataView): void {
    const [free, model] = [this.#free, this.#model];
    // A run may be live without the epoch that its messages bear, or at the end of its numbers.
    const last =
      event.message === null ? 0 : view.getUint32(at.LAST_SEQ + 4 * event.message.principal, true);
    if (last === 0xffff_ffff) return;
    decodeState(before, this.#region);
    layJournal(headOf(before), model.regions);
    model.settle(this.#region);
    fire(model, event);
    const did = (machine: Machine) =>
      [machine.marks, machine.sends, machine.relayPin, machine.radio, machine.attempts].join();
    if (did(free) !== did(model)) {
      this.report.failure = `step ${this.report.steps}: ${event.name}: did ${did(free)}, its stand-in ${did(model)}`;
      return;
    }
    const code = model.fold();
    if (code === this.#fold()) return;
    this.report.failure = `step ${this.report.steps}: ${event.name}: came out in ${this.#fold()}, its stand-in in ${code}`;
  }

  /** A cut at a random byte of the last event's writes, and the boot after it. */
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

/** `steps` random events against the states of `table`, from `seed`. */
export function walk(
  bytes: Uint8Array<ArrayBuffer>,
  table: StateTable,
  seed: number,
  steps: number,
): WalkReport {
  return new Walk(bytes, table, seed).run(steps);
}
