/**
 * Checks each message that the guest sends against docs/PROTOCOL.md: form, tag, and contents against the
 * guest's state. The decoder is independent of the guest's encoder. Equal messages are decoded once.
 */
import { createHash } from "node:crypto";
import { decode, encode, rfc8949EncodeOptions } from "cborg";
import {
  CHANNEL,
  CODE,
  EPOCH_BYTES,
  MARK,
  OP,
  PRINCIPAL,
  PRINCIPAL_KIDS,
  REGION,
  RING,
  TAG_BYTES,
} from "../../abi/abi.gen.ts";
import { PROTECTED } from "../../controller/cose.ts";
import { RECORD_BYTES } from "../../controller/operations.ts";
import { isPermitted } from "../../controller/permissions.ts";
import { OFFSET } from "./abstraction.ts";
import { type AnsweredMessage, decisionOf } from "./events.ts";
import type { InstrumentedGuest } from "./instrumented-guest.ts";
import { slotOffset } from "./storage-format.ts";
import type { Transition } from "./transition.ts";

const TAG_COSE_MAC0 = 0xd1;
const HEADER_KID = 4;
/** The parts of a message's `to` (recorder/events.ts). */
const CHANNEL_MASK = 15;
const PRINCIPAL_SHIFT = 4;
/** The first item of a payload, by CHANNEL. */
const KINDS = new Map<number, number>([
  [CHANNEL.REPLY, 0],
  [CHANNEL.STATUS, 1],
  [CHANNEL.TELEMETRY, 2],
]);
const STRICT = {
  strict: true,
  useMaps: true,
  rejectDuplicateMapKeys: true,
  allowIndefinite: false,
  allowUndefined: false,
} as const;

/** CODE by the MARK of the decision. */
const CODE_OF = new Map<number, number>([
  [MARK.ACCEPTED, CODE.OK],
  [MARK.STALE_EPOCH, CODE.STALE_EPOCH],
  [MARK.REPLAY, CODE.REPLAY],
  [MARK.FORBIDDEN, CODE.FORBIDDEN],
  [MARK.HOLD, CODE.HOLD],
  [MARK.MALFORMED_PAYLOAD, CODE.MALFORMED],
  [MARK.FAILED, CODE.FAILED],
  [MARK.EXPIRED, CODE.EXPIRED],
  [MARK.DUPLICATE, CODE.REPLAY],
  [MARK.QUESTION, CODE.OK],
]);

const same = (a: unknown, b: Uint8Array) => a instanceof Uint8Array && Buffer.compare(a, b) === 0;
const mapIs = (found: unknown, due: readonly (readonly [number, unknown])[]) =>
  found instanceof Map &&
  found.size === due.length &&
  due.every(([key, value], index) => {
    const [[foundKey, foundValue] = [null, null]] = [...found].slice(index, index + 1);
    return (
      foundKey === key &&
      (value instanceof Uint8Array ? same(foundValue, value) : foundValue === value)
    );
  });

/** The items of a well-formed message, or the rule that its form breaks. */
type Parsed = readonly unknown[] | string;

export class WireCheck {
  readonly #guest: InstrumentedGuest;
  readonly #step: Transition;
  /** Decoded messages, by their bytes and the bytes that were signed. */
  readonly #parsed = new Map<string, Parsed>();

  constructor(guest: InstrumentedGuest, step: Transition) {
    this.#guest = guest;
    this.#step = step;
  }

  /** Number of different messages. */
  get messages(): number {
    return this.#parsed.size;
  }

