/**
 * For MQTT tests: brokers (embedded, and mosquitto if it is installed), a fake device that speaks
 * the protocol, and waits with a time limit.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type MqttClient } from "mqtt";
import { CODE, OP, PRINCIPAL_KIDS } from "../../host-sim/abi/abi.gen.ts";
import { type Kid, type Level, topic } from "../../host-sim/abi/topics.ts";
import type { SetTimer } from "../../host-sim/base/clock.ts";
import { deriveKeys } from "../../host-sim/base/derived-keys.ts";
import { Prng } from "../../host-sim/base/prng.ts";
import { replyTagOf } from "../../host-sim/controller/command.ts";
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
  ms = 45_000,
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
  /** What binds a reply to the command. */
  tag: Uint8Array,
) => unknown[] | undefined;

/**
 * A fake device that speaks the protocol: it has an epoch, a clock, a last sequence number and
 * `respond`. It does not check deadlines, and takes numbers in any order.
 */
export class FakeDevice {
  readonly client: MqttClient;
  readonly epoch = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);
  readonly secrets: Keys;
  readonly device: string;
  /** The session clock, in ms. It stands still. */
  clock = 1_000;
  last = 40;
  counter = 0;
  /** Whether it answers questions. */
  answers = true;
  /** What it received: `owner question`, or `owner <op> <seq> <deadline>`. */
  readonly seen: string[] = [];
  /** Every message that it received, in order. */
  readonly messages: Uint8Array[] = [];
  respond: Respond = () => [CODE.OK, new Map()];

  private constructor(client: MqttClient, device: string, secrets: Keys) {
    this.client = client;
    this.device = device;
    this.secrets = secrets;
    client.on("message", (_, payload) => this.#answer(payload));
  }

  static async start(url: string, device: string, secrets: Keys): Promise<FakeDevice> {
    const { client } = await connectPlain(url, `killswitch/${device}/+/command`);
    return new FakeDevice(client, device, secrets);
  }

  /** Signs a payload for a principal. */
  sign(kid: Kid, payload: unknown): Uint8Array {
    const { reply } = deriveKeys(kid, this.secrets.get(kid) ?? new Uint8Array(0));
    return encodeMac0(reply, kid, encodeCbor(payload));
  }

  say(kid: Kid, level: Level, payload: unknown): void {
    this.client.publish(topic(this.device, kid, level), Buffer.from(this.sign(kid, payload)));
  }

  reply(kid: Kid, tag: Uint8Array, code: unknown, data: unknown, epoch = this.epoch): void {
    this.say(kid, "reply", [0, tag, epoch, this.clock, code, data]);
  }

  /** Sends a status as its next report. */
  report(kid: Kid, map: unknown): void {
    this.counter++;
    this.say(kid, "status", [1, this.epoch, this.counter, this.clock, map]);
  }

  #answer(message: Uint8Array): void {
    this.messages.push(message);
    for (const kid of PRINCIPAL_KIDS) {
      const { command } = deriveKeys(kid, this.secrets.get(kid) ?? new Uint8Array(0));
      let payload: unknown[];
      try {
        payload = decodeCbor(decodeMac0(command, kid, message)) as unknown[];
      } catch {
        continue;
      }
      const tag = replyTagOf(message);
      if (payload.length === 1) this.#tell(kid, tag);
      else this.#execute(kid, tag, payload);
      return;
    }
  }

  #tell(kid: Kid, tag: Uint8Array): void {
    this.seen.push(`${kid} question`);
    const data = new Map([
      [1, this.last],
      [2, this.counter],
    ]);
    if (this.answers) this.reply(kid, tag, CODE.OK, data);
  }

  #execute(kid: Kid, tag: Uint8Array, payload: unknown[]): void {
    const [, seq, deadline, op, args] = payload as [
      Uint8Array,
      number,
      number,
      number,
      Map<number, unknown>,
    ];
    this.seen.push(`${kid} ${op} ${seq} ${deadline}`);
    const answer = this.respond(seq, op, args, tag);
    this.last = Math.max(this.last, seq);
    if (answer !== undefined) this.reply(kid, tag, answer[0], answer[1]);
  }
}

/** Fields of a status reply, by their numbers in the protocol. */
export function statusData(journalNext: number, journalHead: Uint8Array): Map<number, unknown> {
  const values = [true, 0, 0, journalNext, journalHead, 1, 0, 0, 1, 0, 60, 300, 2, 0];
  return new Map(values.map((value, index) => [index + 1, value]));
}

/** Answers status and journal.read from local `records` of 52 bytes. The remote ring is empty. */
export function respondWithJournal(records: readonly Uint8Array[]): Respond {
  return (_, op, args) => {
    const newest = records.at(-1)?.subarray(20) ?? new Uint8Array(32);
    const head = createHash("sha256").update(newest).update(new Uint8Array(32)).digest();
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
