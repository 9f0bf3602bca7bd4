/**
 * The link and the controller over real TCP, against the embedded broker and against mosquitto.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CHANNEL, CODE, MESSAGE_MAX, OP, PRINCIPAL } from "../../host-sim/abi.gen.ts";
import {
  type After,
  Controller,
  dial,
  hangUp,
  refusalOf,
} from "../../host-sim/controller/client.ts";
import { KEY_BYTES, type Keys } from "../../host-sim/controller/keys.ts";
import { EXIT, UserError } from "../../host-sim/errors.ts";
import { startBroker } from "../../host-sim/mqtt/broker.ts";
import { MqttLink } from "../../host-sim/mqtt/link.ts";
import { openSession, parseBroker } from "../../host-sim/mqtt/session.ts";
import { Prng } from "../../host-sim/prng.ts";
import {
  connectPlain,
  FakeDevice,
  findMosquitto,
  freePort,
  listenRaw,
  sleep,
  startEmbedded,
  startMosquitto,
  type TestBroker,
  until,
} from "./mqtt-fixture.ts";

const after: After = (ms, wake) => {
  const timer = setTimeout(wake, ms);
  return () => clearTimeout(timer);
};
const key = (fill: number) => new Uint8Array(KEY_BYTES).fill(fill);
const KEYS: Keys = new Map([
  ["owner", key(1)],
  ["provider", key(2)],
  ["manufacturer", key(3)],
  ["device", key(4)],
]);

const undo: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

/** A link driven by wake() and deadline() alone, as a real-time loop drives it. */
class Board {
  readonly link: MqttLink;
  readonly told: boolean[] = [];
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
      linkChanged: (up) => this.told.push(up),
      received: (bytes) => {
        this.received.push(bytes);
        this.onReceived();
      },
    });
  }

  /** Polls whenever the link asks for it, until `probe`. */
  run<T>(what: string, probe: () => T | undefined | false): Promise<T> {
    return until(what, () => {
      if (this.link.deadline() <= this.now) this.poll();
      return probe();
    });
  }

  async live(): Promise<void> {
    const before = this.told.length;
    this.link.power(true, this.now);
    await this.run("the session", () => this.told.length > before && this.told.at(-1) === true);
  }
}

const mosquitto = findMosquitto();
if (mosquitto === undefined) {
  console.log("NOT RUN: tests against mosquitto: it is not installed (apt-get install mosquitto)");
}
const BROKERS: [string, () => Promise<TestBroker>][] = [["embedded", () => startEmbedded()]];
if (mosquitto !== undefined) BROKERS.push(["mosquitto", () => startMosquitto(mosquitto)]);

