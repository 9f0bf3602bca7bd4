// device.wasm: the exports that the host calls, and the dispatch of events. The guest can request
// the radio; only the gate permits it.

// Imported first so that their data comes first in memory: most code reads it, and an address below
// 128 encodes in one byte. It saves 170 bytes of code.
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
import { retainedLoad, retainedSave } from "./retained";
import { increment, STATE, STATE_LEN, state } from "./state";

/** Longest time that may pass between two events, in ms: a clock that jumps does not end a hold. */
const STEP_MAX_MS: u32 = 5000;

/** Buffer for a received message. */
const RX: usize = memory.data(1024 + MESSAGE_MARGIN, 8) + MESSAGE_MARGIN;

/** Version of the ABI that this module was built for. */
export function abi_version(): u32 {
  return ABI_VERSION;
}

/** Address of the buffer for a received message: MESSAGE_MAX bytes. */
export function rx_buffer(): usize {
  return RX;
}

/** Address of the state region. */
export function state_ptr(): usize {
  return STATE;
}

/** Length of the state region, in bytes. */
export function state_len(): u32 {
  return STATE_LEN;
}

/** Boots the device. The relay takes its retained level before any event. */
export function init(boot_reason: u32): void {
  fill(STATE, 0, STATE_LEN / 4);
  state.reason = boot_reason as u8;
  configLoad();
  retainedLoad();
  gpio_write(PIN_RELAY, state.relay);
  // Pins may keep their level through a restart: without this, a lit lamp would stay lit.
  gpio_write(PIN_LAMP, 0);
  state.run = increment(state.run);
  const torn = journalOpen();
  state.bootDue = torn ? 3 : 1;
  actuatorsBoot();
  state.statusDue = 1;
}

/** Handles one event; see EVENT for the arguments. */
export function on_event(kind: u32, a: u32, b: u32): void {
  if (kind === EVENT_TICK) {
    advance(a);
    // Written out here: calls are most of the cost of a tick with nothing to do.
    state.temperature = (b >>> INPUT_TEMPERATURE_SHIFT) as i16;
    if (!live()) sampleWhileKilled(state.temperature);
    lampTick();
  } else if (kind === EVENT_EPOCH) {
    state.epoch = (a as u64) | ((b as u64) << 32);
    return;
  } else {
    advance(a);
    event(kind, b);
  }
  statusFlush();
}

/** Handles an event other than TICK and EPOCH. */
function event(kind: u32, b: u32): void {
  if (kind === EVENT_RX) {
    assert(b <= MESSAGE_MAX);
    commandReceive(RX, b);
  } else if (kind === EVENT_BUTTON) buttonEdge(b !== 0);
  else if (kind === EVENT_GATE) gate(b);
  else if (kind === EVENT_LINK) {
    state.linked = b !== 0 ? 1 : 0;
    state.statusDue = 1;
  } else assert(false);
}

/**
 * Moves time on to `now`. An event that was queued before the last one was dispatched moves nothing. The
 * session clock takes all that passed; what counts down, STEP_MAX_MS at most.
 */
function advance(now: u32): void {
  const passed = (now - state.now) as i32;
  if (state.bootDue !== 0) {
    state.now = now;
    booted();
    return;
  }
  if (passed <= 0 && passed > -(STEP_MAX_MS as i32)) return;
  state.now = now;
  if (passed < 0) return;
  if (live()) state.clock += passed as u64;
  const ms = min<u32>(passed as u32, STEP_MAX_MS);
  if (countsDown()) elapse(ms);
  telemetryElapse(ms);
}

/** Records the boot. Called at the first event, which brings the time for the record. */
function booted(): void {
  const due: u32 = state.bootDue;
  state.bootDue = 0;
  state.boots = increment(state.boots);
  const run = state.run;
  if (due > 1) state.run = 0;
  if (isRepeated()) retainedSave();
  else journalAppend(RECORD_BOOT, state.reason, (run << 1) | (due >> 1));
}

/**
 * Whether the boot and what belongs to it is left out of the journal. Of a run of boots for the same
 * reason, with nothing else at the device in between, the first, second, fourth, eighth... are recorded:
 * flicks of the switch do not wash out the local ring.
 */
function isRepeated(): bool {
  return (state.run & (state.run - 1)) !== 0;
}

/** Whether a countdown other than telemetry is running: on most ticks none is. */
function countsDown(): bool {
  const actuators = state.holdMs | state.quietMs | state.identifyMs;
  return (actuators | state.refusedMs) !== 0;
}

/** Advances the countdowns of actuators and refusals by `ms`. */
function elapse(ms: u32): void {
  actuatorsElapse(ms);
  refusalsElapse(ms);
}

/** Keeps the lowest and the highest temperature while killed. */
function sampleWhileKilled(temperature: i16): void {
  const first = state.killedSamples === 0;
  if (first || temperature < state.killedMin) state.killedMin = temperature;
  if (first || temperature > state.killedMax) state.killedMax = temperature;
  state.killedSamples = increment(state.killedSamples);
}

/**
 * Handles a change of the gate's phase. The guest never sees LIVE end: that is a cut, which boots
 * it again.
 */
function gate(phase: u32): void {
  const before: u32 = state.phase;
  state.phase = phase as u8;
  if (phase === PHASE_LIVE) {
    state.clock = 0;
    state.counter = 0;
    if (!isRepeated()) journalAppend(RECORD_LIVE, 0, state.epoch as u32);
    radio_request(1);
    return;
  }
  state.epoch = 0;
  state.linked = 0;
  if (phase >= PHASE_FAULT_CONTACT) {
    state.fault = phase as u8;
    journalAppend(RECORD_FAULT, phase, 0);
  } else if (before >= PHASE_FAULT_CONTACT) journalAppend(RECORD_CLEAR, before, 0);
}
