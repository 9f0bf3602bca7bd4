/** A device as the gateway's clients see it. What is not verified is null, and never a guess. */
import type { FieldValue } from "../controller/operations.ts";
import type { Device } from "./device.ts";

export interface DeviceView {
  readonly id: string;
  /** `verified`: confirmed by the device, and current; `silent`: it was; `never`: it never answered. */
  readonly state: "verified" | "silent" | "never";
  /** What the broker says; signed by nobody. */
  readonly flag: "online" | "offline" | null;
  readonly relay: boolean | null;
  /** Time left in which remote commands for the relay are refused, in ms. */
  readonly holdMs: number | null;
  /** The phase of the last fault since the device started; `none` if there was none. */
  readonly lastFault: string | null;
  /** Degrees Celsius. */
  readonly temperature: number | null;
  /** In hexadecimal: the last one known, current only if verified. */
  readonly epoch: string | null;
  /** Commands refused and executed in this epoch. */
  readonly refused: number | null;
  readonly executed: number | null;
  readonly boots: number | null;
  /** Since the device last answered, in ms. */
  readonly ageMs: number | null;
  /** When the device last answered: RFC 3339. */
  readonly lastSeen: string | null;
  readonly problem: string | null;
}

const number = (value: FieldValue | undefined) => (typeof value === "number" ? value : null);

/** `now`: local time in ms. `timeOfDay`: ms since 1970. */
export function viewOf(device: Device, now: number, timeOfDay: number): DeviceView {
  const { id, flag, verified, problem, known } = device;
  const { verifiedAt, epoch } = known;
  const status = (verified ? known.status : null) ?? {};
  const ageMs = verifiedAt === null ? null : Math.max(0, Math.round(now - verifiedAt));
  const hold = number(status.holdMs);
  return {
    id,
    state: verified ? "verified" : verifiedAt === null ? "never" : "silent",
    flag,
    relay: typeof status.relay === "boolean" ? status.relay : null,
    holdMs: hold === null ? null : Math.max(0, hold - (ageMs ?? 0)),
    lastFault: typeof status.lastFault === "string" ? status.lastFault : null,
    temperature: verified ? known.temperature : null,
    epoch,
    refused: number(status.refused),
    executed: number(status.executed),
    boots: number(status.boots),
    ageMs,
    lastSeen: ageMs === null ? null : new Date(timeOfDay - ageMs).toISOString(),
    problem,
  };
}
