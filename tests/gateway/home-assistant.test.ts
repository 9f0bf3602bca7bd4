/** What the gateway tells Home Assistant, and whose messages it refuses. */
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { CODE, OP } from "../../host-sim/abi/abi.gen.ts";
import { discoveryOf, Topics } from "../../host-sim/gateway/discovery.ts";
import type { GatewayOptions } from "../../host-sim/gateway/gateway.ts";
import { HomeAssistant } from "../../host-sim/gateway/home-assistant.ts";
import {
  brokers,
  connectPlain,
  rewind,
  setTimer,
  startEmbedded,
  statusData,
  type TestBroker,
  undo,
  until,
} from "../mqtt/fixture.ts";
import { makeGateway, startFake } from "./fixture.ts";

afterEach(rewind);

const TOPICS = new Topics("home", "homeassistant");
const CONFIG = "homeassistant/device/killswitch-demo/config";
const COMMAND = "killswitch-gateway/home/demo/relay/set";
const FLAG = "killswitch-gateway/home/availability";

async function begin(broker: TestBroker, changes: Partial<GatewayOptions> = {}) {
  undo.push(() => broker.stop());
  const fake = await startFake(broker.url);
  fake.respond = (_, op, args) =>
    op === OP.STATUS
      ? [CODE.OK, statusData(1, new Uint8Array(32))]
      : [CODE.OK, new Map([[1, op === OP.RELAY_SET ? args.get(1) : 215]])];
  const home = await connectPlain(broker.url, "homeassistant/#", "killswitch-gateway/#");
  undo.push(() => home.client.endAsync(true));
  const running = makeGateway(broker.url, changes);
  running.gateway.add(new HomeAssistant(running.gateway, "homeassistant", "1.2.3"));
  const last = (topic: string) =>
    home.heard
      .filter((message) => message.topic === topic)
      .at(-1)
      ?.payload.toString();
  const state = () => JSON.parse(last("killswitch-gateway/home/demo/state") ?? "{}");
  const count = (topic: string) => home.heard.filter((message) => message.topic === topic).length;
  const sets = () =>
    fake.seen.filter((line) => line.startsWith(`provider ${OP.RELAY_SET} `)).length;
  return { ...running, fake, home, last, state, count, sets };
}

