/**
 * The storage that a boot of the model finds: every content of the three regions that a loss of supply
 * at any byte of any write can leave, and more.
 */
import { BOOT, JOURNAL_SLOT_BYTES, JOURNAL_SLOTS, REGION, RING, SAFE } from "../../abi/abi.gen.ts";
import { CONFIG_PERIODS, STAND_IN } from "./model-values.ts";
import { HASH_BYTES, putBlock, putRecord, slotOf } from "./storage-format.ts";

export interface BootStorage {
  /** The retained block is good, with these values. */
  good: boolean;
  relay: number;
  hold: number;
  /** The next boot, if it is a cut, is one of a run that the journal leaves out. */
  repeats: boolean;
  /** The retained journal head is one behind the journal. */
  lag: boolean;
  /** The slot at the head of the local ring holds a torn record. */
  torn: boolean;
  /** Number of whole local records. */
  head: number;
  /** Index in CONFIGS; CONFIG_NONE if no block is stored. */
  config: number;
}

/** A configuration: safe state, and periods in s. */
export interface Config {
  safe: number;
  telemetryS: number;
  holdS: number;
}

/** The configuration of a device that has none stored. */
const DEFAULT_CONFIG: Config = { safe: SAFE.OFF, telemetryS: 10, holdS: 60 };
/** The configurations of the model. The first one is in force if no block is stored. */
export const CONFIGS: readonly Config[] = [
  DEFAULT_CONFIG,
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((bits) => ({
    safe: bits & 1,
    telemetryS: bits & 2 ? CONFIG_PERIODS.telemetryS : 0,
    holdS: bits & 4 ? CONFIG_PERIODS.holdS : 0,
  })),
];
export const CONFIG_NONE = 0;

/** Empty storage. */
export const BLANK: BootStorage = {
  good: false,
  relay: 0,
  hold: 0,
  repeats: false,
  lag: false,
  torn: false,
  head: 0,
  config: CONFIG_NONE,
};

/** Slots that one event can reach from the head. All later ones are erased and stay erased. */
const SLOTS_USED = 16;
const standInRing = new Uint8Array(JOURNAL_SLOTS * JOURNAL_SLOT_BYTES).fill(0xff);

/** Writes the stand-in of a ring. Returns its newest hash. */
function putRing(ring: number): Uint8Array {
  let hash: Uint8Array = new Uint8Array(HASH_BYTES);
  for (let seq = 0; seq < STAND_IN.journalNext; seq++)
    hash = Uint8Array.from(putRecord(standInRing, ring, seq, hash));
  return hash;
}

/** Chain hashes of the rings that stand for any ring that is not empty, by RING. */
export const STAND_IN_HASHES = [putRing(RING.LOCAL), putRing(RING.REMOTE)] as const;
/** Where the remote ring begins in the region. */
const REMOTE_AT = (JOURNAL_SLOTS / 2) * JOURNAL_SLOT_BYTES;

/** Every storage that a boot can find. */
export function everyStorage(): BootStorage[] {
  const out: BootStorage[] = [];
  const bits = [false, true];
  for (let config = 0; config < CONFIGS.length; config++)
    for (const head of [0, STAND_IN.journalNext])
      for (const torn of bits) {
        out.push({ ...BLANK, torn, head, config });
        for (const lag of bits)
          for (const retained of [0, 1, 2, 3]) {
            const [relay, hold] = [retained & 1, retained >> 1];
            for (const repeats of bits)
              out.push({ good: true, relay, hold, repeats, lag, torn, head, config });
          }
      }
  return out;
}

/** Writes a storage into the regions. */
export function writeStorage(storage: BootStorage, regions: readonly Uint8Array[]): void {
  const [retained, config] = [regions[REGION.RETAINED], regions[REGION.CONFIG]];
  retained?.fill(0);
  config?.fill(0xff);
  if (storage.good && retained !== undefined) {
    const next = storage.lag ? Math.max(0, storage.head - 1) : storage.head;
    const seconds = storage.hold * CONFIG_PERIODS.holdS;
    const run = storage.repeats ? STAND_IN.repeatedRun - 1 : 1;
    const flags = storage.relay | (BOOT.CUT << 1) | (run << 4);
    const payload = [flags, next, seconds, STAND_IN.journalNext, storage.head === 0 ? 0 : 1];
    putBlock(retained, STAND_IN.generation, payload);
  }
  const stored = CONFIGS[storage.config];
  if (storage.config !== CONFIG_NONE && stored !== undefined && config !== undefined)
    putBlock(config, STAND_IN.generation, [stored.safe, stored.telemetryS, stored.holdS, 0, 0]);
  writeJournal(storage.head, regions);
  if (storage.torn) tearRecord(regions[REGION.JOURNAL] ?? new Uint8Array(0), storage.head);
}

/** Writes the stand-in of the remote ring, and the local ring with `head` records: none, or its stand-in. */
export function writeJournal(head: number, regions: readonly Uint8Array[]): void {
  const used = SLOTS_USED * JOURNAL_SLOT_BYTES;
  const journal = regions[REGION.JOURNAL];
  journal?.set(standInRing.subarray(0, used));
  journal?.set(standInRing.subarray(REMOTE_AT, REMOTE_AT + used), REMOTE_AT);
  if (head === 0) journal?.fill(0xff, 0, used);
}

/** Writes record `seq` as a loss of supply in its middle leaves it. */
function tearRecord(journal: Uint8Array, seq: number): void {
  const slot = slotOf(journal, RING.LOCAL, seq);
  slot.fill(0x77);
  new DataView(slot.buffer, slot.byteOffset, 4).setUint32(0, seq, true);
}
