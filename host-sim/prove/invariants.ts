/**
 * What must hold of every transition: the invariants of docs/PROOFS.md, as questions about the guest
 * before, what it did, and the guest after. Must not know how states are folded or found.
 */
import { EVENT, MARK, OP, PHASE, SAFE } from "../abi.gen.ts";
import { decisionOf, type ModelEvent } from "./events.ts";
import type { Machine } from "./machine.ts";
import { at, CONFIGS, COUNTDOWNS, EPOCH_WORDS, type Found, STAND_IN } from "./model.ts";

const UNSET = -1;
/** Bounce that a board's button may show, in ms, and the longest that a press may go unheard. */
const QUIET_MIN_MS = 10;
const QUIET_MAX_MS = 100;
/** The guest before an event: its region, as bytes and as words. */
export interface Before {
  bytes: Uint8Array;
  words: Int32Array;
}

const LAST_SEQ_WORD = at.LAST_SEQ >> 2;
const [EPOCH_LOW, EPOCH_HIGH] = EPOCH_WORDS;

/** A countdown after the event's time has passed, before the event does anything. */
function elapsed(before: Before, event: ModelEvent, index: number): number {
  const row = COUNTDOWNS[index];
  if (row === undefined) return 0;
  const value = before.words[at[row[0]] >> 2] ?? 0;
  if (value === 0 || ((event.ends >>> index) & 1) === 1) return 0;
  return value - (before.bytes[at.BOOT_DUE] === 0 ? event.ms : 0);
}
const QUIET = 0;
const HOLD = 2;

/** What becomes of the event's message: MARK. The order of the questions is the promise. */
function decision(before: Before, event: ModelEvent, hold: number): number {
  const { message } = event;
  if (message === null) return UNSET;
  if (before.bytes[at.PHASE] !== PHASE.LIVE) return MARK.KILLED;
  if (message.broken === "envelope") return MARK.MALFORMED_ENVELOPE;
  if (message.broken === "tag" || message.broken === "kid") return MARK.BAD_MAC;
  if (message.broken === "payload") return MARK.MALFORMED_PAYLOAD;
  const epoch = before.words[at.EPOCH >> 2] !== 0 || before.words[(at.EPOCH >> 2) + 1] !== 0;
  if (!epoch || message.epoch !== "current") return MARK.STALE_EPOCH;
  const last = before.words[LAST_SEQ_WORD + message.principal] ?? 0;
  if (message.seq === "never" || (message.seq === "last" && last !== 0)) return MARK.REPLAY;
  if (!message.permitted) return MARK.FORBIDDEN;
  if (message.op === OP.RELAY_SET && hold !== 0) return MARK.HOLD;
  return MARK.ACCEPTED;
}

/** Decisions that the sender is told. */
const ANSWERED =
  (1 << MARK.ACCEPTED) |
  (1 << MARK.STALE_EPOCH) |
  (1 << MARK.REPLAY) |
  (1 << MARK.FORBIDDEN) |
  (1 << MARK.HOLD) |
  (1 << MARK.MALFORMED_PAYLOAD) |
  (1 << MARK.FAILED);
/** Decisions of a message that was of this session and new: its sequence number is used up. */
const ADMITTED =
  (1 << MARK.ACCEPTED) | (1 << MARK.FORBIDDEN) | (1 << MARK.HOLD) | (1 << MARK.FAILED);

/** A field of the configuration after an accepted config.set: as asked, or as it was. */
function configured(event: ModelEvent, key: number, was: number): number {
  const asked = event.message?.args.get(key);
  return typeof asked === "number" ? asked : was;
}

