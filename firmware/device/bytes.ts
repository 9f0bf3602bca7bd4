// Copies, compares and fills memory by words. AssemblyScript's own memory functions take 2 KiB of
// code, which the interpreter compiles into 9 KiB of RAM.

/** Copies `len` bytes; source and destination must not overlap. Unaligned addresses are allowed. */
export function copy(to: usize, from: usize, len: u32): void {
  if (len < 4) {
    for (let i: u32 = 0; i < len; i++) store<u8>(to + i, load<u8>(from + i));
    return;
  }
  // The last word may overlap the one before it, so that any length from 4 up works.
  const last = len - 4;
  for (let i: u32 = 0; i < last; i += 4) store<u32>(to + i, load<u32>(from + i));
  store<u32>(to + last, load<u32>(from + last));
}

/** Whether `len` bytes are equal. Traps if `len` is less than 4. */
export function same(a: usize, b: usize, len: u32): bool {
  assert(len >= 4);
  const last = len - 4;
  for (let i: u32 = 0; i < last; i += 4) if (load<u32>(a + i) !== load<u32>(b + i)) return false;
  return load<u32>(a + last) === load<u32>(b + last);
}

/** Stores `word` `words` times from `to` on. */
export function fill(to: usize, word: u32, words: u32): void {
  const end = to + (words << 2);
  for (let at = to; at < end; at += 4) store<u32>(at, word);
}
