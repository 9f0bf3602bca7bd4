/** What the gateway knows of devices, and what it does with commands, over a real broker. */

import { createServer } from "node:net";
import { Aedes } from "aedes";
import { afterEach, describe, expect, test } from "vitest";
import { CODE, OP } from "../../host-sim/abi/abi.gen.ts";
import type { Device, Outcome } from "../../host-sim/gateway/device.ts";
import type { Gateway, Part } from "../../host-sim/gateway/gateway.ts";
import { viewOf } from "../../host-sim/gateway/view.ts";
import {
  brokers,
  type FakeDevice,
  rewind,
  sleep,
  startEmbedded,
  statusData,
  type TestBroker,
  undo,
  until,
} from "../mqtt/fixture.ts";
import { keysOf, makeGateway, type Running, startFake, startGateway } from "./fixture.ts";

afterEach(rewind);

/** A provider's status. */
function status(changes: Readonly<Record<number, unknown>> = {}): Map<number, unknown> {
  const map = statusData(1, new Uint8Array(32));
  for (const key of [4, 5, 10, 11, 12]) map.delete(key);
  map.set(1, false).set(6, 0);
  for (const [key, value] of Object.entries(changes)) map.set(Number(key), value);
  return map;
}

const answering =
  (changes: Readonly<Record<number, unknown>> = {}) =>
  (_: number, op: number): unknown[] => {
    if (op === OP.STATUS) return [CODE.OK, status(changes)];
    if (op === OP.TELEMETRY_READ) return [CODE.OK, new Map([[1, 215]])];
    return [CODE.OK, new Map([[1, true]])];
  };

const SET = { op: OP.RELAY_SET, args: new Map([[1, true]]) };
const deviceOf = ({ devices }: Gateway, id = "demo"): Device => {
  const device = devices.get(id);
  if (device === undefined) throw new Error(`no device ${id}`);
  return device;
};
const view = (gateway: Gateway, id = "demo") => viewOf(deviceOf(gateway, id), performance.now(), 0);

async function begin(
  changes: Parameters<typeof makeGateway>[1] = {},
  part: Part = {},
): Promise<Running & { broker: TestBroker; fake: FakeDevice }> {
  const broker = await startEmbedded();
  undo.push(() => broker.stop());
  const fake = await startFake(broker.url);
  fake.respond = answering();
  const running = makeGateway(broker.url, changes);
  running.gateway.add(part);
  await running.gateway.start();
  await until("the state", () => view(running.gateway).temperature !== null);
  return { ...running, broker, fake };
}

describe.each(brokers())("over a broker: %s", (_, start) => {
  test("a device is verified, works its relay, and is unknown when it is away", async () => {
    const broker = await start();
    undo.push(() => broker.stop());
    const fake = await startFake(broker.url);
    fake.respond = answering();
    const { gateway } = await startGateway(broker.url);
    await until("the state", () => view(gateway).temperature === 21.5);
    expect(view(gateway)).toMatchObject({ state: "verified", flag: "online", relay: false });
    const outcome = await gateway.command(deviceOf(gateway), SET);
    expect(outcome).toMatchObject({ kind: "executed", fields: { relay: true } });
    expect(view(gateway).relay).toBe(true);
    fake.client.publish("killswitch/demo/availability", "offline", { retain: true });
    await until("it to go", () => view(gateway).flag === "offline");
    expect(view(gateway)).toMatchObject({ state: "silent", relay: null, temperature: null });
    // Back again: unknown until it has answered.
    fake.answers = false;
    fake.client.publish("killswitch/demo/availability", "online", { retain: true });
    await until("the flag", () => view(gateway).flag === "online");
    expect(view(gateway)).toMatchObject({ state: "silent", relay: null });
  });
});