describe.each(brokers())("over a broker: %s", (_, start) => {
  test("publishes discovery, state and flags; takes commands; goes when the gateway goes", async () => {
    const { gateway, fake, home, last, state } = await begin(await start());
    await gateway.start();
    await until("the state", () => state().temperature === 21.5);
    expect(JSON.parse(last(CONFIG) ?? "")).toEqual(
      JSON.parse(JSON.stringify(discoveryOf("demo", TOPICS, "1.2.3"))),
    );
    expect(state()).toEqual({
      ...{ relay: "ON", temperature: 21.5, connectivity: "ON", hold: "OFF", fault: "OFF" },
      ...{ epoch: "0908070605040302", refused: 0 },
      last_seen: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    expect(last(FLAG)).toBe("online");
    expect(last("killswitch-gateway/home/demo/availability")).toBe("online");
    home.client.publish(COMMAND, "OFF");
    await until("the relay", () => state().relay === "OFF");
    fake.client.publish("killswitch/demo/availability", "offline", { retain: true });
    await until("it to go", () => last("killswitch-gateway/home/demo/availability") === "offline");
    expect(state()).toMatchObject({ relay: null, connectivity: "OFF", hold: null, epoch: null });
    gateway.stop();
    await until("the last will", () => last(FLAG) === "offline");
    // Everything but events is retained, for a Home Assistant that comes later.
    const later = await connectPlain(
      gateway.options.address.shown,
      "homeassistant/#",
      "killswitch-gateway/#",
    );
    undo.push(() => later.client.endAsync(true));
    await until("all", () => later.heard.length === 5);
    expect(later.heard.every(({ retain }) => retain)).toBe(true);
  });
});

describe("messages of others", () => {
  test("a retained command is refused and counted; so is one that is neither ON nor OFF", async () => {
    const broker = await startEmbedded();
    const { gateway, home, notes, sets, state } = await begin(broker);
    await home.client.publishAsync(COMMAND, "ON", { qos: 1, retain: true });
    await gateway.start();
    await until("the state", () => state().temperature === 21.5);
    expect(gateway.counts.ignored).toMatchObject({ retained: 1, malformed: 0 });
    home.client.publish(COMMAND, "on");
    home.client.publish(COMMAND, Buffer.alloc(100_000));
    await until("both", () => gateway.counts.ignored.malformed === 2);
    expect(sets()).toBe(0);
    // Each is said once: a stranger must not fill the log.
    expect(notes).toEqual([
      "device demo: a retained command is refused: it may be of any age",
      "device demo: a command that is neither ON nor OFF is refused",
    ]);
    // The same command, sent now, is carried out.
    home.client.publish(COMMAND, "ON");
    await until("it", () => sets() === 1);
  });

  test("discovery is published again when Home Assistant starts, and not at a retained birth", async () => {
    const broker = await startEmbedded();
    const { gateway, home, count, state } = await begin(broker);
    await home.client.publishAsync("homeassistant/status", "online", { qos: 1, retain: true });
    await gateway.start();
    await until("the state", () => state().temperature === 21.5);
    expect(count(CONFIG)).toBe(1);
    home.client.publish("homeassistant/status", "offline");
    home.client.publish("homeassistant/status", "online");
    await until("it again", () => count(CONFIG) === 2);
  });

  test("a discovery message of another on this gateway's topic is counted and replaced, once a minute", async () => {
    const broker = await startEmbedded();
    // A message that comes after the first repair is repaired a minute later: that minute takes 1 s here.
    const { gateway, home, notes, last, state } = await begin(broker, {
      setTimer: (ms, wake) => setTimer(ms > 30_000 ? 1_000 : ms, wake),
    });
    await gateway.start();
    await until("the state", () => state().temperature === 21.5);
    const own = last(CONFIG);
    const hostile = { device: { identifiers: ["x"] }, components: { a: { platform: "lock" } } };
    for (const payload of [JSON.stringify(hostile), "{", "", Buffer.alloc(1_000_000, "[")])
      home.client.publish(CONFIG, payload, { retain: true, qos: 1 });
    await until("all", () => gateway.counts.ignored.discovery === 4);
    await until("its own", () => last(CONFIG) === own);
    const told = notes.filter((line) => line.includes("another client published"));
    expect(told.length).toBeGreaterThanOrEqual(1);
    expect(told.length).toBeLessThanOrEqual(2);
    expect(told[0]).toContain(`on ${CONFIG}: another gateway has this device`);
    // Others' devices are none of its business.
    home.client.publish("homeassistant/device/other/config", "{", { retain: true });
    home.client.publish(FLAG, "offline", { retain: true });
    await until("its flag", () => last(FLAG) === "online");
    expect(gateway.counts.ignored.discovery).toBe(4);
  });

  test("a second gateway of the same name does not start beside the first", async () => {
    const broker = await startEmbedded();
    const { gateway, state } = await begin(broker);
    await gateway.start();
    await until("the state", () => state().temperature === 21.5);
    let waits = 0;
    const second = makeGateway(broker.url, {
      // After the first look, the wait for the end of a gateway that vanished takes no time here.
      setTimer: (ms, wake) => {
        const timer = setTimeout(wake, ms === 300 && waits++ > 0 ? 1 : ms);
        return () => clearTimeout(timer);
      },
      timeoutMs: 2_000,
    });
    second.gateway.add(new HomeAssistant(second.gateway, "homeassistant", "1.2.3"));
    await expect(second.gateway.start()).rejects.toMatchObject({
      message: expect.stringMatching(/^a gateway named home runs already at this broker: stop it/),
    });
    expect(second.notes[0]).toMatch(
      /^a gateway named home is online at this broker: waiting 16000 ms/,
    );
    expect(gateway.connected).toBe(true);
    expect(state().connectivity).toBe("ON");
  });
});

/** What Home Assistant 2025.4's MQTT integration accepts, as its schemas print it. */
const ACCEPTED = JSON.parse(
  readFileSync(new URL("home-assistant-fields.json", import.meta.url), "utf8"),
) as {
  readonly device_discovery: Record<string, string>;
  readonly device: Record<string, string>;
  readonly origin: Record<string, string>;
  readonly availability: Record<string, string>;
  readonly platforms: Record<string, Record<string, string>>;
};

/** The keys of `value` that `accepted` lacks or gives another type, as `path: type`. */
function strange(path: string, value: object, accepted: Record<string, string>): string[] {
  return Object.entries(value).flatMap(([key, item]) => {
    const type = Array.isArray(item) ? "list" : typeof item;
    return accepted[key] === type ? [] : [`${path}.${key}: ${type}`];
  });
}

test("the discovery message has only fields and types that Home Assistant accepts", () => {
  const { components, ...rest } = discoveryOf("demo", TOPICS, "1.2.3");
  const found = [
    ...strange("", { ...rest, components }, ACCEPTED.device_discovery),
    ...strange("device", rest.device, ACCEPTED.device),
    ...strange("origin", rest.origin, ACCEPTED.origin),
    ...rest.availability.flatMap((one) => strange("availability", one, ACCEPTED.availability)),
    ...Object.entries(components).flatMap(([key, component]) => {
      const { platform } = component as { platform: string };
      return strange(key, component as object, ACCEPTED.platforms[platform] ?? {});
    }),
  ];
  expect(found).toEqual([]);
  expect(strange("x", { value_templat: "y", qos: "0" }, ACCEPTED.platforms.switch ?? {})).toEqual([
    "x.value_templat: string",
    "x.qos: string",
  ]);
  const ids = Object.values(components).map((one) => (one as { unique_id: string }).unique_id);
  expect(new Set(ids).size).toBe(9);
});
