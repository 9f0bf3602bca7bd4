// The relay, the button that takes a hold on it, and the lamp.
import {
  CODE_OK,
  gpio_write,
  MARK_BOUNCE,
  MARK_HOLD_BEGUN,
  MARK_HOLD_ENDED,
  mark,
  PHASE_FAULT_CONTACT,
  PHASE_LIVE,
  PIN_LAMP,
  PIN_RELAY,
  RECORD_HOLD,
} from "./abi.gen";
import { journalAppend } from "./journal";
import { mayActuate } from "./policy";
import { holdTake, retainedSave } from "./retained";
import { countDown, state } from "./state";

/** A button edge that follows another within this time is bounce, in ms. */
const BOUNCE_QUIET_MS: u32 = 30;
/** How long the lamp blinks on identify, in ms. */
const IDENTIFY_BLINK_MS: u32 = 5000;

/** Drives the relay and saves its level first, so that a cut in between restores the new level. */
function relayTo(level: u32): void {
  assert(level <= 1);
  if (state.relay !== level) state.statusDue = 1;
  state.relay = level as u8;
  retainedSave();
  gpio_write(PIN_RELAY, level);
}

/** Sets the relay by a command, after checking the policy again. Returns CODE. */
export function relayByCommand(level: u32): u32 {
  const code = mayActuate();
  if (code !== CODE_OK) return code;
  if (state.relay !== level) relayTo(level);
  return CODE_OK;
}

/** Handles a button edge. A press that is not bounce toggles the relay and begins a hold. */
export function buttonEdge(pressed: bool): void {
  const quiet = state.quietMs === 0;
  state.quietMs = BOUNCE_QUIET_MS;
  if (!pressed) return;
  if (!quiet) {
    mark(MARK_BOUNCE);
    return;
  }
  // With a configured hold of 0 a press only moves the relay; an active hold goes on.
  const seconds = state.holdS;
  if (seconds > 0) {
    holdTake(seconds);
    mark(MARK_HOLD_BEGUN);
  }
  relayTo(state.relay ^ 1);
  state.statusDue = 1;
  journalAppend(RECORD_HOLD, 1, state.relay);
}

/** Ignores button edges right after a boot: a button that is being released still bounces. */
export function actuatorsBoot(): void {
  state.quietMs = BOUNCE_QUIET_MS;
}

/** Advances the countdowns by `ms`; records the end of a hold. */
export function actuatorsElapse(ms: u32): void {
  state.quietMs = countDown(state.quietMs, ms);
  state.identifyMs = countDown(state.identifyMs, ms);
  if (state.holdMs === 0) return;
  state.holdMs = countDown(state.holdMs, ms);
  if (state.holdMs !== 0) return;
  mark(MARK_HOLD_ENDED);
  state.statusDue = 1;
  journalAppend(RECORD_HOLD, 0, state.relay);
}

/** Begins the blinking of the lamp. */
export function identify(): void {
  state.identifyMs = IDENTIFY_BLINK_MS;
}

/**
 * Updates the lamp on a tick. Identify: on and off in turn. Otherwise LIVE: on; a fault: on for one
 * tick in four; any other phase: off.
 */
export function lampTick(): void {
  const phase: u32 = state.phase;
  const blink: u32 = (state.blink + 1) & 3;
  state.blink = blink as u8;
  let level: u32 = 0;
  if (state.identifyMs !== 0) level = blink & 1;
  else if (phase === PHASE_LIVE) level = 1;
  else if (phase >= PHASE_FAULT_CONTACT && blink === 0) level = 1;
  if (state.lamp !== level) lampTo(level);
}

function lampTo(level: u32): void {
  state.lamp = level as u8;
  gpio_write(PIN_LAMP, level);
}
