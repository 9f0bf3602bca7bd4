/**
 * Checks each message that the guest sends against docs/PROTOCOL.md: form, tag, and contents against the
 * guest's state. The decoder is independent of the guest's encoder. Equal messages are decoded once.
 */
import { decode, encode, rfc8949EncodeOptions } from "cborg";
import {
  CHANNEL,
  CODE,
  EPOCH_BYTES,
  JOURNAL_SLOT_BYTES,
  MARK,
  OP,
  PRINCIPAL,
  PRINCIPAL_KIDS,
  REGION,
  TAG_BYTES,
} from "../../abi/abi.gen.ts";
import { PROTECTED } from "../../controller/cose.ts";
import { RECORD_BYTES } from "../../controller/operations.ts";
import { OFFSET } from "./abstraction.ts";
import { type AnsweredMessage, decisionOf } from "./events.ts";
import type { InstrumentedGuest } from "./instrumented-guest.ts";
import type { Transition } from "./transition.ts";

const TAG_COSE_MAC0 = 0xd1;
const HEADER_KID = 4;
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
  check(channel: number, bytes: Uint8Array, answered: AnsweredMessage | null): string | null {
    const signed = this.#guest.lastSigned;
    const key = `${Buffer.from(bytes).toString("latin1")}|${Buffer.from(signed).toString("latin1")}`;
    let items = this.#parsed.get(key);
    if (items === undefined) {
      items = this.#parse(bytes, signed);
      this.#parsed.set(key, items);
    }
    if (typeof items === "string") return items;
    if (!same(items[0], this.#step.bytes(OFFSET.EPOCH, EPOCH_BYTES)))
      return "a sent message carries the current epoch";
    if (channel === CHANNEL.REPLY) return this.#reply(items, answered);
    if (items.length !== 2) return "a status and a measurement consist of an epoch and a value";
    if (channel === CHANNEL.STATUS)
      return mapIs(items[1], this.#status()) ? null : "a status reports the guest's state";
    return items[1] === this.#temperature
      ? null
      : "a measurement reports the temperature of the last tick";
  }

  #parse(bytes: Uint8Array, signed: Uint8Array): Parsed {
    let items: unknown;
    let payload: unknown;
    try {
      if (bytes[0] !== TAG_COSE_MAC0) return "a sent message is a tagged COSE_Mac0";
      const parts: unknown = decode(bytes.subarray(1), STRICT);
      if (!Array.isArray(parts) || parts.length !== 4)
        return "a sent message is a COSE_Mac0 of four parts";
      const [header, headers, body, tag] = parts as unknown[];
      const kid = Buffer.from(PRINCIPAL_KIDS[PRINCIPAL.DEVICE]);
      const formed = same(header, PROTECTED) && mapIs(headers, [[HEADER_KID, new Uint8Array(kid)]]);
      if (!formed || !(body instanceof Uint8Array))
        return "a sent message names its algorithm and the device";
      const structure = encode(["MAC0", PROTECTED, new Uint8Array(0), body], rfc8949EncodeOptions);
      const own = same(tag, this.#guest.ownTag) && (tag as Uint8Array).length === TAG_BYTES;
      if (!own || !same(signed, structure)) return "all of a sent message is signed";
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

  #status(): [number, unknown][] {
    const hash = this.#step.bytes(OFFSET.JOURNAL_HASH, 32);
    return [
      [1, this.#byte(OFFSET.RELAY) !== 0],
      [2, this.#word(OFFSET.HOLD_MS)],
      [3, this.#byte(OFFSET.FAULT)],
      [4, this.#word(OFFSET.JOURNAL_NEXT)],
      [5, hash],
      [6, this.#word(OFFSET.EXECUTED)],
      [7, this.#word(OFFSET.REFUSED)],
      [8, this.#word(OFFSET.DROPPED)],
      [9, this.#byte(OFFSET.REASON)],
      [10, this.#byte(OFFSET.SAFE_STATE)],
      [11, this.#word(OFFSET.TELEMETRY_S)],
      [12, this.#word(OFFSET.HOLD_S)],
      [13, this.#word(OFFSET.BOOTS)],
    ];
  }

  #reply(items: readonly unknown[], answered: AnsweredMessage | null): string | null {
    if (answered === null) return "a reply answers a message";
    const decided = decisionOf(this.#guest.marks);
    const [, principal, seq, code, data] = items;
    const seqDue = decided === MARK.MALFORMED_PAYLOAD ? 0 : answered.seq;
    const right =
      principal === answered.principal && seq === seqDue && code === CODE_OF.get(decided);
    if (items.length !== 5 || !right)
      return "a reply names the principal, the sequence number and the outcome";
    return this.#isData(data, decided, answered)
      ? null
      : "a reply's data is the requested value, or the reason of the refusal";
  }

  #isData(data: unknown, decided: number, message: AnsweredMessage): boolean {
    if (decided === MARK.STALE_EPOCH || decided === MARK.REPLAY)
      return mapIs(data, [[1, this.#word(OFFSET.LAST_SEQ + 4 * message.principal)]]);
    if (decided === MARK.HOLD) return mapIs(data, [[1, this.#word(OFFSET.HOLD_MS)]]);
    if (decided !== MARK.ACCEPTED) return mapIs(data, []);
    if (message.op === OP.RELAY_SET || message.op === OP.RELAY_GET)
      return mapIs(data, [[1, this.#byte(OFFSET.RELAY) !== 0]]);
    if (message.op === OP.STATUS) return mapIs(data, this.#status());
    if (message.op === OP.JOURNAL_READ) return this.#isRecords(data);
    if (message.op !== OP.TELEMETRY_READ) return mapIs(data, []);
    // Only the owner is told what was measured while killed.
    if (message.principal !== PRINCIPAL.OWNER) return mapIs(data, [[1, this.#temperature]]);
    return mapIs(data, [
      [1, this.#temperature],
      [2, this.#short(OFFSET.KILLED_MIN)],
      [3, this.#short(OFFSET.KILLED_MAX)],
      [4, this.#word(OFFSET.KILLED_SAMPLES)],
    ]);
  }

  #isRecords(data: unknown): boolean {
    const records: unknown = data instanceof Map && data.size === 1 ? data.get(1) : null;
    const most = this.#step.head() + this.#guest.writes;
    if (!Array.isArray(records) || records.length > most) return false;
    return (
      records.every((record: unknown, seq) =>
        same(record, this.#guest.stored(REGION.JOURNAL, seq * JOURNAL_SLOT_BYTES, RECORD_BYTES)),
      ) && records.length === Math.min(8, this.#word(OFFSET.JOURNAL_NEXT))
    );
  }
}
