/**
 * The loops that enumerate a gate: a WebAssembly module that imports the gate's functions, so that the
 * bytes under proof run unchanged. It checks the word's encoding and the rules of a single step.
 *
 * The same module, translated by wasm2c and linked with the translated gate, enumerates the C code that
 * runs on boards. It needs `gate.permits`, `gate.phase` and `gate.step`, and nothing else.
 */
import binaryen from "binaryen";
import { PHASE } from "../../abi/abi.gen.ts";

/**
 * Addresses of the results: u32 each. A digest is a u64 over all results in their order; each step of it
 * is a bijection, so two gates that differ in exactly one result have different digests.
 */
export const FOUND = {
  count: 0,
  word: 4,
  inputs: 8,
  next: 12,
  permitting: 24,
  misnamed: 28,
  wordsDigest: 32,
  stepsDigest: 40,
} as const;
/** A byte for each payload, which is 1 if `steps` saw step() return it. */
export const IMAGE_OFFSET = 0x1_0000;

/** The rules of a single step, by the number that `steps` reports. */
export const STEP_RULES = [
  "step() returns only valid words",
  "a sample that is not cleanly ON never permits",
  "LIVE is entered only from ARMING",
  "LIVE is not entered after a gap between samples",
  "unused input bits have no effect",
] as const;

const DIGEST_PRIME = 0x0000_0100_0000_01b3n;
const digested = (digest: string, value: string) =>
  `(local.set ${digest} (i64.mul (i64.xor (local.get ${digest}) (i64.extend_i32_u ${value}))
     (i64.const ${DIGEST_PRIME})))`;
/** Adds to a u32 in memory. */
const count = (offset: number, by: string) =>
  `(i32.store (i32.const ${offset}) (i32.add (i32.load (i32.const ${offset})) ${by}))`;

const CHECKS = (word: string) =>
  `(i32.eq (i32.shl (i32.xor (i32.shr_u ${word} (i32.const 16)) ${word}) (i32.const 16))
     (i32.const -65536))`;

function note(condition: string, rule: number): string {
  return `(if ${condition} (then
    (i32.store8 (i32.const ${16 + rule}) (i32.const 1))
    (if (i32.eqz (i32.load (i32.const ${FOUND.count}))) (then
      (i32.store (i32.const ${FOUND.word}) (local.get $word))
      (i32.store (i32.const ${FOUND.inputs}) (local.get $inputs))
      (i32.store (i32.const ${FOUND.next}) (i32.const ${rule}))))
    ${count(FOUND.count, "(i32.const 1)")}))`;
}

function stepsText(gapMs: number): string {
  return `(func (export "steps") (param $payload i32) (param $payloads i32)
    (local $word i32) (local $sample i32) (local $inputs i32) (local $next i32) (local $live i32)
    (local $phase i32) (local $digest i64)
    (local.set $digest (i64.load (i32.const ${FOUND.stepsDigest})))
    (loop $words
      (local.set $word (i32.or (local.get $payload)
        (i32.shl (i32.xor (local.get $payload) (i32.const -1)) (i32.const 16))))
      (local.set $live (call $permits (local.get $word)))
      (local.set $phase (call $phase (local.get $word)))
      (local.set $sample (i32.const 0))
      (loop $samples
        (local.set $inputs (i32.or (i32.and (local.get $sample) (i32.const 7))
          (i32.shl (i32.shr_u (local.get $sample) (i32.const 3)) (i32.const 8))))
        (local.set $next (call $step (local.get $word) (local.get $inputs)))
        ${digested("$digest", "(local.get $next)")}
        ${note(`(i32.eqz ${CHECKS("(local.get $next)")})`, 0)}
        (i32.store8 offset=${IMAGE_OFFSET} (i32.and (local.get $next) (i32.const 65535))
          (i32.const 1))
        (if (call $permits (local.get $next)) (then
          ${note("(i32.ne (i32.and (local.get $inputs) (i32.const 3)) (i32.const 1))", 1)}
          (if (i32.eqz (local.get $live)) (then
            ${note(`(i32.ne (local.get $phase) (i32.const ${PHASE.ARMING}))`, 2)}
            ${note(`(i32.gt_u (i32.shr_u (local.get $inputs) (i32.const 8)) (i32.const ${gapMs}))`, 3)}))))
        (if (i32.lt_u (local.get $sample) (i32.const 8)) (then
          ${note(
            `(i32.ne (local.get $next) (call $step (local.get $word)
              (i32.or (local.get $inputs) (i32.const 0xffff00f8))))`,
            4,
          )}))
        (local.set $sample (i32.add (local.get $sample) (i32.const 1)))
        (br_if $samples (i32.lt_u (local.get $sample) (i32.const 2048))))
      (local.set $payload (i32.add (local.get $payload) (i32.const 1)))
      (br_if $words (local.tee $payloads (i32.sub (local.get $payloads) (i32.const 1)))))
    (i64.store (i32.const ${FOUND.stepsDigest}) (local.get $digest)))`;
}