describe.each(BROKERS)("over a broker: %s", (_, start) => {
  let broker: TestBroker;
  beforeEach(async () => {
    broker = await start();
    undo.push(() => broker.stop());
  });

  async function plain(...topics: string[]) {
    const client = await connectPlain(broker.url, ...topics);
    undo.push(() => client.client.endAsync(true));
    return client;
  }

  test("a link goes live, hears commands, speaks on its channels", async () => {
    const { client, heard } = await plain("killswitch/#");
    const board = new Board(broker.url);
    await board.live();
    expect(board.wakes).toBeGreaterThan(0);
    client.publish("killswitch/demo/command", Buffer.from("one"), { qos: 1 });
    client.publish("killswitch/other/command", Buffer.from("not mine"), { qos: 1 });
    client.publish("killswitch/demo/command", Buffer.from("two"), { qos: 1 });
    await board.run("two commands", () => board.received.length === 2);
    expect(board.received.map((bytes) => Buffer.from(bytes).toString())).toEqual(["one", "two"]);
    for (const channel of [CHANNEL.REPLY, CHANNEL.STATUS, CHANNEL.TELEMETRY]) {
      const bytes = Uint8Array.of(channel + 1);
      board.link.send(channel, bytes, 0);
      // The guest's memory is used anew at once.
      bytes.fill(0xee);
    }
    await until(
      "three messages",
      () => heard.filter(({ topic }) => /reply|status|telem/.test(topic)).length === 3,
    );
    const said = heard.map(({ topic, payload, retain }) => [
      topic,
      payload.toString("hex"),
      retain,
    ]);
    expect(said).toContainEqual(["killswitch/demo/reply", "01", false]);
    expect(said).toContainEqual(["killswitch/demo/status", "02", false]);
    expect(said).toContainEqual(["killswitch/demo/telemetry", "03", false]);
    expect(() => board.link.send(3, Uint8Array.of(1), 0)).toThrow(/no channel 3/);
  });

  test("a cut is silent, and within a second the broker says offline", async () => {
    const { client, heard } = await plain("killswitch/demo/+");
    const board = new Board(broker.url);
    await board.live();
    await until("online", () => heard.some(({ payload }) => payload.toString() === "online"));
    const before = heard.length;
    client.publish("killswitch/demo/command", Buffer.from("in flight"), { qos: 1 });
    board.link.send(CHANNEL.STATUS, new Uint8Array(600), 0);
    board.link.power(false, 0);
    board.link.send(CHANNEL.STATUS, new Uint8Array(1), 0);
    const cutAt = performance.now();
    await until("offline", () => heard.some(({ payload }) => payload.toString() === "offline"));
    expect(performance.now() - cutAt).toBeLessThan(1_000);
    const wakes = board.wakes;
    await sleep(200);
    board.poll();
    expect(board.wakes).toBe(wakes);
    expect(board.received).toEqual([]);
    expect(board.told).toEqual([true]);
    expect(board.link.deadline()).toBe(Number.POSITIVE_INFINITY);
    const later = heard.slice(before).filter(({ topic }) => !topic.endsWith("command"));
    expect(later.map(({ payload }) => payload.toString())).toEqual(["offline"]);
    // The flag is the only thing that stays.
    const { heard: kept } = await plain("killswitch/demo/#");
    await until("what is retained", () => kept.length > 0);
    await sleep(50);
    expect(kept.map(({ topic, payload }) => [topic, payload.toString()])).toEqual([
      ["killswitch/demo/availability", "offline"],
    ]);
  });

  test("what is sent while it is cut never arrives; what is retained does, as any message", async () => {
    const { client } = await plain();
    const board = new Board(broker.url);
    await board.live();
    board.link.power(false, 0);
    await client.publishAsync("killswitch/demo/command", "queued", { qos: 1 });
    await client.publishAsync("killswitch/demo/command", "retained", { qos: 1, retain: true });
    await board.live();
    await board.run("the retained one", () => board.received.length > 0);
    await sleep(100);
    board.poll();
    expect(board.received.map((bytes) => Buffer.from(bytes).toString())).toEqual(["retained"]);
  });

  test("a cut from within a message stops the rest", async () => {
    const { client } = await plain();
    const board = new Board(broker.url);
    await board.live();
    board.onReceived = () => board.link.power(false, 0);
    for (const text of ["one", "two", "three"]) {
      client.publish("killswitch/demo/command", text, { qos: 1 });
    }
    await until("three in the inbox", () => board.wakes >= 4);
    board.poll();
    expect(board.received.length).toBe(1);
    board.poll();
    expect(board.received.length).toBe(1);
  });

  test("what waits at a cut is gone when it is live again", async () => {
    const { client } = await plain();
    const board = new Board(broker.url);
    await board.live();
    const wakes = board.wakes;
    await client.publishAsync("killswitch/demo/command", "too late", { qos: 1 });
    await until("it in the inbox", () => board.wakes > wakes);
    board.link.power(false, 0);
    await board.live();
    await client.publishAsync("killswitch/demo/command", "in time", { qos: 1 });
    await board.run("the second", () => board.received.length > 0);
    expect(board.received.map((bytes) => Buffer.from(bytes).toString())).toEqual(["in time"]);
  });

  test("an oversized message arrives cut, a flood is bounded", async () => {
    const { client } = await plain();
    const board = new Board(broker.url);
    await board.live();
    await client.publishAsync("killswitch/demo/command", Buffer.alloc(200_000), { qos: 1 });
    await board.run("it", () => board.received.length === 1);
    expect(board.received[0]?.length).toBe(MESSAGE_MAX + 1);
    for (let count = 0; count < 200; count++) {
      await client.publishAsync("killswitch/demo/command", Buffer.alloc(1), { qos: 1 });
    }
    await until("a full inbox", () => board.wakes >= 64);
    await sleep(100);
    board.poll();
    expect(board.received.length).toBe(1 + 64);
  });

  test("flicks leave the flag at what is true", async () => {
    const { heard } = await plain("killswitch/demo/availability");
    const board = new Board(broker.url);
    for (let flick = 0; flick < 10; flick++) {
      await board.live();
      board.link.power(false, 0);
    }
    await board.live();
    await until("online at last", () => heard.at(-1)?.payload.toString() === "online");
    await sleep(200);
    expect(heard.at(-1)?.payload.toString()).toBe("online");
  });

  test("a controller asks for the epoch, then commands", async () => {
    const device = await FakeDevice.start(broker.url, "demo", KEYS);
    undo.push(() => device.client.endAsync(true));
    const controller = await open(broker.url);
    device.respond = (_, op, args) => [CODE.OK, new Map([[1, op === OP.RELAY_SET && args.get(1)]])];
    const request = { op: OP.RELAY_SET, args: new Map([[1, true]]) };
    const answer = await controller.request(PRINCIPAL.PROVIDER, request);
    expect(answer).toEqual({ code: CODE.OK, seq: 41, fields: { relay: true } });
    expect(device.seen).toEqual(["provider 2 77", "provider 0 41"]);
  });
});

