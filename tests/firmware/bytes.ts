// Helpers for tests: patterns, comparison, and a buffer that ends where memory ends.

/** Whether `len` bytes are equal. */
export function same(a: usize, b: usize, len: u32): bool {
  for (let i: u32 = 0; i < len; i++) if (load<u8>(a + i) !== load<u8>(b + i)) return false;
  return true;
}

/** Fills `len` bytes with a pattern that differs by seed. */
export function pattern(ptr: usize, len: u32, seed: u32): void {
  for (let i: u32 = 0; i < len; i++) store<u8>(ptr + i, i * 31 + seed * 17 + (i >>> 3));
}

/** Grows memory by a page and returns its address. A read past its end traps. */
export function lastPage(): usize {
  return (<usize>memory.grow(1)) << 16;
}

/**
 * Copies bytes to where memory ends and returns their address. `page`: what lastPage() returned.
 */
export function atEdge(page: usize, ptr: usize, len: u32): usize {
  assert(page + 65536 === (<usize>memory.size()) << 16, "memory grew behind the last page");
  const to = page + 65536 - len;
  memory.copy(to, ptr, len);
  return to;
}
