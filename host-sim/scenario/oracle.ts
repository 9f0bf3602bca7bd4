/**
 * Holds a device's trace and messages to what a sound device does: the answer to each command, the
 * relay's level, hold, configuration, counts. Sees what the controller sent and what was done to the
 * wires; must not know the board, nor look into it.
 */
import { CHANNEL, CODE, CODE_NAMES, OP, PRINCIPAL, SAFE_NAMES } from "../abi.gen.ts";
import { decodeReply, decodeStatus, decodeTelemetry, type Reply } from "../controller/command.ts";
import { MessageError } from "../controller/cose.ts";
import { type Fields, replyFields } from "../controller/operations.ts";
import { crc32 } from "../crc32.ts";
import type { Stimulus } from "./grammar.ts";
import type { Violation } from "./monitor.ts";
import { type Message, SCENARIO_KEYS } from "./remote.ts";
import { OUTCOMES, type Outcome, SoundDevice } from "./sound.ts";
import { field, lineText } from "./trace.ts";

/** An edge within this time of another, or of a boot, is bounce; edges of one press lie this close. */
const QUIET_MS = 30;
const CHATTER_MS = 6;
/** A tick apart at most: so old may be what the device last measured. */
const TICK_MS = 250;
const DEVICE_KEY = SCENARIO_KEYS[PRINCIPAL.DEVICE] ?? new Uint8Array();

/** A press of the button, and whether it must show. */
interface Press {
  at: number;
  certain: boolean;
  shown: boolean;
}

/** A message that the device has been given, and what may become of it. */
interface Given {
  at: number;
  message: Message;
  foretold: readonly Outcome[];
}

export class Oracle {
  violation: Violation | null = null;
  readonly device = new SoundDevice();
  readonly #sent = new Map<string, Message>();
  #given: Given | null = null;
  /** An answer that is due in this ms; and the one that is on its way. */
  #owed: { at: number; message: Message; code: number } | null = null;
  #answer: { message: Message; code: number } | null = null;
  #press: Press | null = null;
  #pressed = false;
  #buttonAt = Number.NEGATIVE_INFINITY;
  #bootAt = 0;
  #stalledAt = Number.NEGATIVE_INFINITY;
  #running = false;
  #reason = "";
  #fault = "none";
  /** Level of the relay's pin. */
  #pin = 0;
  #mayTear = false;
  /** Degrees, and since when. */
  #temperatures = [{ at: 0, value: 21.5 }];

  /** The controller sends this, or had it sent. */
  sent(message: Message): void {
    this.#sent.set(crc32(message.bytes), message);
  }

  /** Something is done to the board at `now`. */
  stimulus(now: number, stimulus: Stimulus): void {
    if ("button" in stimulus) this.#button(now, stimulus.button === "press");
    else if ("storage" in stimulus) this.#mayTear = true;
    else if ("temperature" in stimulus) {
      const value = Math.round(stimulus.temperature * 10) / 10;
      this.#temperatures.push({ at: now, value });
    } else if ("fault" in stimulus) {
      const { fault } = stimulus;
      if ("set" in fault && fault.set === "storage-fails") this.device.storageFails = true;
      if ("clear" in fault && fault.clear === "storage-fails") this.device.storageFails = false;
    }
  }

