/**
 * The access list of a broker for one device, for mosquitto (mosquitto.conf(5), acl_file). The device trusts
 * tags alone: the list keeps strangers from reading, from flooding, and from the availability flag.
 */
import { OP, PRINCIPAL_KIDS } from "../abi/abi.gen.ts";
import { availabilityTopic, commandFilter, type Level, topic } from "../abi/topics.ts";
import { isPermitted } from "./permissions.ts";

/** Levels on which the device sends to a principal, with the right that it needs; null: none. */
const SENT: readonly (readonly [Level, number | null])[] = [
  ["reply", null],
  ["status", OP.STATUS],
  ["telemetry", OP.TELEMETRY_READ],
];

/** The lines of an acl_file. Users are `<device>-device` and `<device>-<principal>`. Throws UserError. */
export function accessList(device: string): string[] {
  const lines = [
    `user ${device}-device`,
    `topic read ${commandFilter(device)}`,
    ...SENT.map(([level]) => `topic write killswitch/${device}/+/${level}`),
    `topic write ${availabilityTopic(device)}`,
  ];
  for (const [principal, kid] of PRINCIPAL_KIDS.entries()) {
    const levels = SENT.filter(([, op]) => op === null || isPermitted(principal, op));
    lines.push(
      "",
      `user ${device}-${kid}`,
      `topic write ${topic(device, kid, "command")}`,
      ...levels.map(([level]) => `topic read ${topic(device, kid, level)}`),
      `topic read ${availabilityTopic(device)}`,
    );
  }
  return lines;
}
