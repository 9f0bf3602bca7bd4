/** The controller against a fake device, and errors of brokers. */
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CODE, OP } from "../../host-sim/abi/abi.gen.ts";
import type { Kid } from "../../host-sim/abi/topics.ts";
import { EXIT, UserError } from "../../host-sim/base/errors.ts";
import { Controller, dial, failureOf, hangUp } from "../../host-sim/controller/client.ts";
import { replyTagOf } from "../../host-sim/controller/command.ts";
import { GRACE_MS } from "../../host-sim/controller/conversation.ts";
import { KEY_BYTES, type Keys } from "../../host-sim/controller/keys.ts";
import { startBroker } from "../../host-sim/mqtt/broker.ts";
import { parseBroker } from "../../host-sim/mqtt/session.ts";
import {
  brokers,
  FakeDevice,
  freePort,
  listenRaw,
  rewind,
  setTimer,
  startEmbedded,
  type TestBroker,
  undo,
  until,
} from "./fixture.ts";

afterEach(rewind);

const key = (fill: number) => new Uint8Array(KEY_BYTES).fill(fill);
const KEYS: Keys = new Map([
  ["owner", key(1)],
  ["provider", key(2)],
  ["manufacturer", key(3)],
]);

describe.each(brokers())("over a broker: %s", (_, start) => {
  test("a controller asks for the epoch, then sends its command", async () => {
    const broker = await start();
    undo.push(() => broker.stop());
    const device = await FakeDevice.start(broker.url, "demo", KEYS);
    undo.push(() => device.client.endAsync(true));
    const controller = await open(broker.url, { kid: "provider" });
    device.respond = (_, op, args) => [CODE.OK, new Map([[1, op === OP.RELAY_SET && args.get(1)]])];
    const request = { op: OP.RELAY_SET, args: new Map([[1, true]]) };
    const conclusion = await controller.request(request);
    expect(conclusion).toEqual({ kind: "executed", seq: 41, fields: { relay: true } });
    expect(device.seen).toEqual(["provider question", "provider 0 41 1400"]);
  });
});

interface Changes {
  keys?: Keys;
  kid?: Kid;
  timeoutMs?: number;
  deadlineMs?: number;
}

async function open(url: string, changes: Changes = {}) {
  const controller = await Controller.open({
    address: parseBroker(url),
    device: "demo",
    keys: KEYS,
    kid: "owner",
    setTimer,
    timeoutMs: 2_000,
    deadlineMs: 400,
    random: (length) => new Uint8Array(randomBytes(length)),
    now: () => performance.now(),
    ...changes,
  });
  undo.push(() => controller.close());
  return controller;
}

const REQUEST = { op: OP.RELAY_GET, args: new Map<number, never>() };
const OK = [CODE.OK, new Map([[1, true]])];

