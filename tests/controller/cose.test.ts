/**
 * COSE_Mac0 and strict CBOR against published vectors and an independent library, and with
 * malformed input.
 */
import { readFileSync } from "node:fs";
import { Headers, Mac0, MacAlgorithms } from "@auth0/cose";
import { describe, expect, test } from "vitest";
import { MESSAGE_MAX } from "../../host-sim/abi/abi.gen.ts";
import { Prng } from "../../host-sim/base/prng.ts";
import {
  decodeCbor,
  decodeMac0,
  encodeCbor,
  encodeMac0,
  MessageError,
  macOf,
  PROTECTED,
} from "../../host-sim/controller/cose.ts";

const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"));
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const KEY = hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
const PAYLOAD = hex("854801020304050607080119138800a101f5");

interface Vector {
  name: string;
  fail: boolean;
  alg: string;
  external_aad_hex: string;
  key_k: string;
  payload_hex: string;
  cbor_hex: string;
}
const vectors: Vector[] = JSON.parse(
  readFileSync(new URL("../vectors/cose-mac0.json", import.meta.url), "utf8"),
);

/** Adds a kid to a message's empty unprotected header, which the MAC does not cover. */
function withKid(message: string): Uint8Array {
  return hex(message.toLowerCase().replace(/^d18443a10105a0/, "d18443a10105a104456f776e6572"));
}

describe("vectors of the COSE working group", () => {
  test("our tag equals that of every good HS256 message", () => {
    const good = vectors.filter(({ fail, alg }) => !fail && alg === "HS256");
    expect(good.length).toBeGreaterThanOrEqual(4);
    for (const vector of good) {
      const parts = decodeCbor(hex(vector.cbor_hex.replace(/^D1/, ""))) as Uint8Array[];
      // RFC 9052, 6.3: an empty map of protected headers enters the MAC as a zero-length string.
      const [header, , payload, tag] = parts as [Uint8Array, unknown, Uint8Array, Uint8Array];
      const inMac = toHex(header) === "a0" ? new Uint8Array(0) : header;
      const key = new Uint8Array(Buffer.from(vector.key_k, "base64url"));
      const ours = macOf(key, inMac, hex(vector.external_aad_hex), payload);
      expect(toHex(ours), vector.name).toBe(toHex(tag));
    }
  });

  test("only the messages of our profile are accepted", () => {
    const accepted = vectors.filter(({ key_k, cbor_hex }) => {
      try {
        decodeMac0(new Uint8Array(Buffer.from(key_k, "base64url")), "owner", withKid(cbor_hex));
        return true;
      } catch (error) {
        if (!(error instanceof MessageError)) throw error;
        return false;
      }
    });
    expect(accepted.map(({ name }) => name)).toEqual([
      "hmac-examples_HMac-enc-01",
      "mac0-tests_HMac-01",
    ]);
    expect(accepted.every(({ fail }) => !fail)).toBe(true);
  });
});

describe("the library @auth0/cose", () => {
  test("accepts our messages", async () => {
    for (const kid of ["owner", "provider", "manufacturer"] as const) {
      const mac0 = Mac0.decode(encodeMac0(KEY, kid, PAYLOAD));
      await mac0.verify(KEY, { algorithms: [MacAlgorithms.HS256] });
      expect(toHex(mac0.payload)).toBe(toHex(PAYLOAD));
      expect(Buffer.from(mac0.unprotectedHeaders.get(Headers.KeyID) as Uint8Array).toString()).toBe(
        kid,
      );
      await expect(mac0.verify(hex("ff".repeat(32)))).rejects.toThrow();
    }
  });

  test("makes the same bytes as we do, and we accept them", async () => {
    const mac0 = await Mac0.create(
      [[Headers.Algorithm, MacAlgorithms.HS256]],
      [[Headers.KeyID, new Uint8Array(Buffer.from("provider"))]],
      PAYLOAD,
      KEY,
    );
    const message = new Uint8Array(mac0.encode());
    expect(toHex(decodeMac0(KEY, "provider", message))).toBe(toHex(PAYLOAD));
    expect(toHex(message)).toBe(toHex(encodeMac0(KEY, "provider", PAYLOAD)));
  });
});