async function open(url: string, changes: { keys?: Keys; timeoutMs?: number } = {}) {
  const controller = await Controller.open({
    address: parseBroker(url),
    device: "demo",
    keys: changes.keys ?? KEYS,
    after,
    timeoutMs: changes.timeoutMs ?? 2_000,
    random32: () => 77,
  });
  undo.push(() => controller.close());
  return controller;
}

const STATUS_REQUEST = { op: OP.RELAY_GET, args: new Map<number, never>() };

describe("a controller", () => {
  let broker: TestBroker;
  let device: FakeDevice;
  beforeEach(async () => {
    broker = await startEmbedded();
    undo.push(() => broker.stop());
    device = await FakeDevice.start(broker.url, "demo", KEYS);
    undo.push(() => device.client.endAsync(true));
    device.respond = () => [CODE.OK, new Map([[1, true]])];
  });

  test("passes a refusal on with what it tells", async () => {
    device.respond = () => [CODE.HOLD, new Map([[1, 5000]])];
    const answer = await (await open(broker.url)).request(PRINCIPAL.OWNER, STATUS_REQUEST);
    expect(refusalOf(answer)).toBe("HOLD remainingMs=5000");
  });

  test("overtaken by another sender tries again, three times at most", async () => {
    const controller = await open(broker.url);
    let others = 2;
    const answers = () => {
      if (others-- <= 0) return [CODE.OK, new Map([[1, true]])];
      device.last += 1;
      return [CODE.REPLAY, new Map([[1, device.last + 10]])];
    };
    device.respond = (seq) => {
      const answer = answers();
      if (answer[0] === CODE.REPLAY) device.last = seq + 10;
      return answer;
    };
    expect((await controller.request(PRINCIPAL.OWNER, STATUS_REQUEST)).code).toBe(CODE.OK);
    others = 99;
    device.seen.length = 0;
    expect((await controller.request(PRINCIPAL.OWNER, STATUS_REQUEST)).code).toBe(CODE.REPLAY);
    expect(device.seen.length).toBe(1 + 1 + 3);
  });

  test("is not deceived by replies to others, recorded, forged or garbled", async () => {
    const controller = await open(broker.url, { timeoutMs: 400 });
    device.respond = (seq) => {
      const ok = new Map([[1, true]]);
      const noise = Buffer.from("noise");
      device.client.publish("killswitch/demo/reply", noise);
      device.say("reply", [device.epoch, PRINCIPAL.PROVIDER, seq, CODE.OK, ok]);
      device.say("reply", [device.epoch, PRINCIPAL.OWNER, seq + 1, CODE.OK, ok]);
      device.say("reply", [
        device.epoch.map((byte) => byte ^ 1),
        PRINCIPAL.OWNER,
        seq,
        CODE.OK,
        ok,
      ]);
      return undefined;
    };
    const asked = controller.request(PRINCIPAL.OWNER, STATUS_REQUEST);
    await expect(asked).rejects.toThrow(/1 replies not signed by it/);
    await expect(asked).rejects.toMatchObject({ exitCode: EXIT.NO_ANSWER });
  });

  test("reports an epoch that changed under its command as STALE_EPOCH", async () => {
    device.respond = (seq) => {
      const data = new Map([[1, 0]]);
      device.say("reply", [Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1), 0, seq, CODE.STALE_EPOCH, data]);
      return undefined;
    };
    const answer = await (await open(broker.url)).request(PRINCIPAL.OWNER, STATUS_REQUEST);
    expect(answer.code).toBe(CODE.STALE_EPOCH);
  });

  test("ends clearly when no sequence number is left, or a reply says something else", async () => {
    const controller = await open(broker.url);
    device.respond = () => [CODE.OK, new Map([[1, "on"]])];
    const garbled = controller.request(PRINCIPAL.OWNER, STATUS_REQUEST);
    await expect(garbled).rejects.toThrow("its reply: data 1 (relay) is missing or wrong");
    device.last = 0xffff_ffff;
    const spent = controller.request(PRINCIPAL.OWNER, STATUS_REQUEST);
    await expect(spent).rejects.toThrow("no sequence number is left");
  });

  test("says what it knows of a device that does not answer", async () => {
    const controller = await open(broker.url, { timeoutMs: 150 });
    await device.client.publishAsync("killswitch/demo/availability", "offline", { retain: true });
    await device.client.endAsync();
    const asked = controller.request(PRINCIPAL.OWNER, STATUS_REQUEST);
    await expect(asked).rejects.toThrow(
      /^device demo: no answer within 150 ms \(broker: offline\)/,
    );
    await expect(asked).rejects.toMatchObject({ exitCode: EXIT.NO_ANSWER });
  });

  test("notices a broker that goes, during a request and before one", async () => {
    const controller = await open(broker.url, { timeoutMs: 5_000 });
    device.respond = () => {
      void broker.stop();
      return undefined;
    };
    const lost = { message: expect.stringContaining("connection closed"), exitCode: EXIT.NETWORK };
    await expect(controller.request(PRINCIPAL.OWNER, STATUS_REQUEST)).rejects.toMatchObject(lost);
    await expect(controller.request(PRINCIPAL.OWNER, STATUS_REQUEST)).rejects.toMatchObject(lost);
  });

  test("needs the keys it names", async () => {
    const bare = new Map([...KEYS].filter(([kid]) => kid !== "device"));
    await expect(open(broker.url, { keys: bare })).rejects.toThrow(/no key of device/);
    const controller = await open(broker.url, { keys: new Map([["device", key(4)]]) });
    const asked = controller.request(PRINCIPAL.OWNER, STATUS_REQUEST);
    await expect(asked).rejects.toMatchObject({ exitCode: EXIT.BAD_FILE });
  });
});

