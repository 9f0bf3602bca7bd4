/**
 * The access list of a broker for one device: for the embedded broker, and for mosquitto (mosquitto.conf(5),
 * acl_file). The device trusts tags alone: the list keeps strangers from reading, from flooding, and from the
 * availability flag.
 */
import { OP, PRINCIPAL_KIDS } from "../abi/abi.gen.ts";
import { availabilityTopic, commandFilter, type Kid, type Level, topic } from "../abi/topics.ts";
import type { Right } from "../mqtt/access.ts";
import { isPermitted } from "./permissions.ts";

/** Levels on which the device sends to a principal, with the right that it needs; null: none. */
const SENT: readonly (readonly [Level, number | null])[] = [
  ["reply", null],
  ["status", OP.STATUS],
  ["telemetry", OP.TELEMETRY_READ],
];

/** The user of a device, or of one of its principals, at a broker. */
export function brokerUser(device: string, who: Kid | "device"): string {
  return `${device}-${who}`;
}

/** The rights of a device, then those of each principal. Throws UserError. */
export function accessRights(device: string): Right[] {
  const user = brokerUser(device, "device");
  const rights: Right[] = [
    { user, access: "read", filter: commandFilter(device) },
    ...SENT.map(([level]): Right => {
      return { user, access: "write", filter: `killswitch/${device}/+/${level}` };
    }),
    { user, access: "write", filter: availabilityTopic(device) },
  ];
  for (const [principal, kid] of PRINCIPAL_KIDS.entries()) {
    const levels = SENT.filter(([, op]) => op === null || isPermitted(principal, op));
    const read = [...levels.map(([level]) => topic(device, kid, level)), availabilityTopic(device)];
    rights.push(
      {
        user: brokerUser(device, kid),
        access: "write",
        filter: topic(device, kid, "command"),
      },
      ...read.map((filter): Right => ({ user: brokerUser(device, kid), access: "read", filter })),
    );
  }
  return rights;
}

/** The lines of an acl_file. Users are `<device>-device` and `<device>-<principal>`. Throws UserError. */
export function accessList(device: string): string[] {
  const lines: string[] = [];
  let last = "";
  for (const { user, access, filter } of accessRights(device)) {
    if (user !== last) lines.push(...(last === "" ? [] : [""]), `user ${user}`);
    last = user;
    lines.push(`topic ${access} ${filter}`);
  }
  return lines;
}
