/** Device identifiers, and the MQTT topics of a device. */
import { PRINCIPAL_KIDS } from "../abi/abi.gen.ts";
import { EXIT, UserError } from "../base/errors.ts";

/** Key identifier: the name of a principal. */
export type Kid = (typeof PRINCIPAL_KIDS)[number];

/** Last level of a principal's topics. The device receives on `command` and publishes on the others. */
export const LEVELS = ["command", "reply", "status", "telemetry"] as const;
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

/** `killswitch/<device>/<principal>/<level>`. Throws UserError on a bad identifier. */
export function topic(device: string, kid: Kid, level: Level): string {
  return `killswitch/${checkDeviceId(device)}/${kid}/${level}`;
}

/** The topic filter of all principals' commands: what a device subscribes to. */
export function commandFilter(device: string): string {
  return `killswitch/${checkDeviceId(device)}/+/command`;
}

/** The topic of a device's availability. */
export function availabilityTopic(device: string): string {
  return `killswitch/${checkDeviceId(device)}/availability`;
}

/** Principal and level of a topic. Undefined if it is not a principal's topic of this device. */
export function placeOf(device: string, name: string): { kid: Kid; level: Level } | undefined {
  const [root, id, principal, last, ...rest] = name.split("/");
  const kid = PRINCIPAL_KIDS.find((known) => known === principal);
  const level = LEVELS.find((known) => known === last);
  const own = root === "killswitch" && id === device && rest.length === 0;
  return own && kid !== undefined && level !== undefined ? { kid, level } : undefined;
}
