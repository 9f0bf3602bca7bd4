/**
 * The controller's end of a scenario: learns the epoch from what the device signs, makes commands
 * (and an attacker's imitations), finds the replies. Must not know a target, nor look into a board.
 */
import { createHash } from "node:crypto";
import { CHANNEL, CODE, CODE_NAMES, MESSAGE_MAX, PRINCIPAL, PRINCIPAL_KIDS } from "../abi.gen.ts";
import {
  decodeReply,
  decodeStatus,
  encodeCommand,
  NO_EPOCH,
  type Reply,
} from "../controller/command.ts";
import { decodeMac0, encodeMac0, MessageError } from "../controller/cose.ts";
import type { Kid } from "../mqtt/topics.ts";
import { type ArgValue, type Fields, parseRequest, replyFields } from "../controller/operations.ts";
import type { Send, Tamper } from "./grammar.ts";
import type { Sent } from "./monitor.ts";

/** Keys of every scenario, by PRINCIPAL. Known to all: they guard nothing. */
export const SCENARIO_KEYS: readonly Uint8Array[] = PRINCIPAL_KIDS.map((kid) =>
  createHash("sha256").update(`killswitch scenario ${kid}`).digest(),
);

/** A command as published. */
export interface Message {
  bytes: Uint8Array;
  principal: number;
  seq: number;
  op: number;
  args: ReadonlyMap<number, ArgValue>;
  tamper: Tamper;
  facts: Sent;
}

/** The device has not told what the step needs. */
export class EpochUnknown extends Error {}

export interface Heard {
  code: string;
  fields: Fields;
}

function keyOf(principal: number): Uint8Array {
  const key = SCENARIO_KEYS[principal];
  if (key === undefined) throw new RangeError(`principal ${principal}`);
  return key;
}

export class Remote {
  readonly #status: { bytes: Uint8Array; epoch: Uint8Array | null }[] = [];
  readonly #replies: Uint8Array[] = [];
  #current: Uint8Array | null = null;
  #previous: Uint8Array | null = null;
  /** Last sequence number used, by principal and epoch. */
  readonly #used = new Map<string, number>();

  /** A message from the device. It is read when a step needs it; `epoch`: of one already read. */
  heard(channel: number, bytes: Uint8Array, epoch: Uint8Array | null): void {
    if (channel === CHANNEL.STATUS) this.#status.push({ bytes, epoch });
    else if (channel === CHANNEL.REPLY) this.#replies.push(bytes);
  }

  /** Whether the device has told this epoch, in hexadecimal, last. */
  knows(epoch: string): boolean {
    this.#listen(false);
    return this.#current !== null && Buffer.from(this.#current).toString("hex") === epoch;
  }

  /** How many replies there are: replyTo() looks at later ones. */
  get replies(): number {
    return this.#replies.length;
  }

  /** Makes a command, true or false. Throws EpochUnknown without the epoch that it asks for. */
  compose(send: Send): Message {
    const principal = PRINCIPAL_KIDS.indexOf(send.as);
    const key = keyOf(principal);
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
    const tamper = send.tamper ?? "none";
    const good = encodeCommand({ key, principal, epoch, seq, op, args });
    const bytes = tampered(good, key, send.as, tamper);
    const facts = { epoch: hex, sound: tamper === "none", op: wire };
    return { bytes, principal, seq, op, args, tamper, facts };
  }

  /**
   * The reply to a message among those from number `from` on; null if there is none. Throws
   * MessageError if the device said something that is not signed by it.
   */
  replyTo(message: Message, from: number): Heard | null {
    for (const bytes of this.#replies.slice(from)) {
      const reply = decodeReply(bytes, keyOf(PRINCIPAL.DEVICE));
      if (!answers(reply, message)) continue;
      const fields = replyFields(message.op, reply.code, reply.data);
      return { code: CODE_NAMES[reply.code] ?? String(reply.code), fields };
    }
    return null;
  }

  #epoch(which: "current" | "previous" | "zero" | "told"): Uint8Array {
    if (which === "zero") return NO_EPOCH;
    this.#listen(which === "told");
    if (which === "told") return this.#current ?? NO_EPOCH;
    const epoch = which === "current" ? this.#current : this.#previous;
    if (epoch === null) throw new EpochUnknown(`the device has told no ${which} epoch`);
    return epoch;
  }

  /**
   * Reads the epochs from the status messages that came since the last look. What the device has not
   * signed is a finding, or dropped.
   */
  #listen(drop: boolean): void {
    for (const { bytes, epoch: read } of this.#status) {
      let epoch: Uint8Array;
      try {
        epoch = read ?? decodeStatus(bytes, keyOf(PRINCIPAL.DEVICE)).epoch;
      } catch (error) {
        if (drop && error instanceof MessageError) continue;
        throw error;
      }
      if (this.#current !== null && Buffer.compare(epoch, this.#current) === 0) continue;
      this.#previous = this.#current;
      this.#current = epoch;
    }
    this.#status.length = 0;
  }
}

/** A refusal of a payload that is no command cannot name its sequence number. */
function answers(reply: Reply, message: Message): boolean {
  if (reply.principal !== message.principal) return false;
  return reply.seq === message.seq || (reply.code === CODE.MALFORMED && reply.seq === 0);
}

/** Length of the tag and of the CBOR head before it: the payload's last byte is right before these. */
const TAIL = 32 + 2;

function tampered(good: Uint8Array, key: Uint8Array, kid: Kid, tamper: Tamper): Uint8Array {
  const flipped = (index: number) => good.map((byte, at) => (at === index ? byte ^ 1 : byte));
  const resigned = (name: Kid, extra: number[] = []) =>
    encodeMac0(key, name, Uint8Array.of(...decodeMac0(key, kid, good), ...extra));
  switch (tamper) {
    case "none":
      return good;
    case "tag":
      return flipped(good.length - 1);
    case "payload":
      return flipped(good.length - TAIL - 1);
    case "truncate":
      return good.slice(0, good.length - 1);
    case "kid":
      return resigned(kid === "owner" ? "provider" : "owner");
    case "device-kid":
      return resigned("device");
    case "form":
      return resigned(kid, [0]);
    case "oversize": {
      const long = new Uint8Array(MESSAGE_MAX + 1);
      long.set(good);
      return long;
    }
    case "garbage":
      return good.map((byte, at) => byte ^ (at * 37 + 11));
  }
}
