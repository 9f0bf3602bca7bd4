// A reader and a writer of deterministic CBOR (RFC 8949, 4.2.1). There is one of each, with a
// static cursor.
//
// After a failure every later read returns 0 and every later write does nothing, so the caller
// checks once, at the end.

import { copy } from "./bytes";

/** Depth of arrays, maps and tags that readSkip() accepts. */
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

/** A position in a buffer. Both fields are 0 after a failure. */
@unmanaged
class Cursor {
  /** Address of the next byte. */
  at: usize;
  /** Address after the buffer's last byte. */
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

/** Makes this and every later read or write fail. Returns 0. */
function failed(cursor: Cursor): u32 {
  cursor.at = 0;
  cursor.end = 0;
  return 0;
}

function fail(): u32 {
  return failed(reader);
}

/** Whether the next item's major type is `major`. False at the end and after a failure. */
function nextIs(major: u32): bool {
  if (reader.at >= reader.end) return false;
  return <u32>load<u8>(reader.at) >>> 5 === major;
}

/**
 * Reads a head of type `major` (RFC 8949, 3). Returns its argument; fails unless it has the
 * shortest form.
 */
function readHead(major: u32): u64 {
  const at = reader.at;
  if (at >= reader.end) return fail();
  const info = <u32>load<u8>(at) - (major << 5);
  if (info >= 24) return readLongHead(at, info);
  reader.at = at + 1;
  return info;
}

/**
 * A head whose argument follows it: `info` is 24 to 27. Any other is of another type or not
 * well-formed.
 */
function readLongHead(at: usize, info: u32): u64 {
  if (info - 24 > 3) return fail();
  const width: u32 = 1 << (info - 24);
  if (reader.end - at <= width) return fail();
  let value: u64 = 0;
  for (let i: u32 = 0; i < width; i++) value = (value << 8) | <u64>load<u8>(at + 1 + i);
  reader.at = at + 1 + width;
  // The smallest value that does not fit the next shorter form.
  const least: u64 = width === 1 ? 24 : (<u64>1) << (width << 2);
  return value < least ? fail() : value;
}

/** Reads a string. Returns the address of its content; its length is in reader.length. */
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

/**
 * Starts reading the `len` bytes at `ptr`. No byte outside them is read. Traps if they are not in
 * memory.
 */
export function readBegin(ptr: usize, len: u32): void {
  assert(ptr !== 0 && <u64>ptr + <u64>len <= (<u64>memory.size()) << 16);
  reader.at = ptr;
  reader.end = ptr + len;
}

/** Address of the next byte; 0 after a failure. */
export function readAt(): usize {
  return reader.at;
}

/** Reads an unsigned integer. */
export function readUint(): u64 {
  return readHead(UINT);
}

/** Reads an integer. Fails if it does not fit an i64. */
export function readInt(): i64 {
  const negative = nextIs(NEGATIVE);
  const argument = readHead(negative ? NEGATIVE : UINT);
  if (argument > <u64>i64.MAX_VALUE) return fail();
  if (readFailed()) return 0;
  return negative ? -1 - <i64>argument : <i64>argument;
}

/**
 * Reads a byte string. Returns the address of its content, or 0; readLength() returns its length.
 */
export function readBytes(): usize {
  return readString(BYTES);
}

/** Reads a text string as readBytes() does. Does not check that it is UTF-8. */
export function readText(): usize {
  return readString(TEXT);
}

/** Length in bytes of what readBytes(), readText() or readSkip() read last; 0 if that failed. */
export function readLength(): u32 {
  return reader.length;
}

/**
 * Reads the head of an array. Returns the number of items; fails if the bytes left cannot hold
 * them.
 */
export function readArray(): u32 {
  const count = readHead(ARRAY);
  return count > <u64>(reader.end - reader.at) ? fail() : <u32>count;
}

/**
 * Reads the head of a map. Returns the number of pairs; fails if the bytes left cannot hold them.
 * The caller reads key, value, key, value, and checks that the keys ascend.
 */
export function readMap(): u32 {
  const count = readHead(MAP);
  return count > <u64>((reader.end - reader.at) >>> 1) ? fail() : <u32>count;
}

/** Reads false or true. */
export function readBool(): bool {
  const value = readHead(SIMPLE) - SIMPLE_FALSE;
  if (value > 1) fail();
  return !readFailed() && value === 1;
}

/** Reads a tag and returns its number. The caller reads the tagged item next. */
export function readTag(): u64 {
  return readHead(TAG);
}

/**
 * Skips any one item. Returns its address, or 0; readLength() returns its encoded length. Fails
 * unless the item is well-formed and deterministic: shortest heads, definite lengths, map keys
 * strictly ascending bytewise, at most NESTING_MAX deep. Narrower than RFC 8949: fails on floats,
 * and on simple values other than false, true, null and undefined. Does not check that text is
 * UTF-8.
 */
export function readSkip(): usize {
  const ptr = reader.at;
  skip(0);
  const len = <u32>(reader.at - ptr);
  reader.length = readFailed() ? 0 : len;
  return readFailed() ? 0 : ptr;
}

/** Skips an item. `depth`: the number of arrays, maps and tags around it. */
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
    // Floats fail here as well: readHead() accepts only those with an argument of 2^8 or more.
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

/** Whether a < b bytewise (RFC 8949, 4.2.1). A prefix of a string is less than the string. */
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

/** Starts writing at `ptr`, at most `capacity` bytes. Traps if they are not in memory. */
export function writeBegin(ptr: usize, capacity: u32): void {
  assert(ptr !== 0 && <u64>ptr + <u64>capacity <= (<u64>memory.size()) << 16);
  writer.at = ptr;
  writer.end = ptr + capacity;
  writer.begin = ptr;
}

/** Writes a head in its shortest form. */
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

/** Writes an unsigned integer. */
export function writeUint(value: u64): void {
  writeHead(UINT, value);
}

/** Writes an integer. */
export function writeInt(value: i64): void {
  if (value < 0) writeHead(NEGATIVE, <u64>~value);
  else writeHead(UINT, <u64>value);
}

/**
 * Writes a byte string: the `len` bytes at `ptr`. Traps if they overlap with where it is written.
 */
export function writeBytes(ptr: usize, len: u32): void {
  writeString(BYTES, ptr, len);
}

/** Writes a text string: the `len` bytes of UTF-8 at `ptr`. Traps as writeBytes() does. */
export function writeText(ptr: usize, len: u32): void {
  writeString(TEXT, ptr, len);
}

/** Writes the head of an array of `count` items. The caller writes the items next. */
export function writeArray(count: u32): void {
  writeHead(ARRAY, count);
}

/** Writes the head of a map of `count` pairs. The caller writes the pairs next, keys ascending. */
export function writeMap(count: u32): void {
  writeHead(MAP, count);
}

/** Writes false or true. */
export function writeBool(value: bool): void {
  writeHead(SIMPLE, SIMPLE_FALSE + u64(value));
}

/** Writes a tag. The caller writes the tagged item next. */
export function writeTag(tag: u64): void {
  writeHead(TAG, tag);
}

/** Number of bytes written; 0 if a write failed for lack of room. */
export function writeEnd(): u32 {
  const at = writer.at;
  return at === 0 ? 0 : <u32>(at - writer.begin);
}
