/**
 * What a gateway knows of one device, and its exchanges with it, without a connection of its own. A state
 * counts as verified only after the device answered a question that was asked just now.
 */
import { CODE, CODE_NAMES, NONCE_BYTES, OP, PRINCIPAL } from "../abi/abi.gen.ts";
import { type Level, OFFLINE, ONLINE } from "../abi/topics.ts";
import type { SetTimer } from "../base/clock.ts";
import type { DerivedKeys } from "../base/derived-keys.ts";
import {
  decodeReply,
  decodeStatus,
  decodeTelemetry,
  encodeQuestion,
  type ReportHead,
  replyTagOf,
} from "../controller/command.ts";
import { type Conclusion, Conversation } from "../controller/conversation.ts";
import { MessageError } from "../controller/cose.ts";
import type { RandomBytes } from "../controller/keys.ts";
import { ANSWER_SHAPE, type Fields, type Request, takeFields } from "../controller/operations.ts";
import { type Confirmation, freshnessOf } from "../controller/report-order.ts";
import { type Happening, Knowledge } from "./knowledge.ts";

/** Whose key the gateway holds. */
export const KID = "provider";

/** What became of the messages from devices. */
export const FATES = ["verified", "as-of", "stale", "unconfirmed", "unverified"] as const;
export type Fate = (typeof FATES)[number];

/** What became of a command of a local client. */
export type Outcome =
  | Conclusion
  /** Nothing was sent: no connection to the broker, or the device is known to be away. */
  | { readonly kind: "unavailable"; readonly why: string }
  /** Nothing was sent: an earlier command may still execute. */
  | { readonly kind: "busy"; readonly why: string };

type Flag = typeof ONLINE | typeof OFFLINE;

/** What a device needs from its gateway. */
export interface DevicePorts {
  readonly now: () => number;
  readonly setTimer: SetTimer;
  readonly random: RandomBytes;
  /** How long to wait for the answer to a question, in ms. */
  readonly timeoutMs: number;
  /** How long a command may wait before it executes, in ms. */
  readonly deadlineMs: number;
  /** Time between two questions for the status, in ms. */
  readonly intervalMs: number;
  /** Publishes on the topic for commands. Returns false without a session with the broker. */
  publish(device: string, bytes: Uint8Array): boolean;
  count(fate: Fate): void;
  changed(device: Device): void;
  happened(device: Device, happening: Happening): void;
}

/** A question or a request in progress. */
interface Exchange {
  readonly kind: "confirm" | "read" | "command";
  heard(bytes: Uint8Array): void;
  /** Ends it without an answer. */
  end(why: string): void;
}

interface Report {
  readonly head: ReportHead;
  readonly fields: Fields;
}

/** Most reports that wait for a confirmation. Further ones push out the oldest. */
const REPORTS_MAX = 8;
/** A state is verified for at most this many intervals after the last answer. */
const INTERVALS_MAX = 2;
/** After a question without an answer the next one comes sooner: the interval by this, in ms at least RETRY_MS. */
const RETRY_PART = 4;
const RETRY_MS = 2_000;

export class Device {
  readonly id: string;
  readonly known: Knowledge;
  readonly #keys: DerivedKeys;
  readonly #ports: DevicePorts;
  #exchange: Exchange | null = null;
  #reports: Report[] = [];
  #pollAt = 0;
  /** A command without an answer: it may execute in its epoch until then. */
  #open: { readonly epoch: Uint8Array; readonly until: number } | null = null;
  #linked = false;
  #flag: Flag | null = null;
  /** The last question had no answer, or none was asked since the device or the broker was away. */
  #silent = false;
  /** Whether the state was verified at the last report of a change. */
  #shown = false;
  /** What is wrong with the messages; null: nothing. */
  #trouble: string | null = null;
  /** The topic that the broker refuses to let the gateway read; null: none. */
  refusedTopic: string | null = null;

  constructor(id: string, keys: DerivedKeys, ports: DevicePorts) {
    this.id = id;
    this.#keys = keys;
    this.#ports = ports;
    this.known = new Knowledge((happening) => ports.happened(this, happening));
  }

  /** The availability flag; null if the broker has none. It is signed by nobody. */
  get flag(): Flag | null {
    return this.#flag;
  }

  /** What keeps the gateway from knowing this device, in words; null: nothing that it knows of. */
  get problem(): string | null {
    const topic = this.refusedTopic;
    return topic === null ? this.#trouble : `the broker refuses ${topic}: check its access list`;
  }

