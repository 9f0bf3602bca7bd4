/**
 * Tests the bundled command end to end in real time: a device, a real broker and real TCP sessions.
 * Uses the embedded broker and, if it is installed, mosquitto.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CODE } from "../../host-sim/abi/abi.gen.ts";
import { deriveKeys } from "../../host-sim/base/derived-keys.ts";
import { EXIT } from "../../host-sim/base/errors.ts";
import { decodeReply } from "../../host-sim/controller/command.ts";
import { keyOf, loadKeys } from "../../host-sim/controller/keys.ts";
import { KEEPALIVE_S } from "../../host-sim/mqtt/session.ts";
import { targetTrouble } from "../../host-sim/targets/registry.ts";
import { connectPlain, findMosquitto, startMosquitto, until } from "../mqtt/fixture.ts";

const CLI = resolve("dist/killswitch.js");
const DEVICE = "demo";
/**
 * The broker must report the device offline this long after a cut, in ms. It does so in some ms when the
 * session's connection ends, and after 1.5 keep-alives (MQTT 3.1.1, section 3.1.2.10) when it does not: the bound
 * tells these apart on a busy machine too.
 */
const OFFLINE_MS = KEEPALIVE_S * 1000;

const undo: (() => unknown)[] = [];
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-live-"));
  undo.push(() => rmSync(folder, { recursive: true }));
});
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

interface Ended {
  code: number | null;
  out: string;
  error: string;
}

function killswitch(...args: string[]): Promise<Ended> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [CLI, ...args], { cwd: folder }, (_, out, error) =>
      done({ code: child.exitCode, out, error }),
    );
  });
}

/** A device process under test, with its output so far. */
class Device {
  readonly child: ChildProcess;
  out = "";
  error = "";

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [CLI, ...args, "--device", DEVICE], { cwd: folder });
    this.child.stdout?.on("data", (text) => {
      this.out += text;
    });
    this.child.stderr?.on("data", (text) => {
      this.error += text;
    });
    undo.push(() => this.child.kill("SIGKILL"));
  }

  do(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  count(text: string): number {
    return this.out.split(text).length - 1;
  }

  /** Waits until the trace contains `text` at least `times` times. */
  async shows(text: string, times = 1): Promise<void> {
    await until(`"${text}" in the trace:\n${this.error}`, () => this.count(text) >= times);
  }

  async ended(): Promise<number | null> {
    if (this.child.exitCode !== null) return this.child.exitCode;
    return new Promise((done) => this.child.once("exit", done));
  }
}

/** Starts a device. `args`: the verb and its options. Returns it with the URL of its broker. */
async function startDevice(...args: string[]): Promise<[Device, string]> {
  const device = new Device(args);
  await device.shows("link state=up");
  const url = /--broker (\S+)/.exec(device.error)?.[1] ?? "";
  return [device, url];
}

const send = (url: string, op: string, ...args: string[]) =>
  killswitch(
    "send",
    ...op.split(" "),
    "--as",
    "owner",
    "--device",
    DEVICE,
    "--broker",
    url,
    ...args,
  );

/**
 * The main scenario: relay on, KILL, no remote control, button, ON again, replayed commands
 * refused.
 */
async function mainScenario(device: Device, url: string): Promise<void> {
  const spy = await connectPlain(url, `killswitch/${DEVICE}/#`);
  undo.push(() => spy.client.endAsync(true));
  const level = (name: string) => spy.heard.filter(({ topic }) => topic.endsWith(`/${name}`));

  const done = await send(url, "relay.set on");
  expect(done).toMatchObject({ code: 0, error: "" });
  expect(done.out).toContain("OK");
  await device.shows("gpio pin=RELAY level=1");
  const captured = level("command").at(-1)?.payload ?? Buffer.alloc(0);
  expect(captured.length).toBeGreaterThan(0);

  const start = performance.now();
  device.do("switch kill");
  await until(
    "the last will",
    () => level("availability").at(-1)?.payload.toString() === "offline",
  );
  const ms = performance.now() - start;
  console.log(`offline at the broker ${ms.toFixed(0)} ms after the switch`);
  expect(ms).toBeLessThan(OFFLINE_MS);
  expect((await send(url, "relay.set off", "--timeout", "600ms")).code).toBe(4);
  device.do("button");
  await device.shows("gpio pin=RELAY level=0");

  // A recorded command: retained at the broker, and published while the device is offline.
  const topic = `killswitch/${DEVICE}/owner/command`;
  await spy.client.publishAsync(topic, captured, { qos: 1, retain: true });
  await spy.client.publishAsync(topic, captured, { qos: 1 });
  const replies = level("reply").length;
  device.do("switch on");
  await device.shows("link state=up", 2);
  await device.shows("mark name=STALE_EPOCH", 1);
  await spy.client.publishAsync(topic, captured, { qos: 1 });
  await device.shows("mark name=STALE_EPOCH", 2);
  await until("two refusals", () => level("reply").length >= replies + 2);
  const secret = keyOf(loadKeys(join(folder, ".killswitch/keys"), DEVICE), DEVICE, "owner");
  const { reply } = deriveKeys("owner", secret);
  for (const { payload } of level("reply").slice(replies)) {
    expect(decodeReply(payload, reply, "owner").code).toBe(CODE.STALE_EPOCH);
  }
  expect(device.count("mark name=ACCEPTED")).toBe(1);
  expect(device.count("gpio pin=RELAY level=1")).toBe(1);
  await spy.client.publishAsync(topic, "", { qos: 1, retain: true });
}

