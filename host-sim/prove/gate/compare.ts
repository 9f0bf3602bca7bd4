/**
 * Compares two gates word by word. A module imports the functions of both, so that their bytes run
 * unchanged.
 */
import binaryen from "binaryen";
import { makeGate } from "../../sim/firmware.ts";
import { inputsOf, SAMPLES } from "./paths.ts";

type Module = Uint8Array<ArrayBuffer>;

const FUNCTIONS = ["step", "permits", "phase"] as const;
const PAYLOADS = 2 ** 16;
const ALL_WORDS = 2 ** 32;
const CHUNK = 2 ** 26;

function imports(gate: string): string {
  return FUNCTIONS.map((name) => {
    const params = name === "step" ? "i32 i32" : "i32";
    return `(import "${gate}" "${name}" (func $${gate}.${name} (param ${params}) (result i32)))`;
  }).join("\n");
}

const differ = (name: string, args: string) =>
  `(i32.ne (call $a.${name} ${args}) (call $b.${name} ${args}))`;

const TEXT = `(module ${imports("a")} ${imports("b")}
  (func (export "onWord") (param $word i32) (result i32)
    (local $sample i32) (local $inputs i32)
    (if (i32.or ${differ("permits", "(local.get $word)")} ${differ("phase", "(local.get $word)")})
      (then (return (i32.const 1))))
    (loop $next
      (local.set $inputs (i32.or (i32.and (local.get $sample) (i32.const 7))
        (i32.shl (i32.shr_u (local.get $sample) (i32.const 3)) (i32.const 8))))
      (if ${differ("step", "(local.get $word) (local.get $inputs)")} (then (return (i32.const 1))))
      (local.set $sample (i32.add (local.get $sample) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $sample) (i32.const ${SAMPLES}))))
    (i32.const 0))
  ${FUNCTIONS.map(
    (name) => `(func (export "${name}") (param $word i32) (param $words i32) (result i32)
    (local $count i32)
    (loop $next
      (local.set $count (i32.add (local.get $count)
        ${differ(name, `(local.get $word)${name === "step" ? " (i32.const 0x0106)" : ""}`)}))
      (local.set $word (i32.add (local.get $word) (i32.const 1)))
      (br_if $next (local.tee $words (i32.sub (local.get $words) (i32.const 1)))))
    (local.get $count))`,
  ).join("\n")})`;

interface Comparison {
  onWord(word: number): number;
  step(word: number, words: number): number;
  permits(word: number, words: number): number;
  phase(word: number, words: number): number;
}

export interface Difference {
  /** Valid words on which a result differs. Signed, as a gate returns them. */
  words: number[];
  /** Number of words, of all 2^32, on which a result differs; null if they were not compared. */
  all: number | null;
}

/**
 * Compares two gates on every valid word and every input. If they do not differ there and `all` names a
 * function, compares this function on all 2^32 words; step() with one input, the rail up at KILL.
 */
export function compareGates(a: Module, b: Module, all: string | null): Difference {
  const text = binaryen.parseText(TEXT);
  const module = new WebAssembly.Module(new Uint8Array(text.emitBinary()));
  text.dispose();
  const gates = { a: { ...makeGate(a) }, b: { ...makeGate(b) } };
  const loops = new WebAssembly.Instance(module, gates as unknown as WebAssembly.Imports)
    .exports as unknown as Comparison;
  const words: number[] = [];
  for (let payload = 0; payload < PAYLOADS; payload++) {
    const word = payload | (~payload << 16);
    if (loops.onWord(word) !== 0) words.push(word);
  }
  const name = FUNCTIONS.find((known) => known === all);
  if (name === undefined || words.length > 0) return { words, all: null };
  let count = 0;
  for (let word = 0; word < ALL_WORDS; word += CHUNK) count += loops[name](word, CHUNK);
  return { words, all: count };
}

/** Whether two gates give the same phases and permits for every sequence of inputs from power-on. */
export function sameFromPowerOn(a: Module, b: Module): boolean {
  const [one, other] = [makeGate(a), makeGate(b)];
  const pairs: [number, number][] = [[0, 0]];
  const seen = new Set(["0,0"]);
  for (const [from, to] of pairs) {
    for (let sample = 0; sample < SAMPLES; sample++) {
      const inputs = inputsOf(sample);
      const [x, y] = [one.step(from, inputs), other.step(to, inputs)];
      if (one.phase(x) !== other.phase(y) || one.permits(x) !== other.permits(y)) return false;
      if (seen.has(`${x},${y}`)) continue;
      seen.add(`${x},${y}`);
      pairs.push([x, y]);
    }
  }
  return true;
}