  /** Time has run on to `now` by `ms` in which nothing was done. */
  stalled(now: number, ms: number): void {
    this.device.stalled(ms);
    this.#stalledAt = now;
    // Of edges that were not seen in time nobody can tell bounce.
    if (now - ms <= this.#buttonAt + CHATTER_MS)
      this.#press = { at: now, certain: false, shown: false };
  }

  line(at: number, kind: string, detail: string): void {
    if (this.violation !== null) return;
    const broken = this.#overdue(at, kind) ?? this.#line(at, kind, detail);
    if (broken !== null) this.violation = { rule: broken, line: lineText({ at, kind, detail }) };
  }

  /** The broker has this from the device. Returns the epoch that a status tells. */
  message(at: number, channel: number, bytes: Uint8Array): Uint8Array | null {
    if (this.violation !== null) return null;
    let broken: string | null;
    let told: Uint8Array | null = null;
    try {
      if (channel === CHANNEL.STATUS) {
        const { epoch, fields } = decodeStatus(bytes, DEVICE_KEY);
        told = epoch;
        broken = this.#ownEpoch(epoch) ?? this.#checkStatus(at, fields);
      } else if (channel === CHANNEL.TELEMETRY) {
        const { epoch, temperature } = decodeTelemetry(bytes, DEVICE_KEY);
        broken = this.#ownEpoch(epoch) ?? this.#checkTemperature(at, temperature ?? Number.NaN);
      } else broken = this.#checkReply(at, decodeReply(bytes, DEVICE_KEY));
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      broken = `what the device says is signed and well-formed: ${error.message}`;
    }
    if (broken !== null)
      this.violation = { rule: broken, line: `@${at} message channel=${channel}` };
    return told;
  }

  /** The run ends at `now`. */
  end(now: number): void {
    if (this.violation !== null) return;
    const broken = this.#overdue(now + 1, "end") ?? this.#checkRelay();
    if (broken !== null) this.violation = { rule: broken, line: `@${now} end` };
  }

  #button(now: number, down: boolean): void {
    // Moved again before its contacts were: what it was meant to do may not happen.
    if (this.#press?.at === now) this.#press.certain = false;
    if (down) {
      const settled =
        now >= this.#buttonAt + CHATTER_MS + QUIET_MS &&
        now >= this.#bootAt + QUIET_MS &&
        now >= this.#stalledAt + CHATTER_MS + QUIET_MS;
      const certain = settled && this.#running && !this.#pressed;
      this.#press = { at: now, certain, shown: false };
    }
    this.#pressed = down;
    this.#buttonAt = now;
  }

  /** What had to come before this line and did not. */
  #overdue(at: number, kind: string): string | null {
    const dispatched = kind === "rx" || kind === "boot" || kind === "restart";
    const lost = kind === "supply";
    if (this.#given !== null && !lost && (dispatched || at > this.#given.at))
      return `a message is decided at once: ${namesOf(this.#given.foretold)}`;
    if (this.#owed !== null && !lost && (dispatched || at > this.#owed.at))
      return `who has a key is told: ${CODE_NAMES[this.#owed.code]}`;
    const press = this.#press;
    if (press === null || at <= press.at) return null;
    if (press.certain && !press.shown) return "I6: a press turns the relay over";
    if (at > press.at + CHATTER_MS) this.#press = null;
    return null;
  }

  #line(at: number, kind: string, detail: string): string | null {
    if (kind === "mark") return this.#mark(at, detail.slice("name=".length));
    if (kind === "gpio") return detail.startsWith("pin=RELAY") ? this.#relay(at, detail) : null;
    if (kind === "rx") return this.#received(at, field(detail, "crc") ?? "");
    if (kind === "tx") return this.#sends(detail);
    if (kind === "epoch") this.device.epoch = field(detail, "value") ?? "";
    else if (kind === "gate" && detail.startsWith("phase=FAULT"))
      this.#fault = detail.slice("phase=".length).toLowerCase();
    else if (kind === "boot") this.#boot(at, field(detail, "reason") ?? "");
    else if (kind === "restart" || kind === "supply") this.#stop(at, kind, detail);
    else if (kind === "trap") return "a sound guest does not trap";
    else if (kind === "drop" && !detail.startsWith("event=RX"))
      return "nothing but a message is dropped";
    return kind === "restart" && detail === "reason=WATCHDOG" ? "a sound guest returns" : null;
  }

  #boot(at: number, reason: string): void {
    this.#running = true;
    this.#bootAt = at;
    this.#reason = reason.toLowerCase();
    this.#fault = "none";
    this.#press = null;
    this.device.boot(at);
  }

  #stop(at: number, kind: string, detail: string): void {
    this.#running = false;
    // A press in the very ms of a restart goes with the queue.
    if (this.#press?.at === at) this.#press.certain = false;
    if (kind === "supply" && (detail === "state=off" || detail === "state=sagging")) {
      this.device.supplyLost(this.#given?.message ?? null);
      this.#pin = 0;
    }
    this.#given = null;
    this.#owed = null;
    this.#answer = null;
  }

  #received(at: number, crc: string): string | null {
    const message = this.#sent.get(crc);
    if (message === undefined) return "only what was sent is delivered";
    this.#given = { at, message, foretold: this.device.foretell(message, at) };
    return this.#checkRelay();
  }

  #mark(at: number, name: string): string | null {
    const { device } = this;
    const outcome = OUTCOMES.get(name);
    if (outcome !== undefined) return this.#decided(at, outcome);
    if (name === "HOLD_BEGUN") {
      if (this.#press === null) return "I5: only a press begins a hold";
      return device.config?.holdS === 0 ? "a hold of 0 s is none" : null;
    }
    if (name === "HOLD_ENDED") {
      const { holdUntil } = device;
      device.holdEnded();
      const early = holdUntil !== null && (holdUntil === 0 || at < holdUntil);
      return early ? "I5: only time ends a hold" : null;
    }
    if (name === "JOURNAL_FAILED")
      return device.storageFails || device.blind ? null : "a record is written, storage permitting";
    if (name === "JOURNAL_TORN")
      return this.#mayTear ? null : "only a loss of supply tears a record";
    if (name !== "RETAINED_USED" && name !== "RETAINED_LOST") return null;
    const wrong = device.retained !== null && device.retained !== name;
    return wrong ? `I8: the boot is ${device.retained}` : null;
  }

