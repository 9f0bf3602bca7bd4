/**
 * Reads journal records, prints them, and verifies their SHA-256 chains. The chains have no key, so
 * tampering is detected only by comparison with a head, which the device signs in every status.
 */
import { hash } from "node:crypto";
import {
  BOOT_NAMES,
  CODE,
  CODE_NAMES,
  JOURNAL_SLOT_BYTES,
  JOURNAL_SLOTS,
  OP,
  OP_WIRES,
  PHASE_NAMES,
  PRINCIPAL_KIDS,
  RECORD,
  RECORD_NAMES,
  RING,
  RING_NAMES,
  RING_SLOTS,
  SAFE_NAMES,
} from "../abi/abi.gen.ts";
import { EXIT, UserError } from "../base/errors.ts";
import { RECORD_BYTES } from "./operations.ts";

/** Length of a record's body. A record's hash covers the previous hash, this body and the ring. */
const BODY_BYTES = 20;
/** The byte for the local ring in a hash. Plus RING. */
const RING_BYTE = 0x20;
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
  readonly by: number;
  readonly argument: number;
  readonly value: number;
  readonly boots: number;
  /** In hexadecimal. */
  readonly hash: string;
}

/** The kinds of the remote ring. All others are local. */
const REMOTE_KINDS: readonly number[] = [
  RECORD.COMMAND,
  RECORD.CONFIG,
  RECORD.REFUSED,
  RECORD.DROPPED,
];

