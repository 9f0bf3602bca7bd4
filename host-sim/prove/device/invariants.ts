/**
 * The invariants of docs/PROOFS.md, as checks of one transition: the guest's state before, what the guest
 * did, its state after. Each method returns the first rule that is broken, or null.
 */
import { EVENT, MARK, OP, PHASE, SAFE } from "../../abi/abi.gen.ts";
import { OFFSET } from "./abstraction.ts";
import { type BootStorage, CONFIGS } from "./boot-storage.ts";
import { decisionOf, type EventFacts } from "./events.ts";
import type { InstrumentedGuest } from "./instrumented-guest.ts";
import { COUNTDOWNS, EPOCH_WORDS, STAND_IN } from "./model-values.ts";
import { HOLD, QUIET } from "./recorder/state-bits.ts";
import type { Transition } from "./transition.ts";

const UNSET = -1;
/** The debounce time of the button: longer than its contacts bounce, and shorter than a user notices. */
const QUIET_MIN_MS = 10;
const QUIET_MAX_MS = 100;
const [EPOCH_LOW, EPOCH_HIGH] = EPOCH_WORDS;

/** A countdown once the event's time has passed, before the guest handles the event. */
function elapsed(step: Transition, event: EventFacts, index: number): number {
  const row = COUNTDOWNS[index];
  if (row === undefined || ends(event, index)) return 0;
  const value = step.wasWord(OFFSET[row[0]]);
  return value === 0 || event.ms === 0 || step.was(OFFSET.BOOT_DUE) !== 0
    ? value
    : value - event.ms;
}

const ends = (event: EventFacts, index: number) => ((event.ends >>> index) & 1) === 1;

/** Whether nothing but the event's time changed a countdown. */
function onlyElapsed(step: Transition, event: EventFacts, index: number): boolean {
  const row = COUNTDOWNS[index];
  if (row === undefined) return true;
  if (event.ms === 0 && !ends(event, index)) return !step.changedWord(OFFSET[row[0]]);
  return step.isWord(OFFSET[row[0]]) === elapsed(step, event, index);
}

/** The expected decision on the event's message (MARK). docs/PROTOCOL.md fixes the order of the checks. */
function expectedDecision(step: Transition, event: EventFacts): number {
  const { message } = event;
  if (message === null) return UNSET;
  if (step.was(OFFSET.PHASE) !== PHASE.LIVE) return MARK.KILLED;
  if (message.broken === "envelope") return MARK.MALFORMED_ENVELOPE;
  if (message.broken === "tag" || message.broken === "kid") return MARK.BAD_MAC;
  if (message.broken === "payload") return MARK.MALFORMED_PAYLOAD;
  if (message.question) return MARK.QUESTION;
  if (message.epoch !== "current") return MARK.STALE_EPOCH;
  if (step.wasWord(OFFSET.EPOCH) === 0 && step.wasWord(OFFSET.EPOCH + 4) === 0)
    return MARK.STALE_EPOCH;
  if (message.seq === "never") return MARK.REPLAY;
  if (message.seq === "last" && step.wasWord(OFFSET.LAST_SEQ + 4 * message.principal) !== 0)
    return message.duplicate ? MARK.DUPLICATE : MARK.REPLAY;
  if (message.expired) return MARK.EXPIRED;
  if (!message.permitted) return MARK.FORBIDDEN;
  if (message.op === OP.RELAY_SET && elapsed(step, event, HOLD) !== 0) return MARK.HOLD;
  return MARK.ACCEPTED;
}

/** Decisions that the device answers. */
const ANSWERED =
  (1 << MARK.ACCEPTED) |
  (1 << MARK.STALE_EPOCH) |
  (1 << MARK.REPLAY) |
  (1 << MARK.FORBIDDEN) |
  (1 << MARK.HOLD) |
  (1 << MARK.MALFORMED_PAYLOAD) |
  (1 << MARK.FAILED) |
  (1 << MARK.EXPIRED) |
  (1 << MARK.DUPLICATE) |
  (1 << MARK.QUESTION);
/** Decisions on a message of this session with a new sequence number, which is then used up. */
const ADMITTED =
  (1 << MARK.ACCEPTED) |
  (1 << MARK.FORBIDDEN) |
  (1 << MARK.HOLD) |
  (1 << MARK.FAILED) |
  (1 << MARK.EXPIRED);

const NO_ARGS: ReadonlyMap<number, unknown> = new Map();

export class Invariants {
  readonly #guest: InstrumentedGuest;
  /** Marks that the guest reported, a bit each. */
  met = 0;

  constructor(guest: InstrumentedGuest) {
    this.#guest = guest;
  }

