/**
 * The oracle: compares the trace and the messages of a device with the reference model. Checks the
 * answer to each command, the relay's level, holds, configuration and counts. Its input is the
 * trace, the messages, the stimuli, and the commands that the controller sent.
 */
import {
  CHANNEL,
  CODE,
  CODE_NAMES,
  OP,
  PRINCIPAL,
  PRINCIPAL_KIDS,
  SAFE_NAMES,
} from "../abi/abi.gen.ts";
import { crc32 } from "../base/crc32.ts";
import {
  decodeReply,
  decodeStatus,
  decodeTelemetry,
  type Reply,
  type ReportHead,
  replyTagOf,
} from "../controller/command.ts";
import { MessageError } from "../controller/cose.ts";
import type { Fields } from "../controller/operations.ts";
import { isPermitted } from "../controller/permissions.ts";
import { differs } from "./differs.ts";
import type { Stimulus } from "./grammar.ts";
import type { Violation } from "./monitor.ts";
import { Presses } from "./presses.ts";
import { OUTCOMES, type Outcome, ReferenceModel } from "./reference-model.ts";
import { fieldsOf, type Message, QUESTION, SCENARIO_KEYS } from "./remote.ts";
import { Temperatures } from "./temperatures.ts";
import { field, lineText } from "./trace.ts";

/** Time between two ticks, in ms. The device measures at each tick. */
const TICK_MS = 250;

/** Before the first report of an epoch. */
const NO_REPORT = { counter: -1, to: [] };

/** A message that was delivered to the device, with its possible outcomes. */
interface Delivered {
  at: number;
  message: Message;
  predicted: readonly Outcome[];
}

export class Oracle {
  violation: Violation | null = null;
  readonly device = new ReferenceModel();
  readonly #sent = new Map<string, Message>();
  #delivered: Delivered | null = null;
  /** A reply that the device must send in this ms. */
  #replyDue: { at: number; message: Message; code: number } | null = null;
  /** A reply that the device has sent and that has not arrived. */
  #replySent: { message: Message; code: number } | null = null;
  /** A report may have been lost since the last one: the session ended, or the radio lost its supply. */
  #reportMayBeLost = false;
  /** The last report, and who got it so far. */
  #report: { counter: number; to: number[] } = NO_REPORT;
  readonly #presses = new Presses();
  #stalledAt = Number.NEGATIVE_INFINITY;
  #running = false;
  #reason = "";
  #fault = "none";
  /** Level of the relay's pin. */
  #pin = 0;
  #mayTear = false;
  readonly #temperatures = new Temperatures();

  /** The controller publishes a message. */
  sent(message: Message): void {
    this.#sent.set(crc32(message.bytes), message);
  }

  /** A stimulus is applied to the board at `now`. */
  stimulus(now: number, stimulus: Stimulus): void {
    if ("button" in stimulus) this.#presses.button(now, stimulus.button === "press", this.#running);
    else if ("storage" in stimulus) this.#mayTear = true;
    else if ("temperature" in stimulus) this.#temperatures.set(now, stimulus.temperature);
    else if ("fault" in stimulus) {
      const { fault } = stimulus;
      if ("set" in fault && fault.set === "storage-fails") this.device.storageFails = true;
      if ("clear" in fault && fault.clear === "storage-fails") this.device.storageFails = false;
    }
  }

  /** The processor stood still for `ms` until `now`. */
  stalled(now: number, ms: number): void {
    this.device.stalled(ms);
    this.#stalledAt = now;
    this.#presses.stalled(now, ms);
  }

  line(at: number, kind: string, detail: string): void {
    if (this.violation !== null) return;
    const broken = this.#overdue(at, kind) ?? this.#line(at, kind, detail);
    if (broken !== null) this.violation = { rule: broken, line: lineText({ at, kind, detail }) };
  }

