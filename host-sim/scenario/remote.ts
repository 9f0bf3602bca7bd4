/**
 * The remote side of a scenario: learns the epoch from signed status messages, composes commands
 * and an attacker's variants of them, and finds the replies.
 */
import { createHash } from "node:crypto";
import {
  CHANNEL,
  CODE,
  CODE_NAMES,
  MESSAGE_MAX,
  NONCE_BYTES,
  PRINCIPAL_KIDS,
} from "../abi/abi.gen.ts";
import type { Kid } from "../abi/topics.ts";
import { type DerivedKeys, deriveKeys } from "../base/derived-keys.ts";
import {
  decodeReply,
  decodeStatus,
  encodeCommand,
  encodeQuestion,
  NO_EPOCH,
  type Reply,
  type ReportHead,
  replyTagOf,
} from "../controller/command.ts";
import { decodeMac0, encodeMac0, MessageError } from "../controller/cose.ts";
import {
  ANSWER_SHAPE,
  type ArgValue,
  type Fields,
  parseRequest,
  replyFields,
  takeFields,
} from "../controller/operations.ts";
import { durationMs, type Send, type Tamper } from "./grammar.ts";
import type { SentFacts } from "./monitor.ts";

/** Secrets of every scenario, by PRINCIPAL. They are public and protect nothing. */
export const SCENARIO_SECRETS: readonly Uint8Array[] = PRINCIPAL_KIDS.map((kid) =>
  createHash("sha256").update(`killswitch scenario ${kid}`).digest(),
);

/** The keys derived from them, by PRINCIPAL. */
export const SCENARIO_KEYS: readonly DerivedKeys[] = PRINCIPAL_KIDS.map((kid, principal) =>
  deriveKeys(kid, SCENARIO_SECRETS[principal] ?? new Uint8Array()),
);

/** Stands for the operation of a message that asks for the epoch. */
export const QUESTION = -1;
/** How it is written in a scenario. */
export const QUESTION_WIRE = "question";
/** Deadline of a command that a step does not set, in ms. */
const DEADLINE_MS = 5_000;

/** A command as published. */
export interface Message {
  bytes: Uint8Array;
  principal: number;
  seq: number;
  /** On the session clock, in ms. */
  deadline: number;
  /** OP, or QUESTION. */
  op: number;
  args: ReadonlyMap<number, ArgValue>;
  tamper: Tamper;
  facts: SentFacts;
}

/** A step needs an epoch that the device has not reported. */
export class EpochUnknown extends Error {}

export interface ReceivedReply {
  code: string;
  fields: Fields;
}

function keysOf(principal: number): DerivedKeys {
  const keys = SCENARIO_KEYS[principal];
  if (keys === undefined) throw new RangeError(`principal ${principal}`);
  return keys;
}

const kidOf = (principal: number): Kid => PRINCIPAL_KIDS[principal] ?? "owner";

