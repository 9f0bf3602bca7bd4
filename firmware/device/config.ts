// The owner's configuration: its limits, its defaults, and its block in storage.

import { REGION_CONFIG, SAFE_COUNT, SAFE_OFF } from "./abi.gen";
import { BLOCK_PAYLOAD, blockRead, blockWrite } from "./block";
import { fill } from "./bytes";
import { state } from "./state";

/** Longest telemetry period, in s: 18 hours. A journal record has two bytes for it. */
const TELEMETRY_MAX_S: u32 = 65535;
/** Longest hold, in s: 18 hours. A journal record has two bytes for it. */
const HOLD_MAX_S: u32 = 65535;
const TELEMETRY_DEFAULT_S: u32 = 10;
const HOLD_DEFAULT_S: u32 = 60;

/** Payload of the configuration block; the rest of its BLOCK_PAYLOAD bytes is 0. */
@unmanaged
class Config {
  /** SAFE. */
  safe: u32;
  telemetryS: u32;
  holdS: u32;
}

const PAYLOAD: usize = memory.data(20, 8);
const config: Config = changetype<Config>(PAYLOAD);

/** Whether a configuration is within its limits. */
export function configValid(safe: u32, telemetryS: u32, holdS: u32): bool {
  return safe < SAFE_COUNT && telemetryS <= TELEMETRY_MAX_S && holdS <= HOLD_MAX_S;
}

function apply(safe: u32, telemetryS: u32, holdS: u32): void {
  assert(configValid(safe, telemetryS, holdS));
  state.safeState = safe as u8;
  state.telemetryS = telemetryS;
  state.holdS = holdS;
}

/** Applies the stored configuration, or the defaults if there is no good one. */
export function configLoad(): void {
  const generation = blockRead(REGION_CONFIG, PAYLOAD);
  state.configGeneration = generation;
  const safe = config.safe;
  const telemetryS = config.telemetryS;
  const holdS = config.holdS;
  if (generation !== 0 && configValid(safe, telemetryS, holdS)) apply(safe, telemetryS, holdS);
  else apply(SAFE_OFF, TELEMETRY_DEFAULT_S, HOLD_DEFAULT_S);
}

/**
 * Stores a configuration, then applies it. Returns false if storage failed; nothing has changed
 * then.
 */
export function configStore(safe: u32, telemetryS: u32, holdS: u32): bool {
  fill(PAYLOAD, 0, BLOCK_PAYLOAD / 4);
  config.safe = safe;
  config.telemetryS = telemetryS;
  config.holdS = holdS;
  const generation = blockWrite(REGION_CONFIG, state.configGeneration, PAYLOAD);
  if (generation === 0) return false;
  state.configGeneration = generation;
  apply(safe, telemetryS, holdS);
  return true;
}
