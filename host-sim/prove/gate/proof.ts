/**
 * The proof of a gate, over its bytes: every word for permits() and phase(), every valid word and every
 * input for step(), every path from power-on, and every bit flip of every word on these paths.
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

/** The fewest bit flips allowed between a word that does not permit and the one that does. */
const DISTANCE_MIN = 3;
const WORD_BITS = 32;
const ALL_WORDS = 2 ** 32;
const CHUNK = 2 ** 26;
const PAYLOADS = 2 ** 16;
/** Samples 1 ms after the last: ON; KILL with the rail up, where KILLED differs from all others; travel. */
export const POSITIONS = [0x101, 0x106, 0x100] as const;

export interface GateReport {
  /** Number of words put to permits() and phase(). */
  words: number;
  permitting: number;
  /** Valid words times inputs. */
  steps: number;
  /** Invalid words times inputs, shown to step as KILLED does. */
  unchecked: number;
  reachable: number;
  pairs: number;
  transitions: number;
  depth: number;
  /** The fewest bit flips from a word that step() returns while not LIVE to the one that permits. */
  distance: number;
  /** Digests of all results of permits() and phase(), and of step(); null if not all were computed. */
  wordsDigest: string | null;
  stepsDigest: string | null;
  /** Single bit flips tried, over all reachable words. */
  flips: number;
  /** Bit q of entry p: phase q follows phase p in one sample. */
  follows: number[];
  violations: GateViolation[];
}

export interface GateOptions {
  /**
   * `full`: all 2^32 words, and the invalid ones by one sample for each position. `words`: all 2^32 for
   * permits() and phase() only. `near`: the valid words, and all words one bit flip away from them.
   */
  depth: "full" | "words" | "near";
  /** Steps of the proof done so far, and all of them. */
  progress?: (done: number, total: number) => void;
}

const ones = (word: number): number => {
  let count = 0;
  for (let rest = word >>> 0; rest !== 0; rest &= rest - 1) count++;
  return count;
};
const wordOf = (payload: number) => (payload | (~payload << 16)) >>> 0;
const isValid = (word: number) => wordOf(word & 0xffff) === word >>> 0;

const digestAt = (found: DataView, offset: number) =>
  found.getBigUint64(offset, true).toString(16).padStart(16, "0");

function emptyReport(): GateReport {
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
    this.report = emptyReport();
  }

  get #refuted(): boolean {
    return this.report.violations.length > 0;
  }

  #refute(rule: string, word: number, inputs: number[] = []): void {
    this.report.violations.push({ rule, inputs, word: word >>> 0 });
  }

  run(): GateReport {
    const chunks = ALL_WORDS / CHUNK;
    this.#parts = { near: 3, words: 3 + chunks, full: 3 + (2 + POSITIONS.length) * chunks }[
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
    if (!this.#refuted && live.length !== 1) this.#refute("exactly one reachable word permits", 0);
    this.#live = live[0] ?? 0;
    for (const word of paths.words) this.#flipsOf(word);
  }

  /** Flips each bit of a reachable word: no permit, and the flipped word steps as word 0 does. */
  #flipsOf(word: number): void {
    for (let bit = 0; bit < WORD_BITS; bit++) {
      const flipped = word ^ (1 << bit);
      this.report.flips++;
      if (this.#gate.permits(flipped) !== 0)
        this.#refute("a reachable word with one bit flipped never permits", flipped);
      if (this.#options.depth === "near" && bit % 8 !== 0) continue;
      for (let sample = 0; sample < SAMPLES; sample++) {
        const inputs = inputsOf(sample);
        if (this.#gate.step(flipped, inputs) === this.#gate.step(0, inputs)) continue;
        this.#refute("a reachable word with one bit flipped steps as word 0 does", flipped, [
          inputs,
        ]);
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

  /** The distance from the words that step() returns, except LIVE, to the word that permits. */
  #flips(): void {
    const image = new Uint8Array(this.#loops.memory.buffer, IMAGE_OFFSET, PAYLOADS);
    for (let payload = 0; payload < PAYLOADS; payload++) {
      const word = wordOf(payload);
      if (image[payload] === 0 || this.#gate.permits(word) !== 0) continue;
      this.report.distance = Math.min(this.report.distance, ones(word ^ this.#live));
    }
    if (this.report.distance < DISTANCE_MIN)
      this.#refute(
        `at least ${DISTANCE_MIN} bit flips lead from any other word to the one that permits`,
        this.#live,
      );
  }

  /** Whether the phase does not fit on any of `words` words from `word` on. */
  #phaseMisfits(word: number, words: number): boolean {
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
      if (this.#phaseMisfits(word, 1))
        this.#refute("the phase is LIVE for the word that permits, and for no other", word);
      for (let bit = 0; bit < WORD_BITS; bit++) {
        report.words++;
        report.permitting += this.#gate.permits(word ^ (1 << bit)) !== 0 ? 1 : 0;
        if (this.#phaseMisfits(word ^ (1 << bit), 1))
          this.#refute("the phase of an invalid word is KILLED", word ^ (1 << bit));
        if (this.#refuted) return;
      }
    }
    if (report.permitting !== 1) this.#refute("exactly one word permits", this.#live);
  }

  #permits(): void {
    const { report } = this;
    for (let word = 0; word < ALL_WORDS; word += CHUNK) {
      if (this.#phaseMisfits(word, CHUNK)) {
        const rule =
          "the phase is LIVE only for the word that permits, and KILLED for an invalid word";
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

  /** Whether an invalid word does not step to `due`, by the step() that `loops` calls. */
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
   * Puts every invalid word to step() with one sample for each position. Then, if step() reads its word
   * through one expression, compares this expression with its value for KILLED: where the two are the
   * same, step() does what it does for KILLED, on every input.
   */
  #unchecked(): void {
    const rule = "an invalid word steps as KILLED does";
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

/** Proves a gate. Throws a UserError if the bytes are not a gate. */
export function proveGate(bytes: Uint8Array<ArrayBuffer>, options: GateOptions): GateReport {
  if (!isValid(wordOf(0))) throw new Error("wordOf() and isValid() disagree");
  const broken = gateModuleChecks(bytes);
  if (broken.length === 0) return new GateProof(bytes, options).run();
  return { ...emptyReport(), violations: broken.map((rule) => ({ rule, inputs: [], word: 0 })) };
}
