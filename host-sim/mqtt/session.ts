/**
 * One MQTT 3.1.1 session over one TCP or TLS connection, without automatic reconnection, and error
 * messages for what can go wrong.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type IClientOptions, MqttClient } from "mqtt";
import { codeOf, EXIT, UserError } from "../base/errors.ts";

/** A broker's address, parsed from a URL. */
export interface BrokerAddress {
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  /** The URL without the password, for messages. */
  readonly shown: string;
}

const SCHEMES: Record<string, { tls: boolean; port: number }> = {
  "mqtt:": { tls: false, port: 1883 },
  "mqtts:": { tls: true, port: 8883 },
};

/** Parses `mqtt[s]://[user[:password]@]host[:port]`. Throws UserError. */
export function parseBroker(text: string): BrokerAddress {
  const bad = (why: string) =>
    new UserError(`broker ${why}: write mqtt[s]://[user:password@]host[:port]`, EXIT.USAGE);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw bad("URL is not valid");
  }
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined) throw bad(`URL has the unknown scheme "${url.protocol}"`);
  if (url.hostname === "") throw bad("URL has no host");
  if (!["", "/"].includes(url.pathname) || url.search !== "" || url.hash !== "") {
    throw bad("URL has text after the port");
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? scheme.port : Number(url.port);
  return {
    tls: scheme.tls,
    host,
    port,
    ...(url.username === "" ? {} : { username: unescaped(url.username, bad) }),
    ...(url.password === "" ? {} : { password: unescaped(url.password, bad) }),
    shown: `${url.protocol}//${url.hostname}:${port}`,
  };
}

function unescaped(part: string, bad: (why: string) => UserError): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw bad("URL has an invalid % escape in the user or password");
  }
}

/** A session being opened or open. */
export interface Session {
  readonly client: MqttClient;
  /** Resets the connection: no DISCONNECT is sent, and nothing that is still queued. */
  cut(): void;
}

/** The longest wait for TCP and CONNACK, in ms. */
const CONNECT_MS = 10_000;
/** Keep-alive in seconds. A broker considers a client lost after 1.5 times as long. */
export const KEEPALIVE_S = 10;

/** The client identifier and the last will of a session. */
export type SessionOptions = Pick<IClientOptions, "clientId" | "will">;

/** Starts to connect. The client emits "error" for errors and "close" at the end of the session. */
export function openSession(address: BrokerAddress, options: SessionOptions): Session {
  const { host, port } = address;
  const tcp: Socket = connectTcp({ host, port, noDelay: true });
  const stream = address.tls ? connectTls({ socket: tcp, host, servername: nameOf(host) }) : tcp;
  const client = new MqttClient(() => stream, {
    ...options,
    protocolVersion: 4,
    clean: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_MS,
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
  });
  // TLS does not report errors of a socket that it was given, so pass them on.
  if (stream !== tcp) tcp.on("error", (error) => stream.destroy(error));
  // The client removes its handlers when it ends. An error that comes later must find one.
  stream.on("error", () => {});
  client.on("error", () => {});
  const cut = (): void => {
    tcp.resetAndDestroy();
    client.end(true);
  };
  return { client, cut };
}

/** The server name for TLS. RFC 6066, section 3 forbids IP addresses in it. */
function nameOf(host: string): string {
  return /^[\d.]+$|:/.test(host) ? "" : host;
}

/**
 * Explanations by Node's error code, by MQTT's return code (MQTT 3.1.1, table 3.1), or by mqtt.js's
 * message.
 */
const TROUBLES: Record<string, string> = {
  ECONNREFUSED: "no server listens there: start a broker, or name another one with --broker",
  ECONNRESET:
    "the connection was reset: check that it is an MQTT broker, and whether it needs mqtts://",
  ENOTFOUND: "the host name is unknown",
  EAI_AGAIN: "the host name could not be looked up",
  ETIMEDOUT: "the host does not answer",
  EHOSTUNREACH: "there is no route to the host",
  ENETUNREACH: "there is no route to the host",
  EPROTO: "it does not speak TLS: use mqtt://, or its TLS port",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "its certificate is self-signed: set NODE_EXTRA_CA_CERTS to the certificate's file",
  SELF_SIGNED_CERT_IN_CHAIN:
    "its certificate authority is unknown: set NODE_EXTRA_CA_CERTS to the CA certificate's file",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate authority is unknown: set NODE_EXTRA_CA_CERTS to the CA certificate's file",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host",
  1: "it does not speak MQTT 3.1.1",
  2: "it refused the client identifier",
  3: "it says that it is unavailable",
  4: "it refused the user name or password",
  5: "it refused the user: use mqtt://user:password@host",
  "connack timeout": "it accepts connections, but does not answer as an MQTT broker",
  "Subscribe error: Unspecified error":
    "it refused the subscription to the device's topics: check its access list",
};

/** The client's errors without a code are those of its parser: the server sent no MQTT packet. */
function unexplained(error: unknown, message: string): string {
  const foreign = error instanceof Error && codeOf(error) === "";
  return foreign ? `it is not an MQTT broker: its answer is no MQTT packet (${message})` : message;
}

/**
 * Explains an error of a session in one line. `undefined`: the connection closed without an error.
 */
export function brokerTrouble(address: BrokerAddress, error: unknown): UserError {
  const [message = ""] = (error instanceof Error ? error.message : "the connection closed").split(
    "\n",
  );
  const trouble = TROUBLES[codeOf(error)] ?? TROUBLES[message] ?? unexplained(error, message);
  return new UserError(`broker ${address.shown}: ${trouble}`, EXIT.NETWORK);
}
