/**
 * The embedded MQTT broker: aedes on the loopback address, without configuration. It forwards any
 * message, as other brokers do.
 */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Aedes } from "aedes";
import { codeOf, EXIT, UserError } from "../base/errors.ts";

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

/**
 * Starts a broker on `port`; 0 takes a free one. The default address is the loopback address.
 * Throws UserError if the port is in use or cannot be opened.
 */
export async function startBroker(
  port: number,
  { host = HOST, ...events }: BrokerEvents & { host?: string } = {},
): Promise<Broker> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  aedes.on("publish", ({ topic, payload }, client) => {
    if (client !== null) events.published?.(topic, Buffer.from(payload));
  });
  aedes.on("subscribe", (rows) => events.subscribed?.(rows.map(({ topic }) => topic)));
  // Nagle's algorithm would hold a reply back for the 40 ms of a delayed acknowledgement.
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    aedes.handle(socket);
  });
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
  return { url: `mqtt://${host}:${bound}`, port: bound, publish, close };
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