describe("a device on real MQTT", () => {
  test("goes offline at KILL and returns at ON, with the embedded broker", async () => {
    const [device, url] = await startDevice("sim", "--port", "0");
    await mainScenario(device, url);
    device.do("quit");
    expect(await device.ended()).toBe(0);
  });

  const noPosix = targetTrouble("posix");
  if (noPosix !== null) console.log(`NOT RUN: a device on the C host: ${noPosix}`);
  test.runIf(noPosix === null)(
    "goes offline at KILL and returns at ON, on the C host",
    async () => {
      // Build first, so that no timeout below includes the compiler.
      expect((await killswitch("build", "--board", "posix")).code).toBe(0);
      const [device, url] = await startDevice("bridge", "--board", "posix", "--port", "0");
      await mainScenario(device, url);
      device.do("quit");
      expect(await device.ended()).toBe(0);
    },
  );

  const mosquitto = findMosquitto();
  if (mosquitto === undefined) {
    console.log("NOT RUN: a device with mosquitto: mosquitto is not installed");
  }
  test.runIf(mosquitto !== undefined)(
    "goes offline at KILL and returns at ON, with mosquitto",
    async () => {
      const broker = await startMosquitto(mosquitto ?? "");
      undo.push(() => broker.stop());
      const [device] = await startDevice("sim", "--broker", broker.url);
      await mainScenario(device, broker.url);
    },
  );

  test("refuses a command during a hold and a principal without the right, and names the reason", async () => {
    const [device, url] = await startDevice("sim", "--port", "0");
    device.do("button");
    await device.shows("HOLD_BEGUN");
    const held = await send(url, "relay.set on", "--json");
    expect(held.code).toBe(3);
    expect(held.out + held.error).toContain("HOLD");
    const args = ["identify", "--as", "provider", "--device", DEVICE, "--broker", url];
    const forbidden = await killswitch("send", ...args);
    expect(forbidden.code).toBe(3);
    expect(forbidden.out + forbidden.error).toContain("FORBIDDEN");
  });

  test("keeps its journal in a file that verifies", async () => {
    const [device, url] = await startDevice(
      "sim",
      "--port",
      "0",
      "--storage",
      "store",
      "--trace",
      "t.txt",
    );
    device.do("switch kill");
    await device.shows("restart reason=CUT");
    device.do("switch on");
    await device.shows("link state=up", 2);
    const remote = await killswitch(
      "journal",
      "read",
      "--as",
      "owner",
      "--device",
      DEVICE,
      "--broker",
      url,
    );
    expect(remote).toMatchObject({ code: 0, error: "" });
    expect(remote.out.match(/LIVE/g)?.length).toBe(2);
    device.child.kill("SIGINT");
    expect(await device.ended()).toBe(130);
    expect(readFileSync(join(folder, "t.txt"), "utf8")).toBe(device.out);
    const verified = await killswitch("journal", "verify", "store/journal.bin");
    expect(verified.code).toBe(EXIT.NOT_COMPARED);
    const keys = await killswitch("journal", "verify", "store/journal.bin", "--device", DEVICE);
    expect(keys).toMatchObject({ code: 0, error: "" });
  });

  test("reports a bad port, storage, board or option in one line", async () => {
    const [, url] = await startDevice("sim", "--port", "0");
    const { port } = new URL(url);
    const cases: [string[], number, RegExp][] = [
      [["--port", port], 8, /port \d+ of 127\.0\.0\.1 is in use/],
      [["--port", "0", "--storage", CLI], 7, /storage in .* cannot be used/],
      [["--board", "toaster"], 2, /board "toaster" does not exist: use one of/],
      [["--virtual", "--broker", url], 2, /--virtual does not use MQTT/],
      [["--seed", "x"], 2, /argument .x. is invalid\. Write a whole number/],
    ];
    for (const [args, code, message] of cases) {
      const ended = await killswitch("sim", ...args);
      expect(ended.code, ended.error).toBe(code);
      expect(ended.error).toMatch(message);
      expect(ended.error.trim().split("\n")).toHaveLength(1);
    }
  });
});