  #decided(at: number, outcome: Outcome): string | null {
    const given = this.#given;
    this.#given = null;
    if (given === null) return "a decision is about a message";
    if (!given.foretold.includes(outcome)) return `a message is decided ${namesOf(given.foretold)}`;
    this.device.decided(given.message, outcome);
    if (outcome.code !== null) this.#owed = { at, message: given.message, code: outcome.code };
    return null;
  }

  #relay(at: number, detail: string): string | null {
    const level = detail.endsWith("level=1") ? 1 : 0;
    this.#pin = level;
    const { device } = this;
    if (device.relay === level) return null;
    const set = this.#given?.message;
    const obeys =
      set?.op === OP.RELAY_SET &&
      (set.args.get(1) === true ? 1 : 0) === level &&
      this.#given?.foretold.some(({ code }) => code === CODE.OK);
    // Its mark comes after the deed.
    if (obeys) return null;
    if (this.#press !== null && !this.#press.shown) {
      this.#press.shown = true;
      device.press(at);
      if (device.relay === null) device.adoptRelay(level);
      return null;
    }
    if (device.relay !== null) return "the relay moves by hand, by command or at a boot";
    device.adoptRelay(level);
    return null;
  }

  /** The pin is where the model has the relay. */
  #checkRelay(): string | null {
    const { device } = this;
    if (!this.#running) return null;
    if (device.relay === null) device.adoptRelay(this.#pin);
    return device.relay === this.#pin ? null : `the relay is ${device.relay === 1 ? "on" : "off"}`;
  }

  #sends(detail: string): string | null {
    if (!detail.startsWith("channel=REPLY")) return null;
    if (this.#owed === null) return "a reply answers a command";
    this.#answer = this.#owed;
    this.#owed = null;
    return null;
  }

  #ownEpoch(epoch: Uint8Array): string | null {
    const own = Buffer.from(epoch).toString("hex") === this.device.epoch;
    return own ? null : "I4: what the device says is of its epoch";
  }

  #checkReply(at: number, reply: Reply): string | null {
    const answer = this.#answer;
    this.#answer = null;
    if (answer === null) return "a reply answers a command";
    const { message, code } = answer;
    const seq = code === CODE.MALFORMED ? 0 : message.seq;
    if (reply.code !== code || reply.principal !== message.principal || reply.seq !== seq)
      return `a reply says ${CODE_NAMES[code]} to ${message.principal}, ${seq}`;
    const fields = replyFields(message.op, code, reply.data);
    return this.#ownEpoch(reply.epoch) ?? this.#checkData(at, message, code, fields);
  }

  #checkData(at: number, message: Message, code: number, fields: Fields): string | null {
    const { device } = this;
    if (code === CODE.STALE_EPOCH || code === CODE.REPLAY)
      return differs(fields, { lastSeq: device.lastSeq[message.principal] ?? 0 });
    if (code === CODE.HOLD) return differs(fields, { remainingMs: this.#holdMs(at) });
    if (code !== CODE.OK) return null;
    if (message.op === OP.RELAY_SET || message.op === OP.RELAY_GET)
      return differs(fields, { relay: device.relay === 1 });
    if (message.op === OP.STATUS) return this.#checkStatus(at, fields);
    if (message.op !== OP.TELEMETRY_READ) return null;
    const told = fields.killedSamples !== undefined;
    if (told !== (message.principal === PRINCIPAL.OWNER))
      return "what was measured while killed is told to the owner alone";
    return this.#checkTemperature(at, Number(fields.temperature));
  }

  #holdMs(at: number): number | null {
    const { holdUntil } = this.device;
    return holdUntil === null ? null : Math.max(0, holdUntil - at);
  }

  #checkStatus(at: number, fields: Fields): string | null {
    const { device } = this;
    if (device.config === null) {
      const told = {
        safe: SAFE_NAMES.findIndex((name) => name.toLowerCase() === fields.safe),
        telemetryS: Number(fields.telemetryS),
        holdS: Number(fields.holdS),
      };
      const known = device.either?.some((one) => differs(told, { ...one }) === null) ?? true;
      if (!known) return "a configuration holds once it is stored, and whole";
      device.adoptConfig(told);
    }
    const { config } = device;
    return (
      this.#checkRelay() ??
      differs(fields, {
        relay: device.relay === 1,
        holdMs: this.#holdMs(at),
        lastFault: this.#fault,
        executed: device.executed,
        refused: device.refused,
        dropped: device.dropped,
        boot: this.#reason,
        safe: config === null ? null : (SAFE_NAMES[config.safe] ?? "").toLowerCase(),
        telemetryS: config?.telemetryS ?? null,
        holdS: config?.holdS ?? null,
      })
    );
  }

  #checkTemperature(at: number, temperature: number): string | null {
    const since = this.#stalledAt >= at - TICK_MS ? 0 : at - TICK_MS;
    const later = this.#temperatures.findLastIndex((one) => one.at < since);
    const possible = this.#temperatures.slice(Math.max(0, later));
    return possible.some(({ value }) => value === temperature)
      ? null
      : "a measurement is the temperature of the last tick";
  }
}

const namesOf = (outcomes: readonly Outcome[]) => outcomes.map(({ mark }) => mark).join(" or ");

/** The first field that is not as it must be; null: none. What must be null is not known. */
function differs(
  found: Readonly<Record<string, unknown>>,
  due: Readonly<Record<string, string | number | boolean | null>>,
): string | null {
  for (const [name, value] of Object.entries(due)) {
    if (value !== null && found[name] !== value) return `${name} is ${value}, not ${found[name]}`;
  }
  return null;
}