  /** Whether the state is confirmed by the device and not too old. */
  get verified(): boolean {
    const { verifiedAt, status } = this.known;
    if (!this.#linked || this.#flag === OFFLINE || this.#silent) return false;
    if (verifiedAt === null || status === null) return false;
    return this.#ports.now() - verifiedAt <= INTERVALS_MAX * this.#ports.intervalMs;
  }

  /** The session with the broker is open and subscribed, or is lost. */
  linkChanged(up: boolean): void {
    this.#linked = up;
    if (!up) {
      this.#flag = null;
      this.#silent = true;
      this.#end("the connection to the broker is lost");
      this.#reports = [];
    }
    this.#pollAt = this.#ports.now();
    this.#changed();
  }

  /** A message on a topic of this device. */
  heard(level: Level | "availability", bytes: Uint8Array): void {
    try {
      if (level === "availability") this.#flagged(bytes);
      else if (level === "reply") this.#replied(bytes);
      else if (level === "status") {
        const { fields, ...head } = decodeStatus(bytes, this.#keys.reply, KID);
        this.#reported({ head, fields });
      } else if (level === "telemetry") {
        const { temperature, ...head } = decodeTelemetry(bytes, this.#keys.reply, KID);
        this.#reported({ head, fields: { temperature: temperature ?? "none" } });
      }
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      this.#unverified(error.message);
    }
  }

  /** To be called often: asks for the status when it is due. Returns whether it asked. */
  tick(): boolean {
    const now = this.#ports.now();
    // A state grows old without any message.
    if (this.#shown && !this.verified) this.#changed();
    const due = this.#linked && this.#flag !== OFFLINE && now - this.#pollAt >= 0;
    if (!due || this.#exchange !== null) return false;
    this.#pollAt = now + this.#ports.intervalMs;
    this.#read(OP.STATUS);
    return true;
  }

  /** Sends a command now, or says at once why not. Nothing waits, and nothing is sent again in another epoch. */
  command(request: Request): Promise<Outcome> {
    const now = this.#ports.now();
    const refused = this.#refusal(now);
    if (refused !== null) return Promise.resolve(refused);
    // What is being read is read again after the command.
    if (this.#exchange?.kind === "read") this.#pollAt = now;
    this.#end("a command goes first");
    return new Promise((resolve) => this.#converse("command", request, resolve));
  }

  #refusal(now: number): Outcome | null {
    if (!this.#linked) return { kind: "unavailable", why: "there is no connection to the broker" };
    if (this.#flag === OFFLINE) {
      const why =
        "the broker says that it is offline: its switch is at KILL, or it is off or out of reach";
      return { kind: "unavailable", why };
    }
    if (this.#exchange?.kind === "command")
      return { kind: "busy", why: "another command is in progress" };
    const open = this.#open;
    const same = open !== null && this.known.isEpoch(open.epoch);
    if (same && open.until - now > 0) {
      const why = `an earlier command may still execute for ${Math.ceil(open.until - now)} ms`;
      return { kind: "busy", why };
    }
    return null;
  }

  #flagged(bytes: Uint8Array): void {
    const word = Buffer.from(bytes.subarray(0, OFFLINE.length + 1)).toString("latin1");
    if (word !== ONLINE && word !== OFFLINE)
      throw new MessageError("the availability flag is neither online nor offline");
    this.#flag = word;
    if (word === OFFLINE) {
      this.#silent = true;
      this.#reports = [];
      this.#end("the broker says that it is offline");
    } else this.#pollAt = this.#ports.now();
    this.#changed();
  }

  #reported(report: Report): void {
    this.#reports.push(report);
    if (this.#reports.length > REPORTS_MAX) {
      this.#reports.shift();
      this.#ports.count("unconfirmed");
    }
    if (this.#exchange === null) this.#confirm();
  }

  #replied(bytes: Uint8Array): void {
    if (this.#exchange === null) this.#unverified("it answers nothing that was asked");
    else this.#exchange.heard(bytes);
  }

  #unverified(why: string): void {
    this.#ports.count("unverified");
    if (this.verified || this.#trouble !== null) return;
    this.#trouble = `a message is not verified (${why}): the device has other keys, or someone else sent it`;
    this.#changed();
  }

  #changed(): void {
    this.#shown = this.verified;
    this.#ports.changed(this);
  }

  #end(why: string): void {
    const exchange = this.#exchange;
    this.#exchange = null;
    exchange?.end(why);
  }

  /** The exchange is over: goes on with what waits. */
  #next(): void {
    this.#exchange = null;
    if (this.#reports.length > 0) this.#confirm();
    else if (this.known.needsTemperature && this.verified) this.#read(OP.TELEMETRY_READ);
  }

  /** The device answered, so its state is current. */
  #answered(): void {
    this.#silent = false;
    this.#trouble = null;
  }

  #unanswered(topicLevels: string): void {
    this.#silent = true;
    if (this.#flag === ONLINE)
      this.#trouble ??= `it is flagged online and does not answer: it has other keys, or the broker's access list refuses ${topicLevels}`;
    const { intervalMs, now } = this.#ports;
    this.#pollAt = now() + Math.min(intervalMs, Math.max(RETRY_MS, intervalMs / RETRY_PART));
  }

  get #topics(): string {
    return `killswitch/${this.id}/${KID}/command or killswitch/${this.id}/${KID}/reply`;
  }

  /** Asks for the epoch and the number of the last report, to tell current reports from repeated ones. */
  #confirm(): void {
    const { random, setTimer, timeoutMs, now } = this.#ports;
    const question = encodeQuestion(this.#keys.command, PRINCIPAL.PROVIDER, random(NONCE_BYTES));
    const conclude = (answer: Confirmation | null) => {
      cancel();
      const late = this.#settle(answer, now());
      if (answer === null) this.#unanswered(this.#topics);
      if (late) this.#pollAt = now();
      this.#next();
      this.#changed();
    };
    const cancel = setTimer(timeoutMs, () => conclude(null));
    this.#exchange = {
      kind: "confirm",
      heard: (bytes) => {
        const { tag, epoch, code, data } = decodeReply(bytes, this.#keys.reply, KID);
        if (Buffer.compare(tag, replyTagOf(question)) !== 0 || code !== CODE.OK)
          return this.#unverified("it answers something else");
        conclude({ epoch, counter: Number(takeFields(ANSWER_SHAPE, data).counter) });
      },
      end: cancel,
    };
    this.#ports.publish(this.id, question);
  }

  /** Takes what the answer confirms of the waiting reports. Returns whether the status is to be asked for. */
  #settle(answer: Confirmation | null, now: number): boolean {
    const reports = this.#reports.splice(0);
    if (answer !== null) this.#answered();
    let gap = answer !== null && !this.known.isEpoch(answer.epoch);
    for (const { head, fields } of reports) {
      const fate = freshnessOf(head, answer);
      this.#ports.count(fate);
      if (fate !== "verified" && fate !== "as-of") continue;
      const { counter } = this.known;
      if (this.known.isEpoch(head.epoch) && head.counter < counter) continue;
      if (head.counter > counter + 1) gap = true;
      this.known.learn(head.epoch, fields, now, head.counter);
      if (fate === "as-of") gap = true;
    }
    return gap;
  }

  #read(op: number): void {
    this.#converse("read", { op, args: new Map() }, (outcome) => {
      // A device that refuses this has no temperature for this principal.
      const answered = outcome.kind === "executed" || outcome.kind === "refused";
      if (op === OP.TELEMETRY_READ && answered) this.known.temperatureAsked();
      if (outcome.kind === "executed" && outcome.fields === null) this.#pollAt = this.#ports.now();
    });
  }

  #converse(kind: "read" | "command", request: Request, done: (outcome: Outcome) => void): void {
    const { random, deadlineMs } = this.#ports;
    const conversation = new Conversation({
      keys: this.#keys,
      kid: KID,
      principal: PRINCIPAL.PROVIDER,
      request,
      deadlineMs,
      nonce: random(NONCE_BYTES),
    });
    this.#follow(kind, conversation, (outcome) => {
      if (kind === "command") this.#commanded(conversation, outcome);
      done(outcome);
    });
  }

  /** Keeps in mind a command that may still execute; asks for the status after a refusal. */
  #commanded(conversation: Conversation, outcome: Outcome): void {
    const { epoch, giveUpAt } = conversation;
    this.#open = outcome.kind === "unknown" && epoch !== null ? { epoch, until: giveUpAt } : null;
    if (outcome.kind !== "refused") return;
    this.known.refused(CODE_NAMES[outcome.code] ?? "");
    this.#pollAt = this.#ports.now();
  }

  #follow(
    kind: "read" | "command",
    conversation: Conversation,
    done: (outcome: Outcome) => void,
  ): void {
    const { setTimer, timeoutMs, now } = this.#ports;
    const conclude = (outcome: Outcome) => {
      cancel();
      const { epoch } = conversation;
      if (outcome.kind === "executed" && epoch !== null) {
        this.#answered();
        this.known.learn(epoch, outcome.fields ?? {}, now(), null);
      } else if (outcome.kind === "refused") this.#answered();
      else this.#unanswered(this.#topics);
      done(outcome);
      this.#next();
      this.#changed();
    };
    const silence = () =>
      conclude({ kind: "unsent", why: `it did not answer within ${timeoutMs} ms` });
    let cancel = setTimer(timeoutMs, silence);
    this.#exchange = {
      kind,
      heard: (bytes) => {
        const { foreign } = conversation;
        const result = conversation.received(bytes, now());
        if (conversation.foreign > foreign) this.#unverified("it answers something else");
        if (result === null) return;
        if (result !== "send") return conclude(result);
        cancel();
        const late = () => conclude({ kind: "unknown", why: "it did not answer" });
        cancel = setTimer(conversation.giveUpAt - now(), late);
        this.#ports.publish(this.id, conversation.bytes);
      },
      end: (why) => {
        cancel();
        const left = Math.ceil(conversation.giveUpAt - now());
        done(
          conversation.committed
            ? { kind: "unknown", why: `${why}; it was sent and may execute for ${left} ms more` }
            : { kind: "unsent", why },
        );
      },
    };
    this.#ports.publish(this.id, conversation.bytes);
  }
}