  /**
   * Checks a message that the guest hands to net_send(). Of the event, it reads only the message that a
   * reply answers and the marks so far, because the memo's key has nothing else of the event. Returns the
   * rule that is broken, or null.
   */
  check(to: number, bytes: Uint8Array, answered: AnsweredMessage | null): string | null {
    const [channel, principal] = [to & CHANNEL_MASK, to >> PRINCIPAL_SHIFT];
    const signed = this.#guest.lastSigned;
    const key = `${to}|${Buffer.from(bytes).toString("latin1")}|${Buffer.from(signed).toString("latin1")}`;
    let items = this.#parsed.get(key);
    if (items === undefined) {
      items = this.#parse(principal, bytes, signed);
      this.#parsed.set(key, items);
    }
    if (typeof items === "string") return items;
    if (items[0] !== KINDS.get(channel)) return "a sent message says of which kind it is";
    if (channel === CHANNEL.REPLY) return this.#reply(principal, items, answered);
    const [, epoch, counter, clock, value] = items;
    if (items.length !== 5 || !this.#isCurrent(epoch, clock))
      return "a report carries the current epoch and the session clock";
    if (counter !== this.#word(OFFSET.COUNTER)) return "a report carries its number in the epoch";
    if (!isPermitted(principal, channel === CHANNEL.STATUS ? OP.STATUS : OP.TELEMETRY_READ))
      return "a report goes only to a principal with the right to it";
    if (channel === CHANNEL.STATUS)
      return mapIs(value, this.#status(principal)) ? null : "a status reports the guest's state";
    return value === this.#temperature
      ? null
      : "a measurement reports the temperature of the last tick";
  }

  #isCurrent(epoch: unknown, clock: unknown): boolean {
    return (
      same(epoch, this.#step.bytes(OFFSET.EPOCH, EPOCH_BYTES)) &&
      clock === this.#word(OFFSET.CLOCK) + this.#word(OFFSET.CLOCK + 4) * 2 ** 32
    );
  }

  #parse(principal: number, bytes: Uint8Array, signed: Uint8Array): Parsed {
    let items: unknown;
    let payload: unknown;
    try {
      if (bytes[0] !== TAG_COSE_MAC0) return "a sent message is a tagged COSE_Mac0";
      const parts: unknown = decode(bytes.subarray(1), STRICT);
      if (!Array.isArray(parts) || parts.length !== 4)
        return "a sent message is a COSE_Mac0 of four parts";
      const [header, headers, body, tag] = parts as unknown[];
      const kid = Buffer.from(PRINCIPAL_KIDS[principal] ?? "");
      const formed = same(header, PROTECTED) && mapIs(headers, [[HEADER_KID, new Uint8Array(kid)]]);
      if (!formed || !(body instanceof Uint8Array))
        return "a sent message names its algorithm and the principal";
      const structure = encode(["MAC0", PROTECTED, new Uint8Array(0), body], rfc8949EncodeOptions);
      const due = this.#guest.ownTags[principal] ?? new Uint8Array();
      const own = same(tag, due) && (tag as Uint8Array).length === TAG_BYTES;
      if (!own || !same(signed, structure))
        return "all of a sent message is signed, under the key of the principal that gets it";
      payload = body;
      items = decode(body, STRICT);
    } catch {
      return "a sent message is deterministic CBOR";
    }
    if (!Array.isArray(items) || !same(encode(items, rfc8949EncodeOptions), payload as Uint8Array))
      return "a sent message is deterministic CBOR";
    return items;
  }

  get #temperature(): number {
    return this.#short(OFFSET.TEMPERATURE);
  }

  #short(offset: number): number {
    return new DataView(this.#step.bytes(offset, 2).buffer).getInt16(0, true);
  }

  #byte(offset: number): number {
    return this.#step.is(offset);
  }

