/**
 * The owner of a board under test: the device that every scenario drives, its keys known to all. Must
 * not know how a board is told.
 */
import { PRINCIPAL_KIDS } from "../abi.gen.ts";
import type { Owner } from "../flash/contents.ts";
import { SCENARIO_SECRETS } from "../scenario/remote.ts";

/** Name of that device. */
export const SCENARIO_DEVICE = "hil";

export function scenarioOwner(broker: string): Owner {
  const keys = new Map(
    PRINCIPAL_KIDS.map((kid, principal) => [kid, SCENARIO_SECRETS[principal] ?? new Uint8Array()]),
  );
  return { device: SCENARIO_DEVICE, keys, broker, ca: null };
}
