/** The command `killswitch` as a process: its output and its exit codes. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CODE, OP } from "../../host-sim/abi.gen.ts";
import { loadKeys } from "../../host-sim/controller/keys.ts";
import { EXIT_MEANINGS } from "../../host-sim/errors.ts";
import { packageRoot } from "../../host-sim/paths.ts";
import {
  connectPlain,
  FakeDevice,
  freePort,
  respondWithJournal,
  rewind,
  startEmbedded,
  statusData,
  undo,
  until,
} from "./mqtt-fixture.ts";
import { complains, startProgram } from "./program.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-cli-"));
});
afterEach(async () => {
  await rewind();
  rmSync(folder, { recursive: true });
});

const start = (line: string, input?: Uint8Array) => startProgram(folder, line, { input });
const run = (line: string, input?: Uint8Array) => start(line, input).ended;

const VERBS = ["send", "watch", "keys", "journal", "flash", "provision", "console", "doctor"];
const DEEPER = [
  "keys init",
  "keys list",
  "keys export",
  "keys revoke",
  "journal read",
  "journal verify",
];

describe("help", () => {
  test("lists the verbs and the exit codes", async () => {
    const { code, out } = await run("--help");
    expect(code).toBe(0);
    for (const verb of [...VERBS, "sim", "run"])
      expect(out).toMatch(new RegExp(`^  ${verb} `, "m"));
    for (const [code, meaning] of Object.entries(EXIT_MEANINGS))
      expect(out).toMatch(new RegExp(`^  ${code} +${meaning.replace(/[()]/g, "\\$&")}$`, "m"));
  });

  test("prints the version", async () => {
    const { version } = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
    expect(await run("--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });

  test.each([...VERBS, ...DEEPER])("shows an example for %s", async (verb) => {
    const { code, out } = await run(`${verb} --help`);
    expect(code).toBe(0);
    expect(out).toMatch(/Examples?:\n {2}\$ \S*\/killswitch /);
  });
});

describe("a wrong command line", () => {
  test.each([
    ["frob", /unknown command 'frob'/],
    ["send status --as owner --frob", /unknown option '--frob'/],
    ["send status", /required option '--as <principal>' not specified/],
    ["send status --as device", /Allowed choices are owner, provider, manufacturer/],
    ["send --as owner", /missing required argument 'op'/],
    ["send explode --as owner", /operation "explode" does not exist: use one of relay.set/],
    ["send relay.set maybe --as owner", /level must be on\|off/],
    ["send status --as owner --device a/b", /an identifier has 1 to 32 characters of/],
    ["send status --as owner --broker http://x", /unknown scheme "http:"/],
    ["send status --as owner --timeout 0s", /Write a time from 1ms to 10m/],
    ["send status --as owner --timeout 11m", /Write a time from 1ms to 10m/],
    ["journal read", /give the principal with --as, or a source with --file or --port/],
    ["journal verify x --head 12", /Write 64 hexadecimal digits/],
    ["build --board nowhere", /"nowhere" cannot be built: use one of posix, .*esp32c3/],
    ["build --board esp32c3 --engine aot", /has a build tool of its own/],
    ["build --board posix --prepare-only", /has no build tool of its own/],
    ["flash --board posix --port x", /"posix" is no chip of any board: use one of esp32, esp32c3/],
    ["console nonsense --port x", /Allowed choices are status, journal, factory-reset, help/],
    ["provision --port x", /no terminal to ask on: give --ssid/],
    ["provision --port x --ssid home", /no terminal to ask on: give --password-file/],
    ["keys revoke --principal device", /Allowed choices are owner, provider, manufacturer/],
  ])("%s", async (line, words) => {
    complains(await run(line), 2, words);
  });
});

describe("keys", () => {
  test("are created once, listed, exported and revoked", async () => {
    expect(await run("keys init")).toMatchObject({ code: 0, err: "" });
    const path = join(folder, ".killswitch", "keys", "demo.json");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    complains(await run("keys init"), 7, /demo\.json exists, and keys are never overwritten/);
    expect((await run("keys init --device other")).code).toBe(0);
    expect((await run("keys list")).out).toBe(
      "demo: owner provider manufacturer device\nother: owner provider manufacturer device\n",
    );
    const { out } = await run("keys export --principal owner");
    const exported = JSON.parse(out);
    const owner = loadKeys(join(folder, ".killswitch", "keys"), "demo").get("owner");
    expect(Buffer.from(exported.k, "base64url")).toEqual(Buffer.from(owner ?? []));
    expect((await run("keys revoke --principal provider")).code).toBe(0);
    complains(await run("keys revoke --principal provider"), 7, /provider: it was revoked/);
    complains(await run("keys export --principal provider"), 7, /it was revoked/);
    // Detected before a connection to the broker.
    complains(await run("send status --as provider"), 7, /it was revoked/);
    const [listed] = (await run("keys list --json")).out.split("\n");
    expect(JSON.parse(listed ?? "")).toEqual({
      device: "demo",
      keys: ["owner", "manufacturer", "device"],
    });
  });

  test("that are missing or corrupt are reported with the fix", async () => {
    complains(
      await run("send status --as owner"),
      7,
      /demo\.json does not exist: create it with \S*killswitch keys init/,
    );
    await run("keys init --keys k");
    writeFileSync(join(folder, "k", "demo.json"), "{");
    complains(
      await run("watch --keys k"),
      7,
      /k\/demo\.json is not a key file \(not JSON\): restore/,
    );
  });
});

describe("with a broker and a device", () => {
  let device: FakeDevice;
  let at = "";
  beforeEach(async () => {
    await run("keys init");
    const broker = await startEmbedded();
    undo.push(() => broker.stop());
    const keys = loadKeys(join(folder, ".killswitch", "keys"), "demo");
    device = await FakeDevice.start(broker.url, "demo", keys);
    undo.push(() => device.client.endAsync(true));
    at = `--broker ${broker.url}`;
  });

  test("send exits with 0 and prints what the device did", async () => {
    device.respond = (_, op, args) => [CODE.OK, new Map([[1, op === OP.RELAY_SET && args.get(1)]])];
    const line = `send relay.set on --as owner ${at}`;
    expect(await run(line)).toEqual({ code: 0, out: "relay.set OK relay=true\n", err: "" });
    const { out } = await run(`${line} --json`);
    expect(JSON.parse(out)).toEqual({
      device: "demo",
      op: "relay.set",
      code: "OK",
      seq: 42,
      fields: { relay: true },
    });
    expect(device.seen.map((entry) => entry.replace(/\d{4,}/, "#"))).toEqual([
      "owner 2 #",
      "owner 0 41",
      "owner 2 #",
      "owner 0 42",
    ]);
  });

  test("send exits with 3 and the reason of a refusal", async () => {
    device.respond = () => [CODE.HOLD, new Map([[1, 5000]])];
    const line = `send relay.set on --as provider ${at}`;
    complains(await run(line), 3, /device demo refuses: HOLD remainingMs=5000/);
    const { out, code } = await run(`${line} --json`);
    expect(JSON.parse(out)).toMatchObject({ code: "HOLD", fields: { remainingMs: 5000 } });
    expect(code).toBe(3);
  });

  test("send exits with 4 without an answer", async () => {
    device.respond = () => undefined;
    const ended = await run(`send status --as owner --timeout 300ms ${at}`);
    complains(ended, 4, /device demo: no answer within 300 ms \(broker says: never online\)/);
  });

  test("send exits with 8 without a broker", async () => {
    const line = `send status --as owner --broker mqtt://127.0.0.1:${await freePort()}`;
    complains(await run(line), 8, /no server listens there: start a broker/);
  });

  test("watch prints what the device signed and marks what it did not sign", async () => {
    const watching = start(`watch ${at}`);
    const json = start(`watch --json ${at}`);
    undo.push(() => watching.child.kill("SIGKILL"));
    undo.push(() => json.child.kill("SIGKILL"));
    const flag = () =>
      device.client.publish("killswitch/demo/availability", "online", { retain: true });
    await until("both to listen", () => {
      flag();
      return watching.out !== "" && json.out !== "";
    });
    device.say("telemetry", [device.epoch, 215]);
    device.say("status", [device.epoch, statusData(3, new Uint8Array(32))]);
    device.say("reply", [device.epoch, 1, 7, CODE.FORBIDDEN, new Map()]);
    device.client.publish("killswitch/demo/status", "forged");
    device.client.publish("killswitch/other/status", "not ours");
    await until(
      "all",
      () => watching.out.includes("unverified") && json.out.includes("unverified"),
    );
    expect(watching.out).toMatch(/^availability state=online\n/);
    expect(watching.out).toContain("telemetry epoch=0908070605040302 temperature=21.5\n");
    expect(watching.out).toMatch(/^status epoch=0908070605040302 relay=true .*safe=off/m);
    expect(watching.out).toContain("to=provider seq=7 code=FORBIDDEN data={}\n");
    expect(watching.out).toContain("status unverified=6 reason=not a tagged COSE_Mac0\n");
    expect(watching.out).not.toContain("ours");
    const lines = json.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toContainEqual({
      level: "telemetry",
      epoch: "0908070605040302",
      temperature: 21.5,
    });
    watching.child.kill("SIGINT");
    expect(await watching.ended).toMatchObject({ code: 130, err: "" });
  });

  test("watch exits with 8 when the broker stops", async () => {
    const watching = start(`watch ${at}`);
    await until("it to listen", () => {
      device.client.publish("killswitch/demo/availability", "online", { retain: true });
      return watching.out !== "";
    });
    await rewind();
    complains(await watching.ended, 8, /broker mqtt:\/\/127\.0\.0\.1:\d+: the connection closed/);
  });

  test("watch exits without a message when its reader closes the pipe", async () => {
    const watching = start(`watch ${at}`);
    await until("it to listen", () => {
      device.client.publish("killswitch/demo/availability", "online", { retain: true });
      return watching.out !== "";
    });
    watching.child.stdout?.destroy();
    const flags = setInterval(() => device.say("telemetry", [device.epoch, 1]), 20);
    undo.push(() => clearInterval(flags));
    expect(await watching.ended).toMatchObject({ code: 0, err: "" });
  });

  test("journal read fetches all pages, checks them against the head and writes them", async () => {
    const records = chain(20);
    device.respond = respondWithJournal(records);
    const read = await run(`journal read --as owner --output j.bin ${at}`);
    expect(read).toMatchObject({ code: 0, err: "" });
    expect(read.out.split("\n").length).toBe(21);
    expect(read.out).toMatch(/^seq=0 boots=1 time=0 BOOT reason=POWER_ON torn=no\n/);
    expect(Buffer.compare(readFileSync(join(folder, "j.bin")), Buffer.concat(records))).toBe(0);
    expect(readdirSync(folder).sort()).toEqual([".killswitch", "j.bin"]);
    const verified = await run("journal verify j.bin");
    expect(verified).toMatchObject({ code: 0, err: "" });
    expect(verified.out).toMatch(
      /^20 records \(0 to 19\); chain checked from record 0\nthe chain holds; head [0-9a-f]{64}\n$/,
    );
  });

  test("journal read exits with 5 if the device hides its newest records", async () => {
    const records = chain(20);
    device.respond = (seq, op, args) => {
      if (op !== OP.STATUS) return respondWithJournal(records.slice(0, 19))(seq, op, args);
      return [CODE.OK, statusData(19, records[19]?.subarray(20) ?? new Uint8Array(0))];
    };
    complains(await run(`journal read --as owner ${at}`), 5, /the last record is not the head/);
  });
});

function chain(count: number): Uint8Array[] {
  const records: Uint8Array[] = [];
  let hash = Buffer.alloc(32);
  for (let seq = 0; seq < count; seq++) {
    const body = Buffer.alloc(20);
    body.writeUInt32LE(seq, 0);
    body.writeUInt32LE(1, 16);
    hash = createHash("sha256").update(hash).update(body).digest();
    records.push(Buffer.concat([body, hash]));
  }
  return records;
}

describe("journal verify", () => {
  const dump = Buffer.concat(chain(9));

  test("reads standard input and prints the result as JSON", async () => {
    const { code, out } = await run("journal verify - --json", dump.subarray(2 * 52));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ holds: true, records: 7, first: 2, anchor: "oldest" });
  });

  test("says where the chain starts when the first records are overwritten", async () => {
    const { out } = await run("journal verify -", dump.subarray(2 * 52));
    expect(out).toContain("checked from the oldest record left; the record before it");
  });

  test("names the first bad record and exits with 5", async () => {
    const bad = Buffer.from(dump);
    bad[3 * 52 + 5] = 1;
    writeFileSync(join(folder, "bad.bin"), bad);
    const ended = await run("journal verify bad.bin");
    complains(ended, 5, /the journal's chain does not hold: record 3: its hash does not match/);
    expect(ended.out).not.toMatch(/holds/);
  });

  test("exits with 7 if the input is not a journal", async () => {
    complains(
      await run("journal verify none.bin"),
      7,
      /none\.bin cannot be read: the file does not exist/,
    );
    complains(await run("journal verify ."), 7, /\. cannot be read: EISDIR/);
    complains(await run("journal verify -", new Uint8Array(51)), 7, /51 bytes are neither records/);
    complains(await run("journal read --file none.bin"), 7, /none\.bin cannot be read/);
  });

  test("journal read --file prints records as JSON", async () => {
    writeFileSync(join(folder, "j.bin"), dump);
    const { code, out } = await run("journal read --file j.bin --json");
    expect(code).toBe(0);
    expect(JSON.parse(out.split("\n")[4] ?? "")).toMatchObject({ seq: 4, kind: "BOOT", boots: 1 });
  });
});

test("doctor reports every check and exits with 0", async () => {
  const { code, out } = await run(`doctor --json --broker mqtt://127.0.0.1:${await freePort()}`);
  expect(code).toBe(0);
  const findings = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const byName = Object.fromEntries(findings.map((finding) => [finding.name, finding]));
  expect(byName.node).toMatchObject({
    found: true,
    detail: expect.stringContaining(process.version),
  });
  expect(byName.broker).toMatchObject({ found: false });
  expect(Object.keys(byName)).toEqual(expect.arrayContaining(["gate.wasm", "mosquitto", "gcc"]));
  const broker = await startEmbedded();
  undo.push(() => broker.stop());
  expect((await run(`doctor --broker ${broker.url}`)).out).toMatch(/^yes {2}broker /m);
});

test("Ctrl-C ends a command that waits for an answer", async () => {
  await run("keys init");
  const broker = await startEmbedded();
  undo.push(() => broker.stop());
  const { heard } = await connectPlain(broker.url, "killswitch/demo/command");
  const waiting = start(`send status --as owner --timeout 5m --broker ${broker.url}`);
  await until("the question", () => heard.length > 0);
  waiting.child.kill("SIGINT");
  expect(await waiting.ended).toEqual({ code: 130, out: "", err: "" });
});

/** Running processes that `pid` started. Linux only. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
  } catch {
    return [];
  }
}

const runs = (pid: number) => {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

test.runIf(process.platform === "linux").each([
  ["swarm --seeds 4000000 --jobs 2", /^\n\d+ of 4000000 done: use --state FILE [^\n]*\n$/],
  ["prove", /^$/],
])(
  "Ctrl-C also ends the processes that %s started, and they print nothing",
  async (line, words) => {
    const running = start(line);
    const pid = running.child.pid ?? 0;
    const children = await until("two processes", () => {
      const found = childrenOf(pid);
      return found.length === 2 ? found : undefined;
    });
    // By then they have started and are busy.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    running.child.kill("SIGINT");
    const { code, err } = await running.ended;
    expect(code).toBe(130);
    expect(err).toMatch(words);
    await until("their end", () => !children.some(runs));
  },
);
