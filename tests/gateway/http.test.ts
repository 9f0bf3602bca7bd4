/** The gateway's HTTP server: what it answers, whom it refuses, and its bounds. */
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CODE, OP } from "../../host-sim/abi/abi.gen.ts";
import { EXIT } from "../../host-sim/base/errors.ts";
import type { Gateway } from "../../host-sim/gateway/gateway.ts";
import { escapeHtml, pageOf } from "../../host-sim/gateway/page.ts";
import type { DeviceView } from "../../host-sim/gateway/view.ts";
import {
  type FakeDevice,
  freePort,
  listenRaw,
  rewind,
  startEmbedded,
  statusData,
  undo,
  until,
} from "../mqtt/fixture.ts";
import { addHttp, ask, makeGateway, postRelay, startFake } from "./fixture.ts";

let fake: FakeDevice;
let gateway: Gateway;
let broker = "";
const TOKEN = "0123456789abcdef0123456789abcdef";

beforeEach(async () => {
  const started = await startEmbedded();
  undo.push(() => started.stop());
  broker = started.url;
  fake = await startFake(broker);
  fake.respond = (_, op, args) =>
    op === OP.STATUS
      ? [CODE.OK, statusData(1, new Uint8Array(32))]
      : [CODE.OK, new Map([[1, op === OP.RELAY_SET ? args.get(1) : 215]])];
});
afterEach(rewind);

async function begin(changes: Parameters<typeof addHttp>[1] = {}): Promise<string> {
  ({ gateway } = makeGateway(broker));
  const url = await addHttp(gateway, changes);
  await gateway.start();
  await until("the state", () => gateway.devices.get("demo")?.known.temperature === 21.5);
  return url;
}
const sets = () => fake.seen.filter((line) => line.startsWith(`provider ${OP.RELAY_SET} `)).length;

