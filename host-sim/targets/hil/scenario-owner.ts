/**
 * The owner partition of a board under test: the scenarios' device name and their published keys.
 */
import { PRINCIPAL_KIDS } from "../../abi/abi.gen.ts";
import type { Owner } from "../../flash/contents.ts";
import { SCENARIO_SECRETS } from "../../scenario/remote.ts";

/** The device's name in every scenario. */
export const SCENARIO_DEVICE = "hil";

export function scenarioOwner(broker: string): Owner {
  const keys = new Map(
    PRINCIPAL_KIDS.map((kid, principal) => [kid, SCENARIO_SECRETS[principal] ?? new Uint8Array()]),
  );
  return { device: SCENARIO_DEVICE, keys, broker, ca: null };
}
