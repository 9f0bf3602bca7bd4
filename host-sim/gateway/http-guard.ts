/**
 * Who may use the gateway's HTTP server. A page of another site can make a browser send requests to this
 * machine: by a name that it lets point here (DNS rebinding; seen in Host), or directly (seen in Origin).
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isLoopback } from "./config.ts";

export interface GuardOptions {
  /** The address that the server is bound to. */
  readonly host: string;
  /** Further names under which clients reach it. */
  readonly names: readonly string[];
  /** Null: none is needed. */
  readonly token: string | null;
}

export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const digest = (text: string) => createHash("sha256").update(text).digest();

/** The host of a URL or of a Host header, without a port, in lower case. Undefined if it is malformed. */
function hostOf(text: string): string | undefined {
  const [, host] = /^(?:https?:\/\/)?(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i.exec(text) ?? [];
  return host?.replace(/^\[(.*)\]$/, "$1").toLowerCase();
}

/** Checks requests. Returns null for a permitted one. */
export function guard({
  host,
  names,
  token,
}: GuardOptions): (request: IncomingMessage) => Refusal | null {
  const loopback = isLoopback(host) ? ["localhost", "127.0.0.1", "::1"] : [];
  const known = new Set([host, ...loopback, ...names].map((name) => name.toLowerCase()));
  const secret = token === null ? null : digest(token);
  const isKnown = (text: string | undefined) => {
    const named = text === undefined ? undefined : hostOf(text);
    return named !== undefined && known.has(named);
  };
  return ({ headers, method }) => {
    if (!isKnown(headers.host))
      return { status: 421, error: "the Host header names another server: see http.names" };
    if (secret !== null && !timingSafeEqual(digest(tokenIn(headers.authorization)), secret)) {
      const challenge = { "WWW-Authenticate": 'Basic realm="killswitch gateway"' };
      return { status: 401, error: "a token is needed", headers: challenge };
    }
    if (method === "GET" || method === "HEAD") return null;
    const site = headers["sec-fetch-site"];
    const foreign =
      (headers.origin !== undefined && !isKnown(headers.origin)) ||
      (site !== undefined && site !== "same-origin" && site !== "none");
    return foreign ? { status: 403, error: "the request comes from a page of another site" } : null;
  };
}

/** The token of `Bearer <token>`, or the password of `Basic` for browsers; "" if there is none. */
function tokenIn(authorization = ""): string {
  const [, scheme, value = ""] = /^(bearer|basic) ([^\s]{1,1024})$/i.exec(authorization) ?? [];
  if (scheme?.toLowerCase() !== "basic") return value;
  const text = Buffer.from(value, "base64").toString("latin1");
  return text.slice(text.indexOf(":") + 1);
}
