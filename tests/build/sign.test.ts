/**
 * Tests the shipped sign.wasm against RFC 8032's vectors and node:crypto, and that its path does not depend
 * on the seed.
 */
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import wabt from "wabt";
import { Prng } from "../../host-sim/base/prng.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";
import { type SignExports, Signer } from "../../host-sim/sim/signer.ts";
import { TracedModule } from "./traced-module.ts";

const module = readModule(firmwarePath("sign"));
const signer = new Signer(module);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** What precedes the seed in a PKCS 8 key (RFC 8410, 7). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_BYTES = 12;

function check(seed: Uint8Array, message: Uint8Array): void {
  const der = Buffer.concat([PKCS8, seed]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  const what = `seed ${hex(seed)}, message of ${message.length} bytes`;
  expect(hex(signer.publicKey(seed)), what).toBe(hex(spki.subarray(SPKI_BYTES)));
  expect(hex(signer.sign(seed, message)), what).toBe(hex(sign(null, message, key)));
}

describe("sign.wasm", () => {
  test("gives the keys and signatures of RFC 8032", () => {
    const text = readFileSync("tests/vectors/ed25519-rfc8032.json", "utf8");
    const vectors = JSON.parse(text) as Record<string, string>[];
    expect(vectors).toHaveLength(4);
    for (const { seed_hex = "", public_hex, message_hex = "", signature_hex } of vectors) {
      const seed = Buffer.from(seed_hex, "hex");
      expect(hex(signer.publicKey(seed))).toBe(public_hex);
      expect(hex(signer.sign(seed, Buffer.from(message_hex, "hex")))).toBe(signature_hex);
    }
  });

  test("agrees with node:crypto over random seeds and messages", () => {
    const random = new Prng(8032);
    for (let round = 0; round < 500; round++) {
      const seed = new Uint8Array(32);
      const message = new Uint8Array(random.below(257));
      random.fill(seed);
      random.fill(message);
      check(seed, message);
    }
  });

  test("agrees with node:crypto over special seeds, and over every length of a message", () => {
    const seeds = [0, 1, 0x7f, 0x80, 0xff].map((byte) => new Uint8Array(32).fill(byte));
    for (let bit = 0; bit < 256; bit++) {
      const one = new Uint8Array(32);
      one[bit >>> 3] = 1 << (bit & 7);
      seeds.push(one);
    }
    for (const seed of seeds) check(seed, Uint8Array.of(0));
    const seed = Uint8Array.from({ length: 32 }, (_, index) => index);
    for (let length = 0; length <= 256; length++)
      check(
        seed,
        Uint8Array.from({ length }, (_, index) => index ^ length),
      );
  });

  test("gives the SHA-512 of node:crypto at every length around its blocks, and of a module", () => {
    const lengths = Array.from({ length: 300 }, (_, length) => length);
    const inputs = [511, 512, 513, 1024, ...lengths].map((length) =>
      Uint8Array.from({ length }, (_, index) => index * 5 + length),
    );
    for (const bytes of [module, ...inputs])
      expect(hex(signer.digest(bytes))).toBe(createHash("sha512").update(bytes).digest("hex"));
  });

  test("refuses a message that is too long, and a step without a beginning", () => {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), {});
    const raw = exports as unknown as SignExports;
    expect(() => raw.sign_begin(257)).toThrow(WebAssembly.RuntimeError);
    expect(() => raw.step()).toThrow(WebAssembly.RuntimeError);
    expect(() => raw.digest_add(257)).toThrow(WebAssembly.RuntimeError);
    raw.public_begin();
    expect(() => raw.digest_begin()).toThrow(WebAssembly.RuntimeError);
    expect(() => signer.sign(new Uint8Array(32), new Uint8Array(257))).toThrow(RangeError);
  });

  test("leaves nothing of a secret in its memory", () => {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), {});
    const raw = exports as unknown as SignExports;
    const memory = new Uint8Array(raw.memory.buffer);
    const run = (seed: number) => {
      memory.fill(seed, raw.seed_ptr(), raw.seed_ptr() + 32);
      raw.sign_begin(5);
      while (raw.step() !== 0);
      // What is known to all: the public key, the signature, and what both follow from.
      const open = memory.slice();
      open.fill(0, raw.public_ptr(), raw.public_ptr() + 32);
      open.fill(0, raw.signature_ptr(), raw.signature_ptr() + 64);
      return open;
    };
    const first = run(1);
    const second = run(2);
    const differing = [...first.keys()].filter((at) => first[at] !== second[at]);
    // The challenge k: a digest of the signature's first half, the public key and the message.
    expect(differing.length).toBeLessThanOrEqual(32);
    expect((differing.at(-1) ?? 0) - (differing[0] ?? 0)).toBeLessThan(32);
  });
});

describe("the path of sign.wasm", () => {
  test("does not depend on the seed: same branches, same addresses", () => {
    const traced = new TracedModule(module);
    const raw = traced.exports as unknown as SignExports;
    const memory = new Uint8Array(raw.memory.buffer);
    const random = new Prng(25519);
    const seeds = [new Uint8Array(32), new Uint8Array(32).fill(0xff)];
    for (let round = 0; round < 6; round++) {
      const seed = new Uint8Array(32);
      random.fill(seed);
      seeds.push(seed);
    }
    const paths = seeds.map((seed) =>
      traced.pathOf(() => {
        memory.set(seed, raw.seed_ptr());
        raw.sign_begin(100);
        while (raw.step() !== 0);
      }),
    );
    expect(traced.reporting).toBeGreaterThan(100);
    expect(paths[0]?.reports).toBeGreaterThan(1_000_000);
    expect(new Set(paths.map((path) => JSON.stringify(path))).size).toBe(1);
  });

  test.each([
    ["a branch", "(if (local.get 0) (then (global.set $x (i32.const 1))))"],
    ["a conditional break", "(block (br_if 0 (local.get 0)))"],
    ["a table of breaks", "(block (block (br_table 0 1 (local.get 0))))"],
    ["a choice", "(global.set $x (select (i32.const 1) (i32.const 2) (local.get 0)))"],
    ["an address read", "(global.set $x (i32.load8_u (local.get 0)))"],
    ["an address written", "(i32.store8 (local.get 0) (i32.const 1))"],
  ])("differs in its trace by %s", async (_, body) => {
    const { parseWat } = await wabt();
    const text = `(module (memory 1) (global $x (mut i32) (i32.const 0))
      (func (export "run") (param i32) ${body}))`;
    const traced = new TracedModule(parseWat("leak.wat", text).toBinary({}).buffer);
    const run = traced.exports.run as (secret: number) => void;
    expect(traced.pathOf(() => run(0))).not.toEqual(traced.pathOf(() => run(1)));
    expect(traced.pathOf(() => run(1))).toEqual(traced.pathOf(() => run(1)));
  });

  test("may not contain a division", async () => {
    const { parseWat } = await wabt();
    const text = `(module (func (export "run") (param i32) (result i32)
      (i32.div_u (i32.const 9) (local.get 0))))`;
    const { buffer } = parseWat("divides.wat", text).toBinary({});
    expect(() => new TracedModule(buffer)).toThrow("a division");
  });
});
