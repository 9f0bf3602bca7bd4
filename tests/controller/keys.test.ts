/** The key store: creation, permissions, revocation, and errors of bad key files. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EXIT, UserError } from "../../host-sim/base/errors.ts";
import { writeFileAtomic } from "../../host-sim/base/files.ts";
import { Prng } from "../../host-sim/base/prng.ts";
import {
  initKeys,
  keyOf,
  listDevices,
  loadKeys,
  revokeKey,
  toJwk,
} from "../../host-sim/controller/keys.ts";

let root = "";
let dir = "";
const prng = new Prng(4);
const random = (length: number) => {
  const bytes = new Uint8Array(length);
  prng.fill(bytes);
  return bytes;
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "killswitch-keys-"));
  dir = join(root, "a", "keys");
});
afterEach(() => rmSync(root, { recursive: true }));

const file = () => join(dir, "demo.json");

describe("a key store", () => {
  test("holds three different secrets in a file that only its owner can read", () => {
    const made = initKeys(dir, "demo", random);
    expect([...made.keys()]).toEqual(["owner", "provider", "manufacturer"]);
    const texts = [...made.values()].map((key) => Buffer.from(key).toString("hex"));
    expect(new Set(texts).size).toBe(3);
    expect(texts.every((text) => text.length === 64)).toBe(true);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(loadKeys(dir, "demo")).toEqual(made);
    expect(readdirSync(dir)).toEqual(["demo.json"]);
  });

  test("is a JSON Web Key Set", () => {
    const made = initKeys(dir, "demo", random);
    const set = JSON.parse(readFileSync(file(), "utf8"));
    expect(set.keys[0]).toEqual(toJwk("owner", keyOf(made, "demo", "owner")));
    expect(set.keys[0]).toEqual({ kty: "oct", kid: "owner", alg: "HS256", k: expect.any(String) });
    expect(Buffer.from(set.keys[0].k, "base64url")).toEqual(
      Buffer.from(keyOf(made, "demo", "owner")),
    );
  });

  test("is never overwritten", () => {
    initKeys(dir, "demo", random);
    const before = readFileSync(file());
    expect(() => initKeys(dir, "demo", random)).toThrow(/never overwritten: move the file away/);
    expect(readFileSync(file())).toEqual(before);
    expect(readdirSync(dir)).toEqual(["demo.json"]);
  });

  test("lists devices and ignores other files", () => {
    expect(listDevices(dir)).toEqual([]);
    initKeys(dir, "two", random);
    initKeys(dir, "demo", random);
    writeFileSync(join(dir, "demo.json.77.tmp"), "");
    expect(listDevices(dir)).toEqual(["demo", "two"]);
  });

  test("loses a revoked key and keeps the others", () => {
    const made = initKeys(dir, "demo", random);
    revokeKey(dir, "demo", "provider");
    const left = loadKeys(dir, "demo");
    expect([...left.keys()]).toEqual(["owner", "manufacturer"]);
    expect(left.get("owner")).toEqual(made.get("owner"));
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(() => keyOf(left, "demo", "provider")).toThrow(/no key of provider: it was revoked/);
    expect(() => revokeKey(dir, "demo", "provider")).toThrow(/it was revoked/);
    expect(readdirSync(dir)).toEqual(["demo.json"]);
  });
});

describe("a key file that is", () => {
  const badFile = (message: RegExp) => {
    const load = () => loadKeys(dir, "demo");
    expect(load).toThrow(message);
    expect(load).toThrow(UserError);
    expect(load).toThrow(expect.objectContaining({ exitCode: EXIT.BAD_FILE }));
  };
  const jwk = { kty: "oct", kid: "owner", alg: "HS256", k: "A".repeat(43) };
  const set = (...keys: unknown[]) => JSON.stringify({ device: "demo", keys });

  test("missing is refused with the command that creates it", () => {
    badFile(
      /demo\.json does not exist: create it with \S*killswitch keys init --device demo --keys /,
    );
  });

  test("readable by others is refused with the command that fixes it", () => {
    initKeys(dir, "demo", random);
    for (const mode of [0o640, 0o604, 0o620]) {
      chmodSync(file(), mode);
      badFile(/is readable by others \(mode 6\d\d\): chmod 600 /);
    }
  });

  test("in a folder that others can write is refused, unless the folder is sticky", () => {
    initKeys(dir, "demo", random);
    for (const mode of [0o777, 0o720, 0o702]) {
      chmodSync(dir, mode);
      badFile(/^folder .* is writable by others \(mode 7\d\d\): chmod 700 /);
      expect(() => initKeys(dir, "other", random)).toThrow(/is writable by others/);
    }
    chmodSync(dir, 0o1777);
    expect(loadKeys(dir, "demo").size).toBe(3);
  });

  test("of protocol 1 is refused with what to do", () => {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    writeFileSync(file(), set(jwk, { ...jwk, kid: "device" }), { mode: 0o600 });
    badFile(/is of protocol 1 \(keys\[1\] is a key of "device".*\): delete that entry, or move/);
  });

  test.each([
    ["empty", "", /not JSON/],
    ["cut short", set(jwk).slice(0, 40), /not JSON/],
    ["null", "null", /not an object/],
    [
      "another device's",
      JSON.stringify({ device: "other", keys: [jwk] }),
      /does not name device demo/,
    ],
    ["without keys", '{"device":"demo"}', /no list of keys/],
    ["holding null", set(null), /keys\[0\] has no known kid/],
    ["of an unknown kid", set({ ...jwk, kid: "root" }), /keys\[0\] has no known kid/],
    ["holding one twice", set(jwk, jwk), /keys\[1\] is a second key of owner/],
    ["of another algorithm", set({ ...jwk, alg: "HS512" }), /keys\[0\] is not an HS256 key/],
    ["of another type", set({ ...jwk, kty: "RSA" }), /keys\[0\] is not an HS256 key/],
    ["of a short key", set({ ...jwk, k: "AAAA" }), /keys\[0\] is not 32 bytes of base64url/],
    [
      "of plain base64",
      set({ ...jwk, k: "+".repeat(43) }),
      /keys\[0\] is not 32 bytes of base64url/,
    ],
    ["without a key", set({ ...jwk, k: undefined }), /keys\[0\] is not 32 bytes of base64url/],
  ])("%s is refused with the reason", (_, text, message) => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(file(), set(jwk), { mode: 0o600 });
    expect(loadKeys(dir, "demo").size).toBe(1);
    writeFileSync(file(), text);
    badFile(message);
    badFile(/restore it from a backup, or move it away and run keys init/);
  });
});

test.each(["", "a/b", "..", "a+b", "#", "é", "x".repeat(33)])(
  "%j is refused as a device identifier",
  (id) => {
    const init = () => initKeys(dir, id, random);
    expect(init).toThrow(/an identifier has 1 to 32 characters of/);
    expect(init).toThrow(expect.objectContaining({ exitCode: EXIT.USAGE }));
    expect(existsSync(dir)).toBe(false);
  },
);

test("a file is replaced only with the option `replace`, and no temporary file is left", () => {
  const path = join(root, "x");
  writeFileAtomic(path, "one", { mode: 0o600, replace: false });
  expect(() => writeFileAtomic(path, "two", { mode: 0o600, replace: false })).toThrow(/EEXIST/);
  expect(readFileSync(path, "utf8")).toBe("one");
  writeFileAtomic(path, "two", { mode: 0o600, replace: true });
  expect(readFileSync(path, "utf8")).toBe("two");
  expect(() => writeFileAtomic(join(root, "no", "x"), "", { mode: 0o600, replace: true })).toThrow(
    /ENOENT/,
  );
  expect(() => writeFileAtomic(root, "", { mode: 0o600, replace: true })).toThrow();
  expect(readdirSync(root)).toEqual(["x"]);
});
