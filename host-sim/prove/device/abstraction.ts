/**
 * The abstraction: a guest at rest and its storage, folded into one integer, and back into the guest
 * that stands for it. docs/PROOFS.md justifies each line; walk.ts checks them all against runs that
 * fold nothing. Must not know events, or what any value is for.
 */
import { BOOT, JOURNAL_SLOT_BYTES, JOURNAL_SLOTS, PHASE, REGION, SAFE } from "../../abi/abi.gen.ts";
import { STATE_BYTES, STATE_FIELDS, type StateField } from "../../abi/state.gen.ts";
import { CONFIG_MODEL, EPOCHS, SEQ } from "./messages.ts";
import { HASH_BYTES, putBlock, putRecord, slotOf } from "./storage-format.ts";

/** Changes whenever a fold or the code's layout does. */
export const ABSTRACTION_VERSION = 1;

/** Offsets in the state region. */
export const at = Object.fromEntries(
  Object.entries(STATE_FIELDS).map(([name, { offset }]) => [name, offset]),
) as Record<StateField, number>;

/** Stand-ins for folded values. */
export const STAND_IN = {
  now: 0x0001_0000,
  holdMs: CONFIG_MODEL.holdS * 1000,
  quietMs: 30,
  identifyMs: 5000,
  telemetryMs: CONFIG_MODEL.telemetryS * 1000,
  refusedMs: 60_000,
  journalNext: 3,
  generation: 2,
} as const;

/** Countdowns, in the order of their bits: a field, and what stands for "running". */
export const COUNTDOWNS: readonly (readonly [StateField, number])[] = [
  ["QUIET_MS", STAND_IN.quietMs],
  ["IDENTIFY_MS", STAND_IN.identifyMs],
  ["HOLD_MS", STAND_IN.holdMs],
  ["REFUSED_MS", STAND_IN.refusedMs],
  ["TELEMETRY_MS", STAND_IN.telemetryMs],
];

/** What a boot finds in the retained block and at the journal's head. */
export interface Stored {
  /** A good retained block, and its bits. */
  good: boolean;
  relay: number;
  hold: number;
  /** The retained head is not the journal's. */
  lag: boolean;
  /** The slot at the journal's head holds a torn record. */
  torn: boolean;
}

/** Position of each part in the code, in bits: name and width. */
const LAYOUT = {
  phase: 3,
  linked: 1,
  relay: 1,
  epoch: 1,
  seq0: 1,
  seq1: 1,
  seq2: 1,
  quiet: 1,
  identify: 1,
  hold: 1,
  refusedMs: 1,
  telemetryMs: 1,
  safe: 1,
  bootDue: 2,
  telemetryS: 1,
  holdS: 1,
  status: 1,
  pending: 1,
  journal: 1,
  open: 1,
} as const;
const SHIFT = {} as Record<keyof typeof LAYOUT, number>;
let width = 0;
for (const [name, bits] of Object.entries(LAYOUT)) {
  SHIFT[name as keyof typeof LAYOUT] = width;
  width += bits;
}
if (width > 31) throw new Error("a state is one small integer");
const S = SHIFT;
export const CODE_BITS = width;

/** Fields that say nothing about what the device will do: docs/PROOFS.md, "Folded away". */
export const PADDING_START = Math.max(
  ...Object.values(STATE_FIELDS).map(({ offset, size, count }) => offset + size * count),
);

/** A value outside its field's range: the rule that was broken. */
export class OutOfRange extends Error {}

const EPOCH_LOW = new DataView(EPOCHS.current.buffer).getInt32(0, true);
const EPOCH_HIGH = new DataView(EPOCHS.current.buffer).getInt32(4, true);
export const EPOCH_WORDS = [EPOCH_LOW, EPOCH_HIGH] as const;

/**
 * How a region is folded: fields with the most that each may be; those that are folded as they are, and
 * where to; words of which only "not 0" is folded, and where to. BOOT_DUE is 0, 1 or 3: 0, 1 or 2 there.
 */
