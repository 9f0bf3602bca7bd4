/** The gateway's configuration file, keys and token, and the mistakes in them. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EXIT, UserError } from "../../host-sim/base/errors.ts";
import { initKeys, revokeKey } from "../../host-sim/controller/keys.ts";
import { isLoopback, loadSecrets, readConfig, readToken } from "../../host-sim/gateway/config.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-gateway-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(text: string, mode = 0o600): string {
  const path = join(folder, "gateway.yaml");
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

function complaint(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError && error.exitCode === EXIT.BAD_FILE)
      return error.message.replaceAll(`${folder}/`, "");
    throw error;
  }
  throw new Error("nothing was refused");
}

test("a file with every setting is read, and an empty one", () => {
  const text = `name: house
broker: mqtt://127.0.0.1:1883
keys: keys
devices: [demo, hall]
interval: 30s
deadline: 2s
timeout: 2s
homeAssistant:
  prefix: homeassistant
http:
  host: 127.0.0.1
  port: 8017
  tokenFile: token
  names: [gateway.lan]
`;
  expect(readConfig(file(text))).toMatchObject({ name: "house", http: { names: ["gateway.lan"] } });
  expect(readConfig(file("homeAssistant: {}\n"))).toEqual({ homeAssistant: {} });
  expect(readConfig(file("# nothing\n{}\n"))).toEqual({});
});

test("the example in docs/HOME_ASSISTANT.md is a configuration", () => {
  const page = readFileSync("docs/HOME_ASSISTANT.md", "utf8");
  const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  expect(Object.keys(readConfig(file(example)))).toHaveLength(9);
});

test.each([
  [
    "nam: x",
    'gateway.yaml:1:1: unknown key "nam": did you mean "name"? Use one of name, broker, keys, devices, interval, deadline, timeout, homeAssistant, http',
  ],
  [
    "name: a\nhttp:\n  prot: 1",
    'gateway.yaml:3:3: unknown key "prot": did you mean "port"? Use one of host, port, tokenFile, names',
  ],
  [
    "devices: [demo, a/b]",
    'gateway.yaml:1:17: "a/b" is not a name of 1 to 32 characters of A-Z a-z 0-9 _ -',
  ],
  ['name: "+"', 'gateway.yaml:1:7: "+" is not a name of 1 to 32 characters of A-Z a-z 0-9 _ -'],
  ["http: {port: 70000}", "gateway.yaml:1:14: 70000 must be <= 65535"],
  ["name: a\ninterval: 3d", 'gateway.yaml:2:11: "3d" is not a time like 200ms, 2s, 5m or 1h'],
  ["deadline: 90s", 'gateway.yaml:1:11: "90s" is not from 100ms to 60000ms'],
  ["name: [", "gateway.yaml:1:8: "],
])("refuses %j with its place", (text, words) => {
  expect(complaint(() => readConfig(file(text)))).toContain(words);
});

test("a file that does not exist", () => {
  expect(complaint(() => readConfig(join(folder, "none.yaml")))).toBe(
    "configuration none.yaml does not exist",
  );
});

test("a device without a usable key is left out by name, and the others stay", () => {
  const random = (length: number) => new Uint8Array(length).fill(7);
  for (const id of ["demo", "hall", "open"]) initKeys(folder, id, random);
  revokeKey(folder, "demo", "owner");
  revokeKey(folder, "hall", "provider");
  chmodSync(join(folder, "open.json"), 0o644);
  const told: string[] = [];
  const secrets = loadSecrets(folder, ["demo", "hall", "open", "none"], (line) => told.push(line));
  expect([...secrets.keys()]).toEqual(["demo"]);
  expect(
    told.map((line) => line.replaceAll(`${folder}/`, "").split(":").slice(0, 2).join(":")),
  ).toEqual([
    "device hall is left out: device hall has no key of provider",
    "device open is left out: open.json is readable by others (mode 644)",
    "device none is left out: none.json does not exist",
  ]);
  expect(complaint(() => loadSecrets(folder, ["hall"], () => {}))).toContain(
    "has no usable key of provider",
  );
});

test("a key file that holds the owner's key is used, and named", () => {
  initKeys(folder, "demo", (length) => new Uint8Array(length).fill(7));
  const told: string[] = [];
  expect(loadSecrets(folder, undefined, (line) => told.push(line)).size).toBe(1);
  expect(told).toEqual([expect.stringMatching(/^the key files of 1 devices hold the owner's key/)]);
});

test("a token is of 16 characters or more, in a file of one's own", () => {
  const token = "0123456789abcdef";
  expect(readToken(file(`${token}\nmore\n`))).toBe(token);
  expect(complaint(() => readToken(file(token, 0o640)))).toContain(
    "is readable by others (mode 640)",
  );
  for (const text of ["", "short\n", "0123456789 abcdef0\n"])
    expect(complaint(() => readToken(file(text)))).toContain("has no token");
  expect(complaint(() => readToken(join(folder, "none")))).toBe("token file none does not exist");
});

test("an address is this machine's alone, or not", () => {
  for (const host of ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
    expect(isLoopback(host)).toBe(true);
  for (const host of ["0.0.0.0", "::", "192.168.1.2", "127.0.0.1.example", "127.example"])
    expect(isLoopback(host)).toBe(false);
});
