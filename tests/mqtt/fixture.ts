/**
 * For MQTT tests: brokers (embedded, and mosquitto if it is installed), a fake device that speaks
 * the protocol, and waits with a time limit.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type MqttClient } from "mqtt";
import { CODE, OP, PRINCIPAL_KIDS } from "../../host-sim/abi/abi.gen.ts";
import type { SetTimer } from "../../host-sim/base/clock.ts";
import { Prng } from "../../host-sim/base/prng.ts";
import { decodeCbor, decodeMac0, encodeCbor, encodeMac0 } from "../../host-sim/controller/cose.ts";
import type { Keys } from "../../host-sim/controller/keys.ts";
import { startBroker } from "../../host-sim/mqtt/broker.ts";
import { MqttLink } from "../../host-sim/mqtt/link.ts";
import { parseBroker } from "../../host-sim/mqtt/session.ts";

export interface TestBroker {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** Clean-up steps of a test. rewind() runs them in reverse order. */
export const undo: (() => unknown)[] = [];
export async function rewind(): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}

export const setTimer: SetTimer = (ms, wake) => {
  const timer = setTimeout(wake, ms);
  return () => clearTimeout(timer);
};

export const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** Waits until `probe` returns a value that is not undefined or false. Throws after `ms`. */
export async function until<T>(
  what: string,
  probe: () => T | undefined | false,
  ms = 5_000,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await sleep(5);
  }
}

export async function freePort(): Promise<number> {
  const { port, stop } = await listenRaw(() => {});
  await stop();
  return port;
}

/**
 * Starts a TCP server on a free port that calls `greet` for each connection. Ignores socket errors.
 */
export async function listenRaw(
  greet: (socket: Socket) => void,
): Promise<{ port: number; stop(): Promise<unknown> }> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    greet(socket);
    socket.resume();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const stop = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((done) => server.close(done));
  };
  return { port, stop };
}

export async function startEmbedded(port = 0): Promise<TestBroker> {
  const broker = await startBroker(port);
  return { url: broker.url, port: broker.port, stop: () => broker.close() };
}

/** The path of mosquitto. Undefined if it is not installed. */
export function findMosquitto(): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, "mosquitto")).find((path) => existsSync(path));
}

/** Starts mosquitto on a free port. `lines` are added to its configuration. */
export async function startMosquitto(
  path: string,
  lines: (folder: string) => string[] = () => ["allow_anonymous true"],
): Promise<TestBroker> {
  const folder = mkdtempSync(join(tmpdir(), "killswitch-mosquitto-"));
  const port = await freePort();
  const config = join(folder, "mosquitto.conf");
  const common = [`listener ${port} 127.0.0.1`, "persistence false", "user root"];
  writeFileSync(config, `${[...common, ...lines(folder)].join("\n")}\n`);
  const child: ChildProcess = spawn(path, ["-c", config], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr?.on("data", (text) => {
    log += text;
  });
  await until(`mosquitto to run: ${log}`, () => {
    if (child.exitCode !== null) throw new Error(`mosquitto ended: ${log}`);
    return log.includes("running");
  });
  const stop = async () => {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill();
    await ended;
    rmSync(folder, { recursive: true });
  };
  return { url: `mqtt://127.0.0.1:${port}`, port, stop };
}

/** The brokers of this machine, by name. Prints NOT RUN if mosquitto is not installed. */
export function brokers(): [string, () => Promise<TestBroker>][] {
  const mosquitto = findMosquitto();
  if (mosquitto !== undefined) {
    return [
      ["embedded", () => startEmbedded()],
      ["mosquitto", () => startMosquitto(mosquitto)],
    ];
  }
  console.log("NOT RUN: tests against mosquitto: it is not installed (apt-get install mosquitto)");
  return [["embedded", () => startEmbedded()]];
}

/** Makes a self-signed certificate for localhost in `folder`. Undefined if openssl is missing. */
export function makeCertificate(folder: string): { key: string; cert: string } | undefined {
  const key = join(folder, "key.pem");
  const cert = join(folder, "cert.pem");
  const made = spawnSync("openssl", [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2".split(" "),
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-keyout", key, "-out", cert],
  ]);
  return made.status === 0 ? { key, cert } : undefined;
}

/** Connects a plain MQTT client that records the messages of `topics`. */
export async function connectPlain(url: string, ...topics: string[]) {
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 0, protocolVersion: 4 });
  const heard: { topic: string; payload: Buffer; retain: boolean }[] = [];
  client.on("message", (topic, payload, { retain }) => heard.push({ topic, payload, retain }));
  if (topics.length > 0) await client.subscribeAsync(topics, { qos: 1 });
  return { client, heard };
}

