/**
 * A mutant beside the device, input by input: every transition of the small model's closed states, and
 * every trial. Only inputs that run the place that was changed are tried: on all others both are the
 * same bytes. Must not know how a mutant is made, nor what is right.
 */

import { STATE_BYTES } from "../../abi/state.gen.ts";
import { at, decodeState, headOf, layJournal } from "../device/abstraction.ts";
import { applies, eventList, fire, isSmall, type ModelEvent, runningIn } from "../device/events.ts";
import { Explorer } from "../device/explorer.ts";
import { ALL_FAIL } from "../device/layout.ts";
import { Observed } from "./effect-digest.ts";
import { coveredOf, coverName, type Site, sitesOf } from "./mutator.ts";
import { everyTrial, type Trial } from "./trials.ts";

type Module = Uint8Array<ArrayBuffer>;

/** Events after which a guest has shown how much scratch memory it uses. */
const WARM_UP = 400;

export interface Compared {
  /** Inputs that run the place; those tried, up to the first that differs. */
  runs: number;
  /** The first input on which the mutant does something else; null if none. */
  differs: string | null;
}

/** What the device did on each input, and which inputs run which expression. */
class Record {
  readonly low: Int32Array;
  readonly high: Int32Array;
  constructor(inputs: number) {
    this.low = new Int32Array(inputs);
    this.high = new Int32Array(inputs);
  }
}

/** Every state of the small model. Throws on a device that breaks a rule: it has nothing to compare with. */
function closedCodes(device: Module): Int32Array {
  const explorer = new Explorer(device, { small: true });
  if (!explorer.run().closed) throw new Error("the small model of the device closes");
  return explorer.table.codes.slice(0, explorer.table.size);
}

/** Whether a twin is fired beside an event that made so many attempts to write and to send: recorder.ts. */
function differs({ twinOf, failWrites }: ModelEvent, attempts: number, sends: number): boolean {
  if (twinOf === "sends") return sends > 0;
  if (failWrites === ALL_FAIL) return attempts > 0;
  return attempts > 1 && failWrites < 1 << attempts;
}

export class Differential {
  readonly #events: readonly ModelEvent[] = eventList().filter(isSmall);
  readonly #trials: readonly Trial[];
  /** Of the small model: codes, and the states that stand for them, one after the other. */
  readonly #codes: Int32Array;
  readonly #states: Uint8Array;
  /** Per event, the states that it is fired in. */
  readonly #fired: Int32Array[] = [];
  readonly #records: Record[] = [];
  readonly #trialRecord: Record;
  /** Bit per expression: run by an event in any state; by a trial. */
  readonly #eventRuns: Uint8Array[] = [];
  readonly #trialRuns: Uint8Array[] = [];
  readonly #expressions: number;
  readonly #covers: WebAssembly.Global[];

  /** `trialsOnly`: without the small model, which takes ten times as long. */
  constructor(device: Module, { trialsOnly = false }: { trialsOnly?: boolean } = {}) {
    this.#codes = trialsOnly ? new Int32Array(0) : closedCodes(device);
    this.#states = new Uint8Array(this.#codes.length * STATE_BYTES);
    for (const [index, code] of this.#codes.entries()) decodeState(code, this.#stateOf(index));
    this.#trials = everyTrial(device);
    this.#expressions = 1 + Math.max(...sitesOf(device).map(({ expression }) => expression));
    const guest = new Observed(coveredOf(device));
    const exports = guest.guest as unknown as { [name: string]: WebAssembly.Global };
    this.#covers = Array.from({ length: this.#expressions }, (_, index) => {
      const found = exports[coverName(index)];
      if (found === undefined) throw new Error(`no mark for expression ${index}`);
      return found;
    });
    this.#warmUp(guest);
    this.#ranNow();
    for (const [number, event] of this.#events.entries()) this.#recordEvent(guest, number, event);
    this.#trialRecord = new Record(this.#trials.length);
    for (const [number, trial] of this.#trials.entries()) {
      this.#try(guest, trial);
      this.#trialRecord.low[number] = guest.low;
      this.#trialRecord.high[number] = guest.high;
      this.#trialRuns.push(this.#ranNow());
    }
  }