describe("a controller", () => {
  let broker: TestBroker;
  let device: FakeDevice;
  beforeEach(async () => {
    broker = await startEmbedded();
    undo.push(() => broker.stop());
    device = await FakeDevice.start(broker.url, "demo", KEYS);
    undo.push(() => device.client.endAsync(true));
    device.respond = () => OK;
  });

  test("returns a refusal with its fields", async () => {
    device.respond = () => [CODE.HOLD, new Map([[1, 5000]])];
    const conclusion = await (await open(broker.url)).request(REQUEST);
    expect(conclusion).toMatchObject({ kind: "refused", fields: { remainingMs: 5000 } });
  });

  test("signs again at most three times if another sender uses its number", async () => {
    const controller = await open(broker.url);
    let others = 2;
    device.respond = (seq) => (others-- > 0 ? [CODE.REPLAY, new Map([[1, seq]])] : OK);
    expect((await controller.request(REQUEST)).kind).toBe("executed");
    others = 99;
    device.seen.length = 0;
    const conclusion = await controller.request(REQUEST);
    expect(conclusion).toMatchObject({ kind: "refused", code: CODE.REPLAY });
    expect(device.seen.length).toBe(1 + 1 + 3);
  });

  test("ignores replies that are recorded, forged, damaged or meant for others", async () => {
    const controller = await open(broker.url);
    await controller.request(REQUEST);
    const recorded = replyTagOf(device.messages.at(-1) ?? new Uint8Array());
    device.respond = (_seq, _op, _args, tag) => {
      const map = new Map([[1, true]]);
      device.client.publish("killswitch/demo/owner/reply", Buffer.from("noise"));
      device.reply("owner", recorded, CODE.OK, map);
      // A provider's reply key signs for the owner's topic.
      const other = device.sign("provider", [0, tag, device.epoch, 1_000, CODE.OK, map]);
      device.client.publish("killswitch/demo/owner/reply", Buffer.from(other));
      return undefined;
    };
    const began = performance.now();
    const conclusion = await controller.request(REQUEST);
    expect(conclusion).toMatchObject({
      kind: "unknown",
      why: expect.stringContaining("3 messages that do not answer this request"),
    });
    // It waits until the command cannot execute any more: the deadline, 2 % and the grace.
    expect(performance.now() - began).toBeGreaterThanOrEqual(400 * 1.02 + GRACE_MS);
  });

  test("says for how long an unanswered command may still execute", async () => {
    const controller = await open(broker.url);
    device.respond = () => undefined;
    const asked = controller.request(REQUEST);
    await until("the command", () => device.seen.length === 2);
    expect(controller.openMs).toBeGreaterThan(GRACE_MS - 500);
    expect(controller.openMs).toBeLessThanOrEqual(Math.ceil(400 * 1.02 + GRACE_MS));
    await asked;
    expect(controller.openMs).toBe(0);
  });

  test("does not take STALE_EPOCH for a refusal", async () => {
    device.respond = () => [CODE.STALE_EPOCH, new Map()];
    const conclusion = await (await open(broker.url)).request(REQUEST);
    expect(conclusion).toEqual({ kind: "unknown", why: "its switch was moved meanwhile" });
  });

  test("takes REPLAY with the result of the same bytes for that result", async () => {
    const controller = await open(broker.url);
    const again = (seq: number, code: number) => [
      CODE.REPLAY,
      new Map([
        [1, seq],
        [2, code],
      ]),
    ];
    device.respond = (seq) => again(seq, CODE.OK);
    expect(await controller.request(REQUEST)).toMatchObject({ kind: "executed", fields: null });
    device.respond = (seq) => again(seq, CODE.HOLD);
    const refused = { kind: "refused", code: CODE.HOLD };
    expect(await controller.request(REQUEST)).toMatchObject(refused);
  });

  test("reports that a reply cannot be used, and that no sequence number is left", async () => {
    const controller = await open(broker.url);
    device.respond = () => [CODE.REPLAY, new Map([[1, "x"]])];
    expect(await controller.request(REQUEST)).toEqual({
      kind: "unknown",
      why: "its reply cannot be used: data 1 (lastSeq) is missing or wrong",
    });
    device.last = 0xffff_ffff;
    const conclusion = await controller.request(REQUEST);
    expect(conclusion).toMatchObject({ kind: "unsent" });
    if (conclusion.kind !== "unsent") return;
    const error = failureOf({ device: "demo", kid: "owner", op: OP.RELAY_SET }, conclusion);
    expect(error.message).toMatch(/no sequence number is left.*, so no command was sent$/);
    expect(error.exitCode).toBe(EXIT.NO_ANSWER);
  });

  test("reports the availability flag of a device that does not answer", async () => {
    const controller = await open(broker.url, { timeoutMs: 150 });
    await device.client.publishAsync("killswitch/demo/availability", "offline", { retain: true });
    await device.client.endAsync();
    const asked = controller.request(REQUEST);
    await expect(asked).rejects.toThrow(
      /^device demo: no answer within 150 ms \(broker says: offline\), so no command was sent/,
    );
    await expect(asked).rejects.toMatchObject({ exitCode: EXIT.NO_ANSWER });
  });

  test("shows nothing of an availability flag that a stranger wrote", async () => {
    const controller = await open(broker.url, { timeoutMs: 150 });
    device.answers = false;
    await device.client.publishAsync("killswitch/demo/availability", "\u001b[2J\u009b31m");
    await expect(controller.request(REQUEST)).rejects.toThrow(/\(broker says: [a-z?]+\)/);
  });

  test("fails if the broker stops, before a command was sent, after it and before a request", async () => {
    const controller = await open(broker.url, { timeoutMs: 5_000 });
    device.respond = () => {
      void broker.stop();
      return undefined;
    };
    const asked = controller.request(REQUEST);
    await expect(asked).rejects.toThrow(/the command was sent and may execute for \d+ ms more/);
    await expect(asked).rejects.toMatchObject({ exitCode: EXIT.NO_ANSWER });
    const lost = { message: expect.stringContaining("connection closed"), exitCode: EXIT.NETWORK };
    await expect(controller.request(REQUEST)).rejects.toMatchObject(lost);
  });

  test("fails if the key is missing", async () => {
    const bare = new Map([...KEYS].filter(([kid]) => kid !== "owner"));
    const opened = open(broker.url, { keys: bare });
    await expect(opened).rejects.toMatchObject({ exitCode: EXIT.BAD_FILE });
  });
});

