/** Device identifiers, and the MQTT topics of a device. */
import { EXIT, UserError } from "../base/errors.ts";

/** Last level of a topic. The device subscribes to `command` and publishes on the others. */
export const LEVELS = ["command", "reply", "status", "telemetry", "availability"] as const;
export type Level = (typeof LEVELS)[number];

/** Payloads of the availability topic, the only one with retained messages. */
export const ONLINE = "online";
export const OFFLINE = "offline";

const DEVICE_ID = /^[A-Za-z0-9_-]{1,32}$/;

/**
 * Checks a device identifier and returns it. It becomes a topic level and a file name, so
 * separators and wildcards are refused. Throws UserError.
 */
export function checkDeviceId(id: string): string {
  if (DEVICE_ID.test(id)) return id;
  throw new UserError(
    `device ${JSON.stringify(id)}: an identifier has 1 to 32 characters of A-Z a-z 0-9 _ -`,
    EXIT.USAGE,
  );
}

/** `killswitch/<device>/<level>`. Throws UserError on a bad identifier. */
export function topic(device: string, level: Level): string {
  return `killswitch/${checkDeviceId(device)}/${level}`;
}

/** The level of a topic. Undefined if it is not a topic of this device. */
export function levelOf(device: string, name: string): Level | undefined {
  return LEVELS.find((level) => name === topic(device, level));
}
