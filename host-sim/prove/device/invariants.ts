/**
 * What must hold of every transition: the invariants of docs/PROOFS.md, as questions about the guest
 * before, what it did, and the guest after. Must not know how states are folded or found.
 */
import { EVENT, MARK, OP, PHASE, SAFE } from "../../abi/abi.gen.ts";
import { at, CONFIGS, COUNTDOWNS, EPOCH_WORDS, type Found, STAND_IN } from "./abstraction.ts";
import { type Asks, decisionOf } from "./events.ts";
import type { Machine } from "./instrumented-guest.ts";
import type { Transition } from "./transition.ts";

const UNSET = -1;
/** Bounce that a board's button may show, in ms, and the longest that a press may go unheard. */
const QUIET_MIN_MS = 10;
const QUIET_MAX_MS = 100;
const [EPOCH_LOW, EPOCH_HIGH] = EPOCH_WORDS;

/** A countdown after the event's time has passed, before the event does anything. */
function elapsed(step: Transition, event: Asks, index: number): number {
  const row = COUNTDOWNS[index];
  if (row === undefined || ends(event, index)) return 0;
  const value = step.wasWord(at[row[0]]);
  return value === 0 || event.ms === 0 || step.was(at.BOOT_DUE) !== 0 ? value : value - event.ms;
}

const ends = (event: Asks, index: number) => ((event.ends >>> index) & 1) === 1;

/** Whether a countdown is what the event's time alone makes of it. */
function onlyElapsed(step: Transition, event: Asks, index: number): boolean {
  const row = COUNTDOWNS[index];
  if (row === undefined) return true;
  if (event.ms === 0 && !ends(event, index)) return !step.changedWord(at[row[0]]);
  return step.isWord(at[row[0]]) === elapsed(step, event, index);
}
const QUIET = 0;
const HOLD = 2;

