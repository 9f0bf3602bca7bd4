/**
 * The embedded MQTT broker: aedes. Without options it is on the loopback address and forwards any
 * message, as other brokers do. It can have TLS, passwords and an access list.
 */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { Aedes } from "aedes";
import { codeOf, EXIT, UserError } from "../base/errors.ts";
import { type Access, mayPublish, maySubscribe, passwordFits } from "./access.ts";

export interface Broker {
  /** `mqtt://127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  /** Publishes as the broker itself, at QoS 1. */
  publish(topic: string, bytes: Uint8Array, retain: boolean): void;
  /** Drops every client and frees the port. */
  close(): Promise<void>;
}

const HOST = "127.0.0.1";

/** Callbacks of the broker. */
export interface BrokerEvents {
  /** A client published a message. */
  published?(topic: string, bytes: Uint8Array): void;
  /** A client subscribed to topics. */
  subscribed?(topics: readonly string[]): void;
}

export interface BrokerSettings extends BrokerEvents {
  /** Address to listen on. Default: the loopback address. */
  host?: string;
  /** Key and certificate in PEM. */
  tls?: { key: string; cert: string };
  /** Clients must log in, and the access list holds. Default: anyone may do anything. */
  access?: Access;
}

/** Users by client, and the access list on them. */
function restrict(aedes: Aedes, { passwords, rights }: Access): void {
  const users = new WeakMap<object, string>();
  const userOf = (client: object | null) => (client === null ? "" : (users.get(client) ?? ""));
  aedes.authenticate = (client, user, password, done) => {
    const good = passwordFits(passwords, user ?? "", password ?? Buffer.alloc(0));
    if (good) users.set(client, user ?? "");
    done(good ? null : Object.assign(new Error("refused"), { returnCode: 4 }), good);
  };
  aedes.authorizePublish = (client, { topic }, done) => {
    // The broker's own messages have no client. A client that breaks the list is disconnected.
    const good = client === null || mayPublish(rights, userOf(client), topic);
    done(good ? null : new Error("not permitted"));
  };
  aedes.authorizeSubscribe = (client, subscription, done) => {
    done(null, maySubscribe(rights, userOf(client), subscription.topic) ? subscription : null);
  };
}

/**
 * Starts a broker on `port`; 0 takes a free one. The default address is the loopback address.
 * Throws UserError if the port is in use or cannot be opened.
 */
export async function startBroker(
  port: number,
  { host = HOST, tls, access, ...events }: BrokerSettings = {},
): Promise<Broker> {
  const aedes = await Aedes.createBroker();
  if (access !== undefined) restrict(aedes, access);
  const sockets = new Set<Socket>();
  aedes.on("publish", ({ topic, payload }, client) => {
    if (client !== null) events.published?.(topic, Buffer.from(payload));
  });
  aedes.on("subscribe", (rows) => events.subscribed?.(rows.map(({ topic }) => topic)));
  const serve = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A client that resets its connection ends only its own session.
    socket.on("error", () => {});
    aedes.handle(socket);
  };
  // Nagle's algorithm would hold a reply back for the 40 ms of a delayed acknowledgement.
  const noDelay = true;
  const server =
    tls === undefined
      ? createServer({ noDelay }, serve)
      : createTlsServer({ ...tls, noDelay }, serve);
  server.on("error", () => {});
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (error) {
    await new Promise<void>((done) => aedes.close(done));
    throw listenTrouble(host, port, error);
  }
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((done) => server.close(() => done()));
    for (const socket of sockets) socket.destroy();
    await closed;
    await new Promise<void>((done) => aedes.close(done));
  };
  const publish = (topic: string, bytes: Uint8Array, retain: boolean): void => {
    const packet = { cmd: "publish", qos: 1, dup: false, topic, retain } as const;
    aedes.publish({ ...packet, payload: Buffer.from(bytes) }, () => {});
  };
  const scheme = tls === undefined ? "mqtt" : "mqtts";
  return { url: `${scheme}://${host}:${bound}`, port: bound, publish, close };
}

function listenTrouble(host: string, port: number, error: unknown): UserError {
  const where = `port ${port} of ${host}`;
  if (codeOf(error) === "EADDRINUSE") {
    return new UserError(
      `${where} is in use: connect to the broker there with --broker mqtt://${host}:${port}, or stop it`,
      EXIT.NETWORK,
    );
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new UserError(`${where} cannot be opened: ${reason}`, EXIT.NETWORK);
}