export class Remote {
  readonly #status: {
    at: number;
    principal: number;
    bytes: Uint8Array;
    read: ReportHead | null;
  }[] = [];
  readonly #replies: { principal: number; bytes: Uint8Array }[] = [];
  /** The session clock as the device told it last, and when. */
  #clock = { told: 0, at: 0 };
  #questions = 0;
  #current: Uint8Array | null = null;
  #previous: Uint8Array | null = null;
  /** The last sequence number used, by principal and epoch. */
  readonly #used = new Map<string, number>();

  /** A message from the device. It is read when a step needs it; `epoch`: of one already read. */
  receive(
    at: number,
    principal: number,
    channel: number,
    bytes: Uint8Array,
    read: ReportHead | null,
  ): void {
    if (channel === CHANNEL.STATUS) this.#status.push({ at, principal, bytes, read });
    else if (channel === CHANNEL.REPLY) this.#replies.push({ principal, bytes });
  }

  /** Whether the last epoch that the device reported is this one (hexadecimal). */
  knows(epoch: string): boolean {
    this.#readStatus(false);
    return this.#current !== null && Buffer.from(this.#current).toString("hex") === epoch;
  }

  /** The number of replies so far. Pass it to replyTo() to consider only later ones. */
  get replies(): number {
    return this.#replies.length;
  }

  /** Makes a command, true or false. Throws EpochUnknown without the epoch that it asks for. */
  compose(send: Send, now: number): Message {
    const principal = PRINCIPAL_KIDS.indexOf(send.as);
    const keys = keysOf(principal);
    const tamper = send.tamper ?? "none";
    if (send.op === QUESTION_WIRE) return this.#question(send, principal, tamper);
    const epoch = this.#epoch(send.epoch ?? "current");
    const hex = Buffer.from(epoch).toString("hex");
    const row = `${send.as} ${hex}`;
    const last = this.#used.get(row) ?? 0;
    const wanted = send.seq ?? "next";
    const seq = wanted === "next" ? last + 1 : wanted === "last" ? last : wanted;
    if (typeof seq !== "number") throw new RangeError(`sequence number ${seq}`);
    this.#used.set(row, Math.max(last, seq));
    const [wire = "", ...words] = send.op.split(/\s+/);
    const { op, args } = parseRequest(wire, words);
    const aheadMs = send.deadline === undefined ? DEADLINE_MS : durationMs(send.deadline);
    const clock = this.#clock.told + Math.max(0, now - this.#clock.at);
    const deadline = clock + aheadMs;
    const good = encodeCommand({ key: keys.command, principal, epoch, seq, deadline, op, args });
    const bytes = tampered(good, keys, send.as, tamper);
    const facts = { epoch: hex, genuine: tamper === "none", op: wire };
    return { bytes, principal, seq, deadline, op, args, tamper, facts };
  }

  #question(send: Send, principal: number, tamper: Tamper): Message {
    const keys = keysOf(principal);
    const nonce = new Uint8Array(NONCE_BYTES);
    new DataView(nonce.buffer).setUint32(0, ++this.#questions);
    const good = encodeQuestion(keys.command, principal, nonce);
    const bytes = tampered(good, keys, send.as, tamper);
    const facts = { epoch: "", genuine: tamper === "none", op: send.op };
    return { bytes, principal, seq: 0, deadline: 0, op: QUESTION, args: new Map(), tamper, facts };
  }

  /**
   * The reply to a message, searched from reply number `from` on. Null if there is none. Throws
   * MessageError if a reply is malformed or not signed by the device.
   */
  replyTo(message: Message, from: number): ReceivedReply | null {
    for (const { principal, bytes } of this.#replies.slice(from)) {
      const reply = decodeReply(bytes, keysOf(principal).reply, kidOf(principal));
      if (Buffer.compare(reply.tag, replyTagOf(message.bytes)) !== 0) continue;
      const fields = fieldsOf(message, reply);
      return { code: CODE_NAMES[reply.code] ?? String(reply.code), fields };
    }
    return null;
  }

  #epoch(which: "current" | "previous" | "zero" | "told"): Uint8Array {
    if (which === "zero") return NO_EPOCH;
    this.#readStatus(which === "told");
    if (which === "told") return this.#current ?? NO_EPOCH;
    const epoch = which === "current" ? this.#current : this.#previous;
    if (epoch === null) throw new EpochUnknown(`the device has not reported a ${which} epoch`);
    return epoch;
  }

  /**
   * Takes the epochs from the status messages since the last call. Messages that the device has not
   * signed are ignored with `drop`; otherwise throws MessageError.
   */
  #readStatus(drop: boolean): void {
    for (const { at, principal, bytes, read } of this.#status) {
      let head: ReportHead;
      try {
        head = read ?? decodeStatus(bytes, keysOf(principal).reply, kidOf(principal));
      } catch (error) {
        if (drop && error instanceof MessageError) continue;
        throw error;
      }
      this.#clock = { told: head.clock, at };
      if (this.#current !== null && Buffer.compare(head.epoch, this.#current) === 0) continue;
      this.#previous = this.#current;
      this.#current = head.epoch;
    }
    this.#status.length = 0;
  }
}

/** Fields of the reply to a message. Throws MessageError if a field is missing or bad. */
export function fieldsOf(message: Message, { code, data }: Reply): Fields {
  if (message.op === QUESTION && code === CODE.OK) return takeFields(ANSWER_SHAPE, data);
  return replyFields(message.op, code, data);
}

/** Length of the tag and its CBOR head, which follow the payload's last byte. */
const TAIL = 32 + 2;

function tampered(genuine: Uint8Array, keys: DerivedKeys, kid: Kid, tamper: Tamper): Uint8Array {
  const flipped = (index: number) => genuine.map((byte, at) => (at === index ? byte ^ 1 : byte));
  const resigned = (name: Kid, key: Uint8Array, extra: number[] = []) =>
    encodeMac0(key, name, Uint8Array.of(...decodeMac0(keys.command, kid, genuine), ...extra));
  switch (tamper) {
    case "none":
      return genuine;
    case "tag":
      return flipped(genuine.length - 1);
    case "payload":
      return flipped(genuine.length - TAIL - 1);
    case "truncate":
      return genuine.slice(0, genuine.length - 1);
    case "kid":
      return resigned(kid === "owner" ? "provider" : "owner", keys.command);
    case "reply-key":
      return resigned(kid, keys.reply);
    case "form":
      return resigned(kid, keys.command, [0]);
    case "oversize": {
      const long = new Uint8Array(MESSAGE_MAX + 1);
      long.set(genuine);
      return long;
    }
    case "garbage":
      return genuine.map((byte, at) => byte ^ (at * 37 + 11));
  }
}
