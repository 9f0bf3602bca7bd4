// The memo: which transitions and messages were checked and found good. An entry for each different key
// holds the bits of the state before that its check read, and the values of these bits for which the
// check passed. Keys are compared byte by byte; a hash only says where to look.
import {
  BLOCK,
  END,
  ENTRIES,
  KEY_SLOTS,
  KEY_TABLE,
  MESSAGE_KEY,
  VERDICT_SLOTS,
  VERDICT_TABLE,
} from "./memory-map";
import { control } from "./records";

const PRIME: u64 = ((0x9e3779b9 as u64) << 32) | 0x7f4a7c15;
const ENTRY_ALIGN: u32 = 64;

/** An entry: this head, the RECENT_COUNT values that were used last, the key. */
@unmanaged
class Entry {
  hash: u64;
  length: u32;
  /** Bits of the abstract state before that the check read. */
  reads: u32;
  /** New whenever `reads` grows, so that values of fewer bits are not found any more. */
  id: u32;
  /** Number of values put among the recent ones. */
  count: u32;
}
const RECENT: u32 = 32;
const RECENT_COUNT: u32 = 8;
const KEY: u32 = 64;

/** The entry of the key that was looked up last, or null; and that key's hash. */
let entry = changetype<Entry>(0);
let keyHash: u64 = 0;
/** End of the entries, their number, the last id, and the number of values. */
let top: usize = ENTRIES;
let entries: u32 = 0;
let ids: u32 = 0;
let verdicts: u32 = 0;

/** Hash of the key that was looked up last, for the digest. */
export function hashOfEntry(): u32 {
  return entry.hash as u32;
}

/** `length`: in whole blocks. */
function hashOf(key: usize, length: u32): u64 {
  const end = key + length;
  let a: u64 = 0;
  let b: u64 = 0;
  let c: u64 = 0;
  let d: u64 = 0;
  for (let at = key; at < end; at += BLOCK) {
    a = (rotl<u64>(a, 29) ^ load<u64>(at)) * PRIME;
    b = (rotl<u64>(b, 29) ^ load<u64>(at, 8)) * PRIME;
    c = (rotl<u64>(c, 29) ^ load<u64>(at, 16)) * PRIME;
    d = (rotl<u64>(d, 29) ^ load<u64>(at, 24)) * PRIME;
  }
  a ^= rotl<u64>(b, 17) ^ rotl<u64>(c, 31) ^ rotl<u64>(d, 47);
  a = (a ^ (a >> 32)) * PRIME;
  return a ^ (a >> 29);
}

function sameKey(one: usize, other: usize, length: u32): bool {
  for (let at: usize = 0; at < length; at += BLOCK) {
    const low = v128.xor(v128.load(one + at), v128.load(other + at));
    const high = v128.xor(v128.load(one + at, 16), v128.load(other + at, 16));
    if (v128.any_true(v128.or(low, high))) return false;
  }
  return true;
}

function firstKeySlot(): usize {
  return KEY_TABLE + (((keyHash as u32) & (KEY_SLOTS - 1)) << 2);
}

function nextKeySlot(slot: usize): usize {
  return KEY_TABLE + ((slot + 4 - KEY_TABLE) & ((KEY_SLOTS << 2) - 1));
}

/** Sets `entry`. Returns whether the key has one. */
function lookUp(key: usize, length: u32): bool {
  keyHash = hashOf(key, length);
  let slot = firstKeySlot();
  let at: usize = load<u32>(slot);
  while (at !== 0) {
    entry = changetype<Entry>(at);
    if (entry.hash === keyHash && entry.length === length && sameKey(at + KEY, key, length))
      return true;
    slot = nextKeySlot(slot);
    at = load<u32>(slot);
  }
  entry = changetype<Entry>(0);
  return false;
}

function verdictOf(bits: u32): u64 {
  return ((entry.id as u64) << 32) | (bits as u64);
}

/** The slot that holds a value of the entry's bits, or the free one where it belongs. */
function verdictSlot(bits: u32): usize {
  const verdict = verdictOf(bits);
  const index = (((verdict * PRIME) >> 40) as u32) & (VERDICT_SLOTS - 1);
  let slot: usize = VERDICT_TABLE + (index << 3);
  while (load<u64>(slot) !== 0 && load<u64>(slot) !== verdict)
    slot = VERDICT_TABLE + ((slot + 8 - VERDICT_TABLE) & ((VERDICT_SLOTS << 3) - 1));
  return slot;
}

/** Puts a value among the recent ones, in the place of the oldest. */
function remember(bits: u32): void {
  const place = (entry.count & (RECENT_COUNT - 1)) << 2;
  store<u32>(changetype<usize>(entry) + place, bits, RECENT);
  entry.count++;
}

/** Whether this key was found good in a state that agrees with `before` in all bits that the check read. */
export function isKnown(key: usize, length: u32): bool {
  if (!lookUp(key, length)) return false;
  const bits = control.before & entry.reads;
  const at = changetype<usize>(entry);
  const four = i32x4.splat(bits);
  const low = i32x4.eq(v128.load(at, RECENT), four);
  const high = i32x4.eq(v128.load(at, RECENT + 16), four);
  if (v128.any_true(v128.or(low, high))) return true;
  if (entry.count <= RECENT_COUNT) return false;
  if (load<u64>(verdictSlot(bits)) === 0) return false;
  remember(bits);
  return true;
}

/** Makes an entry for the key that was looked up last. */
function enter(key: usize, length: u32): void {
  let slot = firstKeySlot();
  while (load<u32>(slot) !== 0) slot = nextKeySlot(slot);
  store<u32>(slot, top as u32);
  entry = changetype<Entry>(top);
  top += (length + KEY + ENTRY_ALIGN - 1) & -ENTRY_ALIGN;
  entries++;
  entry.hash = keyHash;
  entry.length = length;
  entry.id = 0;
  entry.reads = 0;
  memory.copy(changetype<usize>(entry) + KEY, key, length);
}

/**
 * Notes that the key that was looked up last is good in this state, by a check that read the bits
 * `reads`. If no check of this key read as much before, its older values are dropped.
 */
export function learn(key: usize, length: u32, reads: u32): void {
  const full = entries > (KEY_SLOTS / 10) * 7 || verdicts > (VERDICT_SLOTS / 10) * 7;
  if (full || top > END - 2 * MESSAGE_KEY) forget();
  if (changetype<usize>(entry) === 0) enter(key, length);
  if (entry.id === 0 || (reads & ~entry.reads) !== 0) {
    ids++;
    entry.id = ids;
    entry.reads |= reads;
    entry.count = 0;
    const at = changetype<usize>(entry);
    v128.store(at, i32x4.splat(-1), RECENT);
    v128.store(at, i32x4.splat(-1), RECENT + 16);
  }
  const bits = control.before & entry.reads;
  verdicts++;
  store<u64>(verdictSlot(bits), verdictOf(bits));
  remember(bits);
}

function forget(): void {
  memory.fill(KEY_TABLE, 0, ENTRIES - KEY_TABLE);
  top = ENTRIES;
  entry = changetype<Entry>(0);
  entries = 0;
  verdicts = 0;
}
