// The owner's configuration: bounds, defaults, and its block in storage. Must not know who may set it.

import { REGION_CONFIG, SAFE_COUNT, SAFE_OFF } from "./abi.gen";
import { BLOCK_PAYLOAD, blockRead, blockWrite } from "./block";
import { fill } from "./bytes";
import { state } from "./state";

/** Longest telemetry period, in s: 18 hours; two bytes in the journal, like the hold. */
const TELEMETRY_MAX_S: u32 = 65535;
/** Longest hold, in s: 18 hours. */
const HOLD_MAX_S: u32 = 65535;
const TELEMETRY_DEFAULT_S: u32 = 10;
const HOLD_DEFAULT_S: u32 = 60;

/** The configuration block's payload; the rest of its BLOCK_PAYLOAD bytes is 0. */
@unmanaged
class Config {
  /** SAFE. */
  safe: u32;
  telemetryS: u32;
  holdS: u32;
}

const PAYLOAD: usize = memory.data(20, 8);
const config: Config = changetype<Config>(PAYLOAD);

export function configValid(safe: u32, telemetryS: u32, holdS: u32): bool {
  return safe < SAFE_COUNT && telemetryS <= TELEMETRY_MAX_S && holdS <= HOLD_MAX_S;
}

function apply(safe: u32, telemetryS: u32, holdS: u32): void {
  assert(configValid(safe, telemetryS, holdS));
  state.safeState = safe as u8;
  state.telemetryS = telemetryS;
  state.holdS = holdS;
}

/** Reads the stored configuration; without a good one, the defaults: safe off, 10 s, hold 60 s. */
export function configLoad(): void {
  const generation = blockRead(REGION_CONFIG, PAYLOAD);
  state.configGeneration = generation;
  const safe = config.safe;
  const telemetryS = config.telemetryS;
  const holdS = config.holdS;
  if (generation !== 0 && configValid(safe, telemetryS, holdS)) apply(safe, telemetryS, holdS);
  else apply(SAFE_OFF, TELEMETRY_DEFAULT_S, HOLD_DEFAULT_S);
}

/** Stores, then applies. Returns false if storage failed: nothing has changed then. */
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
