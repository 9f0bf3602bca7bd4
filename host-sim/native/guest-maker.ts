/**
 * Makes guests that are valid by construction, from a seed: near every limit of the profile, with
 * every instruction of it, code that cannot be reached, and traps.
 */
import { Prng } from "../prng.ts";
import { NESTING_MAX, VALUES_MAX } from "../sim/profile-code.ts";

const I32 = 0x7f;
const I64 = 0x7e;
const NONE = 0x40;
type Type = typeof I32 | typeof I64;
type Result = Type | typeof NONE;

interface Signature {
  readonly params: readonly Type[];
  readonly result: Result;
}

function u32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const byte = Number(rest & 0x7fn);
    const next = rest >> 7n;
    if ((next === 0n && byte < 0x40) || (next === -1n && byte >= 0x40)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

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
/** The globals' first: each loop and each function takes one from it, and ends at 0. */
const FUEL = 0;
const INTERESTING = [0, 1, 2, 7, 31, 32, 63, 64, 127, 128, 255, 65_535, 65_536];
const EDGES = [-1n, 0x7fff_ffffn, -0x8000_0000n, 0x7fff_ffff_ffff_ffffn, -0x8000_0000_0000_0000n];

interface Label {
  readonly result: Result;
  readonly loop: boolean;
}

/** One function's body. */
class BodyMaker {
  readonly #prng: Prng;
  readonly #module: GuestMaker;
  readonly #locals: Type[];
  readonly #index: number;
  readonly #labels: Label[] = [];
  readonly #code: number[] = [];
  /** Operands at this point, from above. */
  #height = 0;
  #budget: number;

  constructor(module: GuestMaker, index: number, locals: Type[], budget: number) {
    this.#module = module;
    this.#prng = module.prng;
    this.#index = index;
    this.#locals = locals;
    this.#budget = budget;
  }

  make(result: Result): number[] {
    this.#labels.push({ result, loop: false });
    this.#burn();
    for (let count = 1 + this.#prng.below(6); count > 0; count--) this.#statement();
    if (result !== NONE) this.#value(result, 0);
    this.#emit(0x0b);
    return this.#code;
  }

  #emit(...bytes: number[]): void {
    this.#code.push(...bytes);
  }

  #chance(one: number): boolean {
    return this.#prng.below(one) === 0;
  }

  #burn(): void {
    this.#emit(0x23, FUEL, 0x41, 1, 0x6b, 0x24, FUEL);
    this.#emit(0x23, FUEL, 0x41, 0, 0x48, 0x04, NONE, 0x00, 0x0b);
  }

  #local(type: Type): number | null {
    const all = [...this.#locals.keys()].filter((index) => this.#locals[index] === type);
    return all.length === 0 ? null : (all[this.#prng.below(all.length)] ?? null);
  }

  #constant(type: Type): void {
    const kind = this.#prng.below(4);
    const small = INTERESTING[this.#prng.below(INTERESTING.length)] ?? 0;
    let value = BigInt(small);
    if (kind === 1) value = BigInt(this.#prng.u32() | 0);
    else if (kind === 2) value = EDGES[this.#prng.below(EDGES.length)] ?? 0n;
    const bits = type === I32 ? 32 : 64;
    this.#emit(type === I32 ? 0x41 : 0x42, ...signed(BigInt.asIntN(bits, value)));
  }

  /** An address: mostly one that fits. */
  #address(depth: number): void {
    this.#value(I32, depth + 1);
    if (!this.#chance(60)) this.#emit(0x41, ...signed(0x7fffn), 0x71);
  }

  #offset(width: number): void {
    const far = this.#chance(80) ? 0xffff_ff00 : this.#prng.below(0x7ff0);
    this.#emit(this.#prng.below(width + 1), ...u32(far));
  }

  /** Emits code that leaves one value. */
  #value(type: Type, depth: number): void {
    this.#budget--;
    const leaf = depth > 10 || this.#budget < 0 || this.#height > VALUES_MAX / 2;
    const kind = leaf ? this.#prng.below(3) : this.#prng.below(22);
    if (kind === 0) this.#constant(type);
    else if (kind <= 2) this.#read(type);
    else if (kind <= 9) this.#binary(type, depth);
    else if (kind === 10) this.#unary(type, depth);
    else if (kind === 11) this.#load(type, depth);
    else if (kind === 12) this.#select(type, depth);
    else if (kind === 13) this.#compare(type, depth);
    else if (kind === 14) this.#tee(type, depth);
    else if (kind === 15) this.#convert(type, depth);
    else if (kind <= 18) this.#blockValue(type, depth, kind);
    else if (kind === 19) this.#call(type, depth);
    else if (kind === 20 && this.#chance(4)) this.#wide(type);
    else if (type === I32) this.#emit(0x3f, 0);
    else this.#constant(type);
  }

  #read(type: Type): void {
    const local = this.#local(type);
    const globals = this.#module.globalsOf(type);
    if (local !== null && (globals.length === 0 || !this.#chance(4)))
      this.#emit(0x20, ...u32(local));
    else if (globals.length > 0) {
      this.#emit(0x23, ...u32(globals[this.#prng.below(globals.length)] ?? 0));
    } else this.#constant(type);
  }

  #operand(type: Type, depth: number): void {
    this.#value(type, depth + 1);
    this.#height++;
  }

  #binary(type: Type, depth: number): void {
    const base = type === I32 ? 0x6a : 0x7c;
    const op = this.#prng.below(15);
    this.#operand(type, depth);
    // Divisors are mostly not 0; the one overflow of a division is left in.
    const divides = op >= 3 && op <= 6;
    this.#value(type, depth + 1);
    if (divides && !this.#chance(20)) {
      if (type === I32) this.#emit(0x41, 1, 0x72);
      else this.#emit(0x42, 1, 0x84);
    }
    this.#height--;
    this.#emit(base + op);
  }

  #unary(type: Type, depth: number): void {
    this.#value(type, depth + 1);
    this.#emit((type === I32 ? 0x67 : 0x79) + this.#prng.below(3));
  }

  #load(type: Type, depth: number): void {
    const kinds: [number, number][] =
      type === I32
        ? [
            [0x28, 2],
            [0x2c, 0],
            [0x2d, 0],
            [0x2e, 1],
            [0x2f, 1],
          ]
        : [
            [0x29, 3],
            [0x30, 0],
            [0x31, 0],
            [0x32, 1],
            [0x33, 1],
            [0x34, 2],
            [0x35, 2],
          ];
    const [op, width] = kinds[this.#prng.below(kinds.length)] ?? [0x28, 2];
    this.#address(depth);
    this.#emit(op);
    this.#offset(width);
  }

  #select(type: Type, depth: number): void {
    this.#operand(type, depth);
    this.#operand(type, depth);
    this.#value(I32, depth + 1);
    this.#height -= 2;
    this.#emit(0x1b);
  }

  #compare(type: Type, depth: number): void {
    if (type === I64) {
      this.#binary(type, depth);
      return;
    }
    const of = this.#chance(2) ? I32 : I64;
    if (this.#chance(4)) {
      this.#value(of, depth + 1);
      this.#emit(of === I32 ? 0x45 : 0x50);
      return;
    }
    this.#operand(of, depth);
    this.#value(of, depth + 1);
    this.#height--;
    this.#emit((of === I32 ? 0x46 : 0x51) + this.#prng.below(10));
  }

  #tee(type: Type, depth: number): void {
    const local = this.#local(type);
    this.#value(type, depth + 1);
    if (local !== null) this.#emit(0x22, ...u32(local));
  }

  #convert(type: Type, depth: number): void {
    this.#value(type === I32 ? I64 : I32, depth + 1);
    this.#emit(type === I32 ? 0xa7 : 0xac + this.#prng.below(2));
  }

  /** Runs `inside` within a block; false if blocks are nested as deep as they may be. */
  #block(opcode: number, result: Result, inside: () => void): boolean {
    if (this.#labels.length >= NESTING_MAX) return false;
    this.#emit(opcode, result);
    this.#labels.push({ result, loop: opcode === 0x03 });
    const height = this.#height;
    inside();
    this.#height = height;
    this.#labels.pop();
    this.#emit(0x0b);
    return true;
  }

  #blockValue(type: Type, depth: number, kind: number): void {
    const inside = () => {
      if (this.#chance(3)) this.#statement();
      this.#value(type, depth + 1);
      if (this.#chance(3)) this.#branchWithValue(type, depth);
    };
    if (this.#labels.length >= NESTING_MAX) this.#constant(type);
    else if (kind === 16) this.#block(0x02, type, inside);
    else {
      this.#value(I32, depth + 1);
      this.#block(0x04, type, () => {
        inside();
        this.#emit(0x05);
        inside();
      });
    }
  }

  /** Labels, by depth, that carry this. */
  #labelsOf(result: Result): number[] {
    const depths: number[] = [];
    for (const [at, label] of this.#labels.entries()) {
      const carries = label.loop ? NONE : label.result;
      // A branch to a loop would repeat it: its counter is not touched there.
      if (carries === result && !label.loop) depths.push(this.#labels.length - 1 - at);
    }
    return depths;
  }

  /** With a value on top: may branch away with it, and leaves one all the same. */
  #branchWithValue(type: Type, depth: number): void {
    const labels = this.#labelsOf(type);
    const label = labels[this.#prng.below(Math.max(1, labels.length))];
    if (label === undefined) return;
    this.#height++;
    if (this.#chance(5)) {
      this.#emit(0x0c, ...u32(label));
      this.#dead();
      this.#value(type, depth + 1);
    } else {
      this.#value(I32, depth + 1);
      if (this.#chance(3)) {
        const count = this.#prng.below(this.#chance(20) ? 60 : 4);
        const targets = Array.from({ length: count + 1 }, () => {
          return u32(labels[this.#prng.below(labels.length)] ?? label);
        });
        this.#emit(0x0e, ...u32(count), ...targets.flat());
        this.#dead();
        this.#value(type, depth + 1);
      } else this.#emit(0x0d, ...u32(label));
    }
    this.#height--;
  }

  /** Code that cannot be reached; its operands may come from nowhere. */
  #dead(): void {
    for (let count = this.#prng.below(4); count > 0; count--) {
      const kind = this.#prng.below(8);
      if (kind === 0) this.#emit(0x1a);
      else if (kind === 1) this.#emit(0x6a, 0x1a);
      else if (kind === 2) this.#emit(0x1b, 0x1a);
      else if (kind === 3) this.#emit(0x36, 2, 0);
      else if (kind === 4) this.#emit(0x41, 1, 0x1a);
      else if (kind === 5) this.#emit(0x45, 0x0d, 0, ...(this.#top === NONE ? [] : [0x1a]));
      else if (kind === 6) this.#emit(0x00);
      else this.#statement();
    }
  }

  get #top(): Result {
    const label = this.#labels.at(-1);
    return label === undefined || label.loop ? NONE : label.result;
  }

  #arguments(params: readonly Type[], depth: number): void {
    for (const param of params) this.#operand(param, depth + 3);
    this.#height -= params.length;
  }

  #call(type: Result, depth: number): void {
    const indirect = this.#chance(4);
    const found = indirect
      ? this.#module.indirect(this.#index, type)
      : this.#module.callee(this.#index, type);
    if (found === null) {
      if (type !== NONE) this.#constant(type);
      return;
    }
    this.#arguments(found.params, depth);
    if ("entry" in found) {
      this.#emit(0x41, ...signed(BigInt(found.entry)), 0x11, ...u32(found.type), 0);
    } else this.#emit(0x10, ...u32(found.index));
  }

  /** Many values at once, some of them the same local, which is set while they are there. */
  #wide(type: Type): void {
    const free = VALUES_MAX - this.#locals.length - this.#height - this.#labels.length - 6;
    if (free < 2) {
      this.#constant(type);
      return;
    }
    const count = 1 + this.#prng.below(this.#chance(3) ? free : Math.min(free, 24));
    const local = this.#local(type);
    for (let i = 0; i < count; i++) {
      if (local !== null && this.#chance(2)) this.#emit(0x20, ...u32(local));
      else if (this.#chance(3)) this.#read(type);
      else this.#constant(type);
      if (this.#chance(6)) this.#emit((type === I32 ? 0x67 : 0x79) + this.#prng.below(3));
    }
    this.#height += count;
    if (local !== null && this.#chance(2)) {
      this.#constant(type);
      this.#emit(0x21, ...u32(local));
    }
    if (this.#height < VALUES_MAX - this.#locals.length - 40 && this.#chance(2)) this.#statement();
    for (let i = 1; i < count; i++) {
      this.#emit(type === I32 ? ([0x6a, 0x6b, 0x73][i % 3] ?? 0x6a) : 0x7c);
    }
    this.#height -= count;
  }

  #statement(): void {
    this.#budget--;
    if (this.#budget < 0) return;
    const kind = this.#prng.below(12);
    if (kind <= 2) this.#set();
    else if (kind <= 4) this.#store();
    else if (kind === 5) {
      this.#value(this.#chance(2) ? I32 : I64, 1);
      this.#emit(0x1a);
    } else if (kind === 6) this.#loop();
    else if (kind === 7) this.#branchy();
    else if (kind === 8) this.#choice();
    else if (kind === 9) this.#call(NONE, 1);
    else if (kind === 10 && this.#chance(10)) this.#emit(0x41, this.#prng.below(2), 0x40, 0, 0x1a);
    else this.#emit(0x01);
  }

  #set(): void {
    const type = this.#chance(2) ? I32 : I64;
    const local = this.#local(type);
    const globals = this.#module.globalsOf(type).filter((index) => index !== FUEL);
    this.#value(type, 1);
    if (local !== null && !this.#chance(4)) this.#emit(0x21, ...u32(local));
    else if (globals.length > 0) {
      this.#emit(0x24, ...u32(globals[this.#prng.below(globals.length)] ?? 1));
    } else this.#emit(0x1a);
  }

  #store(): void {
    const kinds: [number, Type, number][] = [
      [0x36, I32, 2],
      [0x3a, I32, 0],
      [0x3b, I32, 1],
      [0x37, I64, 3],
      [0x3c, I64, 0],
      [0x3d, I64, 1],
      [0x3e, I64, 2],
    ];
    const [op, type, width] = kinds[this.#prng.below(kinds.length)] ?? [0x36, I32, 2];
    this.#address(1);
    this.#height++;
    this.#value(type, 1);
    this.#height--;
    this.#emit(op);
    this.#offset(width);
  }

  /** A loop that a local of its own counts, in a block that it leaves by branches. */
  #loop(): void {
    if (this.#labels.length + 2 > NESTING_MAX) return;
    const counter = this.#module.counterOf(this.#locals);
    if (counter === null) return;
    this.#emit(0x41, ...signed(BigInt(1 + this.#prng.below(40))), 0x21, ...u32(counter));
    this.#block(0x02, NONE, () => {
      this.#block(0x03, NONE, () => {
        this.#burn();
        const held = this.#chance(4);
        if (held) this.#emit(0x41, 5);
        this.#height += held ? 1 : 0;
        for (let count = this.#prng.below(3); count > 0; count--) this.#statement();
        this.#emit(0x20, ...u32(counter), 0x41, 1, 0x6b, 0x22, ...u32(counter));
        if (held) {
          this.#emit(0x45, 0x0d, 1, 0x0c, 0);
          this.#dead();
        } else this.#emit(0x0d, 0);
      });
    });
  }

  #branchy(): void {
    this.#block(0x02, NONE, () => {
      for (let count = this.#prng.below(3); count > 0; count--) this.#statement();
      const labels = this.#labelsOf(NONE);
      const label = labels[this.#prng.below(Math.max(1, labels.length))];
      if (label === undefined) return;
      if (this.#chance(4)) {
        this.#emit(0x0c, ...u32(label));
        this.#dead();
      } else {
        this.#value(I32, 1);
        this.#emit(0x0d, ...u32(label));
      }
      this.#statement();
    });
  }

  #choice(): void {
    this.#value(I32, 1);
    const done = this.#block(0x04, NONE, () => {
      this.#statement();
      if (this.#chance(2)) return;
      this.#emit(0x05);
      this.#statement();
    });
    if (!done) this.#emit(0x1a);
  }
}

class GuestMaker {
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
  callee(from: number, result: Result): { index: number; params: readonly Type[] } | null {
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
  indirect(
    from: number,
    result: Result,
  ): { entry: number; type: number; params: readonly Type[] } | null {
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
