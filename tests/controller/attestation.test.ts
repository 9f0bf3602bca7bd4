/** Attestations: their bytes in docs/PROTOCOL.md, an independent library's verdict, and forgeries. */
import { createHash, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Algorithms, Headers, Sign1 } from "@auth0/cose";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../host-sim/base/paths.ts";
import {
  type Attestation,
  notAttested,
  readAttestation,
  unexpected,
} from "../../host-sim/controller/attestation.ts";
import { decodeCbor, encodeCbor } from "../../host-sim/controller/cose.ts";
import { readJournal } from "../../host-sim/controller/journal.ts";
import { attestationOf } from "../../host-sim/sim/attestation.ts";
import { IDENTITY_REGION } from "../../host-sim/sim/hal.ts";
import { shippedSigner } from "../../host-sim/sim/signer.ts";
import { FakeHal } from "../sim/fake-hal.ts";
import { attestation, NONCE } from "./attestation-fixture.ts";
import { chain, ring } from "./journal-fixture.ts";

const page = readFileSync(join(packageRoot(), "docs", "PROTOCOL.md"), "utf8");
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const read = (bytes: Uint8Array) => readAttestation("it", bytes);
const journal = (bytes: Uint8Array) => readJournal("it", bytes);

/** An Ed25519 public key from its 32 bytes, as a JWK (RFC 8037). */
const keyOf = (bytes: Uint8Array) =>
  createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(bytes).toString("base64url") },
    format: "jwk",
  });

