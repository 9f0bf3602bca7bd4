// The device's exports: what the host may call, and where each event goes. Commands, relay, button,
// telemetry, journal. It can ask for the radio; it can never grant it. Knows no board.

// These two come first in memory: most code reads them, and an address below 128 encodes in one byte.
import "./cbor";
import "./state.gen";
import {
  ABI_VERSION,
  EVENT_BUTTON,
  EVENT_EPOCH,
  EVENT_GATE,
  EVENT_LINK,
  EVENT_RX,
  EVENT_TICK,
  gpio_write,
  INPUT_TEMPERATURE_SHIFT,
  MESSAGE_MAX,
  PHASE_FAULT_CONTACT,
  PHASE_LIVE,
  PIN_LAMP,
  PIN_RELAY,
  RECORD_BOOT,
  RECORD_CLEAR,
  RECORD_FAULT,
  RECORD_LIVE,
  radio_request,
} from "./abi.gen";
import { actuatorsBoot, actuatorsElapse, buttonEdge, lampTick } from "./actuators";
import { fill } from "./bytes";
import { commandReceive } from "./command";
import { configLoad } from "./config";
import { MESSAGE_MARGIN } from "./cose";
import { journalAppend, journalOpen } from "./journal";
import { statusFlush, telemetryElapse } from "./messages";
import { live } from "./policy";
import { refusalsElapse } from "./refusals";
import { retainedLoad } from "./retained";
import {
  BOOT_DUE,
  BOOTS,
  count,
  EPOCH,
  FAULT,
  HOLD_MS,
  IDENTIFY_MS,
  KILLED_MAX,
  KILLED_MIN,
  KILLED_SAMPLES,
  LINKED,
  NOW,
  PHASE,
  QUIET_MS,
  REASON,
  REFUSED_MS,
  RELAY,
  STATE,
  STATE_LEN,
  STATUS_DUE,
  TEMPERATURE,
} from "./state";

/** No event is taken to lie further behind the last than this, in ms: a jumping clock ends no hold. */
const STEP_MAX: u32 = 5000;

const RX: usize = memory.data(1024 + MESSAGE_MARGIN, 8) + MESSAGE_MARGIN;

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

/** Boot. The relay takes its retained level before anything else can want it. */
export function init(boot_reason: u32): void {
  fill(STATE, 0, STATE_LEN / 4);
  store<u8>(REASON, boot_reason as u8);
  configLoad();
  retainedLoad();
  gpio_write(PIN_RELAY, load<u8>(RELAY));
  // Pins are held through a restart: a lamp that was lit would stay so.
  gpio_write(PIN_LAMP, 0);
  const torn = journalOpen();
  store<u8>(BOOT_DUE, torn ? 3 : 1);
  actuatorsBoot();
  store<u8>(STATUS_DUE, 1);
}

export function on_event(kind: u32, a: u32, b: u32): void {
  if (kind === EVENT_TICK) {
    advance(a);
    // In place: a tick with nothing to do is mostly calls.
    store<u16>(TEMPERATURE, (b >>> INPUT_TEMPERATURE_SHIFT) as u16);
    if (!live()) sampleWhileKilled(load<i16>(TEMPERATURE));
    lampTick();
  } else if (kind === EVENT_EPOCH) {
    store<u32>(EPOCH, a);
    store<u32>(EPOCH + 4, b);
    return;
  } else {
    advance(a);
    event(kind, b);
  }
  statusFlush();
}

function event(kind: u32, b: u32): void {
  if (kind === EVENT_RX) {
    assert(b <= MESSAGE_MAX);
    commandReceive(RX, b);
  } else if (kind === EVENT_BUTTON) buttonEdge(b !== 0);
  else if (kind === EVENT_GATE) gate(b);
  else if (kind === EVENT_LINK) {
    store<u8>(LINKED, b !== 0 ? 1 : 0);
    store<u8>(STATUS_DUE, 1);
  } else assert(false);
}

/** Moves time on to `now`. Time that runs backwards stands still. */
function advance(now: u32): void {
  const passed = now - load<u32>(NOW);
  store<u32>(NOW, now);
  if (load<u8>(BOOT_DUE) !== 0) booted();
  else if ((passed as i32) > 0) {
    const ms = min<u32>(passed, STEP_MAX);
    if (countsDown()) elapse(ms);
    telemetryElapse(ms);
  }
}

/** The first event has set the clock, and dates the record of the boot. */
function booted(): void {
  const due: u32 = load<u8>(BOOT_DUE);
  store<u8>(BOOT_DUE, 0);
  count(BOOTS);
  journalAppend(RECORD_BOOT, load<u8>(REASON), due >> 1);
}

/** Whether anything but the telemetry's period runs: at most ticks nothing does. */
function countsDown(): bool {
  const effects = load<u32>(HOLD_MS) | load<u32>(QUIET_MS) | load<u32>(IDENTIFY_MS);
  return (effects | load<u32>(REFUSED_MS)) !== 0;
}

function elapse(ms: u32): void {
  actuatorsElapse(ms);
  refusalsElapse(ms);
}

function sampleWhileKilled(temperature: i16): void {
  const first = load<u32>(KILLED_SAMPLES) === 0;
  if (first || temperature < load<i16>(KILLED_MIN)) store<i16>(KILLED_MIN, temperature);
  if (first || temperature > load<i16>(KILLED_MAX)) store<i16>(KILLED_MAX, temperature);
  count(KILLED_SAMPLES);
}

/** The gate's phase changed. Leaving LIVE is not announced: it is a cut, and boots the guest anew. */
function gate(phase: u32): void {
  const before: u32 = load<u8>(PHASE);
  store<u8>(PHASE, phase as u8);
  if (phase === PHASE_LIVE) {
    journalAppend(RECORD_LIVE, 0, load<u32>(EPOCH));
    radio_request(1);
    return;
  }
  store<u64>(EPOCH, 0);
  store<u8>(LINKED, 0);
  if (phase >= PHASE_FAULT_CONTACT) {
    store<u8>(FAULT, phase as u8);
    journalAppend(RECORD_FAULT, phase, 0);
  } else if (before >= PHASE_FAULT_CONTACT) journalAppend(RECORD_CLEAR, before, 0);
}
