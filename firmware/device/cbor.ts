// Deterministic CBOR (RFC 8949, 4.2.1): reader and writer. Bytes in, values out; it must not know
// what any value means. One reader and one writer at a time: both cursors are static.
//
// A failure sticks: every later read gives 0, every later write does nothing. Check once, at the end.

import { copy } from "./bytes";

/** Arrays, maps and tags one inside the other that readSkip() follows. */
const NESTING_MAX: u32 = 8;

/** Major types (RFC 8949, 3.1). */
const UINT: u32 = 0;
const NEGATIVE: u32 = 1;
const BYTES: u32 = 2;
const TEXT: u32 = 3;
const ARRAY: u32 = 4;
const MAP: u32 = 5;
const TAG: u32 = 6;
const SIMPLE: u32 = 7;
/** Simple values (RFC 8949, 3.3): false, true, null, undefined are 20 to 23. */
const SIMPLE_FALSE: u64 = 20;
const SIMPLE_COUNT: u64 = 4;

/** Where reading or writing is. Both fields are 0 once anything failed. */
@unmanaged
class Cursor {
  /** Address of the next byte. */
  at: usize;
  /** Address behind the buffer's last byte. */
  end: usize;
}

@unmanaged
class Reader extends Cursor {
  /** Length in bytes of the last string or skipped item. */
  length: u32;
}

@unmanaged
class Writer extends Cursor {
  /** Start of the buffer. */
  begin: usize;
}

const reader: Reader = changetype<Reader>(memory.data(16, 8));
const writer: Writer = changetype<Writer>(memory.data(16, 8));

/** Makes every later read or write fail as well. Returns 0. */
function failed(cursor: Cursor): u32 {
  cursor.at = 0;
  cursor.end = 0;
  return 0;
}

function fail(): u32 {
  return failed(reader);
}

/** Whether the next byte's major type is `major`; false at the end and after a failure. */
function nextIs(major: u32): bool {
  if (reader.at >= reader.end) return false;
  return <u32>load<u8>(reader.at) >>> 5 === major;
}

/** The argument of a head of type `major` (RFC 8949, 3), in its shortest form only. */
function readHead(major: u32): u64 {
  const at = reader.at;
  if (at >= reader.end) return fail();
  const info = <u32>load<u8>(at) - (major << 5);
  if (info >= 24) return readLongHead(at, info);
  reader.at = at + 1;
  return info;
}

/** One whose argument follows it: `info` 24 to 27. Any other is of another type, or not well-formed. */
function readLongHead(at: usize, info: u32): u64 {
  if (info - 24 > 3) return fail();
  const width: u32 = 1 << (info - 24);
  if (reader.end - at <= width) return fail();
  let value: u64 = 0;
  for (let i: u32 = 0; i < width; i++) value = (value << 8) | <u64>load<u8>(at + 1 + i);
  reader.at = at + 1 + width;
  // Least value that the next shorter form could not carry.
  const least: u64 = width === 1 ? 24 : (<u64>1) << (width << 2);
  return value < least ? fail() : value;
}

function readString(major: u32): usize {
  const len = readHead(major);
  const begin = reader.at;
  if (len > <u64>(reader.end - begin)) fail();
  const ptr = reader.at;
  const size: u32 = ptr === 0 ? 0 : <u32>len;
  reader.at = ptr + size;
  reader.length = size;
  return ptr;
}

/** Starts reading the `len` bytes at `ptr`. Nothing outside them is ever read. */
export function readBegin(ptr: usize, len: u32): void {
  assert(ptr !== 0 && <u64>ptr + <u64>len <= (<u64>memory.size()) << 16);
  reader.at = ptr;
  reader.end = ptr + len;
}

/** Address of what is read next; 0 after a failure. */
export function readAt(): usize {
  return reader.at;
}

/** An unsigned integer. */
export function readUint(): u64 {
  return readHead(UINT);
}

/** An integer within i64; a well-formed one beyond it fails. */
export function readInt(): i64 {
  const negative = nextIs(NEGATIVE);
  const argument = readHead(negative ? NEGATIVE : UINT);
  if (argument > <u64>i64.MAX_VALUE) return fail();
  if (readFailed()) return 0;
  return negative ? -1 - <i64>argument : <i64>argument;
}

/** Address of a byte string's content, its length in readLength(); 0 on failure. */
export function readBytes(): usize {
  return readString(BYTES);
}

/** As readBytes(), for a text string. That it is UTF-8 is not checked. */
export function readText(): usize {
  return readString(TEXT);
}

/** Length in bytes of what readBytes(), readText() or readSkip() returned last; 0 on failure. */
export function readLength(): u32 {
  return reader.length;
}

/** Number of items of an array, which follow. More than there are bytes left fails. */
export function readArray(): u32 {
  const count = readHead(ARRAY);
  return count > <u64>(reader.end - reader.at) ? fail() : <u32>count;
}

/**
 * Number of pairs of a map, which follow: key, value, key, value. More than there can be in the bytes
 * left fails. The caller reads the keys, and checks that they ascend.
 */
export function readMap(): u32 {
  const count = readHead(MAP);
  return count > <u64>((reader.end - reader.at) >>> 1) ? fail() : <u32>count;
}

/** false or true. */
export function readBool(): bool {
  const value = readHead(SIMPLE) - SIMPLE_FALSE;
  if (value > 1) fail();
  return !readFailed() && value === 1;
}

/** A tag's number; the tagged item follows. */
export function readTag(): u64 {
  return readHead(TAG);
}

