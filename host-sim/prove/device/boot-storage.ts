/**
 * The storage that a boot of the model finds: every content of the three regions that a loss of supply
 * at any byte of any write can leave, and more.
 */
import { JOURNAL_SLOT_BYTES, JOURNAL_SLOTS, REGION, SAFE } from "../../abi/abi.gen.ts";
import { CONFIG_PERIODS, STAND_IN } from "./model-values.ts";
import { HASH_BYTES, putBlock, putRecord, slotOf } from "./storage-format.ts";

export interface BootStorage {
  /** The retained block is good, with these values. */
  good: boolean;
  relay: number;
  hold: number;
  /** The retained journal head is one behind the journal. */
  lag: boolean;
  /** The slot at the journal's head holds a torn record. */
  torn: boolean;
  /** Number of whole records. */
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
  lag: false,
  torn: false,
  head: 0,
  config: CONFIG_NONE,
};

/** Slots that one event can reach from the head. All later ones are erased and stay erased. */
const SLOTS_USED = 16;
const standInRing = new Uint8Array(JOURNAL_SLOTS * JOURNAL_SLOT_BYTES).fill(0xff);
let chainHead: Uint8Array = new Uint8Array(HASH_BYTES);
for (let seq = 0; seq < STAND_IN.journalNext; seq++)
  chainHead = Uint8Array.from(putRecord(standInRing, seq, chainHead));
/** Chain hash of the journal that stands for any journal that is not empty. */
export const STAND_IN_HASH = chainHead;

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
            out.push({ good: true, relay, hold, lag, torn, head, config });
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
    putBlock(retained, STAND_IN.generation, [storage.relay, next, seconds, 0, 0]);
  }
  const stored = CONFIGS[storage.config];
  if (storage.config !== CONFIG_NONE && stored !== undefined && config !== undefined)
    putBlock(config, STAND_IN.generation, [stored.safe, stored.telemetryS, stored.holdS, 0, 0]);
  writeJournal(storage.head, regions);
  if (storage.torn) tearRecord(regions[REGION.JOURNAL] ?? new Uint8Array(0), storage.head);
}

/** Writes the journal with `head` records: none, or those of the stand-in. */
export function writeJournal(head: number, regions: readonly Uint8Array[]): void {
  const used = SLOTS_USED * JOURNAL_SLOT_BYTES;
  const journal = regions[REGION.JOURNAL];
  journal?.set(standInRing.subarray(0, used));
  if (head === 0) journal?.fill(0xff, 0, used);
}

/** Writes record `seq` as a loss of supply in its middle leaves it. */
function tearRecord(journal: Uint8Array, seq: number): void {
  const slot = slotOf(journal, seq);
  slot.fill(0x77);
  new DataView(slot.buffer, slot.byteOffset, 4).setUint32(0, seq, true);
}
