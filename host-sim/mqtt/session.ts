/**
 * One MQTT 3.1.1 session over one TCP (or TLS) connection, and clear words for what can go wrong.
 * Never reconnects by itself. Must not know devices, topics or messages.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type IClientOptions, MqttClient } from "mqtt";
import { codeOf, EXIT, UserError } from "../errors.ts";

/** Where a broker is, taken from a URL. */
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

/** Reads `mqtt[s]://[user[:password]@]host[:port]`. Throws UserError. */
export function parseBroker(text: string): BrokerAddress {
  const bad = (why: string) =>
    new UserError(`broker ${why}: write mqtt[s]://[user:password@]host[:port]`, EXIT.USAGE);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw bad("URL cannot be read");
  }
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined) throw bad(`URL begins with "${url.protocol}"`);
  if (url.hostname === "") throw bad("URL has no host");
  if (!["", "/"].includes(url.pathname) || url.search !== "" || url.hash !== "") {
    throw bad("URL goes on after the port");
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
    throw bad("URL has a broken % escape in the user or password");
  }
}

/** A session being opened or open. */
export interface Session {
  readonly client: MqttClient;
  /** Ends the connection with a reset: no DISCONNECT, and nothing still queued leaves. */
  cut(): void;
}

/** The longest wait for TCP and CONNACK, in ms. */
const CONNECT_MS = 10_000;
/** A broker reports a client lost after one and a half of these, in s. */
const KEEPALIVE_S = 10;

/** Starts to connect. Errors come as the client's "error" event, the end as "close". */
export function openSession(
  address: BrokerAddress,
  options: Pick<IClientOptions, "clientId" | "will">,
): Session {
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
  // TLS over a socket of ours: the socket's own errors reach nobody unless they are passed on.
  if (stream !== tcp) tcp.on("error", (error) => stream.destroy(error));
  client.on("error", () => {});
  const cut = (): void => {
    tcp.resetAndDestroy();
    client.end(true);
  };
  return { client, cut };
}

/** The server name of TLS; RFC 6066, section 3 forbids addresses in it. */
function nameOf(host: string): string {
  return /^[\d.]+$|:/.test(host) ? "" : host;
}

/** Words by Node's error code or MQTT's return code (MQTT 3.1.1, table 3.1), or by mqtt.js's message. */
const TROUBLES: Record<string, string> = {
  ECONNREFUSED: "nothing listens there: start a broker, or give another with --broker",
  ECONNRESET: "the connection was reset: is it an MQTT broker, and is TLS (mqtts) right?",
  ENOTFOUND: "the host's name is unknown",
  EAI_AGAIN: "the host's name could not be looked up",
  ETIMEDOUT: "the host does not answer",
  EHOSTUNREACH: "there is no route to the host",
  ENETUNREACH: "there is no route to the host",
  EPROTO: "it does not speak TLS: use mqtt:// or its TLS port",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed: set NODE_EXTRA_CA_CERTS to it",
  SELF_SIGNED_CERT_IN_CHAIN: "its authority is unknown: set NODE_EXTRA_CA_CERTS to its certificate",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its authority is unknown: set NODE_EXTRA_CA_CERTS to its certificate",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host",
  1: "it does not speak MQTT 3.1.1",
  2: "it refused the client identifier",
  3: "it says that it is unavailable",
  4: "it refused the user name or password",
  5: "it refused the user: give mqtt://user:password@host",
  "Subscribe error: Unspecified error":
    "it refuses to let the device's topics be heard: see its access list",
};

/** What went wrong with a broker, in one line. `error` may be whatever a session threw. */
export function brokerTrouble(address: BrokerAddress, error: unknown): UserError {
  const [words = ""] = (error instanceof Error ? error.message : "the connection closed").split(
    "\n",
  );
  const trouble = TROUBLES[codeOf(error)] ?? TROUBLES[words] ?? words;
  return new UserError(`broker ${address.shown}: ${trouble}`, EXIT.NETWORK);
}