/** What becomes of the event's message: MARK. The order of the questions is the promise. */
function decision(step: Transition, event: Asks): number {
  const { message } = event;
  if (message === null) return UNSET;
  if (step.was(at.PHASE) !== PHASE.LIVE) return MARK.KILLED;
  if (message.broken === "envelope") return MARK.MALFORMED_ENVELOPE;
  if (message.broken === "tag" || message.broken === "kid") return MARK.BAD_MAC;
  if (message.broken === "payload") return MARK.MALFORMED_PAYLOAD;
  if (message.epoch !== "current") return MARK.STALE_EPOCH;
  if (step.wasWord(at.EPOCH) === 0 && step.wasWord(at.EPOCH + 4) === 0) return MARK.STALE_EPOCH;
  if (message.seq === "never") return MARK.REPLAY;
  if (message.seq === "last" && step.wasWord(at.LAST_SEQ + 4 * message.principal) !== 0)
    return MARK.REPLAY;
  if (!message.permitted) return MARK.FORBIDDEN;
  if (message.op === OP.RELAY_SET && elapsed(step, event, HOLD) !== 0) return MARK.HOLD;
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

const NO_ARGS: ReadonlyMap<number, unknown> = new Map();

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
  check(step: Transition, event: Asks): string | null {
    this.met |= step.marks;
    return (
      this.#checkRelay(step, event) ??
      this.#checkHold(step, event) ??
      this.#checkConfig(step, event) ??
      this.#checkSession(step, event) ??
      this.#checkRadio(step, event) ??
      (event.message === null ? null : this.#checkMessage(step, event))
    );
  }

  /** I3, I4, I5, I6: the relay moves at a press, or at a command that was accepted, and at nothing else. */
  #checkRelay(step: Transition, event: Asks): string | null {
    const moves = step.changed(at.RELAY);
    if (event.kind === EVENT.BUTTON && event.b !== 0) {
      const due = elapsed(step, event, QUIET) === 0;
      if (moves !== due)
        return due
          ? "I6: a press turns the relay over, in every state"
          : "I6: an edge within the bounce of another moves nothing";
    } else if (event.message?.op === OP.RELAY_SET && decision(step, event) === MARK.ACCEPTED) {
      const due = event.message.args.get(1) === true ? 1 : 0;
      if (step.is(at.RELAY) !== due) return "a command that is accepted sets the relay";
    } else if (moves) {
      if (event.message === null) return "the relay moves for a hand or a command alone";
      if (step.was(at.PHASE) !== PHASE.LIVE) return "I3: killed, no message changes anything";
      if (elapsed(step, event, HOLD) !== 0)
        return "I5: while a hand holds the relay no message moves it";
      return "I4: a message that is stale, replayed, forged or forbidden moves nothing";
    }
    const pin = step.relayPin;
    if ((moves || pin !== UNSET) && pin !== step.is(at.RELAY))
      return "the relay's pin is the relay's level";
    return null;
  }

  /** I5, I6: only a press begins a hold, only time ends one. */
  #checkHold(step: Transition, event: Asks): string | null {
    const press = event.kind === EVENT.BUTTON && event.b !== 0 && elapsed(step, event, QUIET) === 0;
    const seconds = press ? step.wasWord(at.HOLD_S) : 0;
    // Configured to 0, a press takes no hold, and ends none.
    const right =
      seconds > 0 ? step.isWord(at.HOLD_MS) === seconds * 1000 : onlyElapsed(step, event, HOLD);
    if (!right)
      return press
        ? "I5: a press takes the hold"
        : "I5: only time ends a hold, only a press begins one";
    if (event.kind !== EVENT.BUTTON)
      return onlyElapsed(step, event, QUIET) ? null : "I6: only edges of the button quiet it";
    const quiet = step.isWord(at.QUIET_MS);
    const within = quiet >= QUIET_MIN_MS && quiet <= QUIET_MAX_MS;
    return within
      ? null
      : `I6: an edge quiets the button for ${QUIET_MIN_MS} to ${QUIET_MAX_MS} ms`;
  }

  /** I3, I4: the configuration changes by the owner's accepted command alone, and not before it is stored. */
  #checkConfig(step: Transition, event: Asks): string | null {
    const { message } = event;
    const accepted = (step.marks >>> MARK.ACCEPTED) & 1;
    const asked = message?.op === OP.CONFIG_SET && accepted ? message.args : NO_ARGS;
    const stands = (key: number, changed: boolean, is: () => number) => {
      const due = asked.get(key);
      return typeof due === "number" ? is() === due : !changed;
    };
    const same =
      stands(1, step.changed(at.SAFE_STATE), () => step.is(at.SAFE_STATE)) &&
      stands(2, step.changedWord(at.TELEMETRY_S), () => step.isWord(at.TELEMETRY_S)) &&
      stands(3, step.changedWord(at.HOLD_S), () => step.isWord(at.HOLD_S));
    if (same) return null;
    return step.was(at.PHASE) === PHASE.LIVE
      ? "I4: the configuration is what the owner's last accepted command made it"
      : "I3: killed, no message changes anything";
  }

  /** I4, I7: phase, epoch and session are the host's to tell; sequence numbers only rise. */
  #checkSession(step: Transition, event: Asks): string | null {
    const gate = event.kind === EVENT.GATE;
    const leaves = gate && event.b !== PHASE.LIVE;
    if (step.isWord(at.NOW) !== STAND_IN.now + event.ms) return "the time is what the host says";
    if (gate ? step.is(at.PHASE) !== event.b : step.changed(at.PHASE))
      return "I7: the phase is what the gate says";
    const [low, high] = leaves ? [0, 0] : [EPOCH_LOW, EPOCH_HIGH];
    const epoch =
      leaves || event.epoch
        ? step.isWord(at.EPOCH) === low && step.isWord(at.EPOCH + 4) === high
        : !step.changedWord(at.EPOCH) && !step.changedWord(at.EPOCH + 4);
    if (!epoch) return "I4: the epoch is the host's, and none while not LIVE";
    const link = event.kind === EVENT.LINK;
    if (link || leaves ? step.is(at.LINKED) !== (link ? event.b : 0) : step.changed(at.LINKED))
      return "the session is what the host says";
    const told = decisionOf(step.marks);
    for (let principal = 0; principal < 3; principal++) {
      const last = at.LAST_SEQ + 4 * principal;
      const used = event.message?.principal === principal && told >= 0 && (ADMITTED >>> told) & 1;
      if (used ? step.isWord(last) <= step.wasWord(last) : step.changedWord(last))
        return "I4: a sequence number is used up by the message that bears it, and by no other";
    }
    return null;
  }

  /** I2, I8: nothing is sent but while LIVE; the radio is asked for on entering LIVE, and then only. */
  #checkRadio(step: Transition, event: Asks): string | null {
    const enters = event.kind === EVENT.GATE && event.b === PHASE.LIVE;
    if (step.radio !== (enters ? 1 : UNSET))
      return "I8: the radio is asked for on entering LIVE, and then only";
    if (step.sends === 0) return null;
    const live = step.was(at.PHASE) === PHASE.LIVE || step.is(at.PHASE) === PHASE.LIVE;
    return live ? null : "I2: killed, nothing is sent";
  }

  /** I3, I4, I5: what becomes of a message, and that its sender is told so or not told. */
  #checkMessage(step: Transition, event: Asks): string | null {
    let due = decision(step, event);
    const told = decisionOf(step.marks);
    const storage = event.fails && event.message?.op === OP.CONFIG_SET;
    if (storage && due === MARK.ACCEPTED && told === MARK.FAILED) due = MARK.FAILED;
    if (told !== due) {
      if (due === MARK.KILLED) return "I3: killed, no message changes anything";
      if (due === MARK.HOLD) return "I5: while a hand holds the relay commands for it are refused";
      if (due === MARK.STALE_EPOCH) return "I4: a command of another epoch is refused";
      if (due === MARK.REPLAY) return "I4: a sequence number that was used is refused";
      return "a message is refused for its first fault, and else accepted";
    }
    if (step.verifies > 1) return "a tag is verified once";
    const replies = (ANSWERED >>> due) & 1;
    if (step.sends < replies) return "a principal whose tag is good is answered";
    if (replies === 0 && step.sends > 0 && !event.endsAny) {
      const owed = step.was(at.STATUS_DUE) !== 0 || step.changed(at.STATUS_DUE);
      if (!owed) return "a sender without a good tag is not told";
    }
    const identifies = event.message?.op === OP.IDENTIFY && due === MARK.ACCEPTED;
    if (identifies && step.isWord(at.IDENTIFY_MS) === 0) return "identify blinks";
    const executed = step.isWord(at.EXECUTED) - step.wasWord(at.EXECUTED);
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
