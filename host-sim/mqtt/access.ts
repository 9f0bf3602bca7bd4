/**
 * Who may do what at the embedded broker: passwords, and an access list of rights to publish and to
 * subscribe. What is not listed is refused.
 */
import { timingSafeEqual } from "node:crypto";

/** Passwords by user. */
export type Passwords = Readonly<Record<string, string>>;

/** A user's right to publish to the topics of a filter, or to subscribe to them. */
export interface Right {
  readonly user: string;
  readonly access: "read" | "write";
  /** A topic filter with `+` for any single level. */
  readonly filter: string;
}

export interface Access {
  readonly passwords: Passwords;
  readonly rights: readonly Right[];
}

export function passwordFits(passwords: Passwords, user: string, given: Uint8Array): boolean {
  const expected = Object.hasOwn(passwords, user) ? Buffer.from(passwords[user] ?? "") : null;
  return expected !== null && expected.length === given.length && timingSafeEqual(expected, given);
}

/** Whether every topic that `wanted` matches is matched by `filter`. A topic is a filter as well. */
function covers(filter: string, wanted: string): boolean {
  const [allowed, asked] = [filter.split("/"), wanted.split("/")];
  if (allowed.length !== asked.length) return false;
  return asked.every(
    (level, at) => level !== "#" && (allowed[at] === "+" || allowed[at] === level),
  );
}

function isCovered(
  rights: readonly Right[],
  user: string,
  access: Right["access"],
  wanted: string,
): boolean {
  return rights.some(
    (right) => right.user === user && right.access === access && covers(right.filter, wanted),
  );
}

/** Whether the user may publish to a topic. Topics have no wildcards (MQTT 5.0, 4.7.1). */
export function mayPublish(rights: readonly Right[], user: string, topic: string): boolean {
  return !/[+#]/.test(topic) && isCovered(rights, user, "write", topic);
}

/** Whether the user may subscribe to a topic filter. */
export function maySubscribe(rights: readonly Right[], user: string, filter: string): boolean {
  return isCovered(rights, user, "read", filter);
}
