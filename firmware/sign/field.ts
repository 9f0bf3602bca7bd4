// Arithmetic modulo p = 2^255 - 19 (RFC 8032, 5.1). An element is 8 words of 32 bits, the lowest first, with
// any value below 2^256: it is brought below p only when it is written out. No branch and no address
// depends on a value, and no operation may be slower for one value than for another.

import { SCRATCH } from "./scratch";

/** Size of an element, in bytes. */
export const ELEMENT: usize = 32;
/** 2^256 is congruent to this. */
const FOLD: u64 = 38;

/** The product of two elements: 16 words. */
const PRODUCT: usize = SCRATCH;

/** Sets an element to a value below 2^32. */
export function fieldSet(out: usize, value: u32): void {
  store<u32>(out, value);
  for (let i: usize = 4; i < ELEMENT; i += 4) store<u32>(out + i, 0);
}

export function fieldCopy(out: usize, a: usize): void {
  for (let i: usize = 0; i < ELEMENT; i += 4) store<u32>(out + i, load<u32>(a + i));
}

/** Adds `carry` times 2^256, with `carry` at most 38, to the element at `out`. */
function fold(out: usize, carry: u64): void {
  carry *= FOLD;
  for (let i: usize = 0; i < ELEMENT; i += 4) {
    carry += load<u32>(out + i);
    store<u32>(out + i, carry as u32);
    carry >>= 32;
  }
  // If that carried, the element is below 38 * 38, so its lowest word takes the rest.
  store<u32>(out, load<u32>(out) + ((carry * FOLD) as u32));
}

export function fieldAdd(out: usize, a: usize, b: usize): void {
  let carry: u64 = 0;
  for (let i: usize = 0; i < ELEMENT; i += 4) {
    carry += <u64>load<u32>(a + i) + <u64>load<u32>(b + i);
    store<u32>(out + i, carry as u32);
    carry >>= 32;
  }
  fold(out, carry);
}

export function fieldSubtract(out: usize, a: usize, b: usize): void {
  let borrow: i64 = 0;
  for (let i: usize = 0; i < ELEMENT; i += 4) {
    borrow += <i64>load<u32>(a + i) - <i64>load<u32>(b + i);
    store<u32>(out + i, borrow as u32);
    borrow >>= 32;
  }
  borrow *= FOLD;
  for (let i: usize = 0; i < ELEMENT; i += 4) {
    borrow += <i64>load<u32>(out + i);
    store<u32>(out + i, borrow as u32);
    borrow >>= 32;
  }
  // If that borrowed, the element is at least 2^256 - 38, so its lowest word has 38 to give.
  store<u32>(out, load<u32>(out) + ((borrow * FOLD) as u32));
}

/** `out` may be `a` or `b`. */
export function fieldMultiply(out: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < 64; i += 8) store<u64>(PRODUCT + i, 0);
  for (let i: usize = 0; i < ELEMENT; i += 4) {
    const word: u64 = load<u32>(a + i);
    let carry: u64 = 0;
    // (2^32 - 1)^2 + 2 * (2^32 - 1) = 2^64 - 1: the sum fits.
    for (let j: usize = 0; j < ELEMENT; j += 4) {
      carry += word * <u64>load<u32>(b + j) + <u64>load<u32>(PRODUCT + i + j);
      store<u32>(PRODUCT + i + j, carry as u32);
      carry >>= 32;
    }
    store<u32>(PRODUCT + i, carry as u32, ELEMENT);
  }
  let carry: u64 = 0;
  for (let i: usize = 0; i < ELEMENT; i += 4) {
    carry += <u64>load<u32>(PRODUCT + i, ELEMENT) * FOLD + <u64>load<u32>(PRODUCT + i);
    store<u32>(out + i, carry as u32);
    carry >>= 32;
  }
  fold(out, carry);
}

/** Writes the value below p, little-endian, to the 32 bytes at `out`, which may not be `a`. */
export function fieldEncode(out: usize, a: usize): void {
  // First below 2^255 + 19, then below p: adding 19 reaches bit 255 exactly if the value is p or more.
  let carry: u64 = 19 * <u64>(load<u32>(a, 28) >>> 31);
  for (let i: usize = 0; i < ELEMENT; i += 4) {
    const word = load<u32>(a + i);
    carry += i === 28 ? word & 0x7fffffff : word;
    store<u32>(out + i, carry as u32);
    carry >>= 32;
  }
  carry = 19;
  for (let i: usize = 0; i < 28; i += 4) carry = (carry + load<u32>(out + i)) >> 32;
  carry = 19 * ((carry + load<u32>(out, 28)) >> 31);
  for (let i: usize = 0; i < ELEMENT; i += 4) {
    carry += load<u32>(out + i);
    store<u32>(out + i, carry as u32);
    carry >>= 32;
  }
  store<u32>(out, load<u32>(out, 28) & 0x7fffffff, 28);
}
