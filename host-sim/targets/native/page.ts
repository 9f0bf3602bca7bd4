/**
 * Layout of the page that the simulator shares with a native board. The same as
 * boards/testbench/page.h.
 */
import { PIN_NAMES, PRINCIPAL_KIDS, REGION } from "../../abi/abi.gen.ts";
import { IDENTITY_BYTES, IDENTITY_REGION } from "../../sim/hal.ts";

/**
 * Lengths and offsets, in bytes. The first part is written by the simulator (IN), the second by the
 * board.
 */
export const IN_BYTES = 16_384;
export const STIMULI_AT = 1024;
export const STIMULI_BYTES = IN_BYTES - STIMULI_AT;
const RETAINED_AT = 112;
const CONFIG_AT = RETAINED_AT + 64;
export const RECORDS_AT = CONFIG_AT + 64;
const RECORDS_BYTES = 1024 * 1024;
const JOURNAL_AT = RECORDS_AT + RECORDS_BYTES;
const IDENTITY_AT = JOURNAL_AT + 512 * 64;
export const OUT_BYTES = IDENTITY_AT + IDENTITY_BYTES;
export const PAGE_BYTES = IN_BYTES + OUT_BYTES;
const KEY_MAX = 64;

/** Offset of a storage region in the board's part, by REGION, then IDENTITY_REGION. */
export const REGION_AT: readonly number[] = [RETAINED_AT, CONFIG_AT, JOURNAL_AT, IDENTITY_AT];
if (REGION.JOURNAL !== 2 || IDENTITY_REGION !== 3)
  throw new Error("page.ts: REGION_AT must be in the order of REGION");

export const REQUEST = { POLL: 0, STIMULI: 1, CONTINUE: 2 } as const;
export const ANSWER = { DONE: 0x44, HUNG: 0x48, MORE: 0x4d, POWER_LOSS: 0x50 } as const;
export const STIMULUS = { BUTTON: 0, LINK: 1, MESSAGE: 2, INPUT: 3, ATTEST: 4 } as const;
export const RECORD = { TRACE: 0, RADIO: 1, GPIO: 2, SEND: 3, WRITE: 4, ATTESTED: 5 } as const;

export const NEVER = 0xffff_ffff;

/** Offsets of the words in the simulator's part. */
export const IN = {
  request: 0,
  now: 4,
  sense: 8,
  inputs: 12,
  flags: 16,
  writeBudget: 20,
  bootMs: 24,
  seed: 28,
  hungMs: 32,
  guestLen: 36,
  keyLen: 40,
  key: 40 + 4 * PRINCIPAL_KIDS.length,
  stimuliLen: 40 + (4 + KEY_MAX) * PRINCIPAL_KIDS.length,
  deviceLen: 44 + (4 + KEY_MAX) * PRINCIPAL_KIDS.length,
  device: 48 + (4 + KEY_MAX) * PRINCIPAL_KIDS.length,
} as const;
export const FLAG_STORAGE_FAILS = 1;

const PINS_AT = 20;
const PINS_END = PINS_AT + 4 * PIN_NAMES.length;

/** Offsets of the words in the board's part. */
export const OUT = {
  deadline: 0,
  recordsLen: 4,
  bootReason: 8,
  bootAt: 12,
  pins: PINS_AT,
  /** State of the random number generator: a flag (seeded), then the four words of sfc32. */
  random: PINS_END,
  randomEnd: PINS_END + 20,
  edgeEntry: PINS_END + 20,
  edgeRadioOff: PINS_END + 24,
  arenaUsed: PINS_END + 28,
  stackUsed: PINS_END + 32,
} as const;

/**
 * Writes the keys (by PRINCIPAL, null for none) into the page. Throws a RangeError for a long key.
 */
export function putKeys(page: Buffer, keys: readonly (Uint8Array | null)[]): void {
  for (const [principal, key] of keys.entries()) {
    const length = key?.length ?? 0;
    if (length > KEY_MAX)
      throw new RangeError(`key of principal ${principal}: ${length} bytes, at most ${KEY_MAX}`);
    page.writeUInt32LE(length, IN.keyLen + 4 * principal);
    if (key !== null) page.set(key, IN.key + KEY_MAX * principal);
  }
}

export interface PageRecord {
  readonly kind: number;
  readonly bytes: Buffer;
}

/** The records of one answer. Throws an Error if a record is longer than the rest of the answer. */
export function* readRecords(bytes: Buffer): Generator<PageRecord> {
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes.readUInt32LE(at);
    const length = bytes.readUInt32LE(at + 4);
    if (at + 8 + length > bytes.length)
      throw new Error(`page: the record at ${at} (${length} bytes) exceeds the answer`);
    yield { kind, bytes: bytes.subarray(at + 8, at + 8 + length) };
    at += 8 + ((length + 3) & ~3);
  }
}
