/**
 * A partition of ESP-IDF's key-value storage with strings in it, as its library writes one: version 2
 * of its format. Must not know what the strings are for. Source: ESP-IDF Programming Guide, "NVS
 * Partition Internals".
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
/** The library begins its checksums so. */
const CRC_BEGIN = 0xffff_ffff;

const checksum = (...parts: Uint8Array[]) => crc32(Buffer.concat(parts), CRC_BEGIN);

/** One entry: what it is, and eight bytes. */
function entry(namespace: number, type: number, span: number, key: string, data: Buffer): Buffer {
  if (Buffer.byteLength(key) > KEY_BYTES) throw new RangeError(`key "${key}"`);
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

/** The partition with one namespace of strings; the rest is erased. Throws if they do not fit a page. */
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
  if (entries.length > PAGE_BYTES - ENTRIES_AT) throw new RangeError(`${entries.length} bytes`);
  const image = Buffer.alloc(bytes, 0xff);
  image.writeUInt32LE(ACTIVE, 0);
  image.writeUInt32LE(0, 4);
  image.writeUInt8(VERSION, 8);
  image.writeUInt32LE(checksum(image.subarray(4, 28)), 28);
  for (let index = 0; index < entries.length / ENTRY_BYTES; index++) {
    // Two bits an entry: 11 is empty, 10 is written.
    const at = BITMAP_AT + (index >> 2);
    image.writeUInt8(image.readUInt8(at) & ~(1 << (2 * (index & 3))), at);
  }
  entries.copy(image, ENTRIES_AT);
  return image;
}
