/**
 * The proof of a gate, over its bytes: every word for permits() and phase(), every checking word by
 * every input for step(), every path from power-on, every bit flip of every word on those paths. Must
 * not know how the gate is written, nor print anything.
 */

import { makeGate } from "../../sim/firmware.ts";
import type { Gate } from "../../sim/host-loop.ts";
import { gateModuleChecks } from "../module-checks.ts";
import { FOUND, type GateLoops, IMAGE_OFFSET, linkLoops, loopModule, STEP_RULES } from "./loops.ts";
import {
  explorePaths,
  GATE_SPEC,
  type GatePaths,
  type GateViolation,
  inputsOf,
  SAMPLES,
} from "./paths.ts";
import { readerOf } from "./word-reader.ts";

/** Fewest bit flips from a word that does not permit to one that does. */
const DISTANCE_MIN = 3;
const WORD_BITS = 32;
const ALL_WORDS = 2 ** 32;
const CHUNK = 2 ** 26;
const PAYLOADS = 2 ** 16;
/** ON; KILL with the rail up, which tells KILLED from all other phases; between. 1 ms each. */
export const POSITIONS = [0x101, 0x106, 0x100] as const;

export interface GateReport {
  /** Words put to permits() and phase(). */
  words: number;
  permitting: number;
  /** Words that check, times inputs. */
  steps: number;
  /** Words that do not check, times inputs, shown to step as KILLED does. */
  unchecked: number;
  reachable: number;
  pairs: number;
  transitions: number;
  depth: number;
  /** Bit flips from any word that step() returns while not LIVE to one that permits. */
  distance: number;
  /** Of every result of permits() and phase(), and of step(), in their order; null if not all were asked for. */
  wordsDigest: string | null;
  stepsDigest: string | null;
  /** Single flips tried, over every reachable word. */
  flips: number;
  /** Bit q of entry p: phase q follows phase p in one sample. */
  follows: number[];
  violations: GateViolation[];
}

export interface GateOptions {
  /**
   * `full`: all 2^32 words, and those that do not check by one sample for each position. `words`: all 2^32 for
   * permits() and phase() alone. `near`: the words that check, and all at one flip from them.
   */
  depth: "full" | "words" | "near";
  /** Parts done so far, of all. */
  progress?: (done: number, of: number) => void;
}

