/** The MQTT link over real TCP, against the embedded broker and against mosquitto. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CHANNEL, MESSAGE_MAX, PRINCIPAL } from "../../host-sim/abi/abi.gen.ts";
import { KEEPALIVE_S, openSession, parseBroker } from "../../host-sim/mqtt/session.ts";
import {
  Board,
  brokers,
  connectPlain,
  freePort,
  listenRaw,
  rewind,
  sleep,
  startEmbedded,
  type TestBroker,
  undo,
  until,
} from "./fixture.ts";

afterEach(rewind);

describe.each(brokers())("over a broker: %s", (_, start) => {
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

  test("a link comes up, receives commands and sends on its channels", async () => {
    const { client, heard } = await plain("killswitch/#");
    const board = new Board(broker.url);
    await board.live();
    expect(board.wakes).toBeGreaterThan(0);
    client.publish("killswitch/demo/owner/command", Buffer.from("one"), { qos: 1 });
    client.publish("killswitch/other/owner/command", Buffer.from("not mine"), { qos: 1 });
    client.publish("killswitch/demo/owner/command", Buffer.from("two"), { qos: 1 });
    await board.run("two commands", () => board.received.length === 2);
    expect(board.received.map((bytes) => Buffer.from(bytes).toString())).toEqual(["one", "two"]);
    for (const channel of [CHANNEL.REPLY, CHANNEL.STATUS, CHANNEL.TELEMETRY]) {
      const bytes = Uint8Array.of(channel + 1);
      board.link.send(PRINCIPAL.OWNER, channel, bytes, 0);
      // The guest reuses its memory at once.
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
    expect(said).toContainEqual(["killswitch/demo/owner/reply", "01", false]);
    expect(said).toContainEqual(["killswitch/demo/owner/status", "02", false]);
    expect(said).toContainEqual(["killswitch/demo/owner/telemetry", "03", false]);
    expect(() => board.link.send(PRINCIPAL.OWNER, 3, Uint8Array.of(1), 0)).toThrow(/no channel 3/);
  });

  test("after a cut nothing is sent, and the broker publishes offline before the keep-alive ends", async () => {
    const { client, heard } = await plain("killswitch/demo/#");
    const board = new Board(broker.url);
    await board.live();
    await until("online", () => heard.some(({ payload }) => payload.toString() === "online"));
    const before = heard.length;
    client.publish("killswitch/demo/owner/command", Buffer.from("in flight"), { qos: 1 });
    board.link.send(PRINCIPAL.OWNER, CHANNEL.STATUS, new Uint8Array(600), 0);
    board.link.power(false, 0);
    board.link.send(PRINCIPAL.OWNER, CHANNEL.STATUS, new Uint8Array(1), 0);
    const cutAt = performance.now();
    await until("offline", () => heard.some(({ payload }) => payload.toString() === "offline"));
    expect(performance.now() - cutAt).toBeLessThan(KEEPALIVE_S * 1000);
    const wakes = board.wakes;
    await sleep(200);
    board.poll();
    expect(board.wakes).toBe(wakes);
    expect(board.received).toEqual([]);
    expect(board.reported).toEqual([true]);
    expect(board.link.deadline()).toBe(Number.POSITIVE_INFINITY);
    const later = heard.slice(before).filter(({ topic }) => !topic.endsWith("command"));
    expect(later.map(({ payload }) => payload.toString())).toEqual(["offline"]);
    // Only the availability flag is retained.
    const { heard: kept } = await plain("killswitch/demo/#");
    await until("a retained message", () => kept.length > 0);
    await sleep(50);
    expect(kept.map(({ topic, payload }) => [topic, payload.toString()])).toEqual([
      ["killswitch/demo/availability", "offline"],
    ]);
  });

  test("a message sent while the link is cut never arrives, but a retained one does", async () => {
    const { client } = await plain();
    const board = new Board(broker.url);
    await board.live();
    board.link.power(false, 0);
    await client.publishAsync("killswitch/demo/owner/command", "queued", { qos: 1 });
    await client.publishAsync("killswitch/demo/owner/command", "retained", {
      qos: 1,
      retain: true,
    });
    await board.live();
    await board.run("the retained one", () => board.received.length > 0);
    await sleep(100);
    board.poll();
    expect(board.received.map((bytes) => Buffer.from(bytes).toString())).toEqual(["retained"]);
  });

  test("a cut during a message stops the delivery of the others", async () => {
    const { client } = await plain();
    const board = new Board(broker.url);
    await board.live();
    board.onReceived = () => board.link.power(false, 0);
    for (const text of ["one", "two", "three"]) {
      client.publish("killswitch/demo/owner/command", text, { qos: 1 });
    }
    await until("three in the inbox", () => board.wakes >= 4);
    board.poll();
    expect(board.received.length).toBe(1);
    board.poll();
    expect(board.received.length).toBe(1);
  });

  test("a message that waits at a cut is discarded", async () => {
    const { client } = await plain();
    const board = new Board(broker.url);
    await board.live();
    const wakes = board.wakes;
    await client.publishAsync("killswitch/demo/owner/command", "too late", { qos: 1 });
    await until("the message in the inbox", () => board.wakes > wakes);
    board.link.power(false, 0);
    await board.live();
    await client.publishAsync("killswitch/demo/owner/command", "in time", { qos: 1 });
    await board.run("the second", () => board.received.length > 0);
    expect(board.received.map((bytes) => Buffer.from(bytes).toString())).toEqual(["in time"]);
  });

  test("an oversized message arrives truncated, and a flood fills the inbox and no more", async () => {
    const { client } = await plain();
    const board = new Board(broker.url);
    await board.live();
    await client.publishAsync("killswitch/demo/owner/command", Buffer.alloc(200_000), { qos: 1 });
    await board.run("the message", () => board.received.length === 1);
    expect(board.received[0]?.length).toBe(MESSAGE_MAX + 1);
    for (let count = 0; count < 200; count++) {
      await client.publishAsync("killswitch/demo/owner/command", Buffer.alloc(1), { qos: 1 });
    }
    await until("a full inbox", () => board.wakes >= 64);
    await sleep(100);
    board.poll();
    expect(board.received.length).toBe(1 + 64);
  });

  test("the availability flag is right after many moves of the switch", async () => {
    const { heard } = await plain("killswitch/demo/availability");
    const board = new Board(broker.url);
    for (let flick = 0; flick < 10; flick++) {
      await board.live();
      board.link.power(false, 0);
    }
    await board.live();
    await until("online", () => heard.at(-1)?.payload.toString() === "online");
    await sleep(200);
    expect(heard.at(-1)?.payload.toString()).toBe("online");
  });
});

describe("back-off", () => {
  /** The delays in ms between attempts to connect to a closed port. */
  async function delays(seed: number, count: number): Promise<number[]> {
    const board = new Board(`mqtt://127.0.0.1:${await freePort()}`, "demo", seed);
    board.link.power(true, 0);
    const found: number[] = [];
    while (found.length < count) {
      await until("a failed attempt", () => board.troubles.length > found.length);
      board.poll();
      const due = board.link.deadline();
      found.push(due - board.now);
      expect(board.reported).toEqual([]);
      // No attempt is made a millisecond early.
      board.now = due - 1;
      board.poll();
      await sleep(5);
      expect(board.troubles.length).toBe(found.length);
      board.now = due;
      board.poll();
    }
    return found;
  }

  test("doubles from 0.5 s to 30 s, with jitter from the seed", async () => {
    const found = await delays(1, 8);
    for (const [index, delay] of found.entries()) {
      const ceiling = Math.min(30_000, 1_000 * 2 ** index);
      expect(delay).toBeGreaterThanOrEqual(ceiling / 2);
      expect(delay).toBeLessThanOrEqual(ceiling);
    }
    expect(await delays(1, 3)).toEqual(found.slice(0, 3));
    expect(await delays(2, 3)).not.toEqual(found.slice(0, 3));
  });

  test("starts again after a session, reports the loss once, and stops while killed", async () => {
    const broker = await startEmbedded();
    const board = new Board(broker.url);
    await board.live();
    await broker.stop();
    await board.run("the loss", () => board.reported.length === 2);
    expect(board.reported).toEqual([true, false]);
    expect(board.link.deadline()).toBeLessThanOrEqual(1_000);
    board.link.power(false, board.now);
    expect(board.link.deadline()).toBe(Number.POSITIVE_INFINITY);
    const again = await startEmbedded(broker.port);
    undo.push(() => again.stop());
    board.now += 100_000;
    board.poll();
    await sleep(100);
    expect(board.reported).toEqual([true, false]);
    await board.live();
    expect(board.reported).toEqual([true, false, true]);
  });

  test("discards messages that waited when the session was lost", async () => {
    const broker = await startEmbedded();
    const board = new Board(broker.url);
    await board.live();
    const { client } = await connectPlain(broker.url);
    const wakes = board.wakes;
    await client.publishAsync("killswitch/demo/owner/command", "unheard", { qos: 1 });
    await until("the message in the inbox", () => board.wakes > wakes);
    await broker.stop();
    await until("the end of the session", () => board.troubles.length === 1);
    const again = await startEmbedded(broker.port);
    undo.push(() => again.stop());
    board.poll();
    board.now = board.link.deadline();
    await board.run("the next session", () => board.reported.length === 3);
    expect(board.reported).toEqual([true, false, true]);
    board.poll();
    expect(board.received).toEqual([]);
  });
});

