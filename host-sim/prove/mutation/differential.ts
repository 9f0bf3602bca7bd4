/**
 * Compares a mutant with the device, input by input: every transition of the small model, and every
 * trial. Only inputs that run the changed expression are tried: on all others both run the same code.
 */
import { STATE_BYTES } from "../../abi/state.gen.ts";
import { journalHead, OFFSET, writeRepresentative } from "../device/abstraction.ts";
import { writeJournal } from "../device/boot-storage.ts";
import { applies, eventList, fire, isSmall, type ModelEvent, runningIn } from "../device/events.ts";
import { Explorer } from "../device/explorer.ts";
import { ALL_WRITES_FAIL } from "../device/recorder/memory-map.ts";
import { EffectDigest } from "./effect-digest.ts";
import { coveredOf, coverName, type Site, sitesOf } from "./mutator.ts";
import { everyTrial, type Trial } from "./trials.ts";

type Module = Uint8Array<ArrayBuffer>;

/** Trials after which a guest has used all of its scratch memory. */
const WARM_UP = 400;

export interface Compared {
  /** Inputs tried, of those that run the changed expression: all, or up to the first that differs. */
  runs: number;
  /** The first input on which the mutant does something else, or null. */
  differs: string | null;
}

/** The digests of what the device did on each input. */
class Digests {
  readonly low: Int32Array;
  readonly high: Int32Array;
  constructor(inputs: number) {
    this.low = new Int32Array(inputs);
    this.high = new Int32Array(inputs);
  }
}

/** The abstract states of the small model. Throws an Error if the device breaks a rule. */
function closedCodes(device: Module): Int32Array {
  const explorer = new Explorer(device, { small: true });
  if (!explorer.run().closed) throw new Error("the small model of the device does not close");
  return explorer.table.codes.slice(0, explorer.table.size);
}

/** Whether a variant can differ from an event with these attempts to write and to send (recorder/events.ts). */
function canDiffer(
  { variantOf, failWrites }: ModelEvent,
  attempts: number,
  sends: number,
): boolean {
  if (variantOf === "sends") return sends > 0;
  if (failWrites === ALL_WRITES_FAIL) return attempts > 0;
  return attempts > 1 && failWrites < 1 << attempts;
}

export class Differential {
  readonly #events: readonly ModelEvent[] = eventList().filter(isSmall);
  readonly #trials: readonly Trial[];
  /** The abstract states of the small model, and their representatives one after the other. */
  readonly #codes: Int32Array;
  readonly #states: Uint8Array;
  /** For each event, the states in which it is fired. */
  readonly #fired: Int32Array[] = [];
  readonly #eventDigests: Digests[] = [];
  readonly #trialDigests: Digests;
  /** For each event and each trial: 1 for every expression that it runs, in any state. */
  readonly #eventRuns: Uint8Array[] = [];
  readonly #trialRuns: Uint8Array[] = [];
  readonly #expressions: number;
  readonly #covers: WebAssembly.Global[];