describe("an attestation", () => {
  const bytes = attestation();

  test("is the one in docs/PROTOCOL.md", () => {
    const [, text = ""] = /^```cose\n([0-9a-f\n]+)\n```$/m.exec(page) ?? [];
    expect(text.replaceAll("\n", "")).toBe(toHex(bytes));
  });

  test("is decoded and verified by @auth0/cose", async () => {
    const sign1 = Sign1.decode(Buffer.from(bytes));
    const kid = sign1.unprotectedHeaders.get(Headers.KeyID) as Uint8Array;
    await sign1.verify(keyOf(kid), { algorithms: [Algorithms.EdDSA] });
    const payload = decodeCbor(new Uint8Array(sign1.payload));
    const lastHash = (records: Uint8Array[]) => new Uint8Array(records.at(-1)?.subarray(20) ?? []);
    expect(payload).toEqual(
      new Map<number, unknown>([
        [0, 1],
        [1, "fake"],
        [2, NONCE],
        [3, 3],
        [4, lastHash(chain(3))],
        [5, 2],
        [6, lastHash(chain(2, 1))],
        [7, new Uint8Array(Buffer.from("3f9a00e8ff700ee7", "hex"))],
        [8, null],
      ]),
    );
    const other = keyOf(shippedSigner().publicKey(new Uint8Array(32).fill(1)));
    await expect(sign1.verify(other, { algorithms: [Algorithms.EdDSA] })).rejects.toThrow();
  });

  test("names the SHA-512 of the guest", () => {
    const guest = Uint8Array.from({ length: 2000 }, (_, index) => index);
    const { statement } = read(attestation({ guest }));
    expect(statement.guest).toBe(createHash("sha512").update(guest).digest("hex"));
  });

  test("is refused by anyone who expects another key, another nonce, or a good signature", () => {
    const good = read(bytes);
    const { publicKey } = good;
    const nonce = toHex(NONCE);
    expect(unexpected(good, { publicKey, nonce })).toBeUndefined();
    expect(unexpected(good, { publicKey: "00".repeat(32) })).toMatch(/^it is by the key/);
    expect(unexpected(good, { publicKey, nonce: "00".repeat(16) })).toMatch(/old one$/);
    expect(unexpected({ ...good, signed: false }, { publicKey })).toBe("its signature is wrong");
  });

  test("with any bit changed is not signed, or not an attestation", () => {
    let unsigned = 0;
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const changed = bytes.slice();
      changed[bit >>> 3] = (changed[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      let found: Attestation;
      try {
        found = read(changed);
      } catch (error) {
        expect(String(error)).toMatch(/it is not an attestation/);
        continue;
      }
      expect(unexpected(found, { publicKey: read(bytes).publicKey }), `bit ${bit}`).toBeDefined();
      unsigned++;
    }
    expect(unsigned).toBeGreaterThan(1000);
  });

  test.each<[string, unknown]>([
    ["no map", 1],
    ["a field less", new Map([[0, 1]])],
    ["another statement", new Map([0, 1, 2, 3, 4, 5, 6, 7, 8].map((key) => [key, 2]))],
  ])("whose payload is %s is refused", (_, payload) => {
    const body = [Uint8Array.of(0xa1, 0x01, 0x27), new Map([[4, new Uint8Array(32)]])];
    const message = encodeCbor([...body, encodeCbor(payload), new Uint8Array(64)]);
    expect(() => read(Uint8Array.of(0xd2, ...message))).toThrow(/it is not an attestation/);
  });
});

describe("the attested journal", () => {
  const made = (count: number, remote = 0) => read(attestation({ ring: ring(count, remote) }));

  test.each([0, 1, 3, 255, 256, 257, 1500])("is that of %i records", (count) => {
    const nexts = ({ statement }: Attestation) => statement.rings.map(({ next }) => next);
    expect(nexts(made(count, 2))).toEqual([count, 2]);
    expect(nexts(made(2, count))).toEqual([2, count]);
    expect(notAttested(journal(ring(count, 2)), made(count, 2))).toBeUndefined();
    expect(notAttested(journal(ring(2, count)), made(2, count))).toBeUndefined();
  });

  test("may have grown since", () => {
    expect(notAttested(journal(ring(20, 9)), made(3, 1))).toBeUndefined();
  });

  test("may not have been shortened, rewritten, or grown beyond what it keeps", () => {
    expect(notAttested(journal(ring(2)), made(3))).toMatch(/^it ends before record 2/);
    expect(notAttested(journal(ring(0)), made(3))).toMatch(/^it ends before record 2/);
    expect(notAttested(journal(ring(1500)), made(3))).toMatch(/^it begins after record 2/);
    expect(notAttested(journal(ring(3, 1)), made(3, 2))).toMatch(/record 1 of the remote ring/);
    for (const which of [0, 1]) {
      const other = made(3, 3);
      const rings = other.statement.rings.map((ring, index) =>
        index === which ? { ...ring, hash: "ab".repeat(32) } : ring,
      ) as unknown as typeof other.statement.rings;
      const changed = { ...other, statement: { ...other.statement, rings } };
      expect(notAttested(journal(ring(3, 3)), changed)).toMatch(/rewritten$/);
    }
  });
});

describe("the device's key", () => {
  const facts = { nonce: NONCE, epoch: new Uint8Array(8), guest: null };
  const keyFrom = (hal: FakeHal) => {
    const bytes = attestationOf(hal, shippedSigner(), facts);
    return bytes === null ? null : read(bytes).publicKey;
  };
  const device = () => {
    const hal = new FakeHal();
    for (const region of hal.storage) region.fill(0xff);
    return hal;
  };

  test("is made once, from the board's random bytes, and kept", () => {
    const hal = device();
    // The first random bytes of this board are all zero.
    const first = keyFrom(hal);
    expect(first).toBe(toHex(shippedSigner().publicKey(new Uint8Array(32))));
    expect(keyFrom(hal)).toBe(first);
  });

  test("is made anew if it was torn at any byte", () => {
    const whole = device();
    keyFrom(whole);
    for (let length = 0; length < 36; length++) {
      const hal = device();
      hal.random(new Uint8Array(1));
      hal.storage[IDENTITY_REGION]?.set(
        whole.storage[IDENTITY_REGION]?.subarray(0, length) ?? new Uint8Array(),
      );
      const made = toHex(shippedSigner().publicKey(new Uint8Array(32).fill(1)));
      expect(keyFrom(hal), `${length} bytes`).toBe(made);
    }
  });

  test("is needed: without storage there is no attestation", () => {
    const hal = device();
    hal.storageWorks = false;
    expect(keyFrom(hal)).toBeNull();
  });
});
