/**
 * The reference model: a second implementation of the device's rules, written from
 * docs/PROTOCOL.md. It covers relay, hold, configuration, sequence numbers, counts, and which of
 * them survive a restart. Null means that a value cannot be known from outside, for example after a
 * loss of supply during a write.
 */
import { CODE, DEADLINE_MAX_MS, OP, SAFE } from "../abi/abi.gen.ts";
import { replyTagOf } from "../controller/command.ts";
import { isPermitted } from "../controller/permissions.ts";
import { type Message, QUESTION } from "./remote.ts";

export interface Config {
  safe: number;
  telemetryS: number;
  holdS: number;
}

export const DEFAULTS: Config = { safe: SAFE.OFF, telemetryS: 10, holdS: 60 };

/** The device takes no event to lie further behind the last than this, less a tick, in ms. */
const STEP_MS = 4700;

/** How the device decides on a message: the mark that it prints, and the reply's CODE or null. */
export interface Outcome {
  mark: string;
  code: number | null;
}

const outcome = (mark: string, code: number | null): Outcome => ({ mark, code });
const ACCEPTED = outcome("ACCEPTED", CODE.OK);
const STALE_EPOCH = outcome("STALE_EPOCH", CODE.STALE_EPOCH);
const REPLAY = outcome("REPLAY", CODE.REPLAY);
const DUPLICATE = outcome("DUPLICATE", CODE.REPLAY);
const EXPIRED = outcome("EXPIRED", CODE.EXPIRED);
const ANSWERED = outcome("QUESTION", CODE.OK);
const FORBIDDEN = outcome("FORBIDDEN", CODE.FORBIDDEN);
const HOLD = outcome("HOLD", CODE.HOLD);
const FAILED = outcome("FAILED", CODE.FAILED);
const MALFORMED_PAYLOAD = outcome("MALFORMED_PAYLOAD", CODE.MALFORMED);
const BAD_MAC = outcome("BAD_MAC", null);
const MALFORMED_ENVELOPE = outcome("MALFORMED_ENVELOPE", null);
/** Never predicted: a correct host delivers no message to a device that is not LIVE. */
const KILLED = outcome("KILLED", null);

/** Every outcome, by its mark. */
export const OUTCOMES: ReadonlyMap<string, Outcome> = new Map(
  [
    ACCEPTED,
    STALE_EPOCH,
    REPLAY,
    DUPLICATE,
    EXPIRED,
    ANSWERED,
    FORBIDDEN,
    HOLD,
    FAILED,
    MALFORMED_PAYLOAD,
    BAD_MAC,
    MALFORMED_ENVELOPE,
    KILLED,
  ].map((one) => [one.mark, one]),
);

/** The configuration after config.set: the command's arguments replace the old values. */
function withArgs(config: Config, { args }: Message): Config {
  const given = (key: number, otherwise: number) => Number(args.get(key) ?? otherwise);
  return {
    safe: given(1, config.safe),
    telemetryS: given(2, config.telemetryS),
    holdS: given(3, config.holdS),
  };
}

export class ReferenceModel {
  storageFails = false;
  relay: number | null = null;
  /** When the hold ends, in ms; 0 if there is no hold. */
  holdUntil: number | null = 0;
  /** The configuration in force. Null after an interrupted write, until the device reports it. */
  config: Config | null = DEFAULTS;
  /** After an interrupted write: the configurations that may be stored now. */
  either: readonly Config[] | null = null;
  epoch = "";
  /** Number of the last report of the epoch. */
  counter = 0;
  executed = 0;
  refused = 0;
  dropped = 0;
  /** The mark that the boot printed for the retained block; null if either is possible. */
  retained: "RETAINED_USED" | "RETAINED_LOST" | null = null;
  /** Storage failed at the last boot. */
  blind = false;
  #stored: Config | null = DEFAULTS;
  #saved: { relay: number; heldS: number } | "lost" | null = "lost";
  #takenS = 0;
  /** When the gate went LIVE, in ms. */
  #liveAt = 0;
  /** The last command accepted from each principal: number, tag and result. */
  readonly #accepted = new Map<number, { seq: number; tag: Buffer; code: number }>();
  /** A save was refused by failing storage. */
  #dirty = false;

