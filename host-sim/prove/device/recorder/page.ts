// A module that works in the guest's memory, on behalf of the recorder. It may have no data of its own:
// its memory is the guest's.

import { restore } from "./constants";
import { put1, put8, put32 } from "./handover";

/** End of the memory that is poisoned: everything that the guest was seen to use is below it. */
let poisonEnd: u32 = 0;

export function setPoisonEnd(end: u32): void {
  poisonEnd = end;
}

/** Poisons the guest's memory, then restores its constants. */
export function prepare(poison: u32): void {
  memory.fill(0, poison as u8, poisonEnd);
  restore();
}

function hand32(ptr: usize, to: usize): void {
  put32(to, load<u64>(ptr), load<u64>(ptr, 8), load<u64>(ptr, 16), load<u64>(ptr, 24));
}

/**
 * Hands over `length` bytes at `ptr`: 32 at a time; if there are fewer, 8 at a time; or one by one. The
 * last ones may overlap those before them.
 */
export function read(ptr: usize, length: u32, to: usize): void {
  let at: u32 = 0;
  if (length >= 32) {
    for (; at + 32 <= length; at += 32) hand32(ptr + at, to + at);
    if (at < length) hand32(ptr + length - 32, to + length - 32);
  } else if (length >= 8) {
    for (; at + 8 <= length; at += 8) put8(to + at, load<u64>(ptr + at));
    if (at < length) put8(to + length - 8, load<u64>(ptr + length - 8));
  } else {
    for (; at < length; at++) put1(to + at, load<u8>(ptr + at));
  }
}

export function write32(ptr: usize, a: u64, b: u64, c: u64, d: u64): void {
  store<u64>(ptr, a);
  store<u64>(ptr, b, 8);
  store<u64>(ptr, c, 16);
  store<u64>(ptr, d, 24);
}

export function write4(ptr: usize, value: u32): void {
  store<u32>(ptr, value);
}

export function write1(ptr: usize, value: u32): void {
  store<u8>(ptr, value);
}