  #word(offset: number): number {
    return this.#step.isWord(offset) >>> 0;
  }

  /** The items of a status that the principal's rights allow. */
  #status(principal: number): [number, unknown][] {
    const hashes = this.#step.bytes(OFFSET.JOURNAL_HASH, 64);
    const head = new Uint8Array(createHash("sha256").update(hashes).digest());
    const relay: [number, unknown][] = [
      [1, this.#byte(OFFSET.RELAY) !== 0],
      [2, this.#word(OFFSET.HOLD_MS)],
    ];
    const journal: [number, unknown][] = [
      [4, this.#word(OFFSET.JOURNAL_NEXT)],
      [5, head],
    ];
    const remote: [number, unknown] = [14, this.#word(OFFSET.JOURNAL_NEXT + 4 * RING.REMOTE)];
    const config: [number, unknown][] = [
      [10, this.#byte(OFFSET.SAFE_STATE)],
      [11, this.#word(OFFSET.TELEMETRY_S)],
      [12, this.#word(OFFSET.HOLD_S)],
    ];
    const owner = isPermitted(principal, OP.JOURNAL_READ);
    return [
      ...(isPermitted(principal, OP.RELAY_GET) ? relay : []),
      [3, this.#byte(OFFSET.FAULT)],
      ...(owner ? journal : []),
      [6, this.#word(OFFSET.EXECUTED)],
      [7, this.#word(OFFSET.REFUSED)],
      [8, this.#word(OFFSET.DROPPED)],
      [9, this.#byte(OFFSET.REASON)],
      ...(owner ? config : []),
      [13, this.#word(OFFSET.BOOTS)],
      ...(owner ? [remote] : []),
    ];
  }

  #reply(
    principal: number,
    items: readonly unknown[],
    answered: AnsweredMessage | null,
  ): string | null {
    if (answered === null) return "a reply answers a message";
    const decided = decisionOf(this.#guest.marks);
    const [, tag, epoch, clock, code, data] = items;
    const bound = same(tag, Buffer.from(answered.replyTag, "hex"));
    if (items.length !== 6 || principal !== answered.principal || !bound)
      return "I11: a reply carries the tag of the message that it answers";
    if (!this.#isCurrent(epoch, clock))
      return "a reply carries the current epoch and the session clock";
    if (code !== CODE_OF.get(decided)) return "a reply carries the outcome";
    return this.#isData(data, decided, answered)
      ? null
      : "a reply's data is the requested value, or the reason of the refusal";
  }

  #isData(data: unknown, decided: number, message: AnsweredMessage): boolean {
    const { principal } = message;
    const lastSeq = this.#word(OFFSET.LAST_SEQ + 4 * principal);
    if (decided === MARK.QUESTION)
      return mapIs(data, [
        [1, lastSeq],
        [2, this.#word(OFFSET.COUNTER)],
      ]);
    if (decided === MARK.REPLAY) return mapIs(data, [[1, lastSeq]]);
    if (decided === MARK.DUPLICATE)
      return mapIs(data, [
        [1, lastSeq],
        [2, this.#word(OFFSET.LAST_RESULT + 4 * principal)],
      ]);
    if (decided === MARK.HOLD) return mapIs(data, [[1, this.#word(OFFSET.HOLD_MS)]]);
    if (decided === MARK.EXPIRED) return mapIs(data, [[1, this.#word(OFFSET.CLOCK)]]);
    if (decided !== MARK.ACCEPTED) return mapIs(data, []);
    if (message.op === OP.RELAY_SET || message.op === OP.RELAY_GET)
      return mapIs(data, [[1, this.#byte(OFFSET.RELAY) !== 0]]);
    if (message.op === OP.STATUS) return mapIs(data, this.#status(principal));
    if (message.op === OP.JOURNAL_READ) return this.#isRecords(data, message.ring);
    if (message.op !== OP.TELEMETRY_READ) return mapIs(data, []);
    // Only the owner is told what was measured while killed.
    if (principal !== PRINCIPAL.OWNER) return mapIs(data, [[1, this.#temperature]]);
    return mapIs(data, [
      [1, this.#temperature],
      [2, this.#short(OFFSET.KILLED_MIN)],
      [3, this.#short(OFFSET.KILLED_MAX)],
      [4, this.#word(OFFSET.KILLED_SAMPLES)],
    ]);
  }

  #isRecords(data: unknown, ring: number): boolean {
    const records: unknown = data instanceof Map && data.size === 1 ? data.get(1) : null;
    if (!Array.isArray(records)) return false;
    return (
      records.every((record: unknown, seq) =>
        same(record, this.#guest.stored(REGION.JOURNAL, slotOffset(ring, seq), RECORD_BYTES)),
      ) && records.length === Math.min(8, this.#word(OFFSET.JOURNAL_NEXT + 4 * ring))
    );
  }
}