  /** `trialsOnly`: without the small model, which takes ten times as long as the trials. */
  constructor(device: Module, { trialsOnly = false }: { trialsOnly?: boolean } = {}) {
    this.#codes = trialsOnly ? new Int32Array(0) : closedCodes(device);
    this.#states = new Uint8Array(this.#codes.length * STATE_BYTES);
    for (const [index, code] of this.#codes.entries())
      writeRepresentative(code, this.#stateOf(index));
    this.#trials = everyTrial(device);
    this.#expressions = 1 + Math.max(...sitesOf(device).map(({ expression }) => expression));
    const guest = new EffectDigest(coveredOf(device));
    const exports = guest.exports as unknown as { [name: string]: WebAssembly.Global };
    this.#covers = Array.from({ length: this.#expressions }, (_, index) => {
      const found = exports[coverName(index)];
      if (found === undefined)
        throw new Error(`the covered module has no global for expression ${index}`);
      return found;
    });
    this.#warmUp(guest);
    this.#takeRan();
    for (const [number, event] of this.#events.entries()) this.#recordEvent(guest, number, event);
    this.#trialDigests = new Digests(this.#trials.length);
    for (const [number, trial] of this.#trials.entries()) {
      this.#try(guest, trial);
      this.#trialDigests.low[number] = guest.low;
      this.#trialDigests.high[number] = guest.high;
      this.#trialRuns.push(this.#takeRan());
    }
  }

  /** Number of transitions of the small model, and of trials. */
  get inputs(): { transitions: number; trials: number } {
    const transitions = this.#fired.reduce((sum, states) => sum + states.length, 0);
    return { transitions, trials: this.#trials.length };
  }

  #stateOf(index: number): Uint8Array {
    return this.#states.subarray(index * STATE_BYTES, (index + 1) * STATE_BYTES);
  }

  /** 1 for each expression that ran since the last call. */
  #takeRan(): Uint8Array {
    return Uint8Array.from(this.#covers, (global) => {
      const ran = global.value as number;
      global.value = 0;
      return ran;
    });
  }

  /** Lets the guest use its scratch memory, so that the poison covers it. */
  #warmUp(guest: EffectDigest): void {
    for (let index = 0; index < WARM_UP; index++) {
      const trial = this.#trials[Math.floor((index * this.#trials.length) / WARM_UP)];
      if (trial !== undefined) this.#try(guest, trial);
    }
    guest.extendPoison();
  }

  #try(guest: EffectDigest, trial: Trial): void {
    guest.resetDigest();
    trial.run(guest);
  }

  /** Fires an event in a state, with the same storage each time. */
  #fire(guest: EffectDigest, event: ModelEvent, index: number): void {
    writeJournal(journalHead(this.#codes[index] ?? 0), guest.regions);
    guest.startFrom(this.#stateOf(index));
    guest.resetDigest();
    guest.attempt(() => fire(guest, event));
    guest.addState();
  }

  #recordEvent(guest: EffectDigest, number: number, event: ModelEvent): void {
    const found: number[] = [];
    const plain = event.variantOf === null ? null : this.#plainOf(number);
    for (let index = 0; index < this.#codes.length; index++) {
      const state = this.#stateOf(index);
      const running = state[OFFSET.BOOT_DUE] === 0 ? runningIn(state) : 0;
      if (!applies(event, running)) continue;
      if (plain !== null) {
        this.#fire(guest, plain, index);
        if (!canDiffer(event, guest.attempts, guest.sends)) continue;
      }
      found.push(index);
    }
    this.#takeRan();
    const record = new Digests(found.length);
    for (const [place, index] of found.entries()) {
      this.#fire(guest, event, index);
      record.low[place] = guest.low;
      record.high[place] = guest.high;
    }
    this.#fired.push(Int32Array.from(found));
    this.#eventDigests.push(record);
    this.#eventRuns.push(this.#takeRan());
  }

  /** The event that a variant belongs to. */
  #plainOf(number: number): ModelEvent | null {
    let before = number;
    while (this.#events[before]?.variantOf != null) before--;
    return this.#events[before] ?? null;
  }

  /** Compares a mutant with the device. Does not return if the mutant hangs. */
  compare(mutant: Module, { expression }: Site): Compared {
    const out: Compared = { runs: 0, differs: null };
    const trials = this.#trials.flatMap((trial, number) =>
      this.#trialRuns[number]?.[expression] === 1 ? [{ trial, number }] : [],
    );
    const events = this.#events.flatMap((event, number) =>
      this.#eventRuns[number]?.[expression] === 1 ? [{ event, number }] : [],
    );
    if (trials.length + events.length === 0) return out;
    const guest = new EffectDigest(mutant);
    this.#warmUp(guest);
    for (const { trial, number } of trials) {
      this.#try(guest, trial);
      out.runs++;
      const { low, high } = this.#trialDigests;
      if (guest.low === low[number] && guest.high === high[number]) continue;
      return { ...out, differs: trial.name };
    }
    for (const { event, number } of events) {
      const { low, high } = this.#eventDigests[number] ?? new Digests(0);
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
