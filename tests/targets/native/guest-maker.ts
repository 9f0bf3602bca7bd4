/**
 * Makes guests that are valid by construction, from a seed: near every limit of the profile, with
 * every instruction of it, code that cannot be reached, and traps.
 */
import { Prng } from "../../../host-sim/base/prng.ts";
import { BodyMaker } from "./body-maker.ts";
import {
  type Callee,
  FUEL,
  I32,
  I64,
  NONE,
  type Result,
  type Signature,
  type Surroundings,
  signed,
  type Type,
  u32,
} from "./guest-parts.ts";

const vector = (items: readonly number[][]) => [...u32(items.length), ...items.flat()];
const section = (id: number, bytes: readonly number[]) => [id, ...u32(bytes.length), ...bytes];
const text = (name: string) => vector([...Buffer.from(name)].map((byte) => [byte]));

/** The guest's exports: functions 1 to 6 behind the import, if there is one. */
const EXPORTED: readonly [string, Signature][] = [
  ["abi_version", { params: [], result: I32 }],
  ["rx_buffer", { params: [], result: I32 }],
  ["state_ptr", { params: [], result: I32 }],
  ["state_len", { params: [], result: I32 }],
  ["init", { params: [I32], result: NONE }],
  ["on_event", { params: [I32, I32, I32], result: NONE }],
];

class GuestMaker implements Surroundings {
  readonly prng: Prng;
  readonly #types: Signature[] = [];
  readonly #functions: number[] = [];
  readonly #globals: Type[] = [I32];
  readonly #table: (number | null)[] = [];
  readonly #imports: number;
  readonly #recursive: boolean;

  constructor(seed: number, recursive: boolean) {
    this.prng = new Prng(seed);
    this.#recursive = recursive;
    for (const [, signature] of EXPORTED) this.#typeOf(signature);
    this.#imports = this.prng.below(3) === 0 ? 1 : 0;
    if (this.#imports === 1) this.#functions.push(this.#typeOf({ params: [I32], result: NONE }));
    for (const [, signature] of EXPORTED) this.#functions.push(this.#typeOf(signature));
    const many = this.prng.below(40) === 0 ? 200 : 12;
    for (let count = this.prng.below(many); count > 0; count--) {
      this.#functions.push(this.#typeOf(this.#signature()));
    }
    for (let count = this.prng.below(this.prng.below(8) === 0 ? 63 : 8); count > 0; count--)
      this.#globals.push(this.prng.below(2) === 0 ? I32 : I64);
    const entries = this.prng.below(this.prng.below(8) === 0 ? 65 : 9);
    for (let entry = 0; entry < entries; entry++) {
      const index = this.#imports + EXPORTED.length + entry;
      const there = index < this.#functions.length && this.prng.below(6) !== 0;
      this.#table.push(there ? index : null);
    }
  }

  #typeOf(signature: Signature): number {
    const same = (type: Signature) =>
      type.result === signature.result && String(type.params) === String(signature.params);
    const known = this.#types.findIndex(same);
    if (known >= 0 || this.#types.length >= 64) return Math.max(0, known);
    this.#types.push(signature);
    return this.#types.length - 1;
  }

  #signature(): Signature {
    const count = this.prng.below(this.prng.below(6) === 0 ? 33 : 5);
    const type = () => (this.prng.below(2) === 0 ? I32 : I64);
    const result = [NONE, I32, I64][this.prng.below(3)] as Result;
    return { params: Array.from({ length: count }, type), result };
  }