  /** Transitions of the small model, and trials. */
  get inputs(): { transitions: number; trials: number } {
    const transitions = this.#fired.reduce((sum, states) => sum + states.length, 0);
    return { transitions, trials: this.#trials.length };
  }

  #stateOf(index: number): Uint8Array {
    return this.#states.subarray(index * STATE_BYTES, (index + 1) * STATE_BYTES);
  }

  /** Which expressions ran since this was last asked. */
  #ranNow(): Uint8Array {
    return Uint8Array.from(this.#covers, (global) => {
      const ran = global.value as number;
      global.value = 0;
      return ran;
    });
  }

  /** Shows the guest's scratch memory, so that it is poisoned too. */
  #warmUp(guest: Observed): void {
    for (let index = 0; index < WARM_UP; index++) {
      const trial = this.#trials[Math.floor((index * this.#trials.length) / WARM_UP)];
      if (trial !== undefined) this.#try(guest, trial);
    }
    guest.widen();
  }

  #try(guest: Observed, trial: Trial): void {
    guest.start();
    trial.run(guest);
  }

  /** Fires an event in a state, from the same storage each time. */
  #fire(guest: Observed, event: ModelEvent, index: number): void {
    layJournal(headOf(this.#codes[index] ?? 0), guest.regions);
    guest.settle(this.#stateOf(index));
    guest.start();
    guest.attempt(() => fire(guest, event));
    guest.foldState();
  }

  #recordEvent(guest: Observed, number: number, event: ModelEvent): void {
    const found: number[] = [];
    const plain = event.twinOf === null ? null : this.#plainOf(number);
    for (let index = 0; index < this.#codes.length; index++) {
      const state = this.#stateOf(index);
      const running = state[at.BOOT_DUE] === 0 ? runningIn(state) : 0;
      if (!applies(event, running)) continue;
      if (plain !== null) {
        this.#fire(guest, plain, index);
        if (!differs(event, guest.attempts, guest.sends)) continue;
      }
      found.push(index);
    }
    this.#ranNow();
    const record = new Record(found.length);
    for (const [place, index] of found.entries()) {
      this.#fire(guest, event, index);
      record.low[place] = guest.low;
      record.high[place] = guest.high;
    }
    this.#fired.push(Int32Array.from(found));
    this.#records.push(record);
    this.#eventRuns.push(this.#ranNow());
  }

  /** The event that a twin is the twin of. */
  #plainOf(number: number): ModelEvent | null {
    let before = number;
    while (this.#events[before]?.twinOf != null) before--;
    return this.#events[before] ?? null;
  }

  /** Runs a mutant beside the device. May not return: a mutant may hang. */
  compare(mutant: Module, { expression }: Site): Compared {
    const out: Compared = { runs: 0, differs: null };
    const trials = this.#trials.flatMap((trial, number) =>
      this.#trialRuns[number]?.[expression] === 1 ? [{ trial, number }] : [],
    );
    const events = this.#events.flatMap((event, number) =>
      this.#eventRuns[number]?.[expression] === 1 ? [{ event, number }] : [],
    );
    if (trials.length + events.length === 0) return out;
    const guest = new Observed(mutant);
    this.#warmUp(guest);
    for (const { trial, number } of trials) {
      this.#try(guest, trial);
      out.runs++;
      const { low, high } = this.#trialRecord;
      if (guest.low === low[number] && guest.high === high[number]) continue;
      return { ...out, differs: trial.name };
    }
    for (const { event, number } of events) {
      const { low, high } = this.#records[number] ?? new Record(0);
      for (const [place, index] of (this.#fired[number] ?? []).entries()) {
        this.#fire(guest, event, index);
        out.runs++;
        if (guest.low === low[place] && guest.high === high[place]) continue;
        return { ...out, differs: event.name };
      }
    }
    return out;
  }
}
