// SHA-256 (FIPS 180-4). The hash value and the message schedule are static, so there is one hash at
// a time: sha256Begin(), sha256Block() any number of times, sha256End().

/** Size of a message block, in bytes (FIPS 180-4, 5.2.1). */
export const BLOCK_BYTES: u32 = 64;
/** Size of a digest, in bytes. */
export const DIGEST_BYTES: u32 = 32;
/** Offset in the last block of the message's length in bits (FIPS 180-4, 5.1.1). */
const LENGTH_OFFSET: u32 = 56;

/** The constants (FIPS 180-4, 4.2.2). */
const K = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
/** The message schedule: 64 words, of which the first 16 are the block to compress. */
const W = memory.data(256, 4);
/** The hash value: 8 words. */
const H = memory.data(32, 4);

function sum0(a: u32): u32 {
  return rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22);
}

function sum1(e: u32): u32 {
  return rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
}

function choose(e: u32, f: u32, g: u32): u32 {
  return g ^ (e & (f ^ g));
}

function majority(a: u32, b: u32, c: u32): u32 {
  return (a & b) | (c & (a | b));
}

/** Computes words 16 to 63 of the schedule (FIPS 180-4, 6.2.2, step 1). */
function expand(): void {
  for (let p: usize = W; p < W + 192; p += 4) {
    const w1 = load<u32>(p, 4);
    const w14 = load<u32>(p, 56);
    const sigma0 = rotr<u32>(w1, 7) ^ rotr<u32>(w1, 18) ^ (w1 >>> 3);
    const sigma1 = rotr<u32>(w14, 17) ^ rotr<u32>(w14, 19) ^ (w14 >>> 10);
    store<u32>(p, load<u32>(p) + sigma0 + load<u32>(p, 36) + sigma1, 64);
  }
}

/**
 * Compresses the block in W into H (FIPS 180-4, 6.2.2). The loop is not unrolled: eight rounds in a
 * turn would take a tenth less time in wasm3 and 3 KiB more of its RAM. A C compiler unrolls it by
 * itself.
 */
function compress(): void {
  expand();
  let a = load<u32>(H, 0);
  let b = load<u32>(H, 4);
  let c = load<u32>(H, 8);
  let d = load<u32>(H, 12);
  let e = load<u32>(H, 16);
  let f = load<u32>(H, 20);
  let g = load<u32>(H, 24);
  let h = load<u32>(H, 28);
  for (let i: usize = 0; i < 256; i += 4) {
    const one = h + sum1(e) + choose(e, f, g) + load<u32>(K + i) + load<u32>(W + i);
    const two = sum0(a) + majority(a, b, c);
    h = g;
    g = f;
    f = e;
    e = d + one;
    d = c;
    c = b;
    b = a;
    a = one + two;
  }
  store<u32>(H, load<u32>(H, 0) + a, 0);
  store<u32>(H, load<u32>(H, 4) + b, 4);
  store<u32>(H, load<u32>(H, 8) + c, 8);
  store<u32>(H, load<u32>(H, 12) + d, 12);
  store<u32>(H, load<u32>(H, 16) + e, 16);
  store<u32>(H, load<u32>(H, 20) + f, 20);
  store<u32>(H, load<u32>(H, 24) + g, 24);
  store<u32>(H, load<u32>(H, 28) + h, 28);
}

/** Starts a hash (FIPS 180-4, 5.3.3). */
export function sha256Begin(): void {
  store<u32>(H, 0x6a09e667, 0);
  store<u32>(H, 0xbb67ae85, 4);
  store<u32>(H, 0x3c6ef372, 8);
  store<u32>(H, 0xa54ff53a, 12);
  store<u32>(H, 0x510e527f, 16);
  store<u32>(H, 0x9b05688c, 20);
  store<u32>(H, 0x1f83d9ab, 24);
  store<u32>(H, 0x5be0cd19, 28);
}

/** Hashes one whole block: the BLOCK_BYTES at `ptr`, at any alignment. */
export function sha256Block(ptr: usize): void {
  for (let i: usize = 0; i < BLOCK_BYTES; i += 4) {
    store<u32>(W + i, bswap<u32>(load<u32>(ptr + i)));
  }
  compress();
}

/**
 * Hashes the last `len` bytes, at `ptr`, and writes the digest to `out`. `prefix` is the number of
 * bytes that sha256Block() hashed before. `ptr` and `out` may have any alignment and may overlap.
 * Traps if `prefix` is not a multiple of BLOCK_BYTES.
 */
export function sha256End(prefix: u32, ptr: usize, len: u32, out: usize): void {
  assert(prefix % BLOCK_BYTES === 0);
  const total: u64 = <u64>prefix + <u64>len;
  let left = len;
  for (; left >= BLOCK_BYTES; left -= BLOCK_BYTES) {
    sha256Block(ptr);
    ptr += BLOCK_BYTES;
  }
  const whole = left & ~3;
  for (let i: u32 = 0; i < whole; i += 4) store<u32>(W + i, bswap<u32>(load<u32>(ptr + i)));
  // The word with the last 0 to 3 bytes, then the 1 bit, then zeroes.
  let word: u32 = 0x80000000 >>> ((left & 3) << 3);
  for (let i = whole; i < left; i++) word |= (<u32>load<u8>(ptr + i)) << (24 - ((i & 3) << 3));
  store<u32>(W + whole, word);
  let next = whole + 4;
  if (next > LENGTH_OFFSET) {
    if (next < BLOCK_BYTES) store<u32>(W, 0, 60);
    compress();
    next = 0;
  }
  for (; next < LENGTH_OFFSET; next += 4) store<u32>(W + next, 0);
  store<u32>(W, <u32>(total >>> 29), 56);
  store<u32>(W, <u32>(total << 3), 60);
  compress();
  sha256Digest(out);
}

/** Writes the state after whole blocks: DIGEST_BYTES at `out`, which sha256Resume() takes. */
export function sha256Save(out: usize): void {
  for (let i: usize = 0; i < DIGEST_BYTES; i += 4) store<u32>(out + i, load<u32>(H + i));
}

/** Goes on from a state that sha256Save() wrote. */
export function sha256Resume(saved: usize): void {
  for (let i: usize = 0; i < DIGEST_BYTES; i += 4) store<u32>(H + i, load<u32>(saved + i));
}

/** Writes the digest of the blocks so far, the last of which was padded. */
export function sha256Digest(out: usize): void {
  for (let i: usize = 0; i < DIGEST_BYTES; i += 4) {
    store<u32>(out + i, bswap<u32>(load<u32>(H + i)));
  }
}

/** Writes the SHA-256 of the `len` bytes at `ptr` to `out`: DIGEST_BYTES. */
export function sha256(ptr: usize, len: u32, out: usize): void {
  sha256Begin();
  sha256End(0, ptr, len, out);
}
