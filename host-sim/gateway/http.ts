/** The gateway's HTTP server: a JSON API, server-sent events, metrics and a page. Small bounds everywhere. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { CODE_NAMES, OP } from "../abi/abi.gen.ts";
import { codeOf, EXIT, UserError } from "../base/errors.ts";
import { isLoopback } from "./config.ts";
import type { Device, Outcome } from "./device.ts";
import { EventStream } from "./event-stream.ts";
import type { Gateway, Part } from "./gateway.ts";
import { type GuardOptions, guard, type Refusal } from "./http-guard.ts";
import type { Happening } from "./knowledge.ts";
import type { Metrics } from "./metrics.ts";
import { pageOf } from "./page.ts";
import { SCRIPT, STYLE } from "./page-assets.ts";
import { viewOf } from "./view.ts";

/** Longest body of a request, in bytes. */
const BODY_MAX = 1_024;
/** Longest request line with all headers, in bytes. */
const HEADERS_MAX = 8 * 1_024;
/** A request must be here within this time, in ms. */
const REQUEST_MS = 5_000;
const CONNECTIONS_MAX = 128;
/** How many refusals of each device the page shows. */
const REFUSALS_SHOWN = 5;

/** The HTTP status of what became of a command. */
const STATUSES: Readonly<Record<Outcome["kind"], number>> = {
  executed: 200,
  refused: 409,
  busy: 429,
  unavailable: 503,
  unsent: 504,
  unknown: 504,
};

export interface HttpOptions extends GuardOptions {
  readonly port: number;
}