describe("the JSON API", () => {
  test("shows devices and works a relay", async () => {
    const url = await begin();
    const list = await ask(`${url}/devices`);
    const parsed = JSON.parse(list.body);
    expect(list.status).toBe(200);
    expect(parsed).toMatchObject({ gateway: "home", broker: { url: broker, connected: true } });
    expect(parsed.devices).toEqual([
      {
        ...{ id: "demo", state: "verified", flag: "online", relay: true, holdMs: 0 },
        ...{ lastFault: "none", temperature: 21.5, epoch: "0908070605040302", refused: 0 },
        ...{ executed: 1, boots: 2, problem: null },
        ageMs: expect.any(Number),
        lastSeen: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      },
    ]);
    const done = await postRelay(url, '{"relay":false}');
    expect(done).toEqual({ status: 200, body: '{"outcome":"executed","relay":false}\n' });
    expect(JSON.parse((await ask(`${url}/devices/demo`)).body).relay).toBe(false);
  });

  test("answers what cannot be done with one status each", async () => {
    const url = await begin();
    expect(await ask(`${url}/devices/hall`)).toMatchObject({ status: 404 });
    expect(await ask(`${url}/devices/../secret`)).toMatchObject({ status: 404 });
    expect(await ask(`${url}/devices/demo/relay`)).toMatchObject({ status: 405 });
    expect(await ask(`${url}/devices`, { method: "DELETE" })).toMatchObject({ status: 405 });
    for (const body of ["", "{", "null", "[]", '{"relay":1}', '{"relay":true,"x":1}'])
      expect(await postRelay(url, body)).toMatchObject({ status: 400 });
    expect(await postRelay(url, "{}", { "Content-Type": "text/plain" })).toMatchObject({
      status: 415,
    });
    expect(sets()).toBe(0);
    fake.respond = () => [CODE.HOLD, new Map([[1, 900]])];
    expect(await postRelay(url, '{"relay":true}')).toEqual({
      status: 409,
      body: '{"outcome":"refused","code":"HOLD","remainingMs":900}\n',
    });
    fake.answers = false;
    expect(await postRelay(url, '{"relay":true}')).toMatchObject({ status: 504 });
    const first = postRelay(url, '{"relay":true}');
    await until("it", () => fake.messages.length);
    expect([(await postRelay(url, '{"relay":true}')).status, (await first).status]).toContain(429);
    fake.client.publish("killswitch/demo/availability", "offline", { retain: true });
    await until("it to go", () => gateway.devices.get("demo")?.flag === "offline");
    expect(await postRelay(url, '{"relay":true}')).toMatchObject({ status: 503 });
    expect(await ask(`${url}/healthz`)).toMatchObject({ status: 200 });
    gateway.stop();
    expect(await ask(`${url}/healthz`)).toMatchObject({ status: 503 });
  });

  test("sends events as they happen", async () => {
    const url = await begin();
    const abort = new AbortController();
    undo.push(() => abort.abort());
    const stream = await fetch(`${url}/events`, { signal: abort.signal });
    let text = "";
    const reading = (async () => {
      const reader = stream.body?.getReader();
      for (let part = await reader?.read(); part?.value; part = await reader?.read())
        text += Buffer.from(part.value).toString();
    })().catch(() => {});
    await postRelay(url, '{"relay":false}');
    await until("the event", () => /event: device\ndata: \{"id":"demo".*"relay":false/.test(text));
    abort.abort();
    await reading;
  });

  test("tells Prometheus devices, messages, commands and their latency", async () => {
    const url = await begin();
    await postRelay(url, '{"relay":false}');
    fake.client.publish("killswitch/demo/provider/status", "forged");
    await until("it", () => gateway.counts.fates.unverified === 1);
    const { body } = await ask(`${url}/metrics`);
    for (const line of [
      'killswitch_devices{state="verified",age="<=10s"} 1',
      'killswitch_messages_total{fate="unverified"} 1',
      'killswitch_commands_total{outcome="executed"} 1',
      'killswitch_command_seconds_count{outcome="executed"} 1',
      "killswitch_reconnects_total 0",
      "killswitch_broker_connected 1",
    ])
      expect(body).toContain(`${line}\n`);
    // Two readings do not count twice.
    expect((await ask(`${url}/metrics`)).body).toContain('{outcome="executed"} 1\n');
  });
});

describe("who may use it", () => {
  test("not a page of another site: by Host, Origin or Sec-Fetch-Site", async () => {
    const url = await begin();
    const body = '{"relay":false}';
    for (const host of ["evil.example", "evil.example:8017", "127.0.0.1.evil.example", "", "a b"])
      expect(await ask(`${url}/devices`, { headers: { Host: host } })).toMatchObject(
        host === "" ? { status: expect.any(Number) } : { status: 421 },
      );
    const foreign = [
      { Origin: "http://evil.example" },
      { Origin: "null" },
      { Origin: "http://localhost.evil.example" },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
    ];
    for (const headers of foreign)
      expect(await postRelay(url, body, headers)).toMatchObject({ status: 403 });
    expect(sets()).toBe(0);
    const own = { Origin: url, "Sec-Fetch-Site": "same-origin", Host: "localhost:1" };
    expect(await postRelay(url, body, own)).toMatchObject({ status: 200 });
  });

  test("with a token, nobody without it; a browser may give it as a password", async () => {
    const url = await begin({ token: TOKEN });
    const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
    for (const authorization of ["", "Bearer", `Bearer ${TOKEN}x`, `bearer x`, basic("user:no")])
      expect(
        await ask(`${url}/devices`, { headers: { Authorization: authorization } }),
      ).toMatchObject({ status: 401 });
    for (const path of ["/", "/events", "/metrics", "/healthz", "/page.js"])
      expect(await ask(`${url}${path}`)).toMatchObject({ status: 401 });
    for (const authorization of [`Bearer ${TOKEN}`, basic(`anyone:${TOKEN}`)])
      expect(
        await ask(`${url}/devices`, { headers: { Authorization: authorization } }),
      ).toMatchObject({ status: 200 });
  });

  test("without a token it is bound to this machine only", async () => {
    ({ gateway } = makeGateway(broker));
    await expect(addHttp(gateway, { host: "0.0.0.0" })).rejects.toMatchObject({
      message: expect.stringContaining("name a file with a token"),
      exitCode: EXIT.USAGE,
    });
  });

  test("says which port is in use", async () => {
    const { port, stop } = await listenRaw(() => {});
    undo.push(stop);
    ({ gateway } = makeGateway(broker));
    await expect(addHttp(gateway, { port })).rejects.toMatchObject({
      message: `HTTP port ${port} of 127.0.0.1 is in use: choose another with --port`,
      exitCode: EXIT.NETWORK,
    });
    expect(await freePort()).toBeGreaterThan(0);
  });
});

describe("its bounds", () => {
  test("a body of 10 MB is refused with 413, with and without its length", async () => {
    const url = await begin();
    const body = Buffer.alloc(10_000_000, "x");
    expect(await postRelay(url, body)).toMatchObject({ status: 413 });
    expect(await postRelay(url, body, { "Transfer-Encoding": "chunked" })).toMatchObject({
      status: 413,
    });
    expect(await postRelay(url, '{"relay":false}')).toMatchObject({ status: 200 });
  });

  test("long headers are refused, and a slow client is dropped", async () => {
    const url = await begin();
    const long = { headers: { "X-Long": "x".repeat(9_000) } };
    expect(await ask(`${url}/devices`, long)).toMatchObject({ status: 431 });
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    undo.push(() => socket.destroy());
    let text = "";
    let ended = false;
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("close", () => {
      ended = true;
    });
    socket.write(
      "POST /devices/demo/relay HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{",
    );
    await until("it to be dropped", () => ended, 10_000);
    expect(text).toMatch(/^(HTTP\/1.1 408 |$)/);
    expect(sets()).toBe(0);
  });
});

describe("the page", () => {
  test("lists devices with what is known, and refusals", async () => {
    const url = await begin();
    fake.respond = () => [CODE.HOLD, new Map([[1, 900]])];
    await postRelay(url, '{"relay":true}');
    const { status, body } = await ask(`${url}/`);
    expect(status).toBe(200);
    expect(body).toMatch(/<h2>demo <small>verified<\/small><\/h2>/);
    expect(body).toMatch(/<dt>relay<\/dt><dd>on<\/dd>/);
    expect(body).toMatch(/<li>\d{4}-.*Z refused: HOLD<\/li>/);
  });

  test("escapes what comes from outside", () => {
    expect(escapeHtml(`<a href="x" title='y'>&`)).toBe(
      "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;",
    );
    const view: DeviceView = {
      ...{
        id: "demo",
        state: "never" as const,
        flag: null,
        relay: null,
        holdMs: null,
        lastFault: null,
      },
      ...{ temperature: null, epoch: null, refused: null, executed: null, boots: null },
      ...{ ageMs: null, lastSeen: null, problem: "<script>alert(1)</script>" },
    };
    const refusals = new Map([["demo", ["<img src=x>"]]]);
    const page = pageOf({ gateway: "home", connected: true, devices: [view], refusals });
    expect(page).not.toContain("<script>alert");
    expect(page).not.toContain("<img");
    expect(page).toContain("<dt>relay</dt><dd>unknown</dd>");
  });
});