export const FOLD = {
  ranges: [
    ["PHASE", PHASE.FAULT_RAIL],
    ["REASON", BOOT.RESET],
    ["BOOT_DUE", 3],
    ["LINKED", 1],
    ["RELAY", 1],
    ["LAMP", 1],
    ["SAFE_STATE", 1],
    ["STATUS_DUE", 1],
    ["JOURNAL_OPEN", 1],
    ["BLINK", 3],
  ],
  values: [
    ["PHASE", S.phase],
    ["LINKED", S.linked],
    ["RELAY", S.relay],
    ["SAFE_STATE", S.safe],
    ["JOURNAL_OPEN", S.open],
    ["STATUS_DUE", S.status],
  ],
  bootDue: S.bootDue,
  some: [
    [at.EPOCH, S.epoch],
    [at.EPOCH + 4, S.epoch],
    [at.LAST_SEQ, S.seq0],
    [at.LAST_SEQ + 4, S.seq1],
    [at.LAST_SEQ + 8, S.seq2],
    [at.QUIET_MS, S.quiet],
    [at.IDENTIFY_MS, S.identify],
    [at.HOLD_MS, S.hold],
    [at.REFUSED_MS, S.refusedMs],
    [at.TELEMETRY_MS, S.telemetryMs],
    [at.TELEMETRY_S, S.telemetryS],
    [at.HOLD_S, S.holdS],
    [at.REFUSED_PENDING, S.pending],
    [at.JOURNAL_NEXT, S.journal],
  ],
} as const satisfies {
  ranges: (readonly [StateField, number])[];
  values: (readonly [StateField, number])[];
  bootDue: number;
  some: (readonly [number, number])[];
};

/** Names the field at `base` that is out of its range. */
export function outside(memory: Uint8Array, base: number): never {
  const byte = (field: StateField) => memory[base + at[field]] ?? 0;
  const found = FOLD.ranges.find(([field, most]) => byte(field) > most);
  if (found !== undefined) throw new OutOfRange(`${found[0]} is ${byte(found[0])}`);
  throw new OutOfRange(`BOOT_DUE is ${byte("BOOT_DUE")}, or a byte that no field has is used`);
}

const has = (code: number, shift: number) => (code >>> shift) & 1;

/** Slots that one event can reach from the head; those beyond are erased and stay so. */
const SLOTS_USED = 16;
const standInRing = new Uint8Array(JOURNAL_SLOTS * JOURNAL_SLOT_BYTES).fill(0xff);
let chainHead: Uint8Array = new Uint8Array(HASH_BYTES);
for (let seq = 0; seq < STAND_IN.journalNext; seq++)
  chainHead = Uint8Array.from(putRecord(standInRing, seq, chainHead));
export const STAND_IN_HASH = chainHead;

/** Writes the region that stands for `code`. */
export function decodeState(code: number, region: Uint8Array): void {
  const view = new DataView(region.buffer, region.byteOffset, STATE_BYTES);
  region.fill(0, 0, STATE_BYTES);
  const word = (offset: number, value: number) => view.setInt32(offset, value, true);
  const when = (shift: number, offset: number, value: number) => {
    if (has(code, shift)) word(offset, value);
  };
  word(at.NOW, STAND_IN.now);
  view.setUint8(at.PHASE, code & 7);
  view.setUint8(at.LINKED, has(code, S.linked));
  view.setUint8(at.RELAY, has(code, S.relay));
  when(S.epoch, at.EPOCH, EPOCH_LOW);
  when(S.epoch, at.EPOCH + 4, EPOCH_HIGH);
  when(S.seq0, at.LAST_SEQ, SEQ.last);
  when(S.seq1, at.LAST_SEQ + 4, SEQ.last);
  when(S.seq2, at.LAST_SEQ + 8, SEQ.last);
  when(S.quiet, at.QUIET_MS, STAND_IN.quietMs);
  when(S.identify, at.IDENTIFY_MS, STAND_IN.identifyMs);
  when(S.hold, at.HOLD_MS, STAND_IN.holdMs);
  when(S.hold, at.HOLD_TAKEN_S, CONFIG_MODEL.holdS);
  when(S.refusedMs, at.REFUSED_MS, STAND_IN.refusedMs);
  when(S.telemetryMs, at.TELEMETRY_MS, STAND_IN.telemetryMs);
  view.setUint8(at.SAFE_STATE, has(code, S.safe));
  const bootDue = (code >>> S.bootDue) & 3;
  view.setUint8(at.BOOT_DUE, bootDue === 2 ? 3 : bootDue);
  when(S.telemetryS, at.TELEMETRY_S, CONFIG_MODEL.telemetryS);
  when(S.holdS, at.HOLD_S, CONFIG_MODEL.holdS);
  view.setUint8(at.STATUS_DUE, has(code, S.status));
  view.setUint8(at.JOURNAL_OPEN, has(code, S.open));
  word(at.KILLED_SAMPLES, 1);
  when(S.pending, at.REFUSED_PENDING, 1);
  word(at.CONFIG_GENERATION, STAND_IN.generation);
  word(at.RETAINED_GENERATION, STAND_IN.generation);
  if (!has(code, S.journal)) return;
  word(at.JOURNAL_NEXT, STAND_IN.journalNext);
  region.set(STAND_IN_HASH, at.JOURNAL_HASH);
  word(at.BOOTS, 1);
}

