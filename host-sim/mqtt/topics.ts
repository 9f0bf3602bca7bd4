/**
 * Names on the broker: device identifiers and the topics below them.
 * Must not know connections or what the messages mean.
 */
import { EXIT, UserError } from "../errors.ts";

/** The last level of a topic: what the device hears, and what it says. */
export const LEVELS = ["command", "reply", "status", "telemetry", "availability"] as const;
export type Level = (typeof LEVELS)[number];

/** The availability flag: the only retained messages there are. */
export const ONLINE = "online";
export const OFFLINE = "offline";

const DEVICE_ID = /^[A-Za-z0-9_-]{1,32}$/;

/**
 * A device identifier, as given. It becomes a topic level and a file name, so no separator and no
 * wildcard may pass. Throws UserError.
 */
export function checkDeviceId(id: string): string {
  if (DEVICE_ID.test(id)) return id;
  throw new UserError(
    `device ${JSON.stringify(id)}: an identifier is 1 to 32 of A-Z a-z 0-9 _ -`,
    EXIT.USAGE,
  );
}

/** `killswitch/<device>/<level>`. Throws UserError on a bad identifier. */
export function topic(device: string, level: Level): string {
  return `killswitch/${checkDeviceId(device)}/${level}`;
}

/** The level of a topic of this device; undefined for any other topic. */
export function levelOf(device: string, name: string): Level | undefined {
  return LEVELS.find((level) => name === topic(device, level));
}