  /** The broker has this from the device. Returns the epoch that a status tells. */
  message(at: number, principal: number, channel: number, bytes: Uint8Array): ReportHead | null {
    if (this.violation !== null) return null;
    let broken: string | null;
    let head: ReportHead | null = null;
    const key = SCENARIO_KEYS[principal]?.reply ?? new Uint8Array();
    const kid = PRINCIPAL_KIDS[principal] ?? "owner";
    try {
      if (channel === CHANNEL.STATUS) {
        const status = decodeStatus(bytes, key, kid);
        head = status;
        broken =
          this.#checkReport(at, principal, OP.STATUS, status) ??
          this.#checkStatus(at, principal, status.fields);
      } else if (channel === CHANNEL.TELEMETRY) {
        const telemetry = decodeTelemetry(bytes, key, kid);
        broken =
          this.#checkReport(at, principal, OP.TELEMETRY_READ, telemetry) ??
          this.#checkTemperature(at, telemetry.temperature ?? Number.NaN);
      } else broken = this.#checkReply(at, principal, decodeReply(bytes, key, kid));
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      broken = `messages of the device are signed and well-formed: ${error.message}`;
    }
    if (broken !== null)
      this.violation = { rule: broken, line: `@${at} message channel=${channel}` };
    return head;
  }

  /** The run ends at `now`. */
  end(now: number): void {
    if (this.violation !== null) return;
    const broken = this.#overdue(now + 1, "end") ?? this.#checkRelay();
    if (broken !== null) this.violation = { rule: broken, line: `@${now} end` };
  }

  /** The rule of something that was due before this line and is missing; null if nothing is. */
  #overdue(at: number, kind: string): string | null {
    const dispatched = kind === "rx" || kind === "boot" || kind === "restart";
    const lost = kind === "supply";
    if (this.#delivered !== null && !lost && (dispatched || at > this.#delivered.at))
      return `the outcome of a message is printed at once: ${namesOf(this.#delivered.predicted)}`;
    if (this.#replyDue !== null && !lost && (dispatched || at > this.#replyDue.at))
      return `a principal gets a reply at once: ${CODE_NAMES[this.#replyDue.code]}`;
    return this.#presses.overdue(at);
  }

  #line(at: number, kind: string, detail: string): string | null {
    if (kind === "mark") return this.#mark(at, detail.slice("name=".length));
    if (kind === "gpio") return detail.startsWith("pin=RELAY") ? this.#relay(at, detail) : null;
    if (kind === "rx") return this.#received(at, field(detail, "crc") ?? "");
    if (kind === "tx") return this.#transmitted(detail);
    if (kind === "epoch") this.device.epoch = field(detail, "value") ?? "";
    else if (kind === "link" && detail === "state=down") this.#reportMayBeLost = true;
    else if (kind === "sense" && field(detail, "rail") === "0") this.#reportMayBeLost = true;
    else if (kind === "gate" && detail === "phase=LIVE") this.#wentLive(at);
    else if (kind === "gate" && detail.startsWith("phase=FAULT"))
      this.#fault = detail.slice("phase=".length).toLowerCase();
    else if (kind === "boot") this.#boot(at, field(detail, "reason") ?? "");
    else if (kind === "restart" || kind === "supply") this.#stop(at, kind, detail);
    else if (kind === "trap") return "a correct guest does not trap";
    else if (kind === "drop" && !detail.startsWith("event=RX"))
      return "only messages are dropped, never other events";
    return kind === "restart" && detail === "reason=WATCHDOG"
      ? "a correct guest returns from every call"
      : null;
  }

