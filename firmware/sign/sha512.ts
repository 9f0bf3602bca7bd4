// SHA-512 (FIPS 180-4) of a message in parts. The hash value and the message schedule are static, so there
// is one hash at a time: sha512Begin(), sha512Add() any number of times, sha512End().

/** Size of a message block, in bytes. */
const BLOCK: u32 = 128;
/** Size of a digest, in bytes. */
export const DIGEST: u32 = 64;
/** Offset in the last block of the message's length in bits: 16 bytes, the highest first. */
const LENGTH_OFFSET: u32 = 112;

/** The constants (FIPS 180-4, 4.2.3). */
const K = memory.data<u64>([
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
  0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
  0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
  0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
  0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
  0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
  0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
  0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
  0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
  0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
  0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
  0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
]);
/**
 * The block: its bytes as they come, and while it is compressed the 16 words of the message schedule from the
 * one of the round on, each in the place of the one that is 16 rounds older.
 */
const W: usize = memory.data(128, 8);
/** The hash value: 8 words. */
const H: usize = memory.data(64, 8);

/** Bytes so far. */
let total: u32 = 0;

function sum0(a: u64): u64 {
  return rotr<u64>(a, 28) ^ rotr<u64>(a, 34) ^ rotr<u64>(a, 39);
}

function sum1(e: u64): u64 {
  return rotr<u64>(e, 14) ^ rotr<u64>(e, 18) ^ rotr<u64>(e, 41);
}

/** Word `ahead` bytes after that of a round in the circle of 16. */
function word(round: usize, ahead: usize): u64 {
  return load<u64>(W + ((round + ahead) & 127));
}

/** Replaces the word of a round by that of 16 rounds later (FIPS 180-4, 6.4.2, step 1). */
function expand(round: usize): void {
  const w1 = word(round, 8);
  const w14 = word(round, 112);
  const sigma0 = rotr<u64>(w1, 1) ^ rotr<u64>(w1, 8) ^ (w1 >>> 7);
  const sigma1 = rotr<u64>(w14, 19) ^ rotr<u64>(w14, 61) ^ (w14 >>> 6);
  store<u64>(W + (round & 127), word(round, 0) + sigma0 + word(round, 72) + sigma1);
}

/** Compresses the block in W into H (FIPS 180-4, 6.4.2). */
function compress(): void {
  for (let i: usize = 0; i < 128; i += 8) store<u64>(W + i, bswap<u64>(load<u64>(W + i)));
  let a = load<u64>(H, 0);
  let b = load<u64>(H, 8);
  let c = load<u64>(H, 16);
  let d = load<u64>(H, 24);
  let e = load<u64>(H, 32);
  let f = load<u64>(H, 40);
  let g = load<u64>(H, 48);
  let h = load<u64>(H, 56);
  for (let i: usize = 0; i < 640; i += 8) {
    const one = h + sum1(e) + (g ^ (e & (f ^ g))) + load<u64>(K + i) + word(i, 0);
    expand(i);
    const two = sum0(a) + ((a & b) | (c & (a | b)));
    h = g;
    g = f;
    f = e;
    e = d + one;
    d = c;
    c = b;
    b = a;
    a = one + two;
  }
  store<u64>(H, load<u64>(H, 0) + a, 0);
  store<u64>(H, load<u64>(H, 8) + b, 8);
  store<u64>(H, load<u64>(H, 16) + c, 16);
  store<u64>(H, load<u64>(H, 24) + d, 24);
  store<u64>(H, load<u64>(H, 32) + e, 32);
  store<u64>(H, load<u64>(H, 40) + f, 40);
  store<u64>(H, load<u64>(H, 48) + g, 48);
  store<u64>(H, load<u64>(H, 56) + h, 56);
}

/** Starts a hash (FIPS 180-4, 5.3.5). */
export function sha512Begin(): void {
  total = 0;
  store<u64>(H, 0x6a09e667f3bcc908, 0);
  store<u64>(H, 0xbb67ae8584caa73b, 8);
  store<u64>(H, 0x3c6ef372fe94f82b, 16);
  store<u64>(H, 0xa54ff53a5f1d36f1, 24);
  store<u64>(H, 0x510e527fade682d1, 32);
  store<u64>(H, 0x9b05688c2b3e6c1f, 40);
  store<u64>(H, 0x1f83d9abfb41bd6b, 48);
  store<u64>(H, 0x5be0cd19137e2179, 56);
}

function addByte(byte: u8): void {
  store<u8>(W + <usize>(total % BLOCK), byte);
  total++;
  if (total % BLOCK === 0) compress();
}

/** Adds `len` bytes of the message, at any alignment. Less than 2^29 bytes in all. */
export function sha512Add(ptr: usize, len: u32): void {
  for (let i: u32 = 0; i < len; i++) addByte(load<u8>(ptr + <usize>i));
}

/** Ends the message and writes the digest to `out`: DIGEST bytes, aligned to 8. */
export function sha512End(out: usize): void {
  const bits = total << 3;
  addByte(0x80);
  while (total % BLOCK !== LENGTH_OFFSET) addByte(0);
  store<u64>(W, 0, 112);
  store<u64>(W, bswap<u64>(bits), 120);
  compress();
  for (let i: usize = 0; i < 64; i += 8) store<u64>(out + i, bswap<u64>(load<u64>(H + i)));
}

/** Wipes what the last hash left. */
export function sha512Wipe(): void {
  for (let at = W; at < H + 64; at += 8) store<u64>(at, 0);
}