describe("an envelope", () => {
  const message = encodeMac0(KEY, "owner", PAYLOAD);
  const rebuilt = (...parts: unknown[]) => Buffer.concat([hex("d1"), encodeCbor(parts)]);
  const tag = macOf(KEY, PROTECTED, new Uint8Array(0), PAYLOAD);
  const kid = new Map<number, unknown>([[4, Buffer.from("owner")]]);

  test("is decoded to its payload, in a buffer of its own", () => {
    const payload = decodeMac0(KEY, "owner", Buffer.from(message));
    expect(toHex(payload)).toBe(toHex(PAYLOAD));
    expect(Buffer.isBuffer(payload)).toBe(false);
  });

  test("is refused with any bit flipped", () => {
    for (let bit = 0; bit < message.length * 8; bit++) {
      const flipped = Uint8Array.from(message);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decodeMac0(KEY, "owner", flipped), `bit ${bit}`).toThrow(MessageError);
    }
  });

  test("is refused truncated, with bytes appended, and as noise", () => {
    for (let length = 0; length < message.length; length++) {
      expect(() => decodeMac0(KEY, "owner", message.subarray(0, length))).toThrow(MessageError);
    }
    expect(() => decodeMac0(KEY, "owner", Buffer.concat([message, hex("00")]))).toThrow(
      MessageError,
    );
    const prng = new Prng(1);
    for (let round = 0; round < 5_000; round++) {
      const noise = new Uint8Array(prng.below(80));
      prng.fill(noise);
      if (round % 2 === 0) noise.set(message.subarray(0, Math.min(noise.length, prng.below(20))));
      expect(() => decodeMac0(KEY, "owner", noise)).toThrow(MessageError);
    }
  });

  test.each([
    ["under another name", rebuilt(PROTECTED, new Map([[4, Buffer.from("device")]]), PAYLOAD, tag)],
    ["without a kid", rebuilt(PROTECTED, new Map(), PAYLOAD, tag)],
    ["with a text as kid", rebuilt(PROTECTED, new Map([[4, "owner"]]), PAYLOAD, tag)],
    [
      "with a further header",
      rebuilt(PROTECTED, new Map([...kid, [5, Buffer.from("")]]), PAYLOAD, tag),
    ],
    ["with an array as header", rebuilt(PROTECTED, [], PAYLOAD, tag)],
    ["with another algorithm", rebuilt(hex("a10104"), kid, PAYLOAD, tag)],
    ["with the algorithm unprotected", rebuilt(hex("a0"), new Map([...kid, [1, 5]]), PAYLOAD, tag)],
    ["with a short tag", rebuilt(PROTECTED, kid, PAYLOAD, tag.subarray(0, 8))],
    ["without a payload", rebuilt(PROTECTED, kid, null, tag)],
    ["with a fifth part", rebuilt(PROTECTED, kid, PAYLOAD, tag, [])],
    ["untagged", message.subarray(1)],
    ["tagged twice", Buffer.concat([hex("d1"), message])],
    ["as COSE_Mac, tag 97", Buffer.concat([hex("d861"), message.subarray(1)])],
  ])("is refused %s", (_, bytes) => {
    expect(decodeMac0(KEY, "owner", message)).toBeDefined();
    expect(() => decodeMac0(KEY, "owner", bytes)).toThrow(MessageError);
  });

  test("has a maximum length when encoded and when decoded", () => {
    const most = MESSAGE_MAX - encodeMac0(KEY, "owner", new Uint8Array(256)).length + 256;
    const whole = encodeMac0(KEY, "owner", new Uint8Array(most));
    expect(whole.length).toBe(MESSAGE_MAX);
    expect(decodeMac0(KEY, "owner", whole).length).toBe(most);
    expect(() => encodeMac0(KEY, "owner", new Uint8Array(most + 1))).toThrow(RangeError);
    const tooLong = new Uint8Array(MESSAGE_MAX + 1).fill(0xd1);
    expect(() => decodeMac0(KEY, "owner", tooLong)).toThrow(/longer than 1024/);
  });
});

describe("CBOR", () => {
  interface Sample {
    hex: string;
    roundtrip: boolean;
    decoded?: unknown;
  }
  const samples: Sample[] = JSON.parse(
    readFileSync(new URL("../vectors/cbor-rfc8949-appendix-a.json", import.meta.url), "utf8"),
  );
  const isPlain = (value: unknown): boolean =>
    (Number.isSafeInteger(value) && !Object.is(value, -0)) ||
    typeof value === "boolean" ||
    typeof value === "string" ||
    (Array.isArray(value) && value.every(isPlain));

  test("encodes and decodes integers, strings and arrays of RFC 8949, appendix A", () => {
    const plain = samples.filter((sample) => sample.roundtrip && isPlain(sample.decoded));
    // Floats with whole values stay floats in their shortest form. Our profile has no floats.
    const exact = plain.filter((sample) => !/^f[9ab]/.test(sample.hex));
    expect(exact.length).toBe(27);
    for (const { hex: bytes, decoded } of exact) {
      expect(toHex(encodeCbor(decoded)), bytes).toBe(bytes);
      expect(decodeCbor(hex(bytes)), bytes).toEqual(decoded);
    }
  });

  test.each([
    ["an indefinite array", "9f01ff"],
    ["an indefinite map", "bf0101ff"],
    ["an indefinite byte string", "5f4101ff"],
    ["a duplicate key", "a201010102"],
    ["trailing bytes", "0100"],
    ["an empty input", ""],
    ["a longer integer than needed", "1817"],
    ["a longer length than needed", "580101"],
    ["undefined", "f7"],
    ["NaN", "f97e00"],
    ["infinity", "f97c00"],
    ["an integer beyond 2^53", "1bffffffffffffffff"],
    ["a tag", "c100"],
    ["a reserved form", "1c"],
    ["a length beyond the end", "5affffffff00"],
    ["a count beyond the end", "9affffffff00"],
  ])("refuses %s", (_, bytes) => {
    expect(() => decodeCbor(hex(bytes))).toThrow(MessageError);
  });

  test("sorts keys by their bytes (RFC 8949, 4.2.1)", () => {
    expect(
      toHex(
        encodeCbor(
          new Map([
            [256, 0],
            [3, 0],
            [-1, 0],
            [24, 0],
          ]),
        ),
      ),
    ).toBe("a40300181800190100002000");
  });
});