export class Invariants {
  readonly #machine: Machine;
  /** Decisions met, a bit per MARK: what the exploration has exercised. */
  met = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  #byte(offset: number): number {
    return this.#machine.memory[this.#machine.statePtr + offset] ?? 0;
  }

  #word(offset: number): number {
    return this.#machine.words[(this.#machine.statePtr + offset) >> 2] ?? 0;
  }

  /** The first rule that the transition breaks; null if none. */
  check(before: Before, event: ModelEvent): string | null {
    const hold = elapsed(before, event, HOLD);
    this.met |= this.#machine.marks;
    return (
      this.#checkRelay(before, event, hold) ??
      this.#checkHold(before, event, hold) ??
      this.#checkConfig(before, event) ??
      this.#checkSession(before, event) ??
      this.#checkRadio(before, event) ??
      (event.message === null ? null : this.#checkMessage(before, event, hold))
    );
  }

  /** I3, I4, I5, I6: the relay moves at a press, or at a command that was accepted, and at nothing else. */
  #checkRelay(before: Before, event: ModelEvent, hold: number): string | null {
    const machine = this.#machine;
    const was = before.bytes[at.RELAY] ?? 0;
    const is = this.#byte(at.RELAY);
    let due = was;
    if (event.kind === EVENT.BUTTON && event.b !== 0) {
      if (elapsed(before, event, QUIET) === 0) due = was ^ 1;
      if (is !== due)
        return due === was
          ? "I6: an edge within the bounce of another moves nothing"
          : "I6: a press turns the relay over, in every state";
    } else if (
      event.message?.op === OP.RELAY_SET &&
      decision(before, event, hold) === MARK.ACCEPTED
    ) {
      due = event.message.args.get(1) === true ? 1 : 0;
      if (is !== due) return "a command that is accepted sets the relay";
    }
    if (is !== due) {
      if (event.message === null) return "the relay moves for a hand or a command alone";
      if (before.bytes[at.PHASE] !== PHASE.LIVE) return "I3: killed, no message changes anything";
      if (hold !== 0) return "I5: while a hand holds the relay no message moves it";
      return "I4: a message that is stale, replayed, forged or forbidden moves nothing";
    }
    const pin = machine.relayPin;
    if (is !== was ? pin !== is : pin !== UNSET && pin !== is)
      return "the relay's pin is the relay's level";
    return null;
  }

  /** I5, I6: only a press begins a hold, only time ends one. */
  #checkHold(before: Before, event: ModelEvent, hold: number): string | null {
    const press =
      event.kind === EVENT.BUTTON && event.b !== 0 && elapsed(before, event, QUIET) === 0;
    const seconds = before.words[at.HOLD_S >> 2] ?? 0;
    // Configured to 0, a press takes no hold, and ends none.
    const due = press && seconds > 0 ? seconds * 1000 : hold;
    if (this.#word(at.HOLD_MS) !== due)
      return press
        ? "I5: a press takes the hold"
        : "I5: only time ends a hold, only a press begins one";
    const quiet = this.#word(at.QUIET_MS);
    if (event.kind !== EVENT.BUTTON)
      return quiet === elapsed(before, event, QUIET)
        ? null
        : "I6: only edges of the button quiet it";
    const within = quiet >= QUIET_MIN_MS && quiet <= QUIET_MAX_MS;
    return within
      ? null
      : `I6: an edge quiets the button for ${QUIET_MIN_MS} to ${QUIET_MAX_MS} ms`;
  }

  /** I3, I4: the configuration changes by the owner's accepted command alone, and not before it is stored. */
  #checkConfig(before: Before, event: ModelEvent): string | null {
    let safe = before.bytes[at.SAFE_STATE] ?? 0;
    let telemetry = before.words[at.TELEMETRY_S >> 2] ?? 0;
    let hold = before.words[at.HOLD_S >> 2] ?? 0;
    const { message } = event;
    if (message?.op === OP.CONFIG_SET && (this.#machine.marks >>> MARK.ACCEPTED) & 1) {
      safe = configured(event, 1, safe);
      telemetry = configured(event, 2, telemetry);
      hold = configured(event, 3, hold);
    }
    const same =
      this.#byte(at.SAFE_STATE) === safe &&
      this.#word(at.TELEMETRY_S) === telemetry &&
      this.#word(at.HOLD_S) === hold;
    if (same) return null;
    return before.bytes[at.PHASE] === PHASE.LIVE
      ? "I4: the configuration is what the owner's last accepted command made it"
      : "I3: killed, no message changes anything";
  }

  /** I4, I7: phase, epoch and session are the host's to tell; sequence numbers only rise. */
  #checkSession(before: Before, event: ModelEvent): string | null {
    const gate = event.kind === EVENT.GATE;
    if (this.#byte(at.PHASE) !== (gate ? event.b : before.bytes[at.PHASE]))
      return "I7: the phase is what the gate says";
    let low = before.words[at.EPOCH >> 2] ?? 0;
    let high = before.words[(at.EPOCH >> 2) + 1] ?? 0;
    if (event.epoch) [low, high] = [EPOCH_LOW, EPOCH_HIGH];
    if (gate && event.b !== PHASE.LIVE) low = high = 0;
    if (this.#word(at.EPOCH) !== low || this.#word(at.EPOCH + 4) !== high)
      return "I4: the epoch is the host's, and none while not LIVE";
    let linked: number = before.bytes[at.LINKED] ?? 0;
    if (event.kind === EVENT.LINK) linked = event.b;
    if (gate && event.b !== PHASE.LIVE) linked = 0;
    if (this.#byte(at.LINKED) !== linked) return "the session is what the host says";
    const told = decisionOf(this.#machine.marks);
    for (let principal = 0; principal < 3; principal++) {
      const was = before.words[LAST_SEQ_WORD + principal] ?? 0;
      const is = this.#word(at.LAST_SEQ + 4 * principal);
      const used = event.message?.principal === principal && told >= 0 && (ADMITTED >>> told) & 1;
      if (used ? is <= was : is !== was)
        return "I4: a sequence number is used up by the message that bears it, and by no other";
    }
    return null;
  }

  /** I2, I8: nothing is sent but while LIVE; the radio is asked for on entering LIVE, and then only. */
  #checkRadio(before: Before, event: ModelEvent): string | null {
    const machine = this.#machine;
    const enters = event.kind === EVENT.GATE && event.b === PHASE.LIVE;
    if (machine.radio !== (enters ? 1 : UNSET))
      return "I8: the radio is asked for on entering LIVE, and then only";
    const live = before.bytes[at.PHASE] === PHASE.LIVE || this.#byte(at.PHASE) === PHASE.LIVE;
    if (!live && machine.sends !== 0) return "I2: killed, nothing is sent";
    return null;
  }

  /** I3, I4, I5: what becomes of a message, and that its sender is told so or not told. */
  #checkMessage(before: Before, event: ModelEvent, hold: number): string | null {
    const machine = this.#machine;
    let due = decision(before, event, hold);
    const told = decisionOf(machine.marks);
    const storage = event.failWrites !== 0 && event.message?.op === OP.CONFIG_SET;
    if (storage && due === MARK.ACCEPTED && told === MARK.FAILED) due = MARK.FAILED;
    if (told !== due) {
      if (due === MARK.KILLED) return "I3: killed, no message changes anything";
      if (due === MARK.HOLD) return "I5: while a hand holds the relay commands for it are refused";
      if (due === MARK.STALE_EPOCH) return "I4: a command of another epoch is refused";
      if (due === MARK.REPLAY) return "I4: a sequence number that was used is refused";
      return "a message is refused for its first fault, and else accepted";
    }
    const signed = due !== MARK.KILLED && due !== MARK.MALFORMED_ENVELOPE;
    if ((machine.verifies !== 0) !== (signed && machine.verifies === 1) && machine.verifies > 1)
      return "a tag is verified once";
    const owed =
      before.bytes[at.STATUS_DUE] !== 0 ||
      this.#byte(at.STATUS_DUE) !== before.bytes[at.STATUS_DUE];
    const replies = (ANSWERED >>> due) & 1;
    if (machine.sends < replies) return "a principal whose tag is good is answered";
    if (replies === 0 && machine.sends > 0 && !owed && event.ends === 0)
      return "a sender without a good tag is not told";
    const identifies = event.message?.op === OP.IDENTIFY && due === MARK.ACCEPTED;
    if (identifies && this.#word(at.IDENTIFY_MS) === 0) return "identify blinks";
    const executed = this.#word(at.EXECUTED) - (before.words[at.EXECUTED >> 2] ?? 0);
    return executed === (due === MARK.ACCEPTED ? 1 : 0) ? null : "what is executed is counted";
  }

  /** I8: a boot is killed, silent and forgetful; the relay stands as it stood, or safe. `stored` as found. */
  checkBoot(found: Found, readable: boolean): string | null {
    const machine = this.#machine;
    const config = CONFIGS[found.config];
    this.met |= machine.marks;
    if (this.#byte(at.PHASE) !== PHASE.KILLED) return "I8: every boot is KILLED";
    if (machine.radio > 0) return "I8: a boot does not ask for the radio";
    if (machine.sends > 0) return "I2: a boot sends nothing";
    if (this.#word(at.EPOCH) !== 0 || this.#word(at.EPOCH + 4) !== 0)
      return "I4: a boot knows no epoch";
    const safe = this.#byte(at.SAFE_STATE) === SAFE.ON ? 1 : 0;
    const relay = found.good ? found.relay : safe;
    if (this.#byte(at.RELAY) !== relay || machine.relayPin !== relay)
      return "I8: the relay comes back as it was, or in its safe state";
    const hold = found.good && found.hold !== 0 ? STAND_IN.holdMs : 0;
    if (this.#word(at.HOLD_MS) !== hold) return "I5: a restart ends no hold";
    if (this.#word(at.JOURNAL_NEXT) !== found.head) return "I9: a restart loses no record";
    const same =
      config !== undefined &&
      this.#byte(at.SAFE_STATE) === config.safe &&
      this.#word(at.TELEMETRY_S) === config.telemetryS &&
      this.#word(at.HOLD_S) === config.holdS;
    if (!same) return "I9: a boot finds the configuration that was stored last, or the defaults";
    if (this.#byte(at.JOURNAL_OPEN) !== (readable ? 1 : 0))
      return "I9: a journal that could not be read is not written to";
    if (this.#byte(at.BOOT_DUE) !== (found.torn ? 3 : 1))
      return "I9: a torn record is found, and nothing else";
    return null;
  }
}