describe("what the gateway knows", () => {
  test("a repeated report changes nothing, whether of this epoch or of an earlier one", async () => {
    const { gateway, fake } = await begin();
    const say = (counter: number, epoch = fake.epoch) => {
      const bytes = fake.sign("provider", [1, epoch, counter, 1_000, status({ 1: true })]);
      fake.client.publish("killswitch/demo/provider/status", Buffer.from(bytes));
    };
    const { fates } = gateway.counts;
    say(9, Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1));
    await until("the first", () => fates.stale === 1);
    expect(view(gateway).relay).toBe(false);
    fake.counter = 5;
    fake.respond = answering({ 1: false });
    say(5);
    await until("the second", () => fates.verified === 1);
    fake.counter = 6;
    fake.report("provider", status({ 1: false }));
    await until("the third", () => fates.verified === 2);
    expect(view(gateway).relay).toBe(false);
    say(5);
    await until("the fourth", () => fates["as-of"] === 1);
    expect(view(gateway).relay).toBe(false);
    // A device that does not answer confirms nothing.
    fake.answers = false;
    say(8);
    await until("the last", () => fates.unconfirmed === 1);
    expect(view(gateway)).toMatchObject({ relay: null, state: "silent" });
  });

  test("a message with another key is counted, and the device stays as it was", async () => {
    const { gateway, fake, notes } = await begin();
    fake.client.publish("killswitch/demo/provider/status", "forged");
    const owner = fake.sign("owner", [1, fake.epoch, 1, 1_000, status({ 1: true })]);
    fake.client.publish("killswitch/demo/provider/status", Buffer.from(owner));
    await until("both", () => gateway.counts.fates.unverified === 2);
    expect(view(gateway)).toMatchObject({ state: "verified", relay: false });
    expect(notes).toEqual([]);
  });

  test("a device with other keys is named, and no other device is affected", async () => {
    const broker = await startEmbedded();
    undo.push(() => broker.stop());
    const [good, bad] = [
      await startFake(broker.url),
      await startFake(broker.url, "hall", keysOf(100)),
    ];
    good.respond = answering();
    const secret = new Uint8Array(32).fill(2);
    const secrets = new Map([
      ["demo", secret],
      ["hall", secret],
    ]);
    const { gateway, notes } = await startGateway(broker.url, { secrets });
    await until("one", () => view(gateway).state === "verified");
    await until("the note", () => notes[0]);
    expect(notes).toEqual([
      "device hall: it is flagged online and does not answer: it has other keys, or the broker's access list refuses killswitch/hall/provider/command or killswitch/hall/provider/reply",
    ]);
    expect(view(gateway, "hall")).toMatchObject({ state: "never", relay: null });
    expect(bad.messages.length).toBeGreaterThan(0);
  });

  test("a broker that refuses a topic is named with it, and no other device is affected", async () => {
    const aedes = await Aedes.createBroker({
      authorizeSubscribe: (_, sub, done) =>
        done(null, sub.topic === "killswitch/hall/provider/reply" ? null : sub),
    });
    const server = createServer(aedes.handle);
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    undo.push(() => new Promise<void>((done) => aedes.close(() => server.close(() => done()))));
    const { port } = server.address() as { port: number };
    const url = `mqtt://127.0.0.1:${port}`;
    const fakes = [await startFake(url), await startFake(url, "hall")];
    for (const fake of fakes) fake.respond = answering();
    const secret = new Uint8Array(32).fill(2);
    const secrets = new Map(["demo", "hall"].map((id) => [id, secret]));
    const { gateway, notes } = await startGateway(url, { secrets });
    await until("the other", () => view(gateway).state === "verified");
    expect(notes).toEqual([
      "device hall: the broker refuses killswitch/hall/provider/reply: check its access list",
    ]);
    expect(view(gateway, "hall").state).toBe("never");
  });

  test("tells LIVE, REFUSED, HOLD and FAULT from the reports, and nothing at its own start", async () => {
    const seen: string[] = [];
    const { gateway, fake } = await begin(
      {},
      { happened: (_, { kind, details }) => seen.push(`${kind} ${JSON.stringify(details)}`) },
    );
    expect(seen).toEqual([]);
    fake.respond = answering({ 2: 5_000, 7: 1 });
    fake.report("provider", status({ 2: 5_000, 7: 1 }));
    await until("two", () => seen.length === 2);
    expect(seen).toEqual(['REFUSED {"refused":1}', 'HOLD {"holdMs":5000}']);
    expect(view(gateway)).toMatchObject({ refused: 1 });
    fake.epoch[0] = 77;
    fake.counter = 0;
    fake.respond = answering({ 2: 4_000, 3: 5 });
    fake.report("provider", status({ 2: 4_000, 3: 5 }));
    await until("two more", () => seen.length === 4);
    expect(seen.slice(2)).toEqual([
      'LIVE {"epoch":"4d08070605040302"}',
      'FAULT {"fault":"fault_rail"}',
    ]);
  });

  test("asks for the status at intervals, and says so when the answers stop and come back", async () => {
    const { gateway, fake, notes } = await begin({ intervalMs: 300 });
    const asked = () =>
      fake.seen.filter((line) => line.startsWith(`provider ${OP.STATUS} `)).length;
    const before = asked();
    await until("two more", () => asked() >= before + 2);
    fake.answers = false;
    await until("the silence", () => notes[0]);
    expect(view(gateway).state).toBe("silent");
    expect(notes).toEqual([expect.stringContaining("does not answer")]);
    fake.answers = true;
    await until("the answer", () => view(gateway).state === "verified");
    expect(notes[1]).toBe("device demo: it is verified again");
  });

  test("opens its session again, and verifies anew", async () => {
    const { gateway, broker, notes } = await begin();
    await broker.stop();
    await until("the loss", () => !gateway.connected);
    expect(view(gateway)).toMatchObject({ state: "silent", flag: null, relay: null });
    expect(await gateway.command(deviceOf(gateway), SET)).toEqual({
      kind: "unavailable",
      why: "there is no connection to the broker",
    });
    const again = await startEmbedded(broker.port);
    undo.push(() => again.stop());
    const fake = await startFake(again.url);
    fake.respond = answering({ 1: true });
    await until("the state", () => view(gateway).relay === true, 10_000);
    expect(fake.seen.filter((line) => line.startsWith(`provider ${OP.RELAY_SET} `))).toEqual([]);
    expect(notes.at(-1)).toBe("the session with the broker is open again");
  });
});

