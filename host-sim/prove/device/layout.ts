/**
 * Where the recorder keeps what it notes, and a few words of WebAssembly text for it. Must not know
 * what any of it is for.
 */
import { ASKED_WORDS } from "./observed-fields.ts";

export const PAGE = 65_536;
/** Longest that mac_verify() and mac_sign() take, in bytes: docs/ABI.md. */
export const MAC_MESSAGE_MAX = 2048;
export const TAG_ROOM = 32;

/** Bytes that are kept, moved and compared at a time; what is shorter ends in zeroes. */
export const BLOCK = 32;
export const blocks = (bytes: number) => Math.ceil(bytes / BLOCK) * BLOCK;

/** A guest's writes in one event beyond this are misuse, and of more bytes: no sound one comes near. */
export const WRITES_MAX = 16;
export const WRITE_BYTES_MAX = 64;
/** A write as noted: the bytes; then region, offset and length. */
export const WRITE_ROW = blocks(WRITE_BYTES_MAX + 12);

/** An event as the loop reads it, in i32. */
const EVENT_FIELDS = [
  "kind",
  "a",
  "b",
  "ends",
  "ms",
  "epoch",
  "failWrites",
  "mayNet",
  "twin",
  "message",
  "principal",
  "structure",
  "structureLength",
  "tag",
  "asks",
  "answers",
] as const;
export type EventField = (typeof EVENT_FIELDS)[number];
export const EVENT_ROW = EVENT_FIELDS.length * 4;
export const FIELD = Object.fromEntries(
  EVENT_FIELDS.map((name, index) => [name, index * 4]),
) as Record<EventField, number>;
/** Values of `twin`. */
export const TWIN = { none: 0, writes: 1, sends: 2 } as const;
/** `failWrites` of a twin whose every write fails. */
export const ALL_FAIL = 0xffff;

/** Key of what was done: its head, differences of the state, rows of writes. */
export const DONE = 256;
const DONE_HEAD = BLOCK;
export const DONE_DIFFERENCES = DONE + DONE_HEAD;
export const ROWS = DONE_DIFFERENCES + blocks(8 * ASKED_WORDS.done.length);
/** What the guest did in an event, i32 each: those that checks ask of are the key's head, after `asks`. */
export const EFFECT = {
  lamp: 56,
  attempts: 60,
  relay: DONE + 4,
  radio: DONE + 8,
  marks: DONE + 12,
  sends: DONE + 16,
  verifies: DONE + 20,
  writes: DONE + 24,
} as const;

/** Key of what was sent: its head, differences, what was signed, the message, rows of writes. */
export const SENT = 4096;
export const SENT_HEAD = {
  channel: SENT,
  length: SENT + 4,
  signed: SENT + 8,
  answers: SENT + 12,
  marks: SENT + 16,
  writes: SENT + 20,
} as const;
export const SENT_DIFFERENCES = SENT + BLOCK;
export const SIGNED = SENT_DIFFERENCES + blocks(8 * ASKED_WORDS.sent.length);
export const SCRATCH = 3 * 4096;
export const EVENTS = 4 * 4096;
export const EVENTS_MAX = 3000;
const BYTES = 4 * PAGE;
const LISTS = 8 * PAGE;
export const FOUND = 10 * PAGE;
export const SEEN = 11 * PAGE;

/** Where things lie in the recorder's memory. */
export const AT = {
  /** i32 each. */
  failWrites: 0,
  mayNet: 4,
  /** Event that is fired, and its row. */
  event: 8,
  row: 12,
  /** Folded state before; after: -1 if out of its ranges. */
  code: 16,
  next: 20,
  signedLength: 24,
  /** 1 if a message that was sent broke a rule. */
  flagged: 28,
  transitions: 32,
  /** States in `found`. */
  founds: 36,
  digest: 40,
  poison: 44,
  /** 1 while messages are checked as they are sent. */
  watching: 48,
  /** 1 to ask of every event, known or not. */
  doubting: 64,
  rows: ROWS,
  /** What mac_sign() was last called for. */
  signed: SIGNED,
  /** Rows of events; the first is for events that come singly. */
  events: EVENTS,
  /** What was signed, and its tags; the one that mac_sign() gives comes first. */
  bytes: BYTES,
  lists: LISTS,
  /** Code and event of states that are new. */
  found: FOUND,
  /** A bit for each folded state. */
  seen: SEEN,
} as const;

/**
 * Slots of the two hash tables, and bytes of the entries of the first: full, all are emptied. The shipped
 * guest needs 130,000 entries; small tables stay in the processor's caches.
 */
export const HEADS = 2 ** 18;
export const VERDICTS = 2 ** 18;
const ARENA_BYTES = 1024 * PAGE;

/** Where the parts lie that grow with the model. `width`: bits of a folded state. */
export function sizes(width: number) {
  const heads = SEEN + Math.max(PAGE, 2 ** (width - 3));
  const verdicts = heads + 4 * HEADS;
  const arena = verdicts + 8 * VERDICTS;
  return { heads, verdicts, arena, end: arena + ARENA_BYTES };
}

/**
 * Of an entry: hash i64, length, bits that its check read, number, how many values of those bits were
 * found good, the last of these, and the key.
 */
export const ENTRY = {
  hash: 0,
  length: 8,
  reads: 12,
  id: 16,
  count: 20,
  goods: 32,
  key: 64,
} as const;
export const GOODS = 8;
export const HASH_PRIME = "0x9e3779b97f4a7c15";
export const DIGEST_PRIME = 0x9e3779b1;

/** Functions of driver.ts by their place in the table; those that lay a message come after them. */
export const TABLE = ["begin", "store", "fire", "out", "differSent"] as const;
export const TABLE_SIZE = TABLE.length + EVENTS_MAX;
export type DriverFunction = (typeof TABLE)[number];

export const i32 = (value: number) => `(i32.const ${value | 0})`;
export const load = (at: number) => `(i32.load ${i32(at)})`;
export const store = (at: number, value: string) => `(i32.store ${i32(at)} ${value})`;
export const bump = (at: number) => store(at, `(i32.add ${load(at)} (i32.const 1))`);
/** A field of the event whose row is in local $row. */
export const field = (name: EventField) => `(i32.load offset=${FIELD[name]} (local.get $row))`;
export const place = (name: DriverFunction) => i32(TABLE.indexOf(name));
