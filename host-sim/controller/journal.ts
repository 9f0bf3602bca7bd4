/**
 * Reads journal records, prints them, and verifies their SHA-256 chain. The chain has no key, so
 * tampering is detected only by comparison with the head, which the device signs in every status.
 */
import { hash } from "node:crypto";
import {
  BOOT_NAMES,
  CODE_NAMES,
  JOURNAL_SLOT_BYTES,
  JOURNAL_SLOTS,
  PHASE_NAMES,
  RECORD,
  RECORD_NAMES,
  SAFE_NAMES,
} from "../abi/abi.gen.ts";
import { EXIT, UserError } from "../base/errors.ts";
import { RECORD_BYTES } from "./operations.ts";

/** Length of a record's body. A record's hash covers the previous hash and this body. */
const BODY_BYTES = 20;
/** The hash that precedes record 0. */
const GENESIS = Buffer.alloc(RECORD_BYTES - BODY_BYTES);

/** One record. The fields have the order of its bytes; all numbers are little-endian. */
export interface JournalRecord {
  readonly seq: number;
  /** Milliseconds since the host's power-on, modulo 2^32. */
  readonly time: number;
  /** RECORD. */
  readonly kind: number;
  readonly detail: number;
  readonly value: number;
  readonly boots: number;
  /** In hexadecimal. */
  readonly hash: string;
}

