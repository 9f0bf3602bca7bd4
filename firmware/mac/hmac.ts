// HMAC-SHA256 (RFC 2104) in two parts: what depends on the key alone is computed once for each key.

import {
  BLOCK_BYTES,
  DIGEST_BYTES,
  sha256Begin,
  sha256Block,
  sha256End,
  sha256Resume,
  sha256Save,
} from "./sha256";

/** Longest key, in bytes: one block. RFC 2104 hashes a longer key first; no key here is longer. */
export const KEY_MAX: u32 = BLOCK_BYTES;
/** A prepared key, in bytes: the hash states after the inner and after the outer pad. */
export const PREPARED_BYTES: u32 = 2 * DIGEST_BYTES;

/** The key, padded with zeroes to a block, is XORed with one of these (RFC 2104, 2). */
const INNER_PAD: u32 = 0x36363636;
const OUTER_PAD: u32 = 0x5c5c5c5c;

/** The padded key; all zero between calls. */
const PAD = memory.data(64, 4);

/** XORs every word of PAD with `word`. */
function xorPad(word: u32): void {
  for (let i: usize = 0; i < BLOCK_BYTES; i += 4) store<u32>(PAD + i, load<u32>(PAD + i) ^ word);
}

/**
 * Prepares the `keyLen` <= KEY_MAX bytes at `key`: PREPARED_BYTES at `out`. A longer key traps. No branch
 * and no address depends on the key's bytes, and none of them remains in the pad.
 */
export function hmacPrepare(key: usize, keyLen: u32, out: usize): void {
  assert(keyLen <= KEY_MAX);
  for (let i: u32 = 0; i < keyLen; i++) store<u8>(PAD + i, load<u8>(key + i));
  xorPad(INNER_PAD);
  sha256Begin();
  sha256Block(PAD);
  sha256Save(out);
  xorPad(INNER_PAD ^ OUTER_PAD);
  sha256Begin();
  sha256Block(PAD);
  sha256Save(out + DIGEST_BYTES);
  for (let i: usize = 0; i < BLOCK_BYTES; i += 4) store<u32>(PAD + i, 0);
}

/** HMAC-SHA256 of the `len` bytes at `ptr` under the prepared key at `prepared`: DIGEST_BYTES at `out`. */
export function hmacSha256(prepared: usize, ptr: usize, len: u32, out: usize): void {
  sha256Resume(prepared);
  sha256End(BLOCK_BYTES, ptr, len, out);
  sha256Resume(prepared + DIGEST_BYTES);
  sha256End(BLOCK_BYTES, out, DIGEST_BYTES, out);
}