  #boot(at: number, reason: string): void {
    this.#running = true;
    this.#reason = reason.toLowerCase();
    this.#fault = "none";
    this.#presses.boot(at);
    this.device.boot(at);
  }

  #stop(at: number, kind: string, detail: string): void {
    this.#running = false;
    this.#presses.stopped(at);
    if (kind === "supply" && (detail === "state=off" || detail === "state=sagging")) {
      this.device.supplyLost(this.#delivered?.message ?? null);
      this.#pin = 0;
    }
    this.#delivered = null;
    this.#replyDue = null;
    this.#replySent = null;
  }

  #received(at: number, crc: string): string | null {
    const message = this.#sent.get(crc);
    if (message === undefined) return "only messages that were sent are delivered";
    this.#delivered = { at, message, predicted: this.device.predict(message, at) };
    return this.#checkRelay();
  }

  #mark(at: number, name: string): string | null {
    const { device } = this;
    const outcome = OUTCOMES.get(name);
    if (outcome !== undefined) return this.#decided(at, outcome);
    if (name === "HOLD_BEGUN") {
      if (!this.#presses.open) return "I5: only a press begins a hold";
      return device.config?.holdS === 0 ? "with a hold of 0 s no hold begins" : null;
    }
    if (name === "HOLD_ENDED") {
      const { holdUntil } = device;
      device.holdEnded();
      const early = holdUntil !== null && (holdUntil === 0 || at < holdUntil);
      return early ? "I5: only time ends a hold" : null;
    }
    if (name === "JOURNAL_FAILED")
      return device.storageFails || device.blind
        ? null
        : "records are written unless storage fails";
    if (name === "JOURNAL_TORN")
      return this.#mayTear ? null : "only a loss of supply tears a record";
    if (name !== "RETAINED_USED" && name !== "RETAINED_LOST") return null;
    const wrong = device.retained !== null && device.retained !== name;
    return wrong ? `I8: the mark of this boot is ${device.retained}` : null;
  }

  #decided(at: number, outcome: Outcome): string | null {
    const delivered = this.#delivered;
    this.#delivered = null;
    if (delivered === null) return "an outcome belongs to a delivered message";
    const { message, predicted } = delivered;
    if (!predicted.includes(outcome)) return `the outcome of the message is ${namesOf(predicted)}`;
    this.device.decided(message, outcome);
    if (outcome.code !== null) this.#replyDue = { at, message, code: outcome.code };
    return null;
  }

  #relay(at: number, detail: string): string | null {
    const level = detail.endsWith("level=1") ? 1 : 0;
    this.#pin = level;
    const { device } = this;
    if (device.relay === level) return null;
    const set = this.#delivered?.message;
    const obeys =
      set?.op === OP.RELAY_SET &&
      (set.args.get(1) === true ? 1 : 0) === level &&
      this.#delivered?.predicted.some(({ code }) => code === CODE.OK);
    // The device moves the relay before it prints the mark.
    if (obeys) return null;
    if (this.#presses.show()) {
      device.press(at);
      if (device.relay === null) device.adoptRelay(level);
      return null;
    }
    if (device.relay !== null) return "the relay moves only by a press, by a command or at a boot";
    device.adoptRelay(level);
    return null;
  }

  /** Checks that the relay's pin has the level of the model. */
  #checkRelay(): string | null {
    const { device } = this;
    if (!this.#running) return null;
    if (device.relay === null) device.adoptRelay(this.#pin);
    return device.relay === this.#pin
      ? null
      : `the relay's pin is ${device.relay === 1 ? "on" : "off"}`;
  }

  #wentLive(at: number): void {
    this.device.wentLive(at);
    this.#report = NO_REPORT;
  }

  #transmitted(detail: string): string | null {
    if (!detail.startsWith("channel=REPLY")) return null;
    if (this.#replyDue === null) return "a reply answers a command";
    this.#replySent = this.#replyDue;
    this.#replyDue = null;
    return null;
  }

  #ownSession(at: number, { epoch, clock }: { epoch: Uint8Array; clock: number }): string | null {
    if (Buffer.from(epoch).toString("hex") !== this.device.epoch)
      return "I4: a message from the device carries its epoch";
    const due = this.device.clock(at);
    return clock === due ? null : `the session clock is ${due}, not ${clock}`;
  }

  /** A report goes to those who have the right to it, and is numbered in its epoch. */
  #checkReport(at: number, principal: number, op: number, head: ReportHead): string | null {
    if (!isPermitted(principal, op))
      return "a report goes only to a principal with the right to it";
    const broken = this.#ownSession(at, head);
    if (broken !== null) return broken;
    const again = head.counter === this.#report.counter && !this.#report.to.includes(principal);
    if (again) {
      this.#report.to.push(principal);
      return null;
    }
    // A report that was made while the session ended, or while the radio had no supply, is numbered and
    // does not arrive. With a broken and a welded contact the switch cuts the supply unseen by the gate.
    const next = this.device.counter + 1;
    const skipped = this.#reportMayBeLost && head.counter > next;
    if (head.counter !== next && !skipped)
      return `report ${next} of its epoch, not ${head.counter}`;
    this.device.counter = head.counter;
    this.#reportMayBeLost = false;
    this.#report = { counter: head.counter, to: [principal] };
    return null;
  }

  #checkReply(at: number, principal: number, reply: Reply): string | null {
    const answer = this.#replySent;
    this.#replySent = null;
    if (answer === null) return "a reply answers a command";
    const { message, code } = answer;
    const bound = Buffer.compare(reply.tag, replyTagOf(message.bytes)) === 0;
    if (reply.code !== code || principal !== message.principal || !bound)
      return `I11: a reply says ${CODE_NAMES[code]} to the command it answers`;
    const fields = fieldsOf(message, reply);
    return this.#ownSession(at, reply) ?? this.#checkData(at, message, code, fields);
  }

  #checkData(at: number, message: Message, code: number, fields: Fields): string | null {
    const { device } = this;
    const { principal, op } = message;
    if (op === QUESTION)
      return differs(fields, {
        lastSeq: device.lastSeq(principal),
        counter: this.#reportMayBeLost ? null : device.counter,
      });
    if (code === CODE.REPLAY) {
      const result = device.resultOf(message);
      return differs(fields, {
        lastSeq: device.lastSeq(principal),
        result: result === null ? undefined : (CODE_NAMES[result] ?? ""),
      });
    }
    if (code === CODE.HOLD) return differs(fields, { remainingMs: this.#holdMs(at) });
    if (code === CODE.EXPIRED) return differs(fields, { clock: device.clock(at) });
    if (code !== CODE.OK) return null;
    if (op === OP.RELAY_SET || op === OP.RELAY_GET)
      return differs(fields, { relay: device.relay === 1 });
    if (op === OP.STATUS) return this.#checkStatus(at, principal, fields);
    if (op !== OP.TELEMETRY_READ) return null;
    const killed = fields.killedSamples !== undefined;
    if (killed !== (principal === PRINCIPAL.OWNER))
      return "only the owner gets what was measured while killed";
    return this.#checkTemperature(at, Number(fields.temperature));
  }

  #holdMs(at: number): number | null {
    const { holdUntil } = this.device;
    return holdUntil === null ? null : Math.max(0, holdUntil - at);
  }

  #checkStatus(at: number, principal: number, fields: Fields): string | null {
    const { device } = this;
    const owner = isPermitted(principal, OP.JOURNAL_READ);
    const relay = isPermitted(principal, OP.RELAY_GET);
    const own = fields.journalHead !== undefined && fields.safe !== undefined;
    if (own !== owner || (fields.relay !== undefined) !== relay)
      return "a status holds what the principal has a right to";
    if (owner && device.config === null) {
      const told = {
        safe: SAFE_NAMES.findIndex((name) => name.toLowerCase() === fields.safe),
        telemetryS: Number(fields.telemetryS),
        holdS: Number(fields.holdS),
      };
      const known = device.either?.some((one) => differs(told, { ...one }) === null) ?? true;
      if (!known) return "a stored configuration is in force as a whole";
      device.adoptConfig(told);
    }
    const { config } = device;
    const configured = {
      safe: config === null ? null : (SAFE_NAMES[config.safe] ?? "").toLowerCase(),
      telemetryS: config?.telemetryS ?? null,
      holdS: config?.holdS ?? null,
    };
    return (
      this.#checkRelay() ??
      differs(fields, {
        ...(relay ? { relay: device.relay === 1, holdMs: this.#holdMs(at) } : {}),
        lastFault: this.#fault,
        executed: device.executed,
        refused: device.refused,
        dropped: device.dropped,
        boot: this.#reason,
        ...(owner ? configured : {}),
      })
    );
  }

  #checkTemperature(at: number, temperature: number): string | null {
    const since = this.#stalledAt >= at - TICK_MS ? 0 : at - TICK_MS;
    return this.#temperatures.hadSince(since, temperature)
      ? null
      : "telemetry reports the temperature of the last tick";
  }
}

const namesOf = (outcomes: readonly Outcome[]) => outcomes.map(({ mark }) => mark).join(" or ");
