/**
 * The permission table: which operations each principal may command. The firmware has its own copy
 * (firmware/device/policy.ts); tests/controller/permissions.test.ts compares the two.
 */
import { OP } from "../abi/abi.gen.ts";

/** Permitted operations (OP) by PRINCIPAL: owner, provider, manufacturer. */
const PERMISSIONS: readonly (readonly number[])[] = [
  Object.values(OP),
  [OP.RELAY_SET, OP.RELAY_GET, OP.STATUS, OP.TELEMETRY_READ],
  [OP.STATUS, OP.IDENTIFY],
];

/** The operations (OP) that a principal may command. */
export function permittedOps(principal: number): readonly number[] {
  return PERMISSIONS[principal] ?? [];
}

/** Whether a principal may command an operation. False for a principal that commands nothing. */
export function isPermitted(principal: number, op: number): boolean {
  return permittedOps(principal).includes(op);
}