describe("back-off", () => {
  /** The delays of a link to a port where nothing listens, in ms of its own time. */
  async function delays(seed: number, count: number): Promise<number[]> {
    const board = new Board(`mqtt://127.0.0.1:${await freePort()}`, "demo", seed);
    board.link.power(true, 0);
    const found: number[] = [];
    while (found.length < count) {
      await until("a failed attempt", () => board.troubles.length > found.length);
      board.poll();
      const due = board.link.deadline();
      found.push(due - board.now);
      expect(board.told).toEqual([]);
      // Not a ms before it is due.
      board.now = due - 1;
      board.poll();
      await sleep(5);
      expect(board.troubles.length).toBe(found.length);
      board.now = due;
      board.poll();
    }
    return found;
  }

  test("doubles from half a second to half a minute, jittered by its seed", async () => {
    const found = await delays(1, 8);
    for (const [index, delay] of found.entries()) {
      const ceiling = Math.min(30_000, 1_000 * 2 ** index);
      expect(delay).toBeGreaterThanOrEqual(ceiling / 2);
      expect(delay).toBeLessThanOrEqual(ceiling);
    }
    expect(await delays(1, 3)).toEqual(found.slice(0, 3));
    expect(await delays(2, 3)).not.toEqual(found.slice(0, 3));
  });

  test("begins anew after a session; the loss is told once, and none is tried while killed", async () => {
    const broker = await startEmbedded();
    const board = new Board(broker.url);
    await board.live();
    await broker.stop();
    await board.run("the loss", () => board.told.length === 2);
    expect(board.told).toEqual([true, false]);
    expect(board.link.deadline()).toBeLessThanOrEqual(1_000);
    board.link.power(false, board.now);
    expect(board.link.deadline()).toBe(Number.POSITIVE_INFINITY);
    const again = await startEmbedded(broker.port);
    undo.push(() => again.stop());
    board.now += 100_000;
    board.poll();
    await sleep(100);
    expect(board.told).toEqual([true, false]);
    await board.live();
    expect(board.told).toEqual([true, false, true]);
  });

  test("brings nothing back that waited when the session was lost", async () => {
    const broker = await startEmbedded();
    const board = new Board(broker.url);
    await board.live();
    const { client } = await connectPlain(broker.url);
    const wakes = board.wakes;
    await client.publishAsync("killswitch/demo/command", "unheard", { qos: 1 });
    await until("it in the inbox", () => board.wakes > wakes);
    await broker.stop();
    await until("the end of the session", () => board.troubles.length === 1);
    const again = await startEmbedded(broker.port);
    undo.push(() => again.stop());
    board.poll();
    board.now = board.link.deadline();
    await board.run("the next session", () => board.told.length === 3);
    expect(board.told).toEqual([true, false, true]);
    board.poll();
    expect(board.received).toEqual([]);
  });
});