  /** The device boots at `at`. */
  boot(at: number): void {
    this.#accepted.clear();
    this.executed = 0;
    this.refused = 0;
    this.dropped = 0;
    this.blind = this.storageFails;
    if (this.#dirty && !this.blind) this.#saved = this.#saved === "lost" ? "lost" : null;
    this.config = this.blind ? DEFAULTS : this.#stored;
    const saved = this.blind ? "lost" : this.#saved;
    if (saved === null) {
      this.retained = null;
      this.relay = null;
      this.holdUntil = null;
    } else if (saved === "lost") {
      this.retained = "RETAINED_LOST";
      this.relay = this.config?.safe ?? null;
      this.holdUntil = 0;
    } else {
      this.retained = "RETAINED_USED";
      this.relay = saved.relay;
      this.#takenS = saved.heldS;
      this.holdUntil = saved.heldS === 0 ? 0 : at + saved.heldS * 1000;
    }
    if (!this.blind) this.#save();
  }

  /** The supply is lost, and the retained block with it. `current`: the message being executed. */
  supplyLost(current: Message | null): void {
    this.#saved = "lost";
    this.#dirty = false;
    if (current === null || current.op !== OP.CONFIG_SET || this.config === null) return;
    this.either = this.#stored && [this.#stored, withArgs(this.config, current)];
    this.#stored = null;
  }

  /** Time passed by `ms` at once. The device takes at most one step of it off a hold. */
  stalled(ms: number): void {
    if (ms > STEP_MS && this.holdUntil !== 0) this.holdUntil = null;
  }

  /** The user presses the button. The press is not bounce. */
  press(at: number): void {
    this.relay = this.relay === null ? null : this.relay ^ 1;
    if (this.config === null) this.holdUntil = null;
    else if (this.config.holdS > 0) {
      this.#takenS = this.config.holdS;
      this.holdUntil = at + this.#takenS * 1000;
    }
    this.#save();
  }

  /** The hold ends. It is saved with a record, which a device that booted without storage omits. */
  holdEnded(): void {
    this.holdUntil = 0;
    if (!this.blind) this.#save();
  }

  /** Takes the relay's level from its pin, if it could not be predicted. */
  adoptRelay(level: number): void {
    this.relay = level;
    this.#save();
  }

  /** Takes the configuration that the device reports. */
  adoptConfig(config: Config): void {
    this.config = config;
    this.either = null;
    this.#stored = config;
  }

  /** The gate goes LIVE at `at`: the session clock and the reports start anew. */
  wentLive(at: number): void {
    this.#liveAt = at;
    this.counter = 0;
  }

  /** The session clock at `at`, in ms. */
  clock(at: number): number {
    return at - this.#liveAt;
  }

  /** Sequence number of the last command accepted from a principal in this epoch; 0 if none was. */
  lastSeq(principal: number): number {
    return this.#accepted.get(principal)?.seq ?? 0;
  }

  /** CODE of the last command accepted from the principal if `message` is that command; null if not. */
  resultOf(message: Message): number | null {
    const last = this.#accepted.get(message.principal);
    return last?.tag.equals(replyTagOf(message.bytes)) ? last.code : null;
  }

  /** What may become of a message now; more than one only where the hold is not known. */
  predict(message: Message, at: number): readonly Outcome[] {
    const { principal, seq, deadline, op, tamper, facts } = message;
    if (tamper === "truncate" || tamper === "garbage") return [MALFORMED_ENVELOPE];
    if (tamper === "form") return [MALFORMED_PAYLOAD];
    if (tamper !== "none") return [BAD_MAC];
    if (op === QUESTION) return [ANSWERED];
    if (facts.epoch !== this.epoch) return [STALE_EPOCH];
    if (seq <= this.lastSeq(principal))
      return [this.resultOf(message) === null ? REPLAY : DUPLICATE];
    const leftMs = deadline - this.clock(at);
    if (leftMs < 1 || leftMs > DEADLINE_MAX_MS) return [EXPIRED];
    if (!isPermitted(principal, op)) return [FORBIDDEN];
    if (op === OP.CONFIG_SET && this.storageFails) return [FAILED];
    if (op !== OP.RELAY_SET || this.holdUntil === 0) return [ACCEPTED];
    if (this.holdUntil === null) return [HOLD, ACCEPTED];
    return [at < this.holdUntil ? HOLD : ACCEPTED];
  }

  /** The message has come to this. */
  decided(message: Message, { code }: Outcome): void {
    const { principal, seq, op, bytes } = message;
    if (op === QUESTION && code === CODE.OK) return;
    const admitted = code !== null && code !== CODE.MALFORMED && code !== CODE.STALE_EPOCH;
    if (admitted && code !== CODE.REPLAY)
      this.#accepted.set(principal, { seq, tag: Buffer.from(replyTagOf(bytes)), code });
    if (code === null) this.dropped++;
    else if (code === CODE.OK) this.executed++;
    else this.refused++;
    if (code !== CODE.OK) return;
    if (op === OP.RELAY_SET) {
      if (this.holdUntil === null) this.holdUntil = 0;
      const level = message.args.get(1) === true ? 1 : 0;
      if (this.relay === level) return;
      this.relay = level;
      this.#save();
    } else if (op === OP.CONFIG_SET) {
      this.config = this.config && withArgs(this.config, message);
      // It is stored even if the boot could not read storage.
      this.#stored = this.config;
      this.either = null;
    }
  }

  #save(): void {
    if (this.storageFails) this.#dirty = true;
    else if (this.relay === null || this.holdUntil === null) this.#saved = null;
    else {
      this.#saved = { relay: this.relay, heldS: this.holdUntil === 0 ? 0 : this.#takenS };
      this.#dirty = false;
    }
  }
}
