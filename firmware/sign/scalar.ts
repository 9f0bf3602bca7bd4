// Arithmetic modulo L = 2^252 + 27742317777372353535851937790883648493, the order of the base point (RFC
// 8032, 5.1): 32 bytes, the lowest first. The reduction is that of TweetNaCl (Bernstein and others, 2014):
// signed digits of 8 bits, without a branch that depends on one.

import { SCRATCH } from "./scratch";

/** Size of a scalar, in bytes. */
export const SCALAR: usize = 32;

const L = memory.data<u8>([
  0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
  0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
]);
/** 64 signed digits of 64 bits. */
const DIGITS: usize = SCRATCH;

function digit(index: i32): i64 {
  return load<i64>(DIGITS + ((<usize>index) << 3));
}

function setDigit(index: i32, value: i64): void {
  store<i64>(DIGITS + ((<usize>index) << 3), value);
}

function order(index: i32): i64 {
  return load<u8>(L + <usize>index);
}

/** Subtracts the multiple of L that removes digit `top`, 32 to 63: 2^252 is congruent to 2^252 - L. */
function reduceDigit(top: i32): void {
  const high = digit(top) << 4;
  let carry: i64 = 0;
  for (let i = top - 32; i < top - 12; i++) {
    const sum = digit(i) + carry - high * order(i - top + 32);
    carry = (sum + 128) >> 8;
    setDigit(i, sum - (carry << 8));
  }
  setDigit(top - 12, digit(top - 12) + carry);
  setDigit(top, 0);
}

/** Writes the digits' value modulo L to the 32 bytes at `out`. */
function reduce(out: usize): void {
  for (let top = 63; top >= 32; top--) reduceDigit(top);
  const high = digit(31) >> 4;
  let carry: i64 = 0;
  for (let i = 0; i < 32; i++) {
    const sum = digit(i) + carry - high * order(i);
    carry = sum >> 8;
    setDigit(i, sum & 255);
  }
  const rest = carry;
  carry = 0;
  for (let i = 0; i < 32; i++) {
    carry += digit(i) - rest * order(i);
    store<u8>(out + <usize>i, carry as u8);
    carry >>= 8;
  }
}

/** The 64 bytes at `wide` modulo L, to the 32 bytes at `out`. */
export function scalarReduce(out: usize, wide: usize): void {
  for (let i = 0; i < 64; i++) setDigit(i, load<u8>(wide + <usize>i));
  reduce(out);
}

/** (a b + c) modulo L, to the 32 bytes at `out`. */
export function scalarMultiplyAdd(out: usize, a: usize, b: usize, c: usize): void {
  for (let i = 0; i < 32; i++) setDigit(i, load<u8>(c + <usize>i));
  for (let i = 32; i < 64; i++) setDigit(i, 0);
  for (let i = 0; i < 32; i++) {
    const factor: i64 = load<u8>(a + <usize>i);
    for (let j = 0; j < 32; j++) {
      setDigit(i + j, digit(i + j) + factor * <i64>load<u8>(b + <usize>j));
    }
  }
  reduce(out);
}