/** Code and data of a fake device's reply to a command under its epoch. Undefined: no reply. */
export type Respond = (
  seq: number,
  op: number,
  args: Map<number, unknown>,
) => unknown[] | undefined;

/**
 * A fake device that speaks the protocol: it has an epoch, a last sequence number and `respond`.
 */
export class FakeDevice {
  readonly client: MqttClient;
  readonly epoch = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);
  readonly keys: Keys;
  readonly device: string;
  last = 40;
  readonly seen: string[] = [];
  respond: Respond = () => [CODE.OK, new Map()];

  private constructor(client: MqttClient, device: string, keys: Keys) {
    this.client = client;
    this.device = device;
    this.keys = keys;
    client.on("message", (_, payload) => this.#answer(payload));
  }

  static async start(url: string, device: string, keys: Keys): Promise<FakeDevice> {
    const { client } = await connectPlain(url, `killswitch/${device}/command`);
    return new FakeDevice(client, device, keys);
  }

  say(level: string, payload: unknown): void {
    const key = this.keys.get("device") ?? new Uint8Array(0);
    const bytes = encodeMac0(key, "device", encodeCbor(payload));
    this.client.publish(`killswitch/${this.device}/${level}`, Buffer.from(bytes));
  }

  #answer(message: Uint8Array): void {
    for (const [principal, kid] of PRINCIPAL_KIDS.entries()) {
      const key = this.keys.get(kid);
      let payload: unknown;
      try {
        payload = decodeCbor(decodeMac0(key ?? new Uint8Array(0), kid, message));
      } catch {
        continue;
      }
      const [epoch, seq, op, args] = payload as [Uint8Array, number, number, Map<number, unknown>];
      const reply = (...rest: unknown[]) =>
        this.say("reply", [this.epoch, principal, seq, ...rest]);
      this.seen.push(`${kid} ${op} ${seq}`);
      if (Buffer.compare(epoch, this.epoch) !== 0) {
        reply(CODE.STALE_EPOCH, new Map([[1, this.last]]));
      } else if (seq <= this.last) {
        reply(CODE.REPLAY, new Map([[1, this.last]]));
      } else {
        const answer = this.respond(seq, op, args);
        this.last = Math.max(this.last, seq);
        if (answer !== undefined) reply(...answer);
      }
      return;
    }
  }
}

/** Fields of a status reply, by their numbers in the protocol. */
export function statusData(journalNext: number, journalHead: Uint8Array): Map<number, unknown> {
  const values = [true, 0, 0, journalNext, journalHead, 1, 0, 0, 1, 0, 60, 300, 2];
  return new Map(values.map((value, index) => [index + 1, value]));
}

/** Answers status and journal.read from `records` of 52 bytes. */
export function respondWithJournal(records: readonly Uint8Array[]): Respond {
  return (_, op, args) => {
    const head = records.at(-1)?.subarray(20) ?? new Uint8Array(32);
    if (op === OP.STATUS) return [CODE.OK, statusData(records.length, head)];
    const first = Number(args.get(1));
    return [CODE.OK, new Map([[1, records.slice(first, first + Number(args.get(2)))]])];
  };
}

/** Drives a link by wake() and deadline(), as the real-time loop does. */
export class Board {
  readonly link: MqttLink;
  readonly reported: boolean[] = [];
  readonly received: Uint8Array[] = [];
  readonly troubles: string[] = [];
  wakes = 0;
  now = 0;
  onReceived: () => void = () => {};

  constructor(url: string, device = "demo", seed = 1) {
    this.link = new MqttLink({
      address: parseBroker(url),
      device,
      prng: new Prng(seed),
      wake: () => {
        this.wakes++;
      },
      trouble: (message) => this.troubles.push(message),
    });
    undo.push(() => this.link.power(false, this.now));
  }

  poll(): void {
    this.link.poll(this.now, {
      linkChanged: (up) => this.reported.push(up),
      received: (bytes) => {
        this.received.push(bytes);
        this.onReceived();
      },
    });
  }

  /** Polls at the link's deadlines until `probe` returns a value. */
  run<T>(what: string, probe: () => T | undefined | false): Promise<T> {
    return until(what, () => {
      if (this.link.deadline() <= this.now) this.poll();
      return probe();
    });
  }

  async live(): Promise<void> {
    const before = this.reported.length;
    this.link.power(true, this.now);
    await this.run(
      "the session",
      () => this.reported.length > before && this.reported.at(-1) === true,
    );
  }
}