/**
 * Any one item, skipped: its address, its encoded length in readLength(); 0 on failure. It must be
 * well-formed and deterministic: shortest heads, definite lengths, map keys strictly ascending
 * bytewise, at most NESTING_MAX deep. Narrower than RFC 8949: floats are refused outright, and so
 * are simple values other than false, true, null and undefined. UTF-8 is not checked.
 */
export function readSkip(): usize {
  const ptr = reader.at;
  skip(0);
  const len = <u32>(reader.at - ptr);
  reader.length = readFailed() ? 0 : len;
  return readFailed() ? 0 : ptr;
}

/** `depth`: arrays, maps and tags around the item. */
function skip(depth: u32): void {
  if (reader.at >= reader.end) {
    fail();
    return;
  }
  const major = <u32>load<u8>(reader.at) >>> 5;
  const nests = major === ARRAY || major === MAP || major === TAG;
  if (nests && depth === NESTING_MAX) fail();
  else if (major === BYTES || major === TEXT) readString(major);
  else if (major === ARRAY) skipItems(readArray(), depth + 1);
  else if (major === MAP) skipPairs(readMap(), depth + 1);
  else {
    const argument = readHead(major);
    if (major === TAG) skip(depth + 1);
    // A float's argument has the shortest form of a head only from 2^8 up: it is no simple value.
    if (major === SIMPLE && argument - SIMPLE_FALSE >= SIMPLE_COUNT) fail();
  }
}

function skipItems(count: u32, depth: u32): void {
  for (let i: u32 = 0; i < count && !readFailed(); i++) skip(depth);
}

function skipPairs(count: u32, depth: u32): void {
  let last: usize = 0;
  let lastLen: usize = 0;
  for (let i: u32 = 0; i < count && !readFailed(); i++) {
    const key = reader.at;
    skip(depth);
    if (readFailed()) return;
    const keyLen = reader.at - key;
    if (i > 0 && !ascends(last, lastLen, key, keyLen)) fail();
    last = key;
    lastLen = keyLen;
    skip(depth);
  }
}

/** Whether a < b bytewise (RFC 8949, 4.2.1). A prefix is less than what it begins. */
function ascends(a: usize, aLen: usize, b: usize, bLen: usize): bool {
  const common = min(aLen, bLen);
  for (let i: usize = 0; i < common; i++) {
    const x = load<u8>(a + i);
    const y = load<u8>(b + i);
    if (x !== y) return x < y;
  }
  return aLen < bLen;
}

/** Whether any read failed. */
export function readFailed(): bool {
  return reader.end === 0;
}

/** Whether no read failed and every byte was read. */
export function readDone(): bool {
  const end = reader.end;
  return end !== 0 && reader.at === end;
}

/** Starts writing at `ptr`, at most `capacity` bytes. */
export function writeBegin(ptr: usize, capacity: u32): void {
  assert(ptr !== 0 && <u64>ptr + <u64>capacity <= (<u64>memory.size()) << 16);
  writer.at = ptr;
  writer.end = ptr + capacity;
  writer.begin = ptr;
}

/** A head in its shortest form. */
function writeHead(major: u32, argument: u64): void {
  if (argument >= 24) {
    writeLongHead(major, argument);
    return;
  }
  const at = writer.at;
  if (at >= writer.end) {
    failed(writer);
    return;
  }
  store<u8>(at, (major << 5) | <u32>argument);
  writer.at = at + 1;
}

function writeLongHead(major: u32, argument: u64): void {
  const power = u32(argument > 0xff) + u32(argument > 0xffff) + u32(argument > 0xffffffff);
  const width: u32 = 1 << power;
  const at = writer.at;
  if (writer.end - at <= width) {
    failed(writer);
    return;
  }
  store<u8>(at, (major << 5) | (24 + power));
  for (let i = width; i > 0; i--) {
    store<u8>(at + i, <u8>argument);
    argument >>>= 8;
  }
  writer.at = at + 1 + width;
}

function writeString(major: u32, ptr: usize, len: u32): void {
  writeHead(major, len);
  const to = writer.at;
  if (to === 0 || <usize>len > writer.end - to) {
    failed(writer);
    return;
  }
  assert(ptr + len <= to || to + len <= ptr);
  copy(to, ptr, len);
  writer.at = to + len;
}

/** An unsigned integer. */
export function writeUint(value: u64): void {
  writeHead(UINT, value);
}

/** An integer. */
export function writeInt(value: i64): void {
  if (value < 0) writeHead(NEGATIVE, <u64>~value);
  else writeHead(UINT, <u64>value);
}

/** A byte string: the `len` bytes at `ptr`, which lie outside the writer's buffer. */
export function writeBytes(ptr: usize, len: u32): void {
  writeString(BYTES, ptr, len);
}

/** A text string: the `len` bytes of UTF-8 at `ptr`, which lie outside the writer's buffer. */
export function writeText(ptr: usize, len: u32): void {
  writeString(TEXT, ptr, len);
}

/** The head of an array of `count` items, which the caller writes next. */
export function writeArray(count: u32): void {
  writeHead(ARRAY, count);
}

/** The head of a map of `count` pairs, which the caller writes next, keys ascending. */
export function writeMap(count: u32): void {
  writeHead(MAP, count);
}

/** false or true. */
export function writeBool(value: bool): void {
  writeHead(SIMPLE, SIMPLE_FALSE + u64(value));
}

/** A tag; the caller writes the tagged item next. */
export function writeTag(tag: u64): void {
  writeHead(TAG, tag);
}

/** Bytes written; 0 if they did not all fit. */
export function writeEnd(): u32 {
  const at = writer.at;
  return at === 0 ? 0 : <u32>(at - writer.begin);
}