  #byte(offset: number): number {
    return this.#guest.memory[this.#guest.statePtr + offset] ?? 0;
  }

  #word(offset: number): number {
    return this.#guest.words[(this.#guest.statePtr + offset) >> 2] ?? 0;
  }

  /** The first rule that the transition breaks; null if none. */
  check(step: Transition, event: EventFacts): string | null {
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

  /** I3, I4, I5, I6: only a press or an accepted command changes the relay. */
  #checkRelay(step: Transition, event: EventFacts): string | null {
    const moves = step.changed(OFFSET.RELAY);
    if (event.kind === EVENT.BUTTON && event.b !== 0) {
      const due = elapsed(step, event, QUIET) === 0;
      if (moves !== due)
        return due
          ? "I6: a press toggles the relay in every state"
          : "I6: an edge within the debounce time of another changes nothing";
    } else if (
      event.message?.op === OP.RELAY_SET &&
      expectedDecision(step, event) === MARK.ACCEPTED
    ) {
      const due = event.message.args.get(1) === true ? 1 : 0;
      if (step.is(OFFSET.RELAY) !== due) return "an accepted command sets the relay";
    } else if (moves) {
      if (event.message === null) return "only a press or a command changes the relay";
      if (step.was(OFFSET.PHASE) !== PHASE.LIVE)
        return "I3: no message changes anything while killed";
      if (elapsed(step, event, HOLD) !== 0) return "I5: no message changes the relay during a hold";
      return "I4: a stale, replayed, forged or forbidden message does not change the relay";
    }
    const pin = step.relayPin;
    if ((moves || pin !== UNSET) && pin !== step.is(OFFSET.RELAY))
      return "the relay's pin has the relay's level";
    return null;
  }

  /** I5, I6: only a press begins a hold, and only time ends one. */
  #checkHold(step: Transition, event: EventFacts): string | null {
    const press = event.kind === EVENT.BUTTON && event.b !== 0 && elapsed(step, event, QUIET) === 0;
    const seconds = press ? step.wasWord(OFFSET.HOLD_S) : 0;
    // If the configured hold is 0, a press begins no hold and ends none.
    const right =
      seconds > 0 ? step.isWord(OFFSET.HOLD_MS) === seconds * 1000 : onlyElapsed(step, event, HOLD);
    if (!right)
      return press
        ? "I5: a press begins a hold"
        : "I5: only time ends a hold and only a press begins one";
    if (event.kind !== EVENT.BUTTON)
      return onlyElapsed(step, event, QUIET)
        ? null
        : "I6: only an edge of the button starts the debounce time";
    const quiet = step.isWord(OFFSET.QUIET_MS);
    const within = quiet >= QUIET_MIN_MS && quiet <= QUIET_MAX_MS;
    return within
      ? null
      : `I6: the debounce time after an edge is ${QUIET_MIN_MS} to ${QUIET_MAX_MS} ms`;
  }

  /** I3, I4: only an accepted command changes the configuration. */
  #checkConfig(step: Transition, event: EventFacts): string | null {
    const { message } = event;
    const accepted = (step.marks >>> MARK.ACCEPTED) & 1;
    const args = message?.op === OP.CONFIG_SET && accepted ? message.args : NO_ARGS;
    const asCommanded = (key: number, changed: boolean, is: () => number) => {
      const due = args.get(key);
      return typeof due === "number" ? is() === due : !changed;
    };
    const same =
      asCommanded(1, step.changed(OFFSET.SAFE_STATE), () => step.is(OFFSET.SAFE_STATE)) &&
      asCommanded(2, step.changedWord(OFFSET.TELEMETRY_S), () => step.isWord(OFFSET.TELEMETRY_S)) &&
      asCommanded(3, step.changedWord(OFFSET.HOLD_S), () => step.isWord(OFFSET.HOLD_S));
    if (same) return null;
    return step.was(OFFSET.PHASE) === PHASE.LIVE
      ? "I4: only an accepted command changes the configuration, to what it says"
      : "I3: no message changes anything while killed";
  }

  /** I4, I7: time, phase, epoch and link are the host's; sequence numbers only rise. */
  #checkSession(step: Transition, event: EventFacts): string | null {
    const gate = event.kind === EVENT.GATE;
    const leaves = gate && event.b !== PHASE.LIVE;
    if (step.isWord(OFFSET.NOW) !== STAND_IN.now + event.ms)
      return "the guest's time is the event's time";
    if (gate ? step.is(OFFSET.PHASE) !== event.b : step.changed(OFFSET.PHASE))
      return "I7: the guest's phase is the gate's phase";
    const [low, high] = leaves ? [0, 0] : [EPOCH_LOW, EPOCH_HIGH];
    const epoch =
      leaves || event.epoch
        ? step.isWord(OFFSET.EPOCH) === low && step.isWord(OFFSET.EPOCH + 4) === high
        : !step.changedWord(OFFSET.EPOCH) && !step.changedWord(OFFSET.EPOCH + 4);
    if (!epoch) return "I4: the epoch is the host's, and there is none while not LIVE";
    const link = event.kind === EVENT.LINK;
    if (
      link || leaves ? step.is(OFFSET.LINKED) !== (link ? event.b : 0) : step.changed(OFFSET.LINKED)
    )
      return "the guest's link state is the host's";
    const decided = decisionOf(step.marks);
    for (let principal = 0; principal < 3; principal++) {
      const last = OFFSET.LAST_SEQ + 4 * principal;
      const used =
        event.message?.principal === principal && decided >= 0 && (ADMITTED >>> decided) & 1;
      if (used ? step.isWord(last) <= step.wasWord(last) : step.changedWord(last))
        return "I4: only the message with a sequence number uses it up";
    }
    return null;
  }

  /** I2, I8: messages are sent only while LIVE, and the radio is requested only on entering LIVE. */
  #checkRadio(step: Transition, event: EventFacts): string | null {
    const enters = event.kind === EVENT.GATE && event.b === PHASE.LIVE;
    if (step.radio !== (enters ? 1 : UNSET))
      return "I8: the guest requests the radio when it enters LIVE, and only then";
    if (step.sends === 0) return null;
    const live = step.was(OFFSET.PHASE) === PHASE.LIVE || step.is(OFFSET.PHASE) === PHASE.LIVE;
    return live ? null : "I2: nothing is sent while killed";
  }

  /** I3, I4, I5: the decision on a message, and whether it is answered. */
  #checkMessage(step: Transition, event: EventFacts): string | null {
    let due = expectedDecision(step, event);
    const decided = decisionOf(step.marks);
    const storage = event.fails && event.message?.op === OP.CONFIG_SET;
    if (storage && due === MARK.ACCEPTED && decided === MARK.FAILED) due = MARK.FAILED;
    if (decided !== due) {
      if (due === MARK.KILLED) return "I3: no message changes anything while killed";
      if (due === MARK.HOLD) return "I5: commands for the relay are refused during a hold";
      if (due === MARK.STALE_EPOCH) return "I4: a command of another epoch is refused";
      if (due === MARK.REPLAY || due === MARK.DUPLICATE)
        return "I4: a used sequence number is refused";
      if (due === MARK.EXPIRED) return "I4: a command whose deadline is not ahead is refused";
      return "a message is refused for its first fault, and accepted if it has none";
    }
    if (step.verifies > 1) return "a tag is verified at most once";
    const replies = (ANSWERED >>> due) & 1;
    if (step.sends < replies) return "a message with a genuine tag is answered";
    if (replies === 0 && step.sends > 0 && !event.endsAny) {
      const owed = step.was(OFFSET.STATUS_DUE) !== 0 || step.changed(OFFSET.STATUS_DUE);
      if (!owed) return "a message without a genuine tag is not answered";
    }
    const identifies = event.message?.op === OP.IDENTIFY && due === MARK.ACCEPTED;
    if (identifies && step.isWord(OFFSET.IDENTIFY_MS) === 0) return "identify makes the lamp blink";
    const executed = step.isWord(OFFSET.EXECUTED) - step.wasWord(OFFSET.EXECUTED);
    return executed === (due === MARK.ACCEPTED ? 1 : 0) ? null : "executed commands are counted";
  }

  /** I8: the state after a boot from `storage`. */
  checkBoot(storage: BootStorage, readable: boolean): string | null {
    const guest = this.#guest;
    const config = CONFIGS[storage.config];
    this.met |= guest.marks;
    if (this.#byte(OFFSET.PHASE) !== PHASE.KILLED) return "I8: every boot is KILLED";
    if (guest.radio > 0) return "I8: a boot does not request the radio";
    if (guest.sends > 0) return "I2: a boot sends nothing";
    if (this.#word(OFFSET.EPOCH) !== 0 || this.#word(OFFSET.EPOCH + 4) !== 0)
      return "I4: there is no epoch after a boot";
    const safe = this.#byte(OFFSET.SAFE_STATE) === SAFE.ON ? 1 : 0;
    const relay = storage.good ? storage.relay : safe;
    if (this.#byte(OFFSET.RELAY) !== relay || guest.relayPin !== relay)
      return "I8: after a boot the relay has its saved level, or the safe state if none is saved";
    const hold = storage.good && storage.hold !== 0 ? STAND_IN.holdMs : 0;
    if (this.#word(OFFSET.HOLD_MS) !== hold) return "I5: a restart ends no hold";
    if (this.#word(OFFSET.JOURNAL_NEXT) !== storage.head) return "I9: a restart loses no record";
    const same =
      config !== undefined &&
      this.#byte(OFFSET.SAFE_STATE) === config.safe &&
      this.#word(OFFSET.TELEMETRY_S) === config.telemetryS &&
      this.#word(OFFSET.HOLD_S) === config.holdS;
    if (!same) return "I9: after a boot the configuration is the one stored last, or the default";
    if (this.#byte(OFFSET.JOURNAL_OPEN) !== (readable ? 1 : 0))
      return "I9: a journal that could not be read is not open for writing";
    if (this.#byte(OFFSET.BOOT_DUE) !== (storage.torn ? 3 : 1))
      return "I9: a boot reports a torn record if there is one, and only then";
    return null;
  }
}