describe("a command", () => {
  const sets = (fake: FakeDevice) =>
    fake.seen.filter((line) => line.startsWith(`provider ${OP.RELAY_SET} `)).length;

  test("to a device that is flagged offline fails at once, and nothing is published", async () => {
    const { gateway, fake } = await begin();
    fake.client.publish("killswitch/demo/availability", "offline", { retain: true });
    await until("the flag", () => view(gateway).flag === "offline");
    const before = fake.messages.length;
    const began = performance.now();
    expect((await gateway.command(deviceOf(gateway), SET)).kind).toBe("unavailable");
    expect(performance.now() - began).toBeLessThan(50);
    fake.epoch[0] = 77;
    fake.client.publish("killswitch/demo/availability", "online", { retain: true });
    await until("the new epoch", () => view(gateway).epoch?.startsWith("4d"));
    expect(fake.messages.length).toBeGreaterThan(before);
    expect(sets(fake)).toBe(0);
  });

  test("without an answer to its question is not sent", async () => {
    const { gateway, fake } = await begin();
    fake.answers = false;
    const outcome = await gateway.command(deviceOf(gateway), SET);
    expect(outcome).toEqual({ kind: "unsent", why: "it did not answer within 300 ms" });
    expect(sets(fake)).toBe(0);
  });

  test("is refused while another is in progress or may still execute", async () => {
    const { gateway, fake } = await begin();
    const device = deviceOf(gateway);
    fake.respond = (seq, op) => (op === OP.RELAY_SET ? undefined : answering()(seq, op));
    const first = gateway.command(device, SET);
    expect((await gateway.command(device, SET)).kind).toBe("busy");
    await until("it to be sent", () => sets(fake) === 1);
    fake.client.publish("killswitch/demo/availability", "offline", { retain: true });
    expect(await first).toMatchObject({
      kind: "unknown",
      why: expect.stringMatching(
        /^the broker says that it is offline; it was sent and may execute for \d+ ms more$/,
      ),
    });
    fake.client.publish("killswitch/demo/availability", "online", { retain: true });
    await until("the state", () => view(gateway).state === "verified");
    expect(await gateway.command(device, SET)).toMatchObject({
      kind: "busy",
      why: expect.stringMatching(/^an earlier command may still execute for \d+ ms$/),
    });
    expect(sets(fake)).toBe(1);
    // A new epoch ends what was signed in the old one.
    fake.epoch[0] = 77;
    fake.respond = answering();
    fake.counter = 0;
    fake.report("provider", status());
    await until("the new epoch", () => view(gateway).epoch?.startsWith("4d"));
    expect((await gateway.command(device, SET)).kind).toBe("executed");
  });

  test("goes before a reading, which is done again", async () => {
    const { gateway, fake } = await begin({ intervalMs: 1_000 });
    const device = deviceOf(gateway);
    const outcomes: Outcome[] = [];
    for (let at = 0; at < 20; at++) {
      outcomes.push(await gateway.command(device, SET));
      await sleep(at * 3);
    }
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(["executed"]));
    expect(sets(fake)).toBe(20);
    expect(view(gateway).state).toBe("verified");
  });

  test("that is refused says why, and the status is asked for", async () => {
    const seen: string[] = [];
    const { gateway, fake } = await begin(
      {},
      { happened: (_, { kind, details }) => seen.push(`${kind} ${details.code}`) },
    );
    fake.respond = (seq, op) =>
      op === OP.RELAY_SET ? [CODE.HOLD, new Map([[1, 900]])] : answering({ 7: 1 })(seq, op);
    expect(await gateway.command(deviceOf(gateway), SET)).toMatchObject({
      kind: "refused",
      code: CODE.HOLD,
    });
    await until("the event", () => seen[0]);
    expect(seen).toEqual(["REFUSED HOLD"]);
  });
});
