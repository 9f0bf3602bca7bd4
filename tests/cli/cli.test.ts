/** The command `killswitch` as a process: its output and its exit codes. */
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CODE, OP } from "../../host-sim/abi/abi.gen.ts";
import { EXIT, EXIT_MEANINGS } from "../../host-sim/base/errors.ts";
import { packageRoot } from "../../host-sim/base/paths.ts";
import {
  connectPlain,
  type FakeDevice,
  freePort,
  respondWithJournal,
  rewind,
  startEmbedded,
  statusData,
  undo,
  until,
} from "../mqtt/fixture.ts";
import { complains, startDevice, startProgram } from "./program.ts";

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
  "journal attest",
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

test("help of send shows the permission table", async () => {
  const { out } = await run("send --help");
  expect(out).toMatch(/^ {18}owner +provider +manufacturer$/m);
  expect(out).toMatch(/^ {2}telemetry\.read {2}yes +yes +no$/m);
  expect(out).toMatch(/^ {2}identify +yes +no +yes$/m);
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
    ["flash --board posix --port x", /no board has a chip "posix": use one of esp32, esp32c3/],
    ["console nonsense --port x", /Allowed choices are status, journal, factory-reset/],
    ["provision --port x", /no terminal to ask on: give --ssid/],
    ["provision --port x --ssid home", /no terminal to ask on: give --password-file/],
    ["keys revoke --principal device", /Allowed choices are owner, provider, manufacturer/],
  ])("%s", async (line, words) => {
    complains(await run(line), 2, words);
  });
});

describe("with a broker and a device", () => {
  let device: FakeDevice;
  let at = "";
  beforeEach(async () => {
    [device, at] = await startDevice(folder);
  });

  test("send exits with 0 and prints what the device did", async () => {
    device.respond = (_, op, args) => [CODE.OK, new Map([[1, op === OP.RELAY_SET && args.get(1)]])];
    const line = `send relay.set on --as owner ${at}`;
    expect(await run(line)).toEqual({ code: 0, out: "relay.set OK relay=true\n", err: "" });
    const { out } = await run(`${line} --json`);
    expect(JSON.parse(out)).toEqual({
      device: "demo",
      op: "relay.set",
      outcome: "executed",
      code: "OK",
      seq: 42,
      fields: { relay: true },
    });
    expect(device.seen).toEqual([
      "owner question",
      "owner 0 41 6000",
      "owner question",
      "owner 0 42 6000",
    ]);
    await run(`${line} --deadline 60s`);
    expect(device.seen.at(-1)).toBe("owner 0 43 61000");
  });

  test("send exits with 3 and the reason of a refusal", async () => {
    device.respond = () => [CODE.HOLD, new Map([[1, 5000]])];
    const line = `send relay.set on --as provider ${at}`;
    complains(
      await run(line),
      3,
      /device demo refuses: HOLD: the button was pressed at the device; 5 s left/,
    );
    const { out, code } = await run(`${line} --json`);
    expect(JSON.parse(out)).toMatchObject({
      outcome: "refused",
      code: "HOLD",
      fields: { remainingMs: 5000 },
    });
    expect(code).toBe(3);
  });

  test("send names the operation and the principal that has no right to it", async () => {
    device.respond = () => [CODE.FORBIDDEN, new Map()];
    complains(
      await run(`send relay.set on --as manufacturer ${at}`),
      3,
      /refuses: FORBIDDEN: manufacturer has no right to relay\.set, but to status, identify$/m,
    );
  });

  test("send exits with 4 without an answer, and says that no command was sent", async () => {
    device.answers = false;
    const ended = await run(`send status --as owner --timeout 300ms ${at}`);
    const none =
      /device demo: no answer within 300 ms \(broker says: never online\), so no command/;
    complains(ended, 4, none);
  });

  test("send exits with 4 if the command is not answered, and says that it cannot execute any more", async () => {
    device.respond = () => undefined;
    const line = `send relay.set on --as owner --deadline 100ms ${at}`;
    const gone = /the command was not seen to execute, and cannot any more: it did not answer/;
    complains(await run(line), 4, gone);
    device.respond = () => [CODE.STALE_EPOCH, new Map()];
    const moved = await run(`${line} --json`);
    expect(JSON.parse(moved.out)).toMatchObject({ outcome: "unknown" });
    complains(moved, 4, /cannot any more: its switch was moved meanwhile/);
  });

  test("send exits with 0 if the command executed and its reply was lost", async () => {
    device.respond = (seq) => [
      CODE.REPLAY,
      new Map([
        [1, seq],
        [2, CODE.OK],
      ]),
    ];
    const ended = await run(`send relay.set on --as owner ${at}`);
    const out = "relay.set OK (it executed once; the data of its reply was lost)\n";
    expect(ended).toEqual({ code: 0, out, err: "" });
  });

  test("send says, when interrupted, how long the command may still execute", async () => {
    device.respond = () => undefined;
    const waiting = start(`send relay.set on --as owner ${at}`);
    await until("the command", () => device.seen.length === 2);
    waiting.child.kill("SIGINT");
    const ended = await waiting.ended;
    complains(ended, 130, /interrupted: the command was sent and may execute for \d{4} ms more$/m);
  });

  test("send refuses a deadline of more than 60 s", async () => {
    const ended = await run(`send relay.set on --as owner --deadline 61s ${at}`);
    complains(ended, 2, /--deadline.*Write a time from 1ms to 60s/);
  });

  test("send exits with 8 without a broker", async () => {
    const line = `send status --as owner --broker mqtt://127.0.0.1:${await freePort()}`;
    complains(await run(line), 8, /no server listens there: start a broker/);
  });

  test("journal read fetches all pages, checks them against the head and writes them", async () => {
    const records = chain(20);
    device.respond = respondWithJournal(records);
    const read = await run(`journal read --as owner --output j.bin ${at}`);
    expect(read).toMatchObject({ code: 0, err: "" });
    expect(read.out.split("\n").length).toBe(21);
    const kept = readFileSync(join(folder, ".killswitch/keys/demo.journal-head"), "utf8");
    expect(kept).toMatch(/^20 0 [0-9a-f]{64}\n$/);
    expect(read.out).toMatch(/^local seq=0 boots=1 time=0 BOOT reason=POWER_ON torn=no run=0\n/);
    expect(
      Buffer.compare(
        readFileSync(join(folder, "j.bin")),
        Buffer.concat([...records, Buffer.alloc(52, 0xff)]),
      ),
    ).toBe(0);
    expect(readdirSync(folder).sort()).toEqual([".killswitch", "j.bin"]);
    const verified = await run("journal verify j.bin");
    complains(
      verified,
      EXIT.NOT_COMPARED,
      /a journal that was rewritten or shortened as a whole would verify too/,
    );
    expect(verified.out).toMatch(
      /^local: 20 records \(0 to 19\); chain checked from record 0\nremote: 0 records; .*\nthe chains hold; head [0-9a-f]{64}\n$/,
    );
    expect(await run("journal verify j.bin --device demo")).toMatchObject({ code: 0, err: "" });
    const head = kept.trimEnd().split(" ")[2];
    expect(await run(`journal verify j.bin --head ${head}`)).toMatchObject({ code: 0, err: "" });
    // Shortened since: the device itself signs the shorter journal.
    device.respond = respondWithJournal(records.slice(0, 12));
    complains(await run(`journal read --as owner ${at}`), 5, /had 20 records and is shorter now/);
    expect(readFileSync(join(folder, ".killswitch/keys/demo.journal-head"), "utf8")).toBe(kept);
    writeFileSync(join(folder, "short.bin"), Buffer.concat(records.slice(0, 12)));
    complains(await run("journal verify short.bin --device demo"), 5, /is shorter now/);
  });

  test("journal read exits with 5 if the device hides its newest records", async () => {
    const records = chain(20);
    device.respond = (seq, op, args, tag) => {
      if (op !== OP.STATUS) return respondWithJournal(records.slice(0, 19))(seq, op, args, tag);
      return [CODE.OK, statusData(19, records[19]?.subarray(20) ?? new Uint8Array(0))];
    };
    complains(
      await run(`journal read --as owner ${at}`),
      5,
      /the last records are not those of the head/,
    );
  });
});

