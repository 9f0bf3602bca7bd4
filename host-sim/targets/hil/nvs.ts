/**
 * Writes a partition of ESP-IDF's key-value storage (NVS, format version 2) that holds strings.
 * Source: ESP-IDF Programming Guide, "NVS Partition Internals".
 */
import { crc32 } from "node:zlib";

const PAGE_BYTES = 4096;
const ENTRY_BYTES = 32;
const BITMAP_AT = 32;
const ENTRIES_AT = 64;
const ACTIVE = 0xffff_fffe;
const VERSION = 0xfe;
const KEY_BYTES = 15;
const TYPE_U8 = 0x01;
const TYPE_STRING = 0x21;
/** NVS starts its CRC-32 from this value. */
const CRC_INITIAL = 0xffff_ffff;

const checksum = (...parts: Uint8Array[]) => crc32(Buffer.concat(parts), CRC_INITIAL);

/** One 32-byte entry: namespace, type, span, key, and eight bytes of data. */
function entry(namespace: number, type: number, span: number, key: string, data: Buffer): Buffer {
  if (Buffer.byteLength(key) > KEY_BYTES)
    throw new RangeError(`NVS key "${key}" is longer than ${KEY_BYTES} bytes`);
  const bytes = Buffer.alloc(ENTRY_BYTES);
  bytes.writeUInt8(namespace, 0);
  bytes.writeUInt8(type, 1);
  bytes.writeUInt8(span, 2);
  bytes.writeUInt8(0xff, 3);
  bytes.write(key, 8, "ascii");
  data.copy(bytes, 24);
  bytes.writeUInt32LE(checksum(bytes.subarray(0, 4), bytes.subarray(8)), 4);
  return bytes;
}

function stringEntries(namespace: number, key: string, value: string): Buffer {
  const text = Buffer.from(`${value}\0`);
  const padded = Buffer.alloc(Math.ceil(text.length / ENTRY_BYTES) * ENTRY_BYTES, 0xff);
  text.copy(padded);
  const head = Buffer.alloc(8, 0xff);
  head.writeUInt16LE(text.length, 0);
  head.writeUInt32LE(checksum(text), 4);
  const span = 1 + padded.length / ENTRY_BYTES;
  return Buffer.concat([entry(namespace, TYPE_STRING, span, key, head), padded]);
}

/**
 * A partition of `bytes` bytes with one namespace of strings; the rest is erased. Throws a
 * RangeError if they do not fit in one page.
 */
export function nvsImage(
  bytes: number,
  namespace: string,
  strings: Readonly<Record<string, string>>,
): Buffer {
  const name = Buffer.alloc(8, 0xff);
  name.writeUInt8(1, 0);
  const entries = Buffer.concat([
    entry(0, TYPE_U8, 1, namespace, name),
    ...Object.entries(strings).map(([key, value]) => stringEntries(1, key, value)),
  ]);
  if (entries.length > PAGE_BYTES - ENTRIES_AT)
    throw new RangeError(`NVS: ${entries.length} bytes of entries do not fit in one page`);
  const image = Buffer.alloc(bytes, 0xff);
  image.writeUInt32LE(ACTIVE, 0);
  image.writeUInt32LE(0, 4);
  image.writeUInt8(VERSION, 8);
  image.writeUInt32LE(checksum(image.subarray(4, 28)), 28);
  for (let index = 0; index < entries.length / ENTRY_BYTES; index++) {
    // Two bits for each entry: 11 is empty, 10 is written.
    const at = BITMAP_AT + (index >> 2);
    image.writeUInt8(image.readUInt8(at) & ~(1 << (2 * (index & 3))), at);
  }
  entries.copy(image, ENTRIES_AT);
  return image;
}