describe("a cut on the wire", () => {
  /** A broker of bytes: it logs packet types as they come and answers by `answer`. */
  async function listener(answer: (type: number, packet: Buffer) => number[]) {
    const log: string[] = [];
    const { port, stop } = await listenRaw((socket) => {
      socket.on("data", (packet) => {
        const type = (packet[0] ?? 0) >> 4;
        log.push(String(type));
        socket.write(Uint8Array.from(answer(type, packet)));
      });
      socket.on("error", () => log.push("reset"));
      socket.on("end", () => log.push("end"));
    });
    undo.push(stop);
    return { url: `mqtt://127.0.0.1:${port}`, log };
  }
  const CONNACK = [0x20, 2, 0, 0];
  const welcome = (type: number) => (type === 1 ? CONNACK : []);

  test("before CONNACK is a reset without a DISCONNECT", async () => {
    const { url, log } = await listener(() => []);
    const board = new Board(url);
    board.link.power(true, 0);
    await until("CONNECT", () => log.includes("1"));
    board.link.power(false, 0);
    await until("the reset", () => log.includes("reset"));
    await sleep(50);
    expect(log).toEqual(["1", "reset"]);
    expect(board.troubles).toEqual([]);
  });

  test("in a session is a reset without a DISCONNECT (14)", async () => {
    const { url, log } = await listener(welcome);
    const board = new Board(url);
    board.link.power(true, 0);
    await until("SUBSCRIBE", () => log.includes("8"));
    board.link.power(false, 0);
    await until("the reset", () => log.includes("reset"));
    await sleep(50);
    expect(log).toEqual(["1", "8", "reset"]);
  });

  test("while it still connects leaves nothing behind", async () => {
    const { url, log } = await listener(() => []);
    const session = openSession(parseBroker(url), {});
    session.cut();
    expect(session.client.stream.destroyed).toBe(true);
    const board = new Board(url);
    board.link.power(true, 0);
    board.link.power(false, 0);
    await sleep(100);
    expect(log.filter((entry) => entry === "1")).toEqual([]);
    expect(board.troubles).toEqual([]);
  });

  test("a message that comes before the subscription stands waits for it", async () => {
    const name = Buffer.from("killswitch/demo/command");
    const publish = [0x30, 2 + name.length + 1, 0, name.length, ...name, 0x2a];
    let agree = () => {};
    const { port, stop } = await listenRaw((socket) => {
      socket.on("data", (packet) => {
        if (packet[0] === 0x10) socket.write(Uint8Array.from(CONNACK));
        if (packet[0] !== 0x82) return;
        socket.write(Uint8Array.from(publish));
        agree = () => socket.write(Uint8Array.of(0x90, 3, packet[2] ?? 0, packet[3] ?? 0, 1));
      });
    });
    undo.push(stop);
    const board = new Board(`mqtt://127.0.0.1:${port}`);
    board.link.power(true, 0);
    await until("the message", () => board.wakes > 0);
    board.poll();
    expect([board.told, board.received]).toEqual([[], []]);
    expect(board.link.deadline()).toBe(Number.POSITIVE_INFINITY);
    agree();
    await board.run("it", () => board.received.length > 0);
    expect([board.told, board.received]).toEqual([[true], [Uint8Array.of(0x2a)]]);
  });

  test("a broker that refuses the subscription is tried again later", async () => {
    const refuse = (packet: Buffer) => [0x90, 3, packet[2] ?? 0, packet[3] ?? 0, 128];
    const { url } = await listener((type, packet) => (type === 8 ? refuse(packet) : welcome(type)));
    const board = new Board(url);
    board.link.power(true, 0);
    expect(await until("the end", () => board.troubles[0])).toMatch(/it refuses to let/);
    board.poll();
    expect(board.told).toEqual([]);
    expect(board.link.deadline()).toBeGreaterThanOrEqual(500);
  });
});