  globalsOf(type: Type): number[] {
    return [...this.#globals.keys()].filter((index) => this.#globals[index] === type);
  }

  /** The local that counts loops: the last of type i32, not shared by loops within loops. */
  counterOf(locals: Type[]): number | null {
    if (locals.length >= 120) return null;
    locals.push(I32);
    return locals.length - 1;
  }

  /** A function that may be called from one: without recursion only later ones, so that calls end. */
  callee(from: number, result: Result): Callee | null {
    const own = this.#imports + EXPORTED.length;
    const again = this.#recursive && this.prng.below(4) === 0;
    const first = again ? own : Math.max(from + 1, own);
    const fit: number[] = this.#imports === 1 && result === NONE ? [0] : [];
    for (let index = first; index < this.#functions.length; index++)
      if (this.#types[this.#functions[index] ?? 0]?.result === result) fit.push(index);
    const index = fit[this.prng.below(Math.max(1, fit.length))];
    if (index === undefined) return null;
    return { index, params: this.#types[this.#functions[index] ?? 0]?.params ?? [] };
  }

  /** An entry of the table; now and then of another type, empty, or behind the end. */
  indirect(from: number, result: Result): Callee | null {
    const fit = [...this.#table.keys()].filter((entry) => {
      const index = this.#table[entry] ?? null;
      if (index === null) return this.prng.below(40) === 0;
      return index > from || (this.#recursive && this.prng.below(3) === 0);
    });
    const entry = this.prng.below(60) === 0 ? 64 : fit[this.prng.below(Math.max(1, fit.length))];
    if (entry === undefined || this.#table.length === 0) return null;
    const types = [...this.#types.keys()].filter((type) => this.#types[type]?.result === result);
    const own = this.#functions[this.#table[entry] ?? 0] ?? 0;
    const type = types.includes(own) ? own : types[this.prng.below(types.length)];
    if (type === undefined) return null;
    return { entry, type, params: this.#types[type]?.params ?? [] };
  }

  #body(index: number): number[] {
    const own = index - this.#imports;
    const signature = this.#types[this.#functions[index] ?? 0];
    if (signature === undefined) throw new Error("a function without a type");
    const fixed = [
      [0x41, 1],
      [0x41, ...signed(60_000n)],
      [0x41, 0],
      [0x41, 8],
    ][own];
    if (fixed !== undefined) return [0, ...fixed, 0x0b];
    const locals: Type[] = [...signature.params];
    const count = this.prng.below(this.prng.below(8) === 0 ? 90 : 8);
    for (let i = 0; i < count; i++) locals.push(this.prng.below(2) === 0 ? I32 : I64);
    const budget = this.prng.below(10) === 0 ? 600 : 60;
    const code = new BodyMaker(this, index, locals, budget).make(signature.result);
    const groups = locals.slice(signature.params.length).map((type) => [1, type]);
    return [...vector(groups), ...code];
  }

  make(): Uint8Array<ArrayBuffer> {
    const bodies = [...this.#functions.keys()]
      .slice(this.#imports)
      .map((index) => this.#body(index))
      .map((body) => [...u32(body.length), ...body]);
    const types = this.#types.map(({ params, result }) => [
      0x60,
      ...vector(params.map((type) => [type])),
      ...vector(result === NONE ? [] : [[result]]),
    ]);
    const globals = this.#globals.map((type, index) => [
      ...[type, 1, type === I32 ? 0x41 : 0x42],
      ...signed(index === FUEL ? 20_000n : BigInt(this.prng.u32() | 0)),
      0x0b,
    ]);
    const exports = EXPORTED.map(([name], index) => [
      ...text(name),
      ...[0, ...u32(index + this.#imports)],
    ]);
    const elements = [...this.#table.entries()].flatMap(([entry, index]) =>
      index === null ? [] : [[0, 0x41, ...signed(BigInt(entry)), 0x0b, 1, ...u32(index)]],
    );
    const data = Array.from({ length: this.prng.below(4) }, () => {
      const bytes = Array.from({ length: this.prng.below(40) }, () => [this.prng.below(256)]);
      const at = this.prng.below(8) === 0 ? 65_536 - bytes.length : this.prng.below(65_000);
      return [0, 0x41, ...signed(BigInt(at)), 0x0b, ...vector(bytes)];
    });
    const imported = [[...text("board"), ...text("radio_request"), 0, this.#functions[0] ?? 0]];
    return Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      ...section(1, vector(types)),
      ...(this.#imports === 1 ? section(2, vector(imported)) : []),
      ...section(3, vector(this.#functions.slice(this.#imports).map((type) => u32(type)))),
      ...section(4, vector([[0x70, 0, ...u32(this.#table.length)]])),
      ...section(5, vector([[1, 1, 1]])),
      ...section(6, vector(globals)),
      ...section(7, vector([...exports, [...text("memory"), 2, 0]])),
      ...section(9, vector(elements.slice(0, 64))),
      ...section(10, vector(bodies)),
      ...section(11, vector(data)),
    ]);
  }
}

/**
 * A guest from a seed; most are in the profile, some are too large in one way or another. A recursive
 * one may call itself until its fuel or the stack ends.
 */
export function makeGuest(seed: number, recursive = false): Uint8Array<ArrayBuffer> {
  return new GuestMaker(seed, recursive).make();
}
