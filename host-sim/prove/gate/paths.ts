/**
 * Explores every path of a gate from power-on: the gate's word together with monitors that keep their own
 * time, until no pair of word and monitors is new.
 */
import { PHASE, PHASE_NAMES } from "../../abi/abi.gen.ts";
import type { Gate } from "../../sim/host-loop.ts";

/** The times of the gate's specification, in ms. docs/PROOFS.md, "The gate". */
export const GATE_SPEC = { armMs: 50, travelMs: 20, gapMs: 10, dischargeMs: 100 } as const;

/** The contacts NO and NC, as bits of the inputs, at clean ON and at clean KILL. */
const ON = 1;
const KILL = 2;
const POSITION = 3;
const RAIL = 4;
/** Number of different samples: 8 states of contacts and rail, 256 times since the last sample. */
export const SAMPLES = 2048;
const NONE = -1;

/** The inputs word of sample `index`. */
export function inputsOf(index: number): number {
  return (index & 7) | ((index >> 3) << 8);
}

/** The monitors: times in ms, or NONE. */
interface Seen {
  /** Clean ON, with samples no further apart than GATE_SPEC.gapMs. */
  on: number;
  /** Both contacts open, or both closed. */
  travel: number;
  /** The rail up at KILL, without a fault. */
  rail: number;
}

export interface GateViolation {
  rule: string;
  /** Inputs from power-on (word 0) that lead to it, or the one input that leads to it from `word`. */
  inputs: number[];
  word: number;
}

export interface GatePaths {
  words: Set<number>;
  pairs: number;
  transitions: number;
  depth: number;
  /** Bit q of entry p: phase q follows phase p in one sample. */
  follows: number[];
  violations: GateViolation[];
}

const clamp = (value: number, bound: number) => Math.min(value, bound);
const longer = (before: number, elapsed: number, bound: number) =>
  before === NONE ? 0 : clamp(before + elapsed, bound);

/** The monitors after a sample. `fault`: there was a fault before it. */
function watch(seen: Seen, inputs: number, fault: boolean): Seen {
  const position = inputs & POSITION;
  const elapsed = inputs >>> 8;
  const { armMs, travelMs, gapMs, dischargeMs } = GATE_SPEC;
  const unbroken = elapsed <= gapMs ? seen.on : NONE;
  return {
    on: position === ON ? longer(unbroken, elapsed, armMs) : NONE,
    travel:
      position !== ON && position !== KILL ? longer(seen.travel, elapsed, travelMs + 1) : NONE,
    rail:
      position === KILL && (inputs & RAIL) !== 0 && !fault
        ? longer(seen.rail, elapsed, dischargeMs)
        : NONE,
  };
}

/** The first rule that a sample breaks, or null. */
function broken(gate: Gate, before: number, inputs: number, after: number, seen: Seen) {
  const position = inputs & POSITION;
  const was = gate.phase(before);
  const is = gate.phase(after);
  const live = gate.permits(after) !== 0;
  const cleared = is === PHASE.KILLED && position === KILL;
  if (is >= PHASE_NAMES.length) return "every phase is one of PHASE in docs/ABI.md";
  if (live && position !== ON) return "a sample that is not cleanly ON never permits";
  if (live && gate.permits(before) === 0 && seen.on < GATE_SPEC.armMs)
    return `LIVE only after ${GATE_SPEC.armMs} ms of clean ON, no samples more than ${GATE_SPEC.gapMs} ms apart`;
  if (was === PHASE.FAULT_CONTACT && is !== was && !cleared)
    return "FAULT_CONTACT clears only at a clean KILL position";
  if (was === PHASE.FAULT_RAIL && is !== was && !(cleared && (inputs & RAIL) === 0))
    return "FAULT_RAIL clears only at a clean KILL position with the rail down";
  const latched = is === PHASE.FAULT_CONTACT || is === PHASE.FAULT_RAIL;
  if (seen.travel > GATE_SPEC.travelMs && !latched)
    return `contacts that agree for more than ${GATE_SPEC.travelMs} ms are a fault`;
  if (is === PHASE.FAULT_CONTACT && is !== was && seen.travel <= GATE_SPEC.travelMs)
    return "FAULT_CONTACT is entered only after contacts agreed for too long";
  if (seen.rail >= GATE_SPEC.dischargeMs && is !== PHASE.FAULT_RAIL)
    return `a rail up for ${GATE_SPEC.dischargeMs} ms at KILL is a fault`;
  if (is === PHASE.FAULT_RAIL && is !== was && seen.rail < GATE_SPEC.dischargeMs)
    return "FAULT_RAIL is entered only after the rail was up for too long";
  if (seen.on >= GATE_SPEC.armMs && !live && !latched)
    return `${GATE_SPEC.armMs} ms of clean ON without a fault lead to the permit`;
  if (!live && !latched && is !== phaseOfPosition(inputs))
    return "without a permit and without a fault, the phase is that of the position";
  return null;
}

/** The phase of a position, if there is neither a permit nor a fault. */
function phaseOfPosition(inputs: number): number {
  const position = inputs & POSITION;
  if (position === ON) return PHASE.ARMING;
  return position === KILL ? PHASE.KILLED : PHASE.TRAVEL;
}

/** Whether clean KILL, then clean ON, leads from `word` to the permit. */
function recovers(gate: Gate, word: number): boolean {
  let now = gate.step(word, KILL | (1 << 8));
  for (let ms = 0; ms <= GATE_SPEC.armMs; ms++) now = gate.step(now, ON | (1 << 8));
  return gate.permits(now) !== 0;
}

/** Explores every path from word 0. Stops at the first violation. */
export function explorePaths(gate: Gate): GatePaths {
  const start = {
    word: 0,
    seen: { on: NONE, travel: NONE, rail: NONE },
    from: NONE,
    by: 0,
    depth: 0,
  };
  const pairs = [start];
  const keys = new Set<string>(["0,-1,-1,-1"]);
  const out: GatePaths = {
    words: new Set([0]),
    pairs: 0,
    transitions: 0,
    depth: 0,
    follows: PHASE_NAMES.map(() => 0),
    violations: [],
  };
  const path = (index: number): number[] => {
    const inputs: number[] = [];
    for (let at = pairs[index]; at !== undefined && at.from !== NONE; at = pairs[at.from])
      inputs.unshift(at.by);
    return inputs;
  };
  for (let index = 0; index < pairs.length; index++) {
    const pair = pairs[index];
    if (pair === undefined) break;
    const was = gate.phase(pair.word);
    const fault = was === PHASE.FAULT_CONTACT || was === PHASE.FAULT_RAIL;
    for (let sample = 0; sample < SAMPLES; sample++) {
      const inputs = inputsOf(sample);
      const word = gate.step(pair.word, inputs);
      const seen = watch(pair.seen, inputs, fault);
      out.transitions++;
      let rule = broken(gate, pair.word, inputs, word, seen);
      const key = `${word},${seen.on},${seen.travel},${seen.rail}`;
      const fresh = !keys.has(key);
      if (rule === null && fresh && !recovers(gate, word))
        rule = "a clean KILL and then clean ON lead back to the permit";
      if (rule !== null) {
        out.violations.push({ rule, inputs: [...path(index), inputs], word });
        return out;
      }
      out.follows[was] = (out.follows[was] ?? 0) | (1 << gate.phase(word));
      if (!fresh) continue;
      keys.add(key);
      out.words.add(word);
      out.depth = pair.depth + 1;
      pairs.push({ word, seen, from: index, by: inputs, depth: pair.depth + 1 });
    }
  }
  out.pairs = pairs.length;
  return out;
}