const ones = (word: number): number => {
  let count = 0;
  for (let rest = word >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
};
const wordOf = (payload: number) => (payload | (~payload << 16)) >>> 0;
const checks = (word: number) => wordOf(word & 0xffff) === word >>> 0;

const digestAt = (found: DataView, offset: number) =>
  found.getBigUint64(offset, true).toString(16).padStart(16, "0");

function nothingYet(): GateReport {
  return {
    words: 0,
    permitting: 0,
    steps: 0,
    unchecked: 0,
    reachable: 0,
    pairs: 0,
    transitions: 0,
    depth: 0,
    distance: WORD_BITS,
    wordsDigest: null,
    stepsDigest: null,
    flips: 0,
    follows: [],
    violations: [],
  };
}

class GateProof {
  readonly report: GateReport;
  readonly #gate: Gate;
  readonly #loops: GateLoops;
  readonly #found: DataView;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #options: GateOptions;
  #done = 0;
  #parts = 1;
  #live = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>, options: GateOptions) {
    this.#options = options;
    this.#bytes = bytes;
    this.#gate = makeGate(bytes);
    this.#loops = linkLoops(loopModule(GATE_SPEC.gapMs), {
      ...(this.#gate as unknown as WebAssembly.Exports),
    });
    this.#found = new DataView(this.#loops.memory.buffer);
    this.report = nothingYet();
  }

  get #refuted(): boolean {
    return this.report.violations.length > 0;
  }

  #refute(rule: string, word: number, inputs: number[] = []): void {
    this.report.violations.push({ rule, inputs, word: word >>> 0 });
  }

  run(): GateReport {
    const every = ALL_WORDS / CHUNK;
    this.#parts = { near: 3, words: 3 + every, full: 3 + (2 + POSITIONS.length) * every }[
      this.#options.depth
    ];
    const parts = [() => this.#paths(), () => this.#steps(), () => this.#flips()];
    if (this.#options.depth === "near") parts.push(() => this.#near());
    else parts.push(() => this.#permits());
    if (this.#options.depth === "full") parts.push(() => this.#unchecked());
    for (const part of parts) {
      if (this.#refuted) break;
      part();
      this.#tick();
    }
    return this.report;
  }

  #tick(): void {
    this.#options.progress?.(++this.#done, this.#parts);
  }

  #paths(): void {
    const paths: GatePaths = explorePaths(this.#gate);
    const { report } = this;
    report.reachable = paths.words.size;
    report.pairs = paths.pairs;
    report.transitions = paths.transitions;
    report.depth = paths.depth;
    report.follows = paths.follows;
    report.violations.push(...paths.violations);
    const live = [...paths.words].filter((word) => this.#gate.permits(word) !== 0);
    if (!this.#refuted && live.length !== 1) this.#refute("one reachable word permits", 0);
    this.#live = live[0] ?? 0;
    for (const word of paths.words) this.#flipsOf(word);
  }

  /** One flip off a word that stands: never a permit, and then as good as power-on. */
  #flipsOf(word: number): void {
    for (let bit = 0; bit < WORD_BITS; bit++) {
      const flipped = word ^ (1 << bit);
      this.report.flips++;
      if (this.#gate.permits(flipped) !== 0)
        this.#refute("one flip of a reachable word never permits", flipped);
      if (this.#options.depth === "near" && bit % 8 !== 0) continue;
      for (let sample = 0; sample < SAMPLES; sample++) {
        const inputs = inputsOf(sample);
        if (this.#gate.step(flipped, inputs) === this.#gate.step(0, inputs)) continue;
        this.#refute("a flipped word steps as the zeroed word does", flipped, [inputs]);
        return;
      }
    }
  }

  #steps(): void {
    this.#found.setUint32(FOUND.count, 0, true);
    this.#loops.steps(0, PAYLOADS);
    this.report.steps = PAYLOADS * SAMPLES;
    this.report.stepsDigest = digestAt(this.#found, FOUND.stepsDigest);
    if (this.#found.getUint32(FOUND.count, true) === 0) return;
    const rule = STEP_RULES[this.#found.getUint32(FOUND.next, true)] ?? "";
    const inputs = this.#found.getUint32(FOUND.inputs, true);
    this.#refute(rule, this.#found.getUint32(FOUND.word, true), [inputs]);
  }

  /** The least distance from the image of step(), LIVE apart, to the permit. */
  #flips(): void {
    const image = new Uint8Array(this.#loops.memory.buffer, IMAGE_OFFSET, PAYLOADS);
    for (let payload = 0; payload < PAYLOADS; payload++) {
      const word = wordOf(payload);
      if (image[payload] === 0 || this.#gate.permits(word) !== 0) continue;
      this.report.distance = Math.min(this.report.distance, ones(word ^ this.#live));
    }
    if (this.report.distance < DISTANCE_MIN)
      this.#refute(`${DISTANCE_MIN} bit flips at least lie before the permit`, this.#live);
  }

  /** Whether permits() and phase() disagree on any of `words` words from `word` on. */
  #misnamed(word: number, words: number): boolean {
    this.#found.setUint32(FOUND.misnamed, 0, true);
    this.#loops.words(word, words);
    return this.#found.getUint32(FOUND.misnamed, true) !== 0;
  }

  #near(): void {
    const { report } = this;
    for (let payload = 0; payload < PAYLOADS; payload++) {
      const word = wordOf(payload);
      report.words++;
      report.permitting += this.#gate.permits(word) !== 0 ? 1 : 0;
      if (this.#misnamed(word, 1)) this.#refute("phase and permit agree", word);
      for (let bit = 0; bit < WORD_BITS; bit++) {
        report.words++;
        report.permitting += this.#gate.permits(word ^ (1 << bit)) !== 0 ? 1 : 0;
        if (this.#misnamed(word ^ (1 << bit), 1))
          this.#refute("a word that does not check is KILLED", word ^ (1 << bit));
        if (this.#refuted) return;
      }
    }
    if (report.permitting !== 1) this.#refute("exactly one word permits", this.#live);
  }

  #permits(): void {
    const { report } = this;
    for (let word = 0; word < ALL_WORDS; word += CHUNK) {
      if (this.#misnamed(word, CHUNK)) {
        const rule = "phase and permit agree, and a word that does not check is KILLED";
        this.#refute(rule, this.#found.getUint32(FOUND.word, true));
        return;
      }
      this.#tick();
    }
    report.permitting = this.#found.getUint32(FOUND.permitting, true);
    report.wordsDigest = digestAt(this.#found, FOUND.wordsDigest);
    report.words = ALL_WORDS;
    if (report.permitting !== 1) this.#refute("exactly one word permits", this.#live);
  }

  /** Whether a word that does not check leads elsewhere than to `due`, in the `step` of `loops`. */
  #unlike(loops: GateLoops, inputs: number, due: number, rule: string): boolean {
    const found = new DataView(loops.memory.buffer);
    for (let word = 0; word < ALL_WORDS; word += CHUNK) {
      if (loops.unlikeKilled(word, CHUNK, inputs, due) !== 0) {
        this.#refute(rule, found.getUint32(FOUND.word, true), [inputs]);
        return true;
      }
      this.#tick();
    }
    return false;
  }

  /**
   * Each word that does not check, by one sample for each position; and what step() reads of each, if
   * that is one expression: where it is that of KILLED, step() is KILLED's on every input.
   */
  #unchecked(): void {
    const rule = "a word that does not check steps as KILLED does";
    const unchecked = ALL_WORDS - PAYLOADS;
    for (const inputs of POSITIONS) {
      if (this.#unlike(this.#loops, inputs, this.#gate.step(wordOf(0), inputs), rule)) return;
      this.report.unchecked += unchecked;
    }
    const reader = readerOf(this.#bytes);
    if (reader === null) return;
    const { permits, phase } = this.#gate;
    const loops = linkLoops(loopModule(GATE_SPEC.gapMs), {
      permits,
      phase,
      step: reader,
    } as unknown as WebAssembly.Exports);
    if (this.#unlike(loops, 0, reader(wordOf(0), 0), rule)) return;
    this.report.unchecked = unchecked * SAMPLES;
  }
}

/** Proves a gate. Throws UserError on bytes that are no gate. */
export function proveGate(bytes: Uint8Array<ArrayBuffer>, options: GateOptions): GateReport {
  if (!checks(wordOf(0))) throw new Error("the word's encoding is its own inverse");
  const broken = gateModuleChecks(bytes);
  if (broken.length === 0) return new GateProof(bytes, options).run();
  return { ...nothingYet(), violations: broken.map((rule) => ({ rule, inputs: [], word: 0 })) };
}
