// sign.wasm: Ed25519 (RFC 8032, 5.1) for a host: the public key of a seed, and signatures; and SHA-512, which
// it needs anyway. It has fixed buffers and no imports, and does not verify.
//
// A signature takes some millions of instructions, so it is made in steps: after begin() the host calls
// step() until that returns 0, and does what it wants in between. No branch and no address depends on the
// seed: neither within a step, nor in how many steps there are.

import { INVERSIONS, pointBegin, pointEncode, pointInvert, pointStep } from "./point";
import { SCALAR, scalarMultiplyAdd, scalarReduce } from "./scalar";
import { scratchWipe } from "./scratch";
import { DIGEST, sha512Add, sha512Begin, sha512End, sha512Wipe } from "./sha512";

/** Longest message, in bytes. */
const SIGN_MESSAGE_MAX: u32 = 256;
/** Highest bit that a scalar can have: RFC 8032 sets bit 254 of the secret one. */
const TOP_BIT: u32 = 254;
/** Steps for one multiple of the base point: its bits, the inversion, the encoding. */
const POINT_STEPS: u32 = TOP_BIT + 1 + INVERSIONS + 1;

const SEED: usize = memory.data(32, 8);
const MESSAGE: usize = memory.data(256, 8);
const PUBLIC: usize = memory.data(32, 8);
/** R, 32 bytes, and S, 32 bytes. */
const SIGNATURE: usize = memory.data(64, 8);
/** Digest of the seed: the secret scalar, 32 bytes, and the prefix, 32 bytes. */
const SECRET: usize = memory.data(64, 8);
/** The scalar of the multiple that is being computed. */
const FACTOR: usize = memory.data(32, 8);
/** A digest before its reduction. */
const WIDE: usize = memory.data(64, 8);
/** The digest k of RFC 8032, 5.1.6, step 4, modulo L. It is not secret. */
const CHALLENGE: usize = memory.data(32, 8);

/** Whether a signature is wanted, or only the public key. */
let signing: bool = false;
let messageLen: u32 = 0;
/** What step() does next: 1 and up; 0 when there is nothing to do. */
let next: u32 = 0;

/** Address of the buffer for the seed, which RFC 8032 calls the private key: 32 bytes. */
export function seed_ptr(): usize {
  return SEED;
}

/** Address of the buffer for the message: 256 bytes. */
export function message_ptr(): usize {
  return MESSAGE;
}

/** Address of the public key: 32 bytes. */
export function public_ptr(): usize {
  return PUBLIC;
}

/** Address of the signature: 64 bytes. */
export function signature_ptr(): usize {
  return SIGNATURE;
}

/** Address of the digest of digest_end(): 64 bytes, until the next call of anything else. */
export function digest_ptr(): usize {
  return WIDE;
}

/** Begins a SHA-512. Traps while a signature is being made. */
export function digest_begin(): void {
  assert(next === 0);
  sha512Begin();
}

/** Adds the first bytes of the message buffer. Traps on more than 256, and while a signature is being made. */
export function digest_add(len: u32): void {
  assert(next === 0 && len <= SIGN_MESSAGE_MAX);
  sha512Add(MESSAGE, len);
}

/** Ends the SHA-512. Traps while a signature is being made. */
export function digest_end(): void {
  assert(next === 0);
  sha512End(WIDE);
}

function start(): void {
  sha512Begin();
  sha512Add(SEED, 32);
  sha512End(SECRET);
  store<u8>(SECRET, load<u8>(SECRET) & 248);
  store<u8>(SECRET, (load<u8>(SECRET, 31) & 127) | 64, 31);
  multiply(SECRET);
  next = 1;
}

/** Begins with the multiple of the base point by the scalar at `factor`. */
function multiply(factor: usize): void {
  for (let i: usize = 0; i < SCALAR; i += 4) store<u32>(FACTOR + i, load<u32>(factor + i));
  pointBegin();
}

/** Step `count`, from 0, of the multiple by FACTOR; the last one writes it to `out`. */
function multiplyStep(count: u32, out: usize): void {
  if (count <= TOP_BIT) {
    const bit = TOP_BIT - count;
    pointStep((load<u32>(FACTOR + <usize>((bit >>> 5) << 2)) >>> (bit & 31)) & 1);
  } else if (count < POINT_STEPS - 1) pointInvert(count - TOP_BIT - 1);
  else pointEncode(out);
}

/** Begins the second multiple: r, from the prefix and the message (RFC 8032, 5.1.6, step 2). */
function commit(): void {
  sha512Begin();
  sha512Add(SECRET + SCALAR, 32);
  sha512Add(MESSAGE, messageLen);
  sha512End(WIDE);
  scalarReduce(WIDE, WIDE);
  multiply(WIDE);
}

/** S = r + k s (RFC 8032, 5.1.6, steps 4 and 5). */
function respond(): void {
  sha512Begin();
  sha512Add(SIGNATURE, 32);
  sha512Add(PUBLIC, 32);
  sha512Add(MESSAGE, messageLen);
  sha512End(WIDE);
  scalarReduce(CHALLENGE, WIDE);
  scalarMultiplyAdd(SIGNATURE + SCALAR, CHALLENGE, SECRET, FACTOR);
}

/** Begins the public key of the seed. */
export function public_begin(): void {
  signing = false;
  start();
}

/** Begins the public key of the seed, and its signature of the message. Traps on one over 256 bytes. */
export function sign_begin(message_len: u32): void {
  assert(message_len <= SIGN_MESSAGE_MAX);
  signing = true;
  messageLen = message_len;
  start();
}

/**
 * Works on. Returns 1 while there is more to do. At 0 the result is in place, and the seed and everything
 * made from it is wiped. Traps if nothing was begun.
 */
export function step(): u32 {
  assert(next > 0);
  const count = next - 1;
  next++;
  if (count < POINT_STEPS) multiplyStep(count, PUBLIC);
  else if (count === POINT_STEPS) commit();
  else if (count <= 2 * POINT_STEPS) multiplyStep(count - POINT_STEPS - 1, SIGNATURE);
  else respond();
  const last: u32 = signing ? 2 * POINT_STEPS + 1 : POINT_STEPS - 1;
  if (count < last) return 1;
  wipe();
  return 0;
}

/** Wipes the seed and everything made from it, and ends what was begun. */
export function wipe(): void {
  next = 0;
  for (let i: usize = 0; i < 32; i += 4) store<u32>(SEED + i, 0);
  for (let i: usize = 0; i < DIGEST; i += 4) {
    store<u32>(SECRET + i, 0);
    store<u32>(WIDE + i, 0);
  }
  for (let i: usize = 0; i < SCALAR; i += 4) store<u32>(FACTOR + i, 0);
  sha512Wipe();
  scratchWipe();
}