describe("a cut on the wire", () => {
  /** A fake broker: it logs the packet types it receives and sends the bytes of `answer`. */
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

  test("before CONNACK resets the connection without a DISCONNECT", async () => {
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

  test("in a session resets the connection without a DISCONNECT (packet type 14)", async () => {
    const { url, log } = await listener(welcome);
    const board = new Board(url);
    board.link.power(true, 0);
    await until("SUBSCRIBE", () => log.includes("8"));
    board.link.power(false, 0);
    await until("the reset", () => log.includes("reset"));
    await sleep(50);
    expect(log).toEqual(["1", "8", "reset"]);
  });

  test("while connecting sends nothing and reports nothing", async () => {
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

  test("a message that arrives before the SUBACK is delivered after it", async () => {
    const name = Buffer.from("killswitch/demo/owner/command");
    const publish = [0x30, 2 + name.length + 1, 0, name.length, ...name, 0x2a];
    let acknowledge = () => {};
    const { port, stop } = await listenRaw((socket) => {
      socket.on("data", (packet) => {
        if (packet[0] === 0x10) socket.write(Uint8Array.from(CONNACK));
        if (packet[0] !== 0x82) return;
        socket.write(Uint8Array.from(publish));
        acknowledge = () => socket.write(Uint8Array.of(0x90, 3, packet[2] ?? 0, packet[3] ?? 0, 1));
      });
    });
    undo.push(stop);
    const board = new Board(`mqtt://127.0.0.1:${port}`);
    board.link.power(true, 0);
    await until("the message", () => board.wakes > 0);
    board.poll();
    expect([board.reported, board.received]).toEqual([[], []]);
    expect(board.link.deadline()).toBe(Number.POSITIVE_INFINITY);
    acknowledge();
    await board.run("the message", () => board.received.length > 0);
    expect([board.reported, board.received]).toEqual([[true], [Uint8Array.of(0x2a)]]);
  });

  test("the link tries again later if the broker refuses its subscription", async () => {
    const refuse = (packet: Buffer) => [0x90, 3, packet[2] ?? 0, packet[3] ?? 0, 128];
    const { url } = await listener((type, packet) => (type === 8 ? refuse(packet) : welcome(type)));
    const board = new Board(url);
    board.link.power(true, 0);
    expect(await until("the refusal", () => board.troubles[0])).toMatch(
      /it refused the subscription/,
    );
    board.poll();
    expect(board.reported).toEqual([]);
    expect(board.link.deadline()).toBeGreaterThanOrEqual(500);
  });
});
