/**
 * The abstraction, from the abstract state back to the guest: writes the representative, the one state
 * region that stands for all with the same abstract state. recorder/abstract-state.ts is the other
 * direction. docs/PROOFS.md, "Abstracted", justifies each line, and random-walk.ts tests all of them
 * against runs in which nothing is abstracted.
 */
import { BOOT, CODE, PHASE, PRINCIPAL_KIDS, REPLY_TAG_BYTES, RING } from "../../abi/abi.gen.ts";
import { STATE_BYTES, STATE_FIELDS, type StateField } from "../../abi/state.gen.ts";
import { replyTagOf } from "../../controller/command.ts";
import { STAND_IN_HASHES } from "./boot-storage.ts";
import { lastAccepted } from "./messages.ts";
import { CONFIG_PERIODS, EPOCH_WORDS, SEQ, STAND_IN } from "./model-values.ts";
import { STATE_BITS } from "./recorder/memory-map.ts";
import * as bit from "./recorder/state-bits.ts";
import { HASH_BYTES } from "./storage-format.ts";

/** Changes whenever the abstraction or the bits of an abstract state change. */
export const ABSTRACTION_VERSION = 3;

/** What the guest keeps of the last accepted command, by PRINCIPAL. */
const LAST_TAGS = PRINCIPAL_KIDS.map((_, principal) => replyTagOf(lastAccepted(principal).bytes));

/** Offsets of the fields in the state region. */
export const OFFSET = Object.fromEntries(
  Object.entries(STATE_FIELDS).map(([name, { offset }]) => [name, offset]),
) as Record<StateField, number>;

/** A value outside its field's range. The message names the field. */
export class OutOfRange extends Error {}

/** Fields that decide, with the highest value of each, as recorder/abstract-state.ts checks them. */
export const RANGES: readonly (readonly [StateField, number])[] = [
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
];

/** Throws OutOfRange for the state region at `base`, which has no abstract state. */
export function throwOutOfRange(memory: Uint8Array, base: number): never {
  const byte = (field: StateField) => memory[base + OFFSET[field]] ?? 0;
  const found = RANGES.find(([field, most]) => byte(field) > most);
  if (found !== undefined) throw new OutOfRange(`${found[0]} is ${byte(found[0])}`);
  throw new OutOfRange(`BOOT_DUE is ${byte("BOOT_DUE")}, or a byte that no field has is used`);
}

const has = (code: number, shift: number) => (code >>> shift) & 1;

/** What a boot finds in place of a state: nothing that the guest could take for its own. */
export const NO_STATE = new Uint8Array(STATE_BYTES).fill(0xa5);

/** Writes the state region that stands for the abstract state `code`. */
export function writeRepresentative(code: number, region: Uint8Array): void {
  const view = new DataView(region.buffer, region.byteOffset, STATE_BYTES);
  region.fill(0, 0, STATE_BYTES);
  const byte = (field: StateField, value: number) => view.setUint8(OFFSET[field], value);
  const word = (offset: number, value: number) => view.setInt32(offset, value, true);
  const wordIf = (shift: number, field: StateField, value: number) => {
    if (has(code, shift)) word(OFFSET[field], value);
  };
  word(OFFSET.NOW, STAND_IN.now);
  byte("PHASE", (code >>> bit.PHASE) & 7);
  byte("LINKED", has(code, bit.LINKED));
  byte("RELAY", has(code, bit.RELAY));
  byte("SAFE_STATE", has(code, bit.SAFE_STATE));
  byte("STATUS_DUE", has(code, bit.STATUS_DUE));
  byte("JOURNAL_OPEN", has(code, bit.JOURNAL_OPEN));
  const bootDue = (code >>> bit.BOOT_DUE) & 3;
  byte("BOOT_DUE", bootDue === 2 ? 3 : bootDue);
  if (has(code, bit.EPOCH))
    for (const [index, value] of EPOCH_WORDS.entries()) word(OFFSET.EPOCH + 4 * index, value);
  for (const [principal, tag] of LAST_TAGS.entries()) {
    if (!has(code, bit.LAST_SEQ + principal)) continue;
    word(OFFSET.LAST_SEQ + 4 * principal, SEQ.last);
    word(OFFSET.LAST_RESULT + 4 * principal, CODE.OK);
    region.set(tag, OFFSET.LAST_TAG + REPLY_TAG_BYTES * principal);
  }
  word(OFFSET.CLOCK, STAND_IN.clock);
  word(OFFSET.COUNTER, STAND_IN.counter);
  wordIf(bit.QUIET_MS, "QUIET_MS", STAND_IN.quietMs);
  wordIf(bit.IDENTIFY_MS, "IDENTIFY_MS", STAND_IN.identifyMs);
  wordIf(bit.HOLD_MS, "HOLD_MS", STAND_IN.holdMs);
  wordIf(bit.HOLD_MS, "HOLD_TAKEN_S", CONFIG_PERIODS.holdS);
  wordIf(bit.REFUSED_MS, "REFUSED_MS", STAND_IN.refusedMs);
  wordIf(bit.TELEMETRY_MS, "TELEMETRY_MS", STAND_IN.telemetryMs);
  wordIf(bit.TELEMETRY_S, "TELEMETRY_S", CONFIG_PERIODS.telemetryS);
  wordIf(bit.HOLD_S, "HOLD_S", CONFIG_PERIODS.holdS);
  wordIf(bit.REFUSED_PENDING, "REFUSED_PENDING", 1);
  wordIf(bit.DROPPED_PENDING, "DROPPED_PENDING", 1);
  word(OFFSET.RUN, has(code, bit.REPEATED) ? STAND_IN.repeatedRun : 1);
  // The number and the content of remote records decide nothing.
  word(OFFSET.JOURNAL_NEXT + 4 * RING.REMOTE, STAND_IN.journalNext);
  region.set(STAND_IN_HASHES[RING.REMOTE], OFFSET.JOURNAL_HASH + HASH_BYTES * RING.REMOTE);
  word(OFFSET.KILLED_SAMPLES, 1);
  word(OFFSET.CONFIG_GENERATION, STAND_IN.generation);
  word(OFFSET.RETAINED_GENERATION, STAND_IN.generation);
  if (!has(code, bit.JOURNAL_NEXT)) return;
  word(OFFSET.JOURNAL_NEXT, STAND_IN.journalNext);
  region.set(STAND_IN_HASHES[RING.LOCAL], OFFSET.JOURNAL_HASH);
  word(OFFSET.BOOTS, 1);
}

/** For each byte of the region, the bits of the abstract state on which it depends. */
export const BITS_OF_BYTE = new Int32Array(STATE_BYTES);
for (const code of [0, 2 ** STATE_BITS - 1]) {
  const plain = new Uint8Array(STATE_BYTES);
  const other = new Uint8Array(STATE_BYTES);
  writeRepresentative(code, plain);
  for (let changed = 1; changed < 2 ** STATE_BITS; changed *= 2) {
    writeRepresentative(code ^ changed, other);
    for (let byte = 0; byte < STATE_BYTES; byte++)
      if (plain[byte] !== other[byte]) BITS_OF_BYTE[byte] = (BITS_OF_BYTE[byte] ?? 0) | changed;
  }
}

/** The local ring's head in the representative of `code`. */
export function journalHead(code: number): number {
  return has(code, bit.JOURNAL_NEXT) ? STAND_IN.journalNext : 0;
}