/** Parses a record of RECORD_BYTES. */
export function parseRecord(bytes: Uint8Array): JournalRecord {
  if (bytes.length !== RECORD_BYTES) throw new RangeError(`record of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    seq: view.getUint32(0, true),
    time: view.getUint32(4, true),
    kind: view.getUint8(8),
    detail: view.getUint8(9),
    by: view.getUint8(10),
    argument: view.getUint8(11),
    value: view.getUint32(12, true),
    boots: view.getUint32(16, true),
    hash: Buffer.from(bytes.subarray(BODY_BYTES)).toString("hex"),
  };
}

const hex32 = (value: number) => value.toString(16).padStart(8, "0");

/** The names whose bits are set in `mask`, of `names` from index `first` on. */
function namesIn(mask: number, names: readonly string[], first = 0): string {
  return names.filter((_, index) => ((mask << first) >>> index) & 1).join("+");
}

/** Names of what the fields of a record mean, by kind. */
const DETAILS: Readonly<Record<number, (record: JournalRecord) => Record<string, string>>> = {
  [RECORD.BOOT]: ({ detail, value }) => ({
    reason: BOOT_NAMES[detail] ?? `${detail}`,
    torn: value & 1 ? "yes" : "no",
    run: `${value >>> 1}`,
  }),
  // `value` holds the first four bytes of the epoch, the first one lowest.
  [RECORD.LIVE]: ({ value }) => ({
    epoch: `${(hex32(value).match(/../g) ?? []).reverse().join("")}...`,
  }),
  [RECORD.FAULT]: ({ detail }) => ({ phase: PHASE_NAMES[detail] ?? `${detail}` }),
  [RECORD.REFUSED]: ({ detail, by, value }) => ({
    codes: namesIn(detail, CODE_NAMES, CODE.STALE_EPOCH),
    by: namesIn(by, PRINCIPAL_KIDS),
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
  [RECORD.COMMAND]: ({ detail, by, argument, value }) => ({
    op: OP_WIRES[detail] ?? `${detail}`,
    by: PRINCIPAL_KIDS[by] ?? `${by}`,
    number: `${value}`,
    ...(detail === OP.RELAY_SET ? { level: argument === 1 ? "on" : "off" } : {}),
  }),
  [RECORD.DROPPED]: ({ by, argument, value }) => ({
    killed: `${by + 256 * argument}`,
    malformed: `${value >>> 16}`,
    "bad-mac": `${value & 0xffff}`,
  }),
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

/** Records of one ring in the order of their sequence numbers, and what the slots show. */
export interface Ring {
  /** RECORD_BYTES each. */
  readonly records: readonly Uint8Array[];
  /**
   * A slot that a loss of supply left half-written. Only the next slot to be written can be torn.
   */
  readonly torn?: number;
  /** An error in the layout of the slots. */
  readonly bad?: string;
}

/** The two rings, in the order of RING. */
export type Journal = readonly [local: Ring, remote: Ring];

/** The name of a ring in lower case: `local`. */
export const ringName = (ring: number): string => RING_NAMES[ring]?.toLowerCase() ?? `${ring}`;

const ringOf = (record: Uint8Array) =>
  REMOTE_KINDS.includes(record[8] ?? 0) ? RING.REMOTE : RING.LOCAL;

function seqOf(record: Uint8Array): number {
  return new DataView(record.buffer, record.byteOffset).getUint32(0, true);
}

const isErased = (byte: number) => byte === 0xff;
/** What stands between the rings in a dump: no record has this number. */
const SEPARATOR = Buffer.alloc(RECORD_BYTES, 0xff);

/** Input of a record's hash: the previous hash, the record's body, the ring. */
const HASH_INPUT = Buffer.alloc(RECORD_BYTES + 1);

/**
 * Whether `record` follows `before`, or is record 0 if that is undefined, by number and by hash.
 */
function follows(ring: number, before: Uint8Array | undefined, record: Uint8Array): boolean {
  if (seqOf(record) !== (before === undefined ? -1 : seqOf(before)) + 1) return false;
  HASH_INPUT.set(before === undefined ? GENESIS : before.subarray(BODY_BYTES));
  HASH_INPUT.set(record.subarray(0, BODY_BYTES), GENESIS.length);
  HASH_INPUT[RECORD_BYTES] = RING_BYTE + ring;
  return hash("sha256", HASH_INPUT, "buffer").equals(record.subarray(BODY_BYTES));
}

/**
 * Reads a dump (the local records, SEPARATOR, the remote records) or an image of the region (JOURNAL_SLOTS slots,
 * each a record padded with ff; an empty slot is all ff). `name` is used in errors. Throws UserError for
 * any other length.
 */
export function readJournal(name: string, bytes: Uint8Array): Journal {
  if (bytes.length === JOURNAL_SLOTS * JOURNAL_SLOT_BYTES) {
    const [local, remote] = split(bytes, RING_SLOTS * JOURNAL_SLOT_BYTES);
    return [readRing(RING.LOCAL, local), readRing(RING.REMOTE, remote)];
  }
  if (bytes.length % RECORD_BYTES !== 0) {
    throw new UserError(
      `${name}: ${bytes.length} bytes are neither records of ${RECORD_BYTES} bytes nor a ring image ` +
        `of ${JOURNAL_SLOTS * JOURNAL_SLOT_BYTES}: read the journal again`,
      EXIT.BAD_FILE,
    );
  }
  const records = split(bytes, RECORD_BYTES);
  const found = records.findIndex((record) => record.every(isErased));
  const end = found < 0 ? records.length : found;
  return [{ records: records.slice(0, end) }, { records: records.slice(end + 1) }];
}

/** A journal as a dump. */
export function dumpOf([local, remote]: Journal): Uint8Array {
  return Buffer.concat([...local.records, SEPARATOR, ...remote.records]);
}

/** The records of a journal, the local ones first. */
export function recordsOf([local, remote]: Journal): Uint8Array[] {
  return [...local.records, ...remote.records];
}

function split(bytes: Uint8Array, length: number): Uint8Array[] {
  return Array.from({ length: bytes.length / length }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );
}

/** The number of slots up to the last one that is not erased. Compares whole words for speed. */
function writtenSlots(image: Uint8Array): number {
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  let at = image.length;
  while (at > 0 && view.getInt32(at - 4) === -1) at -= 4;
  return Math.ceil(at / JOURNAL_SLOT_BYTES);
}

/**
 * Reads the image of one ring. The newest record is the one with the highest number that follows the
 * record before it. The slot after it is the next to be written: it is erased, holds the oldest record,
 * or is torn.
 */
function readRing(ring: number, image: Uint8Array = new Uint8Array(0)): Ring {
  const used = writtenSlots(image);
  const slots = split(image.subarray(0, used * JOURNAL_SLOT_BYTES), JOURNAL_SLOT_BYTES);
  const records = slots.map((slot) => slot.subarray(0, RECORD_BYTES));
  const seqs = records.map(seqOf);
  const last = image.subarray((RING_SLOTS - 1) * JOURNAL_SLOT_BYTES, image.length);
  const newest =
    seqs
      .filter((seq, index) => seq % RING_SLOTS === index)
      .sort((a, b) => b - a)
      .find((seq) => {
        const index = seq % RING_SLOTS;
        const before = index === 0 ? last.subarray(0, RECORD_BYTES) : records[index - 1];
        const record = records[index];
        return record !== undefined && follows(ring, seq === 0 ? undefined : before, record);
      }) ?? -1;
  const next = newest + 1;
  const slot = next % RING_SLOTS;
  const wrapped = next >= RING_SLOTS;
  const whole = wrapped
    ? seqs[slot] === next - RING_SLOTS
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

/** What was verified of one ring. */
export interface RingVerdict {
  readonly records: number;
  readonly first?: number;
  readonly last?: number;
  /** Start of the verified chain: record 0, or the oldest record, whose own hash is not checked. */
  readonly anchor: "genesis" | "oldest" | "none";
  readonly torn?: number;
  /** The first error. */
  readonly bad?: string;
}

/** The result of verifying a journal. */
export interface Verdict {
  readonly holds: boolean;
  readonly local: RingVerdict;
  readonly remote: RingVerdict;
  /** The head in hexadecimal, which the device's status reports as journalHead. It covers both rings. */
  readonly head: string;
  /** The first error. */
  readonly bad?: string;
}

/** A head that the device signed, with the numbers of the next records at that time. */
export interface JournalHead {
  readonly journalNext: number;
  readonly remoteNext: number;
  /** In hexadecimal. */
  readonly journalHead: string;
}

/** The head of a journal: SHA-256 over the newest hash of both rings. */
function headOf(local: Uint8Array, remote: Uint8Array): string {
  return hash("sha256", Buffer.concat([local, remote]), "hex");
}

const hashOf = (record: Uint8Array | undefined) => record?.subarray(BODY_BYTES) ?? GENESIS;

/**
 * Verifies sequence numbers and chains, and the head if it is given (hexadecimal). If a ring has
 * wrapped, the predecessor of its oldest record is overwritten, so that record's body cannot be
 * checked. Without a head, a journal that was rewritten or shortened as a whole verifies too.
 */
export function verifyJournal(journal: Journal, head?: string): Verdict {
  const local = verifyRing(RING.LOCAL, journal[RING.LOCAL]);
  const remote = verifyRing(RING.REMOTE, journal[RING.REMOTE]);
  const found = headOf(hashOf(journal[0].records.at(-1)), hashOf(journal[1].records.at(-1)));
  let bad = local.bad ?? remote.bad;
  if (bad === undefined && head !== undefined && head !== found)
    bad = "the last records are not those of the head";
  return {
    holds: bad === undefined,
    local,
    remote,
    head: found,
    ...(bad === undefined ? {} : { bad }),
  };
}

function verifyRing(ring: number, { records, torn, bad: layout }: Ring): RingVerdict {
  const first = records[0] === undefined ? undefined : seqOf(records[0]);
  const last = records.at(-1);
  const broken = records.findIndex(
    (record, index) =>
      ringOf(record) !== ring ||
      ((index > 0 || first === 0) && !follows(ring, records[index - 1], record)),
  );
  const bad = broken < 0 ? layout : reasonOf(ring, (first ?? 0) + broken, records[broken]);
  return {
    records: records.length,
    ...(first === undefined ? {} : { first }),
    ...(last === undefined ? {} : { last: seqOf(last) }),
    anchor: first === undefined ? "none" : first === 0 ? "genesis" : "oldest",
    ...(torn === undefined ? {} : { torn }),
    ...(bad === undefined ? {} : { bad }),
  };
}

function reasonOf(ring: number, expected: number, found: Uint8Array | undefined): string {
  const name = `${ringName(ring)} record ${expected}`;
  if (found === undefined) return `${name} is missing`;
  if (seqOf(found) !== expected) return `${name}: found record ${seqOf(found)} in its place`;
  if (ringOf(found) !== ring) return `${name}: its kind belongs to the other ring`;
  return `${name}: its hash does not match its body and the record before it`;
}

/**
 * Holds a journal that verifies against an older head. `continues`: the head's records are in it, or were
 * record 0's predecessors. `overwritten`: the rings have gone on past one of them, so nothing can be
 * said. Otherwise what does not fit: the journal was shortened or rewritten since.
 */
export function compareWithOlder(
  journal: Journal,
  older: JournalHead,
): "continues" | "overwritten" | { readonly bad: string } {
  const hashes = [];
  for (const [ring, next] of [older.journalNext, older.remoteNext].entries()) {
    const records = journal[ring]?.records ?? [];
    const newest = records.at(-1);
    const name = ringName(ring);
    if (next > (newest === undefined ? 0 : seqOf(newest) + 1))
      return { bad: `the ${name} ring had ${next} records and is shorter now` };
    const first = records[0] === undefined ? 0 : seqOf(records[0]);
    if (next !== 0 && next <= first) return "overwritten";
    hashes.push(next === 0 ? GENESIS : hashOf(records[next - 1 - first]));
  }
  const [local = GENESIS, remote = GENESIS] = hashes;
  if (headOf(local, remote) === older.journalHead) return "continues";
  return { bad: "its records up to the older head are not those that the head covers" };
}
