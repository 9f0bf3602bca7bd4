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
import {
  BLINK,
  elapse,
  HOLD_MS,
  HOLD_S,
  IDENTIFY_MS,
  LAMP,
  PHASE,
  QUIET_MS,
  RELAY,
  STATUS_DUE,
} from "./state";

/** A button edge within this time of another is bounce, in ms. */
const QUIET: u32 = 30;
/** How long identify blinks, in ms. */
const IDENTIFY: u32 = 5000;

function relayTo(level: u32): void {
  assert(level <= 1);
  if (load<u8>(RELAY) !== level) store<u8>(STATUS_DUE, 1);
  store<u8>(RELAY, level as u8);
  retainedSave();
  gpio_write(PIN_RELAY, level);
}

/** A remote party sets the relay. Asks the policy once more; returns CODE. */
export function relayByCommand(level: u32): u32 {
  const code = mayActuate();
  if (code !== CODE_OK) return code;
  if (load<u8>(RELAY) !== level) relayTo(level);
  return CODE_OK;
}

/** A button edge. A press that is not bounce turns the relay over and takes the hold. */
export function buttonEdge(pressed: bool): void {
  const quiet = load<u32>(QUIET_MS) === 0;
  store<u32>(QUIET_MS, QUIET);
  if (!pressed) return;
  if (!quiet) {
    mark(MARK_BOUNCE);
    return;
  }
  // Configured to 0, the hand moves the relay and takes no hold; one that runs goes on.
  const seconds = load<u32>(HOLD_S);
  if (seconds > 0) {
    holdTake(seconds);
    mark(MARK_HOLD_BEGUN);
  }
  relayTo(load<u8>(RELAY) ^ 1);
  store<u8>(STATUS_DUE, 1);
  journalAppend(RECORD_HOLD, 1, load<u8>(RELAY));
}

/** The board has just booted: a button that is being let go chatters still. */
export function actuatorsBoot(): void {
  store<u32>(QUIET_MS, QUIET);
}

/** Lets `ms` pass for what counts down. */
export function actuatorsElapse(ms: u32): void {
  elapse(QUIET_MS, ms);
  elapse(IDENTIFY_MS, ms);
  if (!elapse(HOLD_MS, ms)) return;
  mark(MARK_HOLD_ENDED);
  store<u8>(STATUS_DUE, 1);
  journalAppend(RECORD_HOLD, 0, load<u8>(RELAY));
}

export function identify(): void {
  store<u32>(IDENTIFY_MS, IDENTIFY);
}

/** A tick's worth of lamp: identify flickers, a fault flashes 1 in 4, LIVE is lit, off is dark. */
export function lampTick(): void {
  const phase: u32 = load<u8>(PHASE);
  const blink: u32 = (load<u8>(BLINK) + 1) & 3;
  store<u8>(BLINK, blink as u8);
  let level: u32 = 0;
  if (load<u32>(IDENTIFY_MS) !== 0) level = blink & 1;
  else if (phase === PHASE_LIVE) level = 1;
  else if (phase >= PHASE_FAULT_CONTACT && blink === 0) level = 1;
  if (load<u8>(LAMP) !== level) lampTo(level);
}

function lampTo(level: u32): void {
  store<u8>(LAMP, level as u8);
  gpio_write(PIN_LAMP, level);
}