describe("connecting to a broker", () => {
  const trouble = async (url: string) => {
    const failed = dial({ address: parseBroker(url), setTimer, timeoutMs: 300 });
    await expect(failed).rejects.toThrow(UserError);
    await expect(failed).rejects.toMatchObject({ exitCode: EXIT.NETWORK });
    return failed.catch((error: Error) => error.message);
  };

  test("starting one fails if the port is in use", async () => {
    const broker = await startEmbedded();
    undo.push(() => broker.stop());
    const second = startBroker(broker.port);
    await expect(second).rejects.toThrow(`port ${broker.port} of 127.0.0.1 is in use`);
    await expect(second).rejects.toMatchObject({ exitCode: EXIT.NETWORK });
  });

  test("fails if no server listens, without showing the password", async () => {
    const port = await freePort();
    expect(await trouble(`mqtt://127.0.0.1:${port}`)).toMatch(/no server listens there/);
    expect(await trouble(`mqtt://u:secret@127.0.0.1:${port}`)).not.toMatch(/secret/);
  });

  test("fails if the server does not answer", async () => {
    const { port, stop } = await listenRaw(() => {});
    undo.push(stop);
    expect(await trouble(`mqtt://127.0.0.1:${port}`)).toMatch(/no answer within 300 ms/);
  });

  test.each([
    [1, "it does not speak MQTT 3.1.1"],
    [2, "it refused the client identifier"],
    [3, "it says that it is unavailable"],
    [4, "it refused the user name or password"],
    [5, "it refused the user: use mqtt://user:password@host"],
  ])("fails with an explanation of return code %i", async (code, explanation) => {
    const { port, stop } = await listenRaw((socket) => {
      socket.once("data", () => socket.end(Uint8Array.of(0x20, 2, 0, code)));
    });
    undo.push(stop);
    const url = `mqtt://127.0.0.1:${port}`;
    expect(await trouble(url)).toBe(`broker ${url}: ${explanation}`);
  });

  test("fails if the server does not speak MQTT", async () => {
    const { port, stop } = await listenRaw((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    undo.push(stop);
    expect(await trouble(`mqtt://127.0.0.1:${port}`)).toMatch(/^broker mqtt:\/\/127/);
  });

  test("fails if the server does not speak TLS", async () => {
    const { port, stop } = await listenRaw((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    undo.push(stop);
    expect(await trouble(`mqtts://127.0.0.1:${port}`)).toMatch(/it does not speak TLS: use mqtt:/);
    const broker = await startEmbedded();
    undo.push(() => broker.stop());
    expect(await trouble(`mqtts://127.0.0.1:${broker.port}`)).toMatch(/reset: check that/);
  });

  test("disconnects within a limit even if the server keeps the connection open", async () => {
    const { port, stop } = await listenRaw((socket) => {
      socket.write(Uint8Array.of(0x20, 2, 0, 0));
    });
    undo.push(stop);
    const address = parseBroker(`mqtt://127.0.0.1:${port}`);
    const session = await dial({ address, setTimer, timeoutMs: 1_000 });
    const closed = new Promise<void>((done) => session.client.once("close", () => done()));
    const began = performance.now();
    await hangUp(session, setTimer);
    await closed;
    const took = performance.now() - began;
    expect(took).toBeGreaterThanOrEqual(450);
    expect(took).toBeLessThan(1_500);
  });

  test("fails if it refuses the controller's subscription", async () => {
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
    await expect(opened).rejects.toThrow(/it refused the subscription to the device's topics/);
  });
});

describe("a broker's URL", () => {
  test("is parsed", () => {
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
    ["", /is not valid/],
    ["localhost:1883", /unknown scheme "localhost:"/],
    ["http://x", /unknown scheme "http:"/],
    ["mqtt://", /no host|is not valid/],
    ["mqtt://x:99999", /is not valid/],
    ["mqtt://x/topic", /text after the port/],
    ["mqtt://%zz@x", /invalid % escape|is not valid/],
  ])("%j is refused", (url, message) => {
    const parse = () => parseBroker(url);
    expect(parse).toThrow(message);
    expect(parse).toThrow(/write mqtt\[s\]:\/\//);
    expect(parse).toThrow(expect.objectContaining({ exitCode: EXIT.USAGE }));
  });
});
