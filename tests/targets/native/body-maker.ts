/**
 * Makes one function's body: instructions that are valid where they stand, with branches, values of
 * every origin, many values at once, and code that cannot be reached.
 */
import type { Prng } from "../../../host-sim/base/prng.ts";
import { NESTING_MAX, VALUES_MAX } from "../../../host-sim/sim/profile-code.ts";
import {
  BURN,
  carried,
  constantOf,
  FUEL,
  I32,
  I64,
  type Label,
  LOADS_32,
  LOADS_64,
  NONE,
  type Result,
  STORES,
  type Surroundings,
  signed,
  type Type,
  u32,
} from "./guest-parts.ts";

/** One function's body. */
export class BodyMaker {
  readonly #prng: Prng;
  readonly #module: Surroundings;
  readonly #locals: Type[];
  readonly #index: number;
  readonly #labels: Label[] = [];
  readonly #code: number[] = [];
  /** Operands at this point, from above. */
  #height = 0;
  #budget: number;

  constructor(module: Surroundings, index: number, locals: Type[], budget: number) {
    this.#module = module;
    this.#prng = module.prng;
    this.#index = index;
    this.#locals = locals;
    this.#budget = budget;
  }

  make(result: Result): number[] {
    this.#labels.push({ result, loop: false });
    this.#emit(...BURN);
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

  #local(type: Type): number | null {
    const all = [...this.#locals.keys()].filter((index) => this.#locals[index] === type);
    return all.length === 0 ? null : (all[this.#prng.below(all.length)] ?? null);
  }

  #constant(type: Type): void {
    this.#emit(...constantOf(this.#prng, type));
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
    const kinds = type === I32 ? LOADS_32 : LOADS_64;
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
      // A branch to a loop would repeat it: its counter is not touched there.
      if (carried(label) === result && !label.loop) depths.push(this.#labels.length - 1 - at);
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
      else if (kind === 5)
        this.#emit(0x45, 0x0d, 0, ...(carried(this.#labels.at(-1)) === NONE ? [] : [0x1a]));
      else if (kind === 6) this.#emit(0x00);
      else this.#statement();
    }
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
    const [op, type, width] = STORES[this.#prng.below(STORES.length)] ?? [0x36, I32, 2];
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
        this.#emit(...BURN);
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
