/**
 * A broker without keys against the real controller and a real device, over MQTT: it withholds, repeats,
 * drops and swaps messages. Each test made an owner believe the opposite of what happened under protocol 1.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { packageRoot } from "../../host-sim/base/paths.ts";
import { Controller } from "../../host-sim/controller/client.ts";
import { initKeys } from "../../host-sim/controller/keys.ts";
import { parseRequest } from "../../host-sim/controller/operations.ts";
import { parseBroker } from "../../host-sim/mqtt/session.ts";
import { connectPlain, rewind, setTimer, startEmbedded, undo, until } from "./fixture.ts";

const COMMAND = "killswitch/demo/owner/command";
const REPLY = "killswitch/demo/owner/reply";
const random = (length: number) => new Uint8Array(randomBytes(length));

/** A simulated device at one broker, a controller at another, and what carries messages between them. */
class Network {
  readonly #device: ChildProcess;
  trace = "";
  /** What the controller published, and what the device replied, in order. */
  readonly commands: Buffer[] = [];
  readonly replies: Buffer[] = [];
  /** Called with each message; default: carries it on. */
  onCommand: (bytes: Buffer) => void = (bytes) => this.toDevice(bytes);
  onReply: (bytes: Buffer) => void = (bytes) => this.toController(bytes);
  toDevice: (bytes: Buffer) => void = () => {};
  toController: (bytes: Buffer) => void = () => {};
  request: (line: string) => ReturnType<Controller["request"]> = () => Promise.reject();

  private constructor(device: ChildProcess) {
    this.#device = device;
    device.stdout?.on("data", (text) => {
      this.trace += text;
    });
  }

  static async open(): Promise<Network> {
    const folder = mkdtempSync(join(tmpdir(), "killswitch-broker-"));
    undo.push(() => rmSync(folder, { recursive: true }));
    const keys = initKeys(join(folder, ".killswitch", "keys"), "demo", random);
    const [near, far] = [await startEmbedded(), await startEmbedded()];
    undo.push(
      () => near.stop(),
      () => far.stop(),
    );
    const program = join(packageRoot(), "dist", "killswitch.js");
    const device = spawn(process.execPath, [program, "sim", "--broker", far.url], { cwd: folder });
    undo.push(() => device.kill("SIGKILL"));
    const network = new Network(device);
    const nearby = await connectPlain(near.url, COMMAND);
    const faraway = await connectPlain(far.url, REPLY);
    undo.push(
      () => nearby.client.endAsync(true),
      () => faraway.client.endAsync(true),
    );
    network.toDevice = (bytes) => faraway.client.publish(COMMAND, bytes, { qos: 1 });
    network.toController = (bytes) => nearby.client.publish(REPLY, bytes, { qos: 1 });
    nearby.client.on("message", (_, bytes) => {
      network.commands.push(bytes);
      network.onCommand(bytes);
    });
    faraway.client.on("message", (_, bytes) => {
      network.replies.push(bytes);
      network.onReply(bytes);
    });
    const controller = await Controller.open({
      address: parseBroker(near.url),
      device: "demo",
      keys,
      kid: "owner",
      setTimer,
      timeoutMs: 5_000,
      deadlineMs: 300,
      random,
      now: () => performance.now(),
    });
    undo.push(() => controller.close());
    network.request = (line) => {
      const [wire = "", ...words] = line.split(" ");
      return controller.request(parseRequest(wire, words));
    };
    await network.shows("link state=up");
    return network;
  }

  do(line: string): void {
    this.#device.stdin?.write(`${line}\n`);
  }

  count(text: string): number {
    return this.trace.split(text).length - 1;
  }

  async shows(text: string, times = 1): Promise<void> {
    await until(`"${text}" in the trace`, () => this.count(text) >= times);
  }

  async flick(): Promise<void> {
    const sessions = this.count("link state=up");
    this.do("switch kill");
    await this.shows("restart reason=CUT");
    this.do("switch on");
    await this.shows("link state=up", sessions + 1);
  }

  /** Lets the question pass and calls `then` with the command that follows. */
  withCommand(then: (bytes: Buffer) => void): void {
    let questions = 1;
    this.onCommand = (bytes) => (questions-- > 0 ? this.toDevice(bytes) : then(bytes));
  }
}

describe("a broker without keys", () => {
  let network: Network;
  beforeEach(async () => {
    network = await Network.open();
  }, 30_000);
  afterEach(rewind);

  test("cannot swap a withheld command for a later one", async () => {
    network.withCommand(() => {});
    const withheld = await network.request("relay.set on");
    expect(withheld).toMatchObject({ kind: "unknown" });
    const on = network.commands.at(-1) ?? Buffer.alloc(0);
    // The owner sends the opposite; the broker drops it and delivers the old one.
    network.withCommand(() => network.toDevice(on));
    const conclusion = await network.request("relay.set off");
    expect(conclusion).toMatchObject({ kind: "unknown" });
    expect(network.count("mark name=EXPIRED")).toBe(1);
    expect(network.count("gpio pin=RELAY level=1")).toBe(0);
  }, 30_000);

  test("cannot answer one operation with the reply to another", async () => {
    expect(await network.request("identify")).toMatchObject({ kind: "executed" });
    const recorded = [...network.replies];
    network.withCommand(() => {
      for (const bytes of recorded) network.toController(bytes);
    });
    const conclusion = await network.request("relay.set on");
    const why = expect.stringContaining("2 messages that do not answer this request");
    expect(conclusion).toMatchObject({ kind: "unknown", why });
    expect(network.count("gpio pin=RELAY level=1")).toBe(0);
  }, 30_000);

  test("cannot hide that a command executed by delivering it twice", async () => {
    let swallowed = 0;
    network.withCommand((bytes) => {
      network.onReply = (reply) => (swallowed++ === 0 ? undefined : network.toController(reply));
      network.toDevice(bytes);
      network.toDevice(bytes);
    });
    const conclusion = await network.request("relay.set on");
    expect(conclusion).toMatchObject({ kind: "executed", fields: null });
    expect(network.count("mark name=ACCEPTED")).toBe(1);
    expect(network.count("gpio pin=RELAY level=1")).toBe(1);
  }, 30_000);

  test("cannot deny with a STALE_EPOCH that it harvested", async () => {
    expect(await network.request("relay.set on")).toMatchObject({ kind: "executed" });
    const old = network.commands.at(-1) ?? Buffer.alloc(0);
    await network.flick();
    const before = network.replies.length;
    network.toDevice(old);
    const stale = await until("the refusal", () => network.replies[before]);
    expect(network.count("mark name=STALE_EPOCH")).toBe(1);
    // The command passes and executes; its reply is dropped, and the harvested one is given.
    network.withCommand((bytes) => {
      network.onReply = () => network.toController(stale);
      network.toDevice(bytes);
    });
    const conclusion = await network.request("relay.set off");
    expect(conclusion).toMatchObject({ kind: "unknown" });
    expect(network.count("gpio pin=RELAY level=0")).toBeGreaterThan(0);
  }, 30_000);

  test("cannot make a withheld command execute after the owner was told that it cannot", async () => {
    network.withCommand(() => {});
    expect(await network.request("relay.set on")).toMatchObject({ kind: "unknown" });
    network.toDevice(network.commands.at(-1) ?? Buffer.alloc(0));
    await network.shows("mark name=EXPIRED");
    network.toDevice(network.commands.at(-1) ?? Buffer.alloc(0));
    await network.shows("mark name=DUPLICATE");
    expect(network.count("gpio pin=RELAY level=1")).toBe(0);
  }, 30_000);
});
