/**
 * Journal records as bytes and as words, and the check of their SHA-256 chain.
 * Must not know where the bytes came from. The chain has no key: it tells tampering only from its
 * head, which the device signs in every status.
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
} from "../abi.gen.ts";
import { EXIT, UserError } from "../errors.ts";
import { RECORD_BYTES } from "./operations.ts";

/** Bytes of a record that the hash is over, besides the hash before it. */
const BODY_BYTES = 20;
/** The hash before record 0. */
const GENESIS = Buffer.alloc(RECORD_BYTES - BODY_BYTES);

/** One record, in the order of its bytes; all numbers little-endian. */
export interface JournalRecord {
  readonly seq: number;
  /** ms since the host's power-on, modulo 2^32. */
  readonly time: number;
  /** RECORD. */
  readonly kind: number;
  readonly detail: number;
  readonly value: number;
  readonly boots: number;
  /** Hex. */
  readonly hash: string;
}

/** Reads one record of RECORD_BYTES; undefined unless its reserved bytes are zero. */
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

/** What detail and value of a record say, by kind. */
const TELLS: Readonly<Record<number, (record: JournalRecord) => string>> = {
  [RECORD.BOOT]: ({ detail, value }) =>
    `reason=${BOOT_NAMES[detail] ?? detail} torn=${value === 1 ? "yes" : "no"}`,
  // The first four bytes of the epoch, in their order.
  [RECORD.LIVE]: ({ value }) => `epoch=${(hex32(value).match(/../g) ?? []).reverse().join("")}...`,
  [RECORD.FAULT]: ({ detail }) => `phase=${PHASE_NAMES[detail] ?? detail}`,
  [RECORD.REFUSED]: ({ detail, value }) => `code=${CODE_NAMES[detail] ?? detail} count=${value}`,
  [RECORD.HOLD]: ({ detail, value }) =>
    `state=${detail === 1 ? "begun" : "ended"} relay=${value === 1 ? "on" : "off"}`,
  [RECORD.CONFIG]: ({ detail, value }) =>
    `safe=${SAFE_NAMES[detail] ?? detail} telemetry=${value >>> 16}s hold=${value & 0xffff}s`,
  [RECORD.CLEAR]: () => "",
};

/** `seq=3 boots=1 time=250 LIVE epoch=01020304...`. */
export function recordLine(record: JournalRecord): string {
  const { seq, boots, time, kind, detail, value } = record;
  const tell = TELLS[kind] ?? (() => `detail=${detail} value=${value}`);
  const name = RECORD_NAMES[kind] ?? `kind=${kind}`;
  return `seq=${seq} boots=${boots} time=${time} ${name} ${tell(record)}`.trimEnd();
}

/** Records in the order of their sequence numbers, and what is wrong around them. */
export interface Journal {
  /** RECORD_BYTES each. */
  readonly records: readonly Uint8Array[];
  /** The slot that a power cut left half-written: only ever the next to be written. */
  readonly torn?: number;
  /** What the slots alone show to be wrong. */
  readonly bad?: string;
}

/** A record's number; undefined unless its reserved bytes are zero. */
function seqOf(record: Uint8Array): number | undefined {
  if (record[10] !== 0 || record[11] !== 0) return undefined;
  return new DataView(record.buffer, record.byteOffset).getUint32(0, true);
}

/** What a record's hash is over: the hash before it, then its body. */
const LINK = Buffer.alloc(RECORD_BYTES);

/** Whether a record follows another, or nothing at all, by number and by hash. */
function follows(before: Uint8Array | undefined, record: Uint8Array): boolean {
  const previous = before === undefined ? -1 : seqOf(before);
  if (previous === undefined || seqOf(record) !== previous + 1) return false;
  LINK.set(before === undefined ? GENESIS : before.subarray(BODY_BYTES));
  LINK.set(record.subarray(0, BODY_BYTES), GENESIS.length);
  return hash("sha256", LINK, "buffer").equals(record.subarray(BODY_BYTES));
}

/**
 * Reads a dump (records back to back) or a ring image (JOURNAL_SLOTS slots of a record and
 * padding of ff, empty ones all ff). `name` is for errors. Throws UserError on any other length.
 */
export function readJournal(name: string, bytes: Uint8Array): Journal {
  if (bytes.length === JOURNAL_SLOTS * JOURNAL_SLOT_BYTES) return readRing(bytes);
  if (bytes.length % RECORD_BYTES !== 0) {
    throw new UserError(
      `${name}: ${bytes.length} bytes are neither records of ${RECORD_BYTES} nor a ring image of ` +
        `${JOURNAL_SLOTS * JOURNAL_SLOT_BYTES}: read the journal anew`,
      EXIT.BAD_FILE,
    );
  }
  return { records: cut(bytes, RECORD_BYTES) };
}

function cut(bytes: Uint8Array, length: number): Uint8Array[] {
  return Array.from({ length: bytes.length / length }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
}

const isErased = (byte: number) => byte === 0xff;

/** Slots up to the last that is not erased. Word by word: a ring is mostly empty. */
function written(image: Uint8Array): number {
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  let at = image.length;
  while (at > 0 && view.getInt32(at - 4) === -1) at -= 4;
  return Math.ceil(at / JOURNAL_SLOT_BYTES);
}

/**
 * The newest record is the highest that follows the one before it. The slot after it is the next
 * to be written: erased, or holding the oldest record, or torn.
 */
function readRing(image: Uint8Array): Journal {
  const used = written(image);
  const slots = cut(image.subarray(0, used * JOURNAL_SLOT_BYTES), JOURNAL_SLOT_BYTES);
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
      ? { bad: `slot ${stray} lies ahead of the newest record and is not empty` }
      : {}),
  };
}

/** The outcome of a check. */
export interface Verdict {
  readonly holds: boolean;
  readonly records: number;
  readonly first?: number;
  readonly last?: number;
  /** Hex: the hash of the last record, that the device's status shows as journalHead. */
  readonly head: string;
  /** What the chain hangs from: record 0, or the oldest record's own hash, taken as given. */
  readonly anchor: "genesis" | "oldest" | "none";
  readonly torn?: number;
  /** The first thing that is wrong. */
  readonly bad?: string;
}

/**
 * Checks numbers and chain, and the head if one is given (hex). The oldest record of a ring that
 * has wrapped follows one that is overwritten: its body cannot be checked, only the links from it.
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
  if (found.seq !== expected) return `record ${expected}: number ${found.seq} stands in its place`;
  return `record ${expected}: its hash does not follow from the record before it and its body`;
}