/** An answer to a request. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const json = (status: number, value: unknown, headers = {}): Answer => ({
  status,
  type: "application/json",
  body: `${JSON.stringify(value)}\n`,
  headers,
});
const refusal = ({ status, error, headers }: Refusal): Answer => json(status, { error }, headers);

export class HttpServer implements Part {
  readonly #gateway: Gateway;
  readonly #metrics: Metrics;
  readonly #options: HttpOptions;
  readonly #check: (request: IncomingMessage) => Refusal | null;
  readonly #events: EventStream;
  readonly #refusals = new Map<string, readonly string[]>();
  readonly #server: Server;

  /** Throws UserError if other machines could reach it and there is no token. */
  constructor(gateway: Gateway, metrics: Metrics, options: HttpOptions) {
    if (options.token === null && !isLoopback(options.host)) {
      throw new UserError(
        `HTTP on ${options.host} can be reached from other machines: name a file with a token (http.tokenFile)`,
        EXIT.USAGE,
      );
    }
    this.#gateway = gateway;
    this.#metrics = metrics;
    this.#options = options;
    this.#check = guard(options);
    this.#events = new EventStream(gateway.options.setTimer);
    const limits = {
      maxHeaderSize: HEADERS_MAX,
      requestTimeout: REQUEST_MS,
      headersTimeout: REQUEST_MS,
      keepAliveTimeout: REQUEST_MS,
      connectionsCheckingInterval: 1_000,
    };
    this.#server = createServer(limits, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Opens the port and returns its URL. Throws UserError if it is in use. */
  async listen(): Promise<string> {
    const { host, port } = this.#options;
    try {
      this.#server.listen(port, host);
      await once(this.#server, "listening");
    } catch (error) {
      const why =
        codeOf(error) === "EADDRINUSE" ? "is in use" : `cannot be opened (${codeOf(error)})`;
      throw new UserError(
        `HTTP port ${port} of ${host} ${why}: choose another with --port`,
        EXIT.NETWORK,
      );
    }
    const address = this.#server.address();
    const bound = typeof address === "object" && address !== null ? address.port : port;
    return `http://${host.includes(":") ? `[${host}]` : host}:${bound}/`;
  }

  async close(): Promise<void> {
    this.#events.close();
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  changed(device: Device): void {
    this.#events.send("device", () => this.#view(device));
  }

  happened(device: Device, { kind, details }: Happening): void {
    this.#events.send("event", () => ({ device: device.id, kind, ...details }));
  }

  commanded(device: Device, outcome: Outcome): void {
    if (outcome.kind === "executed") return;
    const { timeOfDay } = this.#gateway.options;
    const why = outcome.kind === "refused" ? CODE_NAMES[outcome.code] : outcome.why;
    const line = `${new Date(timeOfDay()).toISOString()} ${outcome.kind}: ${why}`;
    const before = this.#refusals.get(device.id) ?? [];
    this.#refusals.set(device.id, [line, ...before].slice(0, REFUSALS_SHOWN));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refused = this.#check(request);
    if (refused === null && request.method === "GET" && request.url === "/events") {
      if (this.#events.add(response)) return;
      send(response, json(503, { error: "too many clients listen" }));
      return;
    }
    const answer = refused === null ? await this.#answer(request) : refusal(refused);
    send(response, answer);
    // What is left of the body is read and forgotten, within the time for a request.
    request.resume();
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { method = "", url = "" } = request;
    const [, id, action] = /^\/devices\/([A-Za-z0-9_-]{1,32})(\/relay)?$/.exec(url) ?? [];
    const device = id === undefined ? undefined : this.#gateway.devices.get(id);
    if (id !== undefined && device === undefined)
      return json(404, { error: `there is no device ${id} here` });
    if (device !== undefined && action !== undefined) {
      if (method !== "POST") return json(405, { error: "use POST" }, { Allow: "POST" });
      return this.#relay(device, request);
    }
    const page = device === undefined ? await this.#page(url) : json(200, this.#view(device));
    if (page === undefined) return json(404, { error: "there is nothing here" });
    if (method === "GET" || method === "HEAD") return page;
    return json(405, { error: "use GET" }, { Allow: "GET, HEAD" });
  }

  async #page(url: string): Promise<Answer | undefined> {
    const { name, address } = this.#gateway.options;
    const { connected } = this.#gateway;
    const broker = { url: address.shown, connected };
    const devices = () => [...this.#gateway.devices.values()].map((device) => this.#view(device));
    if (url === "/") {
      const body = pageOf({
        gateway: name,
        connected,
        devices: devices(),
        refusals: this.#refusals,
      });
      return { status: 200, type: "text/html; charset=utf-8", body };
    }
    if (url === "/page.js") return { status: 200, type: "text/javascript", body: SCRIPT };
    if (url === "/page.css") return { status: 200, type: "text/css", body: STYLE };
    if (url === "/devices") return json(200, { gateway: name, broker, devices: devices() });
    if (url === "/healthz") return json(connected ? 200 : 503, { broker });
    if (url === "/metrics") return { status: 200, ...(await this.#metrics.text()) };
    return undefined;
  }

  #view(device: Device) {
    const { now, timeOfDay } = this.#gateway.options;
    return viewOf(device, now(), timeOfDay());
  }

  async #relay(device: Device, request: IncomingMessage): Promise<Answer> {
    if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? ""))
      return json(415, { error: "send application/json" });
    const body = await bodyOf(request);
    if (body === null) return json(413, { error: `the body is longer than ${BODY_MAX} bytes` });
    const level = levelIn(body);
    if (level === undefined)
      return json(400, { error: 'write {"relay": true} or {"relay": false}' });
    const op = { op: OP.RELAY_SET, args: new Map([[1, level]]) };
    const outcome = await this.#gateway.command(device, op);
    return json(STATUSES[outcome.kind], { outcome: outcome.kind, ...detailsOf(outcome) });
  }
}

function detailsOf(outcome: Outcome): Record<string, unknown> {
  if (outcome.kind === "executed") return { ...outcome.fields };
  if (outcome.kind === "refused") return { code: CODE_NAMES[outcome.code], ...outcome.fields };
  return { why: outcome.why };
}

/** The level in `{"relay": true}`; undefined for anything else. */
function levelIn(body: string): boolean | undefined {
  try {
    const value = JSON.parse(body) as { relay?: unknown } | null;
    const keys = Object.keys(value ?? {});
    return keys.length === 1 && typeof value?.relay === "boolean" ? value.relay : undefined;
  } catch {
    return undefined;
  }
}

/** The whole body; null if it is too long. Throws an Error if the client goes away. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  if (Number(request.headers["content-length"] ?? 0) > BODY_MAX) return null;
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > BODY_MAX) resolve(null);
      else chunks.push(chunk);
    });
    request.once("end", () => resolve(Buffer.concat(chunks).toString("utf8")));
    request.once("error", reject);
    request.once("close", () => reject(new Error("the client went away")));
  });
}

function send(response: ServerResponse, { status, type, body, headers }: Answer): void {
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "Content-Security-Policy":
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    ...(status >= 400 ? { Connection: "close" } : {}),
    ...headers,
  });
  response.end(body);
}
