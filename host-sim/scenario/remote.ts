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
  PRINCIPAL,
  PRINCIPAL_KIDS,
} from "../abi/abi.gen.ts";
import {
  decodeReply,
  decodeStatus,
  encodeCommand,
  NO_EPOCH,
  type Reply,
} from "../controller/command.ts";
import { decodeMac0, encodeMac0, type Kid, MessageError } from "../controller/cose.ts";
import { type ArgValue, type Fields, parseRequest, replyFields } from "../controller/operations.ts";
import type { Send, Tamper } from "./grammar.ts";
import type { SentFacts } from "./monitor.ts";

/** The keys of every scenario, by PRINCIPAL. They are public and protect nothing. */
export const SCENARIO_KEYS: readonly Uint8Array[] = PRINCIPAL_KIDS.map((kid) =>
  createHash("sha256").update(`killswitch scenario ${kid}`).digest(),
);

/** A composed command. */
export interface Message {
  bytes: Uint8Array;
  principal: number;
  seq: number;
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
  /** The last sequence number used, by principal and epoch. */
  readonly #used = new Map<string, number>();

  /**
   * Stores a message from the device. It is decoded when a step needs it. `epoch`: the epoch of a
   * status that is already decoded.
   */
  receive(channel: number, bytes: Uint8Array, epoch: Uint8Array | null): void {
    if (channel === CHANNEL.STATUS) this.#status.push({ bytes, epoch });
    else if (channel === CHANNEL.REPLY) this.#replies.push(bytes);
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

  /** Composes a command. Throws EpochUnknown if the device has not reported the needed epoch. */
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
    const genuine = encodeCommand({ key, principal, epoch, seq, op, args });
    const bytes = tampered(genuine, key, send.as, tamper);
    const facts = { epoch: hex, genuine: tamper === "none", op: wire };
    return { bytes, principal, seq, op, args, tamper, facts };
  }

  /**
   * The reply to a message, searched from reply number `from` on. Null if there is none. Throws
   * MessageError if a reply is malformed or not signed by the device.
   */
  replyTo(message: Message, from: number): ReceivedReply | null {
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

/**
 * Whether a reply answers a message. MALFORMED has sequence number 0: the device could not read it.
 */
function answers(reply: Reply, message: Message): boolean {
  if (reply.principal !== message.principal) return false;
  return reply.seq === message.seq || (reply.code === CODE.MALFORMED && reply.seq === 0);
}

/** Length of the tag and its CBOR head, which follow the payload's last byte. */
const TAIL = 32 + 2;

/** A command as an attacker would change it: see Tamper. */
function tampered(genuine: Uint8Array, key: Uint8Array, kid: Kid, tamper: Tamper): Uint8Array {
  const flipped = (index: number) => genuine.map((byte, at) => (at === index ? byte ^ 1 : byte));
  const resigned = (name: Kid, extra: number[] = []) =>
    encodeMac0(key, name, Uint8Array.of(...decodeMac0(key, kid, genuine), ...extra));
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
      return resigned(kid === "owner" ? "provider" : "owner");
    case "device-kid":
      return resigned("device");
    case "form":
      return resigned(kid, [0]);
    case "oversize": {
      const long = new Uint8Array(MESSAGE_MAX + 1);
      long.set(genuine);
      return long;
    }
    case "garbage":
      return genuine.map((byte, at) => byte ^ (at * 37 + 11));
  }
}
