/** The controller against a fake device, and errors of brokers. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CODE, OP, PRINCIPAL } from "../../host-sim/abi/abi.gen.ts";
import { EXIT, UserError } from "../../host-sim/base/errors.ts";
import { Controller, dial, hangUp, refusalOf } from "../../host-sim/controller/client.ts";
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
} from "./fixture.ts";

afterEach(rewind);

const key = (fill: number) => new Uint8Array(KEY_BYTES).fill(fill);
const KEYS: Keys = new Map([
  ["owner", key(1)],
  ["provider", key(2)],
  ["manufacturer", key(3)],
  ["device", key(4)],
]);

describe.each(brokers())("over a broker: %s", (_, start) => {
  test("a controller asks for the epoch, then sends its command", async () => {
    const broker = await start();
    undo.push(() => broker.stop());
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
    setTimer,
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

  test("returns a refusal with its fields", async () => {
    device.respond = () => [CODE.HOLD, new Map([[1, 5000]])];
    const answer = await (await open(broker.url)).request(PRINCIPAL.OWNER, STATUS_REQUEST);
    expect(refusalOf(answer)).toBe("HOLD remainingMs=5000");
  });

  test("retries at most three times if another sender uses its sequence number", async () => {
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

  test("ignores replies that are recorded, forged, damaged or meant for others", async () => {
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

  test("reports STALE_EPOCH if the epoch changed before the command arrived", async () => {
    device.respond = (seq) => {
      const data = new Map([[1, 0]]);
      device.say("reply", [Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1), 0, seq, CODE.STALE_EPOCH, data]);
      return undefined;
    };
    const answer = await (await open(broker.url)).request(PRINCIPAL.OWNER, STATUS_REQUEST);
    expect(answer.code).toBe(CODE.STALE_EPOCH);
  });

  test("fails with the reason if a reply is malformed or no sequence number is left", async () => {
    const controller = await open(broker.url);
    device.respond = () => [CODE.OK, new Map([[1, "on"]])];
    const garbled = controller.request(PRINCIPAL.OWNER, STATUS_REQUEST);
    await expect(garbled).rejects.toThrow(
      "cannot use its reply: data 1 (relay) is missing or wrong",
    );
    device.last = 0xffff_ffff;
    const spent = controller.request(PRINCIPAL.OWNER, STATUS_REQUEST);
    await expect(spent).rejects.toThrow("no sequence number is left");
  });

  test("reports the availability flag of a device that does not answer", async () => {
    const controller = await open(broker.url, { timeoutMs: 150 });
    await device.client.publishAsync("killswitch/demo/availability", "offline", { retain: true });
    await device.client.endAsync();
    const asked = controller.request(PRINCIPAL.OWNER, STATUS_REQUEST);
    await expect(asked).rejects.toThrow(
      /^device demo: no answer within 150 ms \(broker says: offline\)/,
    );
    await expect(asked).rejects.toMatchObject({ exitCode: EXIT.NO_ANSWER });
  });

  test("fails if the broker stops, during a request and before one", async () => {
    const controller = await open(broker.url, { timeoutMs: 5_000 });
    device.respond = () => {
      void broker.stop();
      return undefined;
    };
    const lost = { message: expect.stringContaining("connection closed"), exitCode: EXIT.NETWORK };
    await expect(controller.request(PRINCIPAL.OWNER, STATUS_REQUEST)).rejects.toMatchObject(lost);
    await expect(controller.request(PRINCIPAL.OWNER, STATUS_REQUEST)).rejects.toMatchObject(lost);
  });

  test("fails if a key is missing", async () => {
    const bare = new Map([...KEYS].filter(([kid]) => kid !== "device"));
    await expect(open(broker.url, { keys: bare })).rejects.toThrow(/no key of device/);
    const controller = await open(broker.url, { keys: new Map([["device", key(4)]]) });
    const asked = controller.request(PRINCIPAL.OWNER, STATUS_REQUEST);
    await expect(asked).rejects.toMatchObject({ exitCode: EXIT.BAD_FILE });
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
