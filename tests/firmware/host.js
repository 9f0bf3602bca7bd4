// The host of the firmware's unit tests: test vectors from tests/vectors, hashes by node:crypto to
// compare with, and storage.

import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

const read = (name) =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8"));
const hex = (text) => Buffer.from(text, "hex");
const u32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(Number(value));
  return bytes;
};

/**
 * Whether an example of RFC 8949, appendix A, is in the reader's subset: preferred encoding, no
 * float (also not under tag 1), no simple value other than false, true, null and undefined.
 */
const isDeterministicSubset = ({ hex: text, roundtrip }) =>
  roundtrip && !/^(c1)?f[9ab]|^f0|^f8/.test(text);
/**
 * Whether the writer can write it as well: it has no null, no undefined, and no integers beyond
 * i64.
 */
const isWritable = (vector) =>
  isDeterministicSubset(vector) && !["f6", "f7", "3bffffffffffffffff"].includes(vector.hex);

/** COSE vectors that must not parse: tag 992, alg -999, alg "unknown", a second header. */
const MALFORMED = ["mac-fail-01", "mac-fail-03", "mac-fail-04", "mac-fail-06"];
const isOurs = ({ name, alg }) =>
  alg === "HS256" && !MALFORMED.includes(name.replace("mac0-tests_", ""));

/** The sets, in the order of the constants in vectors.ts. A vector is a list of fields. */
const SETS = [
  read("sha256").map((v) => [hex(v.message_hex), u32(v.repeat), hex(v.digest_hex)]),
  read("hmac-sha256-rfc4231").map((v) => [hex(v.key_hex), hex(v.data_hex), hex(v.tag_hex)]),
  read("cbor-rfc8949-appendix-a").map((v) => [
    hex(v.hex),
    u32(isDeterministicSubset(v)),
    u32(isWritable(v)),
  ]),
  read("cose-mac0").map((v) => [
    hex(v.cbor_hex),
    Buffer.from(v.key_k, "base64url"),
    hex(v.payload_hex),
    u32(isOurs(v)),
    // The profile has no external data: a tag that covers some is not good.
    u32(!v.fail && v.alg === "HS256" && v.external_aad_hex === ""),
  ]),
];

/**
 * The imports `vectors`, `oracle` and `board` of one test module; attach() gives them its memory.
 */
export function hostImports() {
  let memory;
  const bytes = (ptr, len) => new Uint8Array(memory.buffer, ptr >>> 0, len >>> 0);
  const field = (set, index, number) => SETS[set][index][number];
  // Two regions of 64 bytes, and a journal. Once `writable` bytes are written, a write fails.
  const storage = [new Uint8Array(64), new Uint8Array(64), new Uint8Array(512 * 64).fill(0xff)];
  let writable = Number.POSITIVE_INFINITY;
  let readable = true;
  return {
    attach: (of) => {
      memory = of;
    },
    imports: {
      vectors: {
        count: (set) => SETS[set].length,
        field: (set, index, number, out) => {
          const value = field(set, index, number);
          bytes(out, value.length).set(value);
          return value.length;
        },
        value: (set, index, number) => field(set, index, number).readUInt32LE(),
      },
      oracle: {
        sha256: (ptr, len, out) => {
          bytes(out, 32).set(createHash("sha256").update(bytes(ptr, len)).digest());
        },
        hmac: (key, keyLen, ptr, len, out) => {
          const tag = createHmac("sha256", bytes(key, keyLen)).update(bytes(ptr, len)).digest();
          bytes(out, 32).set(tag);
        },
        storage_limit: (count) => {
          writable = count >>> 0 === 0xffffffff ? Number.POSITIVE_INFINITY : count >>> 0;
        },
        storage_readable: (yes) => {
          readable = yes !== 0;
        },
        storage_poke: (region, offset, value) => {
          storage[region][offset] = value;
        },
        storage_fill: (region, value) => storage[region].fill(value),
      },
      board: {
        storage_read: (region, offset, ptr, len) => {
          if (!readable) return 5;
          bytes(ptr, len).set(storage[region].subarray(offset, offset + len));
          return 0;
        },
        storage_write: (region, offset, ptr, len) => {
          const taken = bytes(ptr, Math.min(len, writable));
          storage[region].set(taken, offset);
          writable -= taken.length;
          return taken.length === len ? 0 : 5;
        },
        mark: () => {},
      },
    },
  };
}
