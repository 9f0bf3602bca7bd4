// SHA-256 and HMAC-SHA256: published vectors, and comparison with node:crypto at every length.

import { hmacPrepare, hmacSha256, PREPARED_BYTES } from "../../firmware/mac/hmac";
import { hmac_sha256, key_ptr, message_ptr, sha256_digest, tag_ptr } from "../../firmware/mac/mac";
import { sha256, sha256Begin, sha256Block, sha256End } from "../../firmware/mac/sha256";
import { atEdge, lastPage, pattern, same } from "./bytes";
import * as oracle from "./oracle";
import { count, field, HMAC, SHA256, value } from "./vectors";

const KEY = memory.data(256, 8);
const MESSAGE = memory.data(4096, 8);
const EXPECTED = memory.data(32, 8);
const ACTUAL = memory.data(32, 8);
const PREPARED = memory.data(PREPARED_BYTES, 8);

/** SHA-256 of one byte repeated, block by block. */
function sha256Repeated(byte: u8, times: u32, out: usize): void {
  memory.fill(MESSAGE, byte, 64);
  const whole = times & ~63;
  sha256Begin();
  for (let i: u32 = 0; i < whole; i += 64) sha256Block(MESSAGE);
  sha256End(whole, MESSAGE, times - whole, out);
}

/** HMAC-SHA256 of the message under the key, to ACTUAL. */
function tagOf(keyLen: u32, len: u32): void {
  hmacPrepare(KEY, keyLen, PREPARED);
  hmacSha256(PREPARED, MESSAGE, len, ACTUAL);
}

describe("SHA-256", () => {
  it("gives the published digests", () => {
    const vectors = count(SHA256);
    for (let i: u32 = 0; i < vectors; i++) {
      const len = field(SHA256, i, 0, MESSAGE);
      const repeat = value(SHA256, i, 1);
      field(SHA256, i, 2, EXPECTED);
      if (repeat === 1) sha256(MESSAGE, len, ACTUAL);
      else sha256Repeated(load<u8>(MESSAGE), repeat, ACTUAL);
      assert(same(ACTUAL, EXPECTED, 32), `vector ${i}`);
    }
    expect<u32>(vectors).toBe(14);
  });

  it("agrees with node:crypto at every length up to 300 and every alignment", () => {
    for (let len: u32 = 0; len <= 300; len++) {
      const ptr = MESSAGE + (len & 3);
      pattern(ptr, len, len);
      oracle.sha256(ptr, len, EXPECTED);
      sha256(ptr, len, ACTUAL);
      assert(same(ACTUAL, EXPECTED, 32), `length ${len}`);
    }
    expect<bool>(same(ACTUAL, EXPECTED, 32)).toBe(true);
  });

  it("includes the blocks that were hashed before sha256End()", () => {
    pattern(MESSAGE, 200, 1);
    oracle.sha256(MESSAGE, 200, EXPECTED);
    sha256Begin();
    sha256Block(MESSAGE);
    sha256Block(MESSAGE + 64);
    sha256End(128, MESSAGE + 128, 72, ACTUAL);
    expect<bool>(same(ACTUAL, EXPECTED, 32)).toBe(true);
  });

  it("may write the digest over the message", () => {
    pattern(MESSAGE, 100, 2);
    oracle.sha256(MESSAGE, 100, EXPECTED);
    sha256(MESSAGE, 100, MESSAGE);
    expect<bool>(same(MESSAGE, EXPECTED, 32)).toBe(true);
  });

  it("reads no byte past the message", () => {
    const page = lastPage();
    for (let len: u32 = 0; len <= 130; len++) sha256(atEdge(page, MESSAGE, len), len, ACTUAL);
    expect<usize>(page).not.toBe(0);
  });

  throws("traps on a prefix that is not a multiple of a block", () => {
    sha256Begin();
    sha256End(1, MESSAGE, 0, ACTUAL);
  });
});

describe("HMAC-SHA256", () => {
  it("gives the tags of RFC 4231", () => {
    const vectors = count(HMAC);
    for (let i: u32 = 0; i < vectors; i++) {
      let keyLen = field(HMAC, i, 0, KEY);
      const len = field(HMAC, i, 1, MESSAGE);
      const tagLen = field(HMAC, i, 2, EXPECTED);
      if (keyLen > 64) {
        // The digest of a longer key is used as the key (RFC 2104, 2).
        sha256(KEY, keyLen, KEY);
        keyLen = 32;
      }
      tagOf(keyLen, len);
      assert(same(ACTUAL, EXPECTED, tagLen), `vector ${i}`);
    }
    expect<u32>(vectors).toBe(7);
  });

  it("agrees with node:crypto at lengths of key and message up to the largest", () => {
    for (let len: u32 = 0; len <= 2048; len += 13) {
      const keyLen = len % 65;
      pattern(KEY, keyLen, len);
      pattern(MESSAGE, len, len + 1);
      oracle.hmac(KEY, keyLen, MESSAGE, len, EXPECTED);
      tagOf(keyLen, len);
      assert(same(ACTUAL, EXPECTED, 32), `length ${len}, key ${keyLen}`);
    }
    expect<bool>(same(ACTUAL, EXPECTED, 32)).toBe(true);
  });

  it("keeps nothing of a key for the next call", () => {
    pattern(KEY, 64, 3);
    tagOf(64, 10);
    tagOf(5, 10);
    oracle.hmac(KEY, 5, MESSAGE, 10, EXPECTED);
    expect<bool>(same(ACTUAL, EXPECTED, 32)).toBe(true);
  });

  throws("traps on a key longer than a block", () => {
    tagOf(65, 0);
  });
});

describe("mac.wasm", () => {
  it("accepts keys of 64 bytes and messages of 2048, in buffers that do not overlap", () => {
    pattern(key_ptr(), 64, 4);
    pattern(message_ptr(), 2048, 5);
    oracle.hmac(key_ptr(), 64, message_ptr(), 2048, EXPECTED);
    hmac_sha256(64, 2048);
    expect<bool>(same(tag_ptr(), EXPECTED, 32)).toBe(true);
    hmac_sha256(64, 2048);
    expect<bool>(same(tag_ptr(), EXPECTED, 32)).toBe(true);
    oracle.sha256(message_ptr(), 2048, EXPECTED);
    sha256_digest(2048);
    expect<bool>(same(tag_ptr(), EXPECTED, 32)).toBe(true);
  });

  throws("traps on a key of 65 bytes", () => {
    hmac_sha256(65, 0);
  });

  throws("traps on a message of 2049 bytes under HMAC", () => {
    hmac_sha256(0, 2049);
  });

  throws("traps on a message of 2049 bytes", () => {
    sha256_digest(2049);
  });
});
