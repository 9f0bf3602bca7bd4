/** For the gateway's tests: a gateway in this process, its HTTP server, and what it said. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { packageRoot } from "../../host-sim/base/paths.ts";
import type { Keys } from "../../host-sim/controller/keys.ts";
import { Gateway, type GatewayOptions } from "../../host-sim/gateway/gateway.ts";
import { type HttpOptions, HttpServer } from "../../host-sim/gateway/http.ts";
import { Metrics } from "../../host-sim/gateway/metrics.ts";
import { parseBroker } from "../../host-sim/mqtt/session.ts";
import { FakeDevice, setTimer, undo, until } from "../mqtt/fixture.ts";

const key = (fill: number) => new Uint8Array(32).fill(fill);

/** The secrets of a device of the tests. */
export function keysOf(fill = 0): Keys {
  return new Map([
    ["owner", key(fill + 1)],
    ["provider", key(fill + 2)],
    ["manufacturer", key(fill + 3)],
  ]);
}

/** A fake device, flagged online, that answers status and telemetry.read, and sets its relay. */
export async function startFake(url: string, id = "demo", keys = keysOf()): Promise<FakeDevice> {
  const device = await FakeDevice.start(url, id, keys);
  undo.push(() => device.client.endAsync(true));
  await device.client.publishAsync(`killswitch/${id}/availability`, "online", {
    qos: 1,
    retain: true,
  });
  return device;
}

export interface Running {
  readonly gateway: Gateway;
  readonly notes: string[];
}

/** Makes a gateway for devices with the keys of keysOf(). rewind() stops it. */
export function makeGateway(url: string, changes: Partial<GatewayOptions> = {}): Running {
  const notes: string[] = [];
  const gateway = new Gateway({
    name: "home",
    address: parseBroker(url),
    secrets: new Map([["demo", key(2)]]),
    intervalMs: 60_000,
    deadlineMs: 400,
    timeoutMs: 300,
    now: () => performance.now(),
    timeOfDay: Date.now,
    setTimer,
    random: (length) => new Uint8Array(randomBytes(length)),
    note: (line) => notes.push(line),
    ...changes,
  });
  undo.push(() => gateway.stop());
  return { gateway, notes };
}

export async function startGateway(
  url: string,
  changes: Partial<GatewayOptions> = {},
): Promise<Running> {
  const running = makeGateway(url, changes);
  await running.gateway.start();
  return running;
}

/** Adds an HTTP server on a free port, before the gateway is started. Returns its URL without the last slash. */
export async function addHttp(
  gateway: Gateway,
  changes: Partial<HttpOptions> = {},
): Promise<string> {
  const metrics = new Metrics(gateway);
  const options = { host: "127.0.0.1", port: 0, names: [], token: null, ...changes };
  const http = new HttpServer(gateway, metrics, options);
  gateway.add(metrics);
  gateway.add(http);
  const url = await http.listen();
  undo.push(() => http.close());
  return url.slice(0, -1);
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** A request with the given headers, those included that fetch() does not allow. */
export function ask(
  url: string,
  {
    method = "GET",
    headers = {},
    body,
  }: { method?: string; headers?: object; body?: string | Buffer } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method, headers: { ...headers }, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => {
        text += chunk;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: text }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

export function postRelay(
  url: string,
  body: string | Buffer,
  headers: object = {},
): Promise<Answer> {
  return ask(`${url}/devices/demo/relay`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body,
  });
}

/**
 * Runs `killswitch sim` in a folder, with its broker on a port. Waits until its device is live, and returns
 * what gives it a stimulus. rewind() stops it.
 */
export async function startSim(folder: string, port: number): Promise<(line: string) => void> {
  const program = join(packageRoot(), "dist", "killswitch.js");
  const child = spawn(process.execPath, [program, "sim", "--port", `${port}`, "--seed", "5"], {
    cwd: folder,
    stdio: ["pipe", "pipe", "ignore"],
  });
  let trace = "";
  child.stdout.on("data", (text) => {
    trace += text;
  });
  undo.push(() => {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill();
    return ended;
  });
  await until("the device to report", () => trace.includes("channel=STATUS"), 20_000);
  return (line) => child.stdin.write(`${line}\n`);
}
