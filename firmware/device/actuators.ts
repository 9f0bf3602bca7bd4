// What moves in the world: relay, hold, lamp, identify. Must not know the wire or who asks.
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

/** A button edge within this time of another is bounce, in ms. */
const BOUNCE_QUIET_MS: u32 = 30;
/** How long identify blinks, in ms. */
const IDENTIFY_BLINK_MS: u32 = 5000;

function relayTo(level: u32): void {
  assert(level <= 1);
  if (state.relay !== level) state.statusDue = 1;
  state.relay = level as u8;
  retainedSave();
  gpio_write(PIN_RELAY, level);
}

/** A remote party sets the relay. Asks the policy once more; returns CODE. */
export function relayByCommand(level: u32): u32 {
  const code = mayActuate();
  if (code !== CODE_OK) return code;
  if (state.relay !== level) relayTo(level);
  return CODE_OK;
}

/** A button edge. A press that is not bounce turns the relay over and takes the hold. */
export function buttonEdge(pressed: bool): void {
  const quiet = state.quietMs === 0;
  state.quietMs = BOUNCE_QUIET_MS;
  if (!pressed) return;
  if (!quiet) {
    mark(MARK_BOUNCE);
    return;
  }
  // Configured to 0, the hand moves the relay and takes no hold; one that runs goes on.
  const seconds = state.holdS;
  if (seconds > 0) {
    holdTake(seconds);
    mark(MARK_HOLD_BEGUN);
  }
  relayTo(state.relay ^ 1);
  state.statusDue = 1;
  journalAppend(RECORD_HOLD, 1, state.relay);
}

/** The board has just booted: a button that is being let go chatters still. */
export function actuatorsBoot(): void {
  state.quietMs = BOUNCE_QUIET_MS;
}

/** Lets `ms` pass for what counts down. */
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

export function identify(): void {
  state.identifyMs = IDENTIFY_BLINK_MS;
}

/** A tick's worth of lamp: identify flickers, a fault flashes 1 in 4, LIVE is lit, off is dark. */
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