/** Parses a record of RECORD_BYTES. Undefined if its reserved bytes are not zero. */
export function parseRecord(bytes: Uint8Array): JournalRecord | undefined {
  if (bytes.length !== RECORD_BYTES) throw new RangeError(`record of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint16(10, true) !== 0) return undefined;
  return {
    seq: view.getUint32(0, true),
    time: view.getUint32(4, true),
    kind: view.getUint8(8),
    detail: view.getUint8(9),
    value: view.getUint32(12, true),
    boots: view.getUint32(16, true),
    hash: Buffer.from(bytes.subarray(BODY_BYTES)).toString("hex"),
  };
}

const hex32 = (value: number) => value.toString(16).padStart(8, "0");

/** Names of what detail and value of a record mean, by kind. */
const DETAILS: Readonly<Record<number, (record: JournalRecord) => Record<string, string>>> = {
  [RECORD.BOOT]: ({ detail, value }) => ({
    reason: BOOT_NAMES[detail] ?? `${detail}`,
    torn: value === 1 ? "yes" : "no",
  }),
  // `value` holds the first four bytes of the epoch, the first one lowest.
  [RECORD.LIVE]: ({ value }) => ({
    epoch: `${(hex32(value).match(/../g) ?? []).reverse().join("")}...`,
  }),
  [RECORD.FAULT]: ({ detail }) => ({ phase: PHASE_NAMES[detail] ?? `${detail}` }),
  [RECORD.REFUSED]: ({ detail, value }) => ({
    code: CODE_NAMES[detail] ?? `${detail}`,
    count: `${value}`,
  }),
  [RECORD.HOLD]: ({ detail, value }) => ({
    state: detail === 1 ? "begun" : "ended",
    relay: value === 1 ? "on" : "off",
  }),
  [RECORD.CONFIG]: ({ detail, value }) => ({
    safe: SAFE_NAMES[detail] ?? `${detail}`,
    telemetry: `${value >>> 16}s`,
    hold: `${value & 0xffff}s`,
  }),
  [RECORD.CLEAR]: () => ({}),
};

/** What detail and value of a record mean: `{ phase: "FAULT_BOTH" }`. Undefined for an unknown kind. */
export function detailOf(record: JournalRecord): Record<string, string> | undefined {
  return DETAILS[record.kind]?.(record);
}

/** A record as a line: `seq=3 boots=1 time=250 LIVE epoch=01020304...`. */
export function recordLine(record: JournalRecord): string {
  const { seq, boots, time, kind, detail, value } = record;
  const name = RECORD_NAMES[kind] ?? `kind=${kind}`;
  const words = Object.entries(detailOf(record) ?? { detail, value }).map(
    ([key, text]) => `${key}=${text}`,
  );
  return [`seq=${seq} boots=${boots} time=${time} ${name}`, ...words].join(" ");
}

/** Records in the order of their sequence numbers, and what the slots show. */
export interface Journal {
  /** RECORD_BYTES each. */
  readonly records: readonly Uint8Array[];
  /**
   * A slot that a loss of supply left half-written. Only the next slot to be written can be torn.
   */
  readonly torn?: number;
  /** An error in the layout of the slots. */
  readonly bad?: string;
}

/** A record's sequence number. Undefined if its reserved bytes are not zero. */
function seqOf(record: Uint8Array): number | undefined {
  if (record[10] !== 0 || record[11] !== 0) return undefined;
  return new DataView(record.buffer, record.byteOffset).getUint32(0, true);
}

/** Input of a record's hash: the previous hash, then the record's body. */
const HASH_INPUT = Buffer.alloc(RECORD_BYTES);

/**
 * Whether `record` follows `before`, or is record 0 if that is undefined, by number and by hash.
 */
function follows(before: Uint8Array | undefined, record: Uint8Array): boolean {
  const previous = before === undefined ? -1 : seqOf(before);
  if (previous === undefined || seqOf(record) !== previous + 1) return false;
  HASH_INPUT.set(before === undefined ? GENESIS : before.subarray(BODY_BYTES));
  HASH_INPUT.set(record.subarray(0, BODY_BYTES), GENESIS.length);
  return hash("sha256", HASH_INPUT, "buffer").equals(record.subarray(BODY_BYTES));
}

/**
 * Reads a dump (records without gaps) or a ring image (JOURNAL_SLOTS slots, each a record padded
 * with ff; an empty slot is all ff). `name` is used in errors. Throws UserError for any other
 * length.
 */
export function readJournal(name: string, bytes: Uint8Array): Journal {
  if (bytes.length === JOURNAL_SLOTS * JOURNAL_SLOT_BYTES) return readRing(bytes);
  if (bytes.length % RECORD_BYTES !== 0) {
    throw new UserError(
      `${name}: ${bytes.length} bytes are neither records of ${RECORD_BYTES} bytes nor a ring image ` +
        `of ${JOURNAL_SLOTS * JOURNAL_SLOT_BYTES}: read the journal again`,
      EXIT.BAD_FILE,
    );
  }
  return { records: split(bytes, RECORD_BYTES) };
}

function split(bytes: Uint8Array, length: number): Uint8Array[] {
  return Array.from({ length: bytes.length / length }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
}

const isErased = (byte: number) => byte === 0xff;

/** The number of slots up to the last one that is not erased. Compares whole words for speed. */
function writtenSlots(image: Uint8Array): number {
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  let at = image.length;
  while (at > 0 && view.getInt32(at - 4) === -1) at -= 4;
  return Math.ceil(at / JOURNAL_SLOT_BYTES);
}

/**
 * Reads a ring image. The newest record is the one with the highest number that follows the record
 * before it. The slot after it is the next to be written: it is erased, holds the oldest record, or
 * is torn.
 */
function readRing(image: Uint8Array): Journal {
  const used = writtenSlots(image);
  const slots = split(image.subarray(0, used * JOURNAL_SLOT_BYTES), JOURNAL_SLOT_BYTES);
  const records = slots.map((slot) => slot.subarray(0, RECORD_BYTES));
  const seqs = records.map((record) => seqOf(record) ?? -1);
  const last = image.subarray((JOURNAL_SLOTS - 1) * JOURNAL_SLOT_BYTES, image.length);
  const newest =
    seqs
      .filter((seq, index) => seq % JOURNAL_SLOTS === index)
      .sort((a, b) => b - a)
      .find((seq) => {
        const index = seq % JOURNAL_SLOTS;
        const before = index === 0 ? last.subarray(0, RECORD_BYTES) : records[index - 1];
        const record = records[index];
        return record !== undefined && follows(seq === 0 ? undefined : before, record);
      }) ?? -1;
  const next = newest + 1;
  const slot = next % JOURNAL_SLOTS;
  const wrapped = next >= JOURNAL_SLOTS;
  const whole = wrapped
    ? seqs[slot] === next - JOURNAL_SLOTS
    : slot >= used || slots[slot]?.every(isErased);
  const stray = wrapped ? -1 : used - 1;
  const older = wrapped ? records.slice(whole ? slot : slot + 1) : [];
  return {
    records: [...older, ...records.slice(0, slot)],
    ...(whole ? {} : { torn: slot }),
    ...(stray > slot
      ? { bad: `slot ${stray} is ahead of the newest record but is not empty` }
      : {}),
  };
}

/** The result of verifying a journal. */
export interface Verdict {
  readonly holds: boolean;
  readonly records: number;
  readonly first?: number;
  readonly last?: number;
  /**
   * The hash of the last record in hexadecimal, which the device's status reports as journalHead.
   */
  readonly head: string;
  /** Start of the verified chain: record 0, or the oldest record, whose own hash is not checked. */
  readonly anchor: "genesis" | "oldest" | "none";
  readonly torn?: number;
  /** The first error. */
  readonly bad?: string;
}

/**
 * Verifies sequence numbers and chain, and the head if it is given (hexadecimal). If a ring has
 * wrapped, the predecessor of its oldest record is overwritten, so that record's body cannot be
 * checked.
 */
export function verifyJournal(journal: Journal, head?: string): Verdict {
  const { records, torn } = journal;
  const parsed = records.map(parseRecord);
  const first = parsed[0]?.seq;
  const last = parsed.at(-1);
  const broken = records.findIndex((record, index) =>
    index === 0 && first !== undefined && first > 0 ? false : !follows(records[index - 1], record),
  );
  let bad = journal.bad;
  if (broken >= 0) bad = reasonOf((first ?? 0) + broken, parsed[broken]);
  else if (head !== undefined && last?.hash !== head) bad ??= "the last record is not the head";
  return {
    holds: bad === undefined,
    records: records.length,
    ...(first === undefined ? {} : { first }),
    ...(last === undefined ? {} : { last: last.seq }),
    head: last?.hash ?? GENESIS.toString("hex"),
    anchor: first === undefined ? "none" : first === 0 ? "genesis" : "oldest",
    ...(torn === undefined ? {} : { torn }),
    ...(bad === undefined ? {} : { bad }),
  };
}

function reasonOf(expected: number, found: JournalRecord | undefined): string {
  if (found === undefined) return `record ${expected}: its reserved bytes are not zero`;
  if (found.seq !== expected) return `record ${expected}: found record ${found.seq} in its place`;
  return `record ${expected}: its hash does not match its body and the record before it`;
}