describe("trouble with a broker", () => {
  const trouble = async (url: string) => {
    const failed = dial({ address: parseBroker(url), after, timeoutMs: 300 });
    await expect(failed).rejects.toThrow(UserError);
    await expect(failed).rejects.toMatchObject({ exitCode: EXIT.NETWORK });
    return failed.catch((error: Error) => error.message);
  };

  test("the port is in use", async () => {
    const broker = await startEmbedded();
    undo.push(() => broker.stop());
    const second = startBroker(broker.port);
    await expect(second).rejects.toThrow(`port ${broker.port} of 127.0.0.1 is in use`);
    await expect(second).rejects.toMatchObject({ exitCode: EXIT.NETWORK });
  });

  test("nothing listens", async () => {
    const port = await freePort();
    expect(await trouble(`mqtt://127.0.0.1:${port}`)).toMatch(/nothing listens there/);
    expect(await trouble(`mqtt://u:secret@127.0.0.1:${port}`)).not.toMatch(/secret/);
  });

  test("it is silent", async () => {
    const { port, stop } = await listenRaw(() => {});
    undo.push(stop);
    expect(await trouble(`mqtt://127.0.0.1:${port}`)).toMatch(/no answer within 300 ms/);
  });

  test.each([
    [1, "it does not speak MQTT 3.1.1"],
    [2, "it refused the client identifier"],
    [3, "it says that it is unavailable"],
    [4, "it refused the user name or password"],
    [5, "it refused the user: give mqtt://user:password@host"],
  ])("it refuses with return code %i", async (code, words) => {
    const { port, stop } = await listenRaw((socket) => {
      socket.once("data", () => socket.end(Uint8Array.of(0x20, 2, 0, code)));
    });
    undo.push(stop);
    const url = `mqtt://127.0.0.1:${port}`;
    expect(await trouble(url)).toBe(`broker ${url}: ${words}`);
  });

  test("it speaks no MQTT", async () => {
    const { port, stop } = await listenRaw((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    undo.push(stop);
    expect(await trouble(`mqtt://127.0.0.1:${port}`)).toMatch(/^broker mqtt:\/\/127/);
  });

  test("it speaks no TLS", async () => {
    const { port, stop } = await listenRaw((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    undo.push(stop);
    expect(await trouble(`mqtts://127.0.0.1:${port}`)).toMatch(/it does not speak TLS: use mqtt:/);
    const broker = await startEmbedded();
    undo.push(() => broker.stop());
    expect(await trouble(`mqtts://127.0.0.1:${broker.port}`)).toMatch(/is TLS \(mqtts\) right\?/);
  });

  test("a session is ended in order, even if the broker does not let go", async () => {
    const { port, stop } = await listenRaw((socket) => {
      socket.write(Uint8Array.of(0x20, 2, 0, 0));
    });
    undo.push(stop);
    const address = parseBroker(`mqtt://127.0.0.1:${port}`);
    const session = await dial({ address, after, timeoutMs: 1_000 });
    const closed = new Promise<void>((done) => session.client.once("close", () => done()));
    const began = performance.now();
    await hangUp(session, after);
    await closed;
    const took = performance.now() - began;
    expect(took).toBeGreaterThanOrEqual(450);
    expect(took).toBeLessThan(1_500);
  });

  test("it refuses a controller's subscription", async () => {
    const { port, stop } = await listenRaw((socket) => {
      socket.write(Uint8Array.of(0x20, 2, 0, 0));
      socket.on("data", (packet) => {
        const at = packet.indexOf(0x82);
        if (at < 0) return;
        const [high = 0, low = 0] = packet.subarray(at + 2);
        socket.write(Uint8Array.of(0x90, 4, high, low, 128, 1));
      });
    });
    undo.push(stop);
    const opened = open(`mqtt://127.0.0.1:${port}`);
    await expect(opened).rejects.toMatchObject({ exitCode: EXIT.NETWORK });
    await expect(opened).rejects.toThrow(/it refuses to let the device's topics be heard/);
  });
});

describe("a broker's URL", () => {
  test("is read whole", () => {
    expect(parseBroker("mqtt://127.0.0.1")).toEqual({
      tls: false,
      host: "127.0.0.1",
      port: 1883,
      shown: "mqtt://127.0.0.1:1883",
    });
    expect(parseBroker("mqtts://me:p%40ss@broker.example:9883/")).toEqual({
      tls: true,
      host: "broker.example",
      port: 9883,
      username: "me",
      password: "p@ss",
      shown: "mqtts://broker.example:9883",
    });
    expect(parseBroker("mqtts://[::1]")).toMatchObject({ host: "::1", port: 8883 });
  });

  test.each([
    ["", /cannot be read/],
    ["localhost:1883", /begins with "localhost:"/],
    ["http://x", /begins with "http:"/],
    ["mqtt://", /no host|cannot be read/],
    ["mqtt://x:99999", /cannot be read/],
    ["mqtt://x/topic", /goes on after the port/],
    ["mqtt://%zz@x", /broken % escape|cannot be read/],
  ])("%j is refused, and the password never shown", (url, message) => {
    const parse = () => parseBroker(url);
    expect(parse).toThrow(message);
    expect(parse).toThrow(/write mqtt\[s\]:\/\//);
    expect(parse).toThrow(expect.objectContaining({ exitCode: EXIT.USAGE }));
  });
});