function chain(count: number): Uint8Array[] {
  const records: Uint8Array[] = [];
  let hash = Buffer.alloc(32);
  for (let seq = 0; seq < count; seq++) {
    const body = Buffer.alloc(20);
    body.writeUInt32LE(seq, 0);
    body.writeUInt32LE(1, 16);
    hash = createHash("sha256").update(hash).update(body).update(Buffer.of(0x20)).digest();
    records.push(Buffer.concat([body, hash]));
  }
  return records;
}

describe("journal verify", () => {
  const dump = Buffer.concat(chain(9));

  test("reads standard input and prints the result as JSON", async () => {
    const { code, out } = await run("journal verify - --json", dump.subarray(2 * 52));
    expect(code).toBe(EXIT.NOT_COMPARED);
    expect(JSON.parse(out)).toMatchObject({
      holds: true,
      local: { records: 7, first: 2, anchor: "oldest" },
    });
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
    complains(
      ended,
      5,
      /the journal's chain does not hold: local record 3: its hash does not match/,
    );
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
    expect(JSON.parse(out.split("\n")[4] ?? "")).toMatchObject({
      seq: 4,
      kind: "BOOT",
      boots: 1,
      reason: expect.stringMatching(/^[A-Z_]+$/),
      torn: "no",
    });
  });
});

test("Ctrl-C ends a command that waits for an answer", async () => {
  await run("keys init");
  const broker = await startEmbedded();
  undo.push(() => broker.stop());
  const { heard } = await connectPlain(broker.url, "killswitch/demo/owner/command");
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