/** `gapMs`: LIVE may not be entered by a sample that comes later than this after the one before. */
function text(gapMs: number): string {
  return `(module
  (import "gate" "permits" (func $permits (param i32) (result i32)))
  (import "gate" "phase" (func $phase (param i32) (result i32)))
  (import "gate" "step" (func $step (param i32 i32) (result i32)))
  (memory (export "memory") 2 2)
  (func (export "words") (param $word i32) (param $words i32)
    (local $permits i32) (local $phase i32) (local $permitting i32) (local $misnamed i32)
    (local $digest i64)
    (local.set $digest (i64.load (i32.const ${FOUND.wordsDigest})))
    (loop $next
      (local.set $permits (call $permits (local.get $word)))
      (local.set $phase (call $phase (local.get $word)))
      ${digested("$digest", "(i32.add (i32.shl (local.get $phase) (i32.const 1)) (local.get $permits))")}
      (if (local.get $permits) (then
        (local.set $permitting (i32.add (local.get $permitting) (i32.const 1)))))
      (if (if (result i32) ${CHECKS("(local.get $word)")}
        (then (i32.ne (i32.eq (local.get $phase) (i32.const ${PHASE.LIVE})) (local.get $permits)))
        (else (i32.ne (local.get $phase) (i32.const ${PHASE.KILLED})))) (then
        (local.set $misnamed (i32.add (local.get $misnamed) (i32.const 1)))
        (i32.store (i32.const ${FOUND.word}) (local.get $word))))
      (local.set $word (i32.add (local.get $word) (i32.const 1)))
      (br_if $next (local.tee $words (i32.sub (local.get $words) (i32.const 1)))))
    (i64.store (i32.const ${FOUND.wordsDigest}) (local.get $digest))
    ${count(FOUND.permitting, "(local.get $permitting)")}
    ${count(FOUND.misnamed, "(local.get $misnamed)")})
  (func (export "unlikeKilled")
    (param $word i32) (param $words i32) (param $inputs i32) (param $killed i32) (result i32)
    (local $count i32)
    (loop $next
      (if (i32.ne (call $step (local.get $word) (local.get $inputs)) (local.get $killed)) (then
        (if (i32.eqz ${CHECKS("(local.get $word)")}) (then
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (i32.store (i32.const ${FOUND.word}) (local.get $word))))))
      (local.set $word (i32.add (local.get $word) (i32.const 1)))
      (br_if $next (local.tee $words (i32.sub (local.get $words) (i32.const 1)))))
    (local.get $count))
${stepsText(gapMs)}
)`;
}

export interface GateLoops {
  memory: WebAssembly.Memory;
  /**
   * permits() and phase() of `words` words from `word` on. Counts words that permit, and words whose phase
   * does not fit: LIVE without a permit, a permit without LIVE, or invalid and not KILLED.
   */
  words(word: number, words: number): void;
  /** The number of invalid words that do not step to `killed`, as KILLED does. */
  unlikeKilled(word: number, words: number, inputs: number, killed: number): number;
  /** Every input from each of `payloads` valid words: checks STEP_RULES, and notes the image of step(). */
  steps(payload: number, payloads: number): void;
}

/** The loop module's bytes. */
export function loopModule(gapMs: number): Uint8Array<ArrayBuffer> {
  const module = binaryen.parseText(text(gapMs));
  const bytes = new Uint8Array(module.emitBinary());
  module.dispose();
  return bytes;
}

/** Links the loops with the functions of a gate. */
export function linkLoops(bytes: Uint8Array<ArrayBuffer>, gate: WebAssembly.Exports): GateLoops {
  const module = new WebAssembly.Module(bytes);
  return new WebAssembly.Instance(module, { gate }).exports as unknown as GateLoops;
}
