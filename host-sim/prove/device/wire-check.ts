/**
 * What the guest sends, held to docs/PROTOCOL.md by a decoder of its own: form, tag, and content
 * against the state it tells of. Each different message is taken apart once. Must not know how the
 * guest encodes.
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
import { at } from "./abstraction.ts";
import { type Answers, decisionOf } from "./events.ts";
import type { Machine } from "./instrumented-guest.ts";
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

/** A message of the form, taken apart; or the rule that its form breaks. */
type Parsed = readonly unknown[] | string;

export class WireCheck {
  readonly #machine: Machine;
  readonly #step: Transition;
  /** Messages taken apart, by all their bytes and all that was signed. */
  readonly #parsed = new Map<string, Parsed>();

  constructor(machine: Machine, step: Transition) {
    this.#machine = machine;
    this.#step = step;
  }

  /** Different messages taken apart. */
  get messages(): number {
    return this.#parsed.size;
  }

  /**
   * Takes a message as it is handed to net_send(). Of the event it may know what is asked alone, and the
   * marks so far: that is what the recorder tells replies apart by. Returns the rule broken, or null.
   */
  check(channel: number, bytes: Uint8Array, asked: Answers | null): string | null {
    const signed = this.#machine.signedLast;
    const key = `${Buffer.from(bytes).toString("latin1")}|${Buffer.from(signed).toString("latin1")}`;
    let items = this.#parsed.get(key);
    if (items === undefined) {
      items = this.#parse(bytes, signed);
      this.#parsed.set(key, items);
    }
    if (typeof items === "string") return items;
    if (!same(items[0], this.#step.bytes(at.EPOCH, EPOCH_BYTES)))
      return "what is sent carries the epoch in force";
    if (channel === CHANNEL.REPLY) return this.#reply(items, asked);
    if (items.length !== 2) return "a status and a measurement are an epoch and a value";
    if (channel === CHANNEL.STATUS)
      return mapIs(items[1], this.#status()) ? null : "a status tells the state";
    return items[1] === this.#temperature
      ? null
      : "a measurement is the temperature of the last tick";
  }

  #parse(bytes: Uint8Array, signed: Uint8Array): Parsed {
    let items: unknown;
    let payload: unknown;
    try {
      if (bytes[0] !== TAG_COSE_MAC0) return "what is sent is a tagged COSE_Mac0";
      const parts: unknown = decode(bytes.subarray(1), STRICT);
      if (!Array.isArray(parts) || parts.length !== 4)
        return "what is sent is a COSE_Mac0 of four parts";
      const [header, headers, body, tag] = parts as unknown[];
      const kid = Buffer.from(PRINCIPAL_KIDS[PRINCIPAL.DEVICE]);
      const formed = same(header, PROTECTED) && mapIs(headers, [[HEADER_KID, new Uint8Array(kid)]]);
      if (!formed || !(body instanceof Uint8Array))
        return "what is sent names its algorithm and the device";
      const structure = encode(["MAC0", PROTECTED, new Uint8Array(0), body], rfc8949EncodeOptions);
      const own = same(tag, this.#machine.ownTag) && (tag as Uint8Array).length === TAG_BYTES;
      if (!own || !same(signed, structure)) return "what is sent is signed, and all of it";
      payload = body;
      items = decode(body, STRICT);
    } catch {
      return "what is sent is deterministic CBOR";
    }
    if (!Array.isArray(items) || !same(encode(items, rfc8949EncodeOptions), payload as Uint8Array))
      return "what is sent is deterministic CBOR";
    return items;
  }

  get #temperature(): number {
    return this.#short(at.TEMPERATURE);
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
    const hash = this.#step.bytes(at.JOURNAL_HASH, 32);
    return [
      [1, this.#byte(at.RELAY) !== 0],
      [2, this.#word(at.HOLD_MS)],
      [3, this.#byte(at.FAULT)],
      [4, this.#word(at.JOURNAL_NEXT)],
      [5, hash],
      [6, this.#word(at.EXECUTED)],
      [7, this.#word(at.REFUSED)],
      [8, this.#word(at.DROPPED)],
      [9, this.#byte(at.REASON)],
      [10, this.#byte(at.SAFE_STATE)],
      [11, this.#word(at.TELEMETRY_S)],
      [12, this.#word(at.HOLD_S)],
      [13, this.#word(at.BOOTS)],
    ];
  }

  #reply(items: readonly unknown[], asked: Answers | null): string | null {
    if (asked === null) return "a reply answers a message";
    const decided = decisionOf(this.#machine.marks);
    const [, principal, seq, code, data] = items;
    const seqDue = decided === MARK.MALFORMED_PAYLOAD ? 0 : asked.seq;
    const right = principal === asked.principal && seq === seqDue && code === CODE_OF.get(decided);
    if (items.length !== 5 || !right) return "a reply names principal, sequence number and outcome";
    return this.#isData(data, decided, asked)
      ? null
      : "a reply's data is what was asked for, or why not";
  }

  #isData(data: unknown, decided: number, message: Answers): boolean {
    if (decided === MARK.STALE_EPOCH || decided === MARK.REPLAY)
      return mapIs(data, [[1, this.#word(at.LAST_SEQ + 4 * message.principal)]]);
    if (decided === MARK.HOLD) return mapIs(data, [[1, this.#word(at.HOLD_MS)]]);
    if (decided !== MARK.ACCEPTED) return mapIs(data, []);
    if (message.op === OP.RELAY_SET || message.op === OP.RELAY_GET)
      return mapIs(data, [[1, this.#byte(at.RELAY) !== 0]]);
    if (message.op === OP.STATUS) return mapIs(data, this.#status());
    if (message.op === OP.JOURNAL_READ) return this.#isRecords(data);
    if (message.op !== OP.TELEMETRY_READ) return mapIs(data, []);
    // What was measured while killed is told to the owner alone.
    if (message.principal !== PRINCIPAL.OWNER) return mapIs(data, [[1, this.#temperature]]);
    return mapIs(data, [
      [1, this.#temperature],
      [2, this.#short(at.KILLED_MIN)],
      [3, this.#short(at.KILLED_MAX)],
      [4, this.#word(at.KILLED_SAMPLES)],
    ]);
  }

  #isRecords(data: unknown): boolean {
    const records: unknown = data instanceof Map && data.size === 1 ? data.get(1) : null;
    const most = this.#step.head() + this.#machine.writes;
    if (!Array.isArray(records) || records.length > most) return false;
    return (
      records.every((record: unknown, seq) =>
        same(record, this.#machine.stored(REGION.JOURNAL, seq * JOURNAL_SLOT_BYTES, RECORD_BYTES)),
      ) && records.length === Math.min(8, this.#word(at.JOURNAL_NEXT))
    );
  }
}
