// Access to the guest's memory. A module has one memory, so page.ts is a module of its own, which works
// in the guest's. Its functions, and the guest's on_event(), are in the recorder's table.
import { BLOCK, ON_EVENT, PREPARE, READ, WRITE_1, WRITE_4, WRITE_32 } from "./memory-map";

export function prepare(poison: u32): void {
  call_indirect<void>(PREPARE, poison);
}

/** Copies bytes of the guest to `to`. */
export function read(ptr: usize, length: u32, to: usize): void {
  call_indirect<void>(READ, ptr, length, to);
}

/** The same, padded with zeroes to whole blocks. */
export function readPadded(ptr: usize, length: u32, to: usize): void {
  const end = to + (length & -BLOCK);
  v128.store(end, i64x2(0, 0));
  v128.store(end, i64x2(0, 0), 16);
  read(ptr, length, to);
}

/** Copies a block at `from` to the guest. */
export function writeBlock(ptr: usize, from: usize): void {
  const a = load<u64>(from);
  const b = load<u64>(from, 8);
  const c = load<u64>(from, 16);
  call_indirect<void>(WRITE_32, ptr, a, b, c, load<u64>(from, 24));
}

/** Copies `length` bytes at `from` to the guest, and writes no other byte. */
export function write(ptr: usize, length: u32, from: usize): void {
  let at: u32 = 0;
  for (; at + BLOCK <= length; at += BLOCK) writeBlock(ptr + at, from + at);
  if (at === length) return;
  // The last block may overlap the one before it.
  if (length >= BLOCK) writeBlock(ptr + length - BLOCK, from + length - BLOCK);
  else for (; at < length; at++) call_indirect<void>(WRITE_1, ptr + at, load<u8>(from + at) as u32);
}

export function writeWord(ptr: usize, value: u32): void {
  call_indirect<void>(WRITE_4, ptr, value);
}

export function onEvent(kind: u32, a: u32, b: u32): void {
  call_indirect<void>(ON_EVENT, kind, a, b);
}

// Called by page.ts to hand bytes over.

export function put32(to: usize, a: u64, b: u64, c: u64, d: u64): void {
  store<u64>(to, a);
  store<u64>(to, b, 8);
  store<u64>(to, c, 16);
  store<u64>(to, d, 24);
}

export function put8(to: usize, value: u64): void {
  store<u64>(to, value);
}

export function put1(to: usize, value: u32): void {
  store<u8>(to, value);
}
