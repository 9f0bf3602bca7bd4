/**
 * The embedded MQTT broker: aedes on the loopback address, for one machine and no configuration.
 * Must not know devices or topics; it forwards whatever it is given, like any other broker.
 */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Aedes } from "aedes";
import { codeOf, EXIT, UserError } from "../errors.ts";

export interface Broker {
  /** `mqtt://127.0.0.1:<port>`. */
  readonly url: string;
  readonly port: number;
  /** Drops every client and frees the port. */
  close(): Promise<void>;
}

const HOST = "127.0.0.1";

/** Starts a broker on `port` of the loopback address; 0 takes a free one. Throws UserError. */
export async function startBroker(port: number): Promise<Broker> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    aedes.handle(socket);
  });
  try {
    server.listen(port, HOST);
    await once(server, "listening");
  } catch (error) {
    await new Promise<void>((done) => aedes.close(done));
    throw listenTrouble(port, error);
  }
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((done) => server.close(() => done()));
    for (const socket of sockets) socket.destroy();
    await closed;
    await new Promise<void>((done) => aedes.close(done));
  };
  return { url: `mqtt://${HOST}:${bound}`, port: bound, close };
}

function listenTrouble(port: number, error: unknown): UserError {
  const where = `port ${port} of ${HOST}`;
  if (codeOf(error) === "EADDRINUSE") {
    return new UserError(
      `${where} is in use: use the broker there with --broker mqtt://${HOST}:${port}, or stop it`,
      EXIT.NETWORK,
    );
  }
  const words = error instanceof Error ? error.message : String(error);
  return new UserError(`${where} cannot be opened: ${words}`, EXIT.NETWORK);
}