/** For each byte of a region the bits of a code on which it depends. */
export const DEPENDS = new Int32Array(STATE_BYTES);
for (const code of [0, 2 ** CODE_BITS - 1]) {
  const plain = new Uint8Array(STATE_BYTES);
  const other = new Uint8Array(STATE_BYTES);
  decodeState(code, plain);
  for (let bit = 1; bit < 2 ** CODE_BITS; bit *= 2) {
    decodeState(code ^ bit, other);
    for (let byte = 0; byte < STATE_BYTES; byte++)
      if (plain[byte] !== other[byte]) DEPENDS[byte] = (DEPENDS[byte] ?? 0) | bit;
  }
}

/** The journal's head in the guest that stands for `code`. */
export function headOf(code: number): number {
  return has(code, S.journal) ? STAND_IN.journalNext : 0;
}

/** What boots find: every storage of the model. */
export interface Found extends Stored {
  /** Records that stand. */
  head: number;
  /** Index in CONFIGS; CONFIG_NONE for no block. */
  config: number;
}

/** A configuration: safe state, and periods in s. */
export interface Config {
  safe: number;
  telemetryS: number;
  holdS: number;
}
/** What holds where none is stored. */
const DEFAULT_CONFIG: Config = { safe: SAFE.OFF, telemetryS: 10, holdS: 60 };
/** The model's configurations; the first is that of no block. */
export const CONFIGS: readonly Config[] = [
  DEFAULT_CONFIG,
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((bits) => ({
    safe: bits & 1,
    telemetryS: bits & 2 ? CONFIG_MODEL.telemetryS : 0,
    holdS: bits & 4 ? CONFIG_MODEL.holdS : 0,
  })),
];
export const CONFIG_NONE = 0;
/** Storage in which nothing is found. */
export const BLANK: Found = {
  good: false,
  relay: 0,
  hold: 0,
  lag: false,
  torn: false,
  head: 0,
  config: CONFIG_NONE,
};
/** What a boot finds in the state's place: nothing that it could take for its own. */
export const NO_STATE = new Uint8Array(STATE_BYTES).fill(0xa5);

/** Every storage that a boot can find: more than the guest can have left, and so all that it can. */
export function everyStorage(): Found[] {
  const out: Found[] = [];
  const bits = [false, true];
  for (let config = 0; config < CONFIGS.length; config++)
    for (const head of [0, STAND_IN.journalNext])
      for (const torn of bits) {
        out.push({ good: false, relay: 0, hold: 0, lag: false, torn, head, config });
        for (const lag of bits)
          for (const retained of [0, 1, 2, 3])
            out.push({
              good: true,
              relay: retained & 1,
              hold: retained >> 1,
              lag,
              torn,
              head,
              config,
            });
      }
  return out;
}

/** Lays the storage that a boot finds. */
export function layStorage(found: Found, regions: readonly Uint8Array[]): void {
  const [retained, config] = [regions[REGION.RETAINED], regions[REGION.CONFIG]];
  retained?.fill(0);
  config?.fill(0xff);
  if (found.good && retained !== undefined) {
    const next = found.lag ? Math.max(0, found.head - 1) : found.head;
    const seconds = found.hold * CONFIG_MODEL.holdS;
    putBlock(retained, STAND_IN.generation, [found.relay, next, seconds, 0, 0]);
  }
  const stored = CONFIGS[found.config];
  if (found.config !== CONFIG_NONE && stored !== undefined && config !== undefined)
    putBlock(config, STAND_IN.generation, [stored.safe, stored.telemetryS, stored.holdS, 0, 0]);
  layJournal(found.head, regions);
  if (found.torn) tear(regions[REGION.JOURNAL] ?? new Uint8Array(0), found.head);
}

/** Lays the stand-in journal with `head` records: none, or those of the stand-in. */
export function layJournal(head: number, regions: readonly Uint8Array[]): void {
  const used = SLOTS_USED * JOURNAL_SLOT_BYTES;
  const journal = regions[REGION.JOURNAL];
  journal?.set(standInRing.subarray(0, used));
  if (head === 0) journal?.fill(0xff, 0, used);
}

/** A record of which the first half was written. */
export function tear(journal: Uint8Array, seq: number): void {
  const slot = slotOf(journal, seq);
  slot.fill(0x77);
  new DataView(slot.buffer, slot.byteOffset, 4).setUint32(0, seq, true);
}
