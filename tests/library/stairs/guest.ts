// A guest of one's own, as an example: the light of a staircase. A press of the button switches the
// relay on for ten seconds, with the kill switch in either position. It has no remote commands.

import { gpio_write, radio_request } from "./board";

// From docs/ABI.md.
const ABI_VERSION: u32 = 2;
const MESSAGE_MAX: i32 = 1024;
const EVENT_TICK: u32 = 0;
const EVENT_BUTTON: u32 = 1;
const EVENT_GATE: u32 = 4;
const PHASE_LIVE: u32 = 3;
const RELAY: u32 = 0;
const LAMP: u32 = 1;

const LIGHT_MS: u32 = 10_000;

const RX: usize = memory.data(MESSAGE_MAX, 8);
const STATE: usize = memory.data(8, 8);
const STATE_LEN: u32 = 8;
/** Fields of the state: whether the light is on, and since when. */
const LIT: usize = 0;
const SINCE: usize = 4;

export function abi_version(): u32 {
  return ABI_VERSION;
}

export function rx_buffer(): usize {
  return RX;
}

export function state_ptr(): usize {
  return STATE;
}

export function state_len(): u32 {
  return STATE_LEN;
}

function light(on: u32, now: u32): void {
  store<u32>(STATE + LIT, on);
  store<u32>(STATE + SINCE, now);
  gpio_write(RELAY, on);
}

export function init(_reason: u32): void {
  radio_request(1);
  gpio_write(LAMP, 0);
  light(0, 0);
}

export function on_event(kind: u32, a: u32, b: u32): void {
  if (kind === EVENT_BUTTON && b === 1) light(1, a);
  else if (kind === EVENT_GATE) gpio_write(LAMP, b === PHASE_LIVE ? 1 : 0);
  // The clock wraps, so times are compared by their difference.
  else if (kind === EVENT_TICK && load<u32>(STATE + LIT) === 1) {
    if (a - load<u32>(STATE + SINCE) >= LIGHT_MS) light(0, a);
  }
}
