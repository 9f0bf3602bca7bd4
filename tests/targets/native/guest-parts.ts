/**
 * What the makers of guests share: types, encoding, values at edges, and what a body needs of the
 * module around it.
 */
import type { Prng } from "../../../host-sim/base/prng.ts";

export const I32 = 0x7f;
export const I64 = 0x7e;
export const NONE = 0x40;
export type Type = typeof I32 | typeof I64;
export type Result = Type | typeof NONE;

export interface Signature {
  readonly params: readonly Type[];
  readonly result: Result;
}

export function u32(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

export function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const byte = Number(rest & 0x7fn);
    const next = rest >> 7n;
    if ((next === 0n && byte < 0x40) || (next === -1n && byte >= 0x40)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

/** A function that may be called, directly or by an entry of the table. */
export type Callee =
  | { readonly index: number; readonly params: readonly Type[] }
  | { readonly entry: number; readonly type: number; readonly params: readonly Type[] };

/** What a body needs of the module around it. */
export interface Surroundings {
  readonly prng: Prng;
  globalsOf(type: Type): number[];
  /** A new local to count a loop with; null if there are too many. */
  counterOf(locals: Type[]): number | null;
  callee(from: number, result: Result): Callee | null;
  indirect(from: number, result: Result): Callee | null;
}

/** The globals' first: each loop and each function takes one from it, and ends at 0. */
export const FUEL = 0;
const INTERESTING = [0, 1, 2, 7, 31, 32, 63, 64, 127, 128, 255, 65_535, 65_536];
const EDGES = [-1n, 0x7fff_ffffn, -0x8000_0000n, 0x7fff_ffff_ffff_ffffn, -0x8000_0000_0000_0000n];

/** Opcode, and the base-2 logarithm of the width. */
export const LOADS_32: readonly (readonly [number, number])[] = [
  [0x28, 2],
  [0x2c, 0],
  [0x2d, 0],
  [0x2e, 1],
  [0x2f, 1],
];
export const LOADS_64: readonly (readonly [number, number])[] = [
  [0x29, 3],
  [0x30, 0],
  [0x31, 0],
  [0x32, 1],
  [0x33, 1],
  [0x34, 2],
  [0x35, 2],
];
/** Opcode, type of the value, and the base-2 logarithm of the width. */
export const STORES: readonly (readonly [number, Type, number])[] = [
  [0x36, I32, 2],
  [0x3a, I32, 0],
  [0x3b, I32, 1],
  [0x37, I64, 3],
  [0x3c, I64, 0],
  [0x3d, I64, 1],
  [0x3e, I64, 2],
];

export interface Label {
  readonly result: Result;
  readonly loop: boolean;
}

/** What a branch to a label carries. */
export function carried(label: Label | undefined): Result {
  return label === undefined || label.loop ? NONE : label.result;
}

/** Takes one from the fuel; traps if none was left. */
export const BURN: readonly number[] = [
  ...[0x23, FUEL, 0x41, 1, 0x6b, 0x24, FUEL],
  ...[0x23, FUEL, 0x41, 0, 0x48, 0x04, NONE, 0x00, 0x0b],
];

/** A constant of a type: a number at an edge, or any. */
export function constantOf(prng: Prng, type: Type): number[] {
  const kind = prng.below(4);
  const small = INTERESTING[prng.below(INTERESTING.length)] ?? 0;
  let value = BigInt(small);
  if (kind === 1) value = BigInt(prng.u32() | 0);
  else if (kind === 2) value = EDGES[prng.below(EDGES.length)] ?? 0n;
  return [type === I32 ? 0x41 : 0x42, ...signed(BigInt.asIntN(type === I32 ? 32 : 64, value))];
}
