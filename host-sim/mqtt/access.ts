/**
 * Who may do what at the embedded broker. A device uses only topics below its own name and sends no
 * commands; the controller reads everything and sends nothing but commands.
 */
import { timingSafeEqual } from "node:crypto";

/** The user of `send`, `watch` and `journal`. Devices are users by their own names. */
export const CONTROLLER = "controller";

/** Passwords by user. */
export type Passwords = Readonly<Record<string, string>>;

export function passwordFits(passwords: Passwords, user: string, given: Uint8Array): boolean {
  const expected = Object.hasOwn(passwords, user) ? Buffer.from(passwords[user] ?? "") : null;
  return expected !== null && expected.length === given.length && timingSafeEqual(expected, given);
}

/** The levels of a topic below `killswitch/`, or null for another topic. */
function levelsOf(topic: string): string[] | null {
  const [root, ...levels] = topic.split("/");
  return root === "killswitch" && levels.length > 1 ? levels : null;
}

export function mayPublish(user: string, topic: string): boolean {
  const levels = levelsOf(topic);
  if (levels === null) return false;
  const command = levels.at(-1) === "command";
  return user === CONTROLLER ? command : levels[0] === user && !command;
}

export function maySubscribe(user: string, topic: string): boolean {
  const levels = levelsOf(topic);
  return levels !== null && (user === CONTROLLER || levels[0] === user);
}
