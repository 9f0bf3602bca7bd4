// Multiples of the base point of edwards25519 (RFC 8032, 5.1), bit by bit. Each bit costs the same: the
// point is doubled, and either the base point or the neutral one is added. The formulas are complete, so
// no case needs a branch (Hisil, Wong, Carter, Dawson: Twisted Edwards Curves Revisited, 2008).

import {
  ELEMENT,
  fieldAdd,
  fieldCopy,
  fieldEncode,
  fieldMultiply,
  fieldSet,
  fieldSubtract,
} from "./field";
import { SCRATCH } from "./scratch";

/** The base point as y + x, y - x and 2 d x y: 3 elements. */
const BASE = memory.data<u32>([
  0xf58c3b85, 0x2fbc93c6, 0xfb8c0e19, 0xcf932dc6, 0x643d42c2, 0x270b4898, 0x33d4ba65, 0x07cf9d3a,
  0xd740913e, 0x9d103905, 0xd140beb3, 0xfd399f05, 0x688f8a09, 0xa5c18434, 0x98f81267, 0x44fd2f92,
  0x877aaa68, 0xabc91205, 0xccaac49e, 0x26d9e823, 0xdd43598c, 0x5a1b7dcb, 0x9f0c65a8, 0x6f117b68,
]);

/** The point, in extended coordinates: x = X / Z, y = Y / Z, T = X Y / Z. field.ts uses what is before. */
const X: usize = SCRATCH + 64;
const Y: usize = SCRATCH + 96;
const Z: usize = SCRATCH + 128;
const T: usize = SCRATCH + 160;
/** Intermediate results. */
const E: usize = SCRATCH + 192;
const F: usize = SCRATCH + 224;
const G: usize = SCRATCH + 256;
const H: usize = SCRATCH + 288;
/** What is added, as in BASE. */
const ADDEND: usize = SCRATCH + 320;

/** Makes the point the neutral one: (0, 1). */
export function pointBegin(): void {
  fieldSet(X, 0);
  fieldSet(Y, 1);
  fieldSet(Z, 1);
  fieldSet(T, 0);
}

/** The point from E, F, G, H, which both formulas end with. */
function finish(): void {
  fieldMultiply(X, E, F);
  fieldMultiply(Y, G, H);
  fieldMultiply(T, E, H);
  fieldMultiply(Z, F, G);
}

/** dbl-2008-hwcd with a = -1 and all four intermediate results negated. */
function double(): void {
  fieldAdd(E, X, Y);
  fieldMultiply(E, E, E);
  fieldMultiply(X, X, X);
  fieldMultiply(Y, Y, Y);
  fieldMultiply(Z, Z, Z);
  fieldAdd(H, X, Y);
  fieldSubtract(E, H, E);
  fieldSubtract(G, X, Y);
  fieldAdd(F, Z, Z);
  fieldAdd(F, F, G);
  finish();
}

/** Sets ADDEND to the base point if `bit` is 1, to the neutral one, as (1, 1, 0), if it is 0. */
function choose(bit: u32): void {
  const mask = 0 - bit;
  for (let i: usize = 0; i < 96; i += 4) store<u32>(ADDEND + i, load<u32>(BASE + i) & mask);
  store<u32>(ADDEND, load<u32>(ADDEND) | (1 - bit));
  store<u32>(ADDEND, load<u32>(ADDEND, ELEMENT) | (1 - bit), ELEMENT);
}

/** add-2008-hwcd-3, of a point with Z = 1. */
function add(): void {
  fieldSubtract(E, Y, X);
  fieldMultiply(E, E, ADDEND + ELEMENT);
  fieldAdd(H, Y, X);
  fieldMultiply(H, H, ADDEND);
  fieldMultiply(T, T, ADDEND + 2 * ELEMENT);
  fieldAdd(Z, Z, Z);
  fieldSubtract(F, Z, T);
  fieldAdd(G, Z, T);
  fieldCopy(X, E);
  fieldSubtract(E, H, X);
  fieldAdd(H, H, X);
  finish();
}

/** One bit, 0 or 1, of the factor; the highest comes first. */
export function pointStep(bit: u32): void {
  double();
  choose(bit);
  add();
}

/** How often pointInvert() is called before pointEncode(). */
export const INVERSIONS: u32 = 255;

/** Step `count`, from 0, of 1 / Z = Z^(p - 2), to E. The exponent's bits are 1 but for those of 2^2 and 2^4. */
export function pointInvert(count: u32): void {
  if (count === 0) fieldCopy(E, Z);
  else {
    const bit = INVERSIONS - 1 - count;
    fieldMultiply(E, E, E);
    if (bit !== 2 && bit !== 4) fieldMultiply(E, E, Z);
  }
}

/** Writes the point's 32 bytes (RFC 8032, 5.1.2) after INVERSIONS steps. */
export function pointEncode(out: usize): void {
  fieldMultiply(X, X, E);
  fieldMultiply(Y, Y, E);
  fieldEncode(H, X);
  fieldEncode(out, Y);
  store<u32>(out, load<u32>(out, 28) | ((load<u32>(H) & 1) << 31), 28);
}
