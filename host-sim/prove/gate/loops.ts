/**
 * The loops that enumerate a gate, as a WebAssembly module that imports the gate's own functions: the
 * bytes under proof run as they are. Knows the word's encoding and the properties of one step; must
 * not know the gate's phases beyond those it is told, nor its code.
 *
 * The same module, translated by wasm2c and linked with the translated gate, enumerates the C that
 * ships on boards: it needs `gate.permits`, `gate.phase` and `gate.step`, and nothing else.
 */
import binaryen from "binaryen";
import { PHASE } from "../../abi/abi.gen.ts";

/**
 * Where the loops leave what they found: u32 each; digests u64, of every result in its order, so that two
 * gates with one digest and one result that differs there are not.
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
/** One byte per payload that `steps` saw step() return. */
export const IMAGE_OFFSET = 0x1_0000;

/** Violations of one step, as `steps` numbers them. */
export const STEP_RULES = [
  "every word that step() returns checks",
  "a sample that is not cleanly ON never permits",
  "LIVE is entered from ARMING only",
  "LIVE is never entered across a gap in the samples",
  "input bits without a meaning change nothing",
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

/** `gapMs`: samples further apart than this may not lead to LIVE. */
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
   * permits() and phase() of `words` words from `word` on: how many permit; how many are LIVE without a
   * permit, the reverse, or do not check and are not KILLED; the last of these in FOUND.word.
   */
  words(word: number, words: number): void;
  /** How many do not check and yet do not step as KILLED does, to `killed`. */
  unlikeKilled(word: number, words: number, inputs: number, killed: number): number;
  /** Every input from each of `payloads` words that check: STEP_RULES, and the image of step(). */
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
