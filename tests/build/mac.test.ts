/** Tests the shipped mac.wasm against the NIST and RFC 4231 vectors and against node:crypto. */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { instantiateSync } from "@assemblyscript/loader";
import { describe, expect, test } from "vitest";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";

interface Mac extends Record<string, unknown> {
  memory: WebAssembly.Memory;
  key_ptr(): number;
  message_ptr(): number;
  tag_ptr(): number;
  prepared_ptr(): number;
  hmac_prepare(keyLength: number): void;
  hmac_prepared(messageLength: number): void;
  hmac_sha256(keyLength: number, messageLength: number): void;
  hmac_key(keyLength: number): void;
  hmac_keyed(messageLength: number): void;
  sha256_digest(messageLength: number): void;
}

const mac = instantiateSync<Mac>(readModule(firmwarePath("mac"))).exports;
const bytesAt = (at: number, length: number) => new Uint8Array(mac.memory.buffer, at, length);
const tag = () => Buffer.from(bytesAt(mac.tag_ptr(), 32)).toString("hex");
const vectors = (name: string) =>
  JSON.parse(readFileSync(`tests/vectors/${name}.json`, "utf8")) as Record<string, string>[];

function put(at: number, bytes: Uint8Array): number {
  bytesAt(at, bytes.length).set(bytes);
  return bytes.length;
}

function hmac(key: Uint8Array, message: Uint8Array): string {
  mac.hmac_sha256(put(mac.key_ptr(), key), put(mac.message_ptr(), message));
  return tag();
}

describe("mac.wasm", () => {
  test("gives the digests of the NIST vectors that fit its buffer", () => {
    const fitting = vectors("sha256").filter(
      ({ message_hex = "", repeat }) => Number(repeat) === 1 && message_hex.length <= 4096,
    );
    expect(fitting.length).toBeGreaterThan(5);
    for (const { message_hex = "", digest_hex } of fitting) {
      mac.sha256_digest(put(mac.message_ptr(), Buffer.from(message_hex, "hex")));
      expect(tag()).toBe(digest_hex);
    }
  });

  test("gives the tags of RFC 4231 for keys of a block or less", () => {
    const fitting = vectors("hmac-sha256-rfc4231").filter(
      ({ key_hex = "" }) => key_hex.length <= 128,
    );
    expect(fitting.length).toBeGreaterThan(3);
    for (const { key_hex = "", data_hex = "", tag_hex = "" } of fitting) {
      const found = hmac(Buffer.from(key_hex, "hex"), Buffer.from(data_hex, "hex"));
      expect(found.slice(0, tag_hex.length)).toBe(tag_hex);
    }
  });

  test("agrees with node:crypto at every length that a device sends", () => {
    const key = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
    for (let length = 0; length <= 1100; length++) {
      const message = Uint8Array.from({ length }, (_, index) => index ^ length);
      expect(hmac(key, message)).toBe(createHmac("sha256", key).update(message).digest("hex"));
    }
  });

  test("computes a tag from a prepared key without the key, as often as wanted", () => {
    const key = Uint8Array.from({ length: 32 }, (_, index) => 255 - index);
    mac.hmac_prepare(put(mac.key_ptr(), key));
    const prepared = bytesAt(mac.prepared_ptr(), 64).slice();
    bytesAt(mac.key_ptr(), 64).fill(0);
    // Another key is prepared meanwhile, then the first is put back.
    mac.hmac_prepare(put(mac.key_ptr(), new Uint8Array(64).fill(9)));
    bytesAt(mac.prepared_ptr(), 64).set(prepared);
    for (const length of [0, 1, 55, 56, 63, 64, 65, 1024, 2048]) {
      const message = Uint8Array.from({ length }, (_, index) => index);
      mac.hmac_prepared(put(mac.message_ptr(), message));
      expect(tag()).toBe(createHmac("sha256", key).update(message).digest("hex"));
    }
    expect(bytesAt(mac.prepared_ptr(), 64)).toEqual(prepared);
  });

  test("traps if the key or the message is too long", () => {
    expect(() => mac.hmac_prepare(65)).toThrow(WebAssembly.RuntimeError);
    expect(() => mac.hmac_prepared(2049)).toThrow(WebAssembly.RuntimeError);
    expect(() => mac.hmac_sha256(65, 0)).toThrow(WebAssembly.RuntimeError);
    expect(() => mac.hmac_sha256(32, 2049)).toThrow(WebAssembly.RuntimeError);
    expect(() => mac.sha256_digest(2049)).toThrow(WebAssembly.RuntimeError);
  });
});
