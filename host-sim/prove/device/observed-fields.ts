/**
 * The fields of the guest's state that the checks read, before or after: checks of an event, and checks
 * of a sent message. Only these are part of a key of the memo, so a check that reads any other field is
 * an error.
 */
import { STATE_BYTES, STATE_FIELDS, type StateField } from "../../abi/state.gen.ts";

export type CheckKind = "event" | "message";

const FIELDS: Record<CheckKind, readonly StateField[]> = {
  event: [
    "NOW",
    "PHASE",
    "LINKED",
    "RELAY",
    "EPOCH",
    "LAST_SEQ",
    "HOLD_MS",
    "QUIET_MS",
    "SAFE_STATE",
    "TELEMETRY_S",
    "HOLD_S",
    "IDENTIFY_MS",
    "STATUS_DUE",
    "BOOT_DUE",
    "JOURNAL_NEXT",
    "JOURNAL_HASH",
    "EXECUTED",
    "JOURNAL_OPEN",
    "HOLD_TAKEN_S",
  ],
  message: [
    "RELAY",
    "EPOCH",
    "LAST_SEQ",
    "HOLD_MS",
    "SAFE_STATE",
    "FAULT",
    "REASON",
    "TELEMETRY_S",
    "HOLD_S",
    "TEMPERATURE",
    "KILLED_MIN",
    "KILLED_MAX",
    "KILLED_SAMPLES",
    "JOURNAL_NEXT",
    "JOURNAL_HASH",
    "EXECUTED",
    "REFUSED",
    "DROPPED",
    "BOOTS",
    "CLOCK",
    "COUNTER",
    "LAST_RESULT",
    "LAST_TAG",
  ],
};

/** 1 for each byte of the state region that a check may read. Whole 8-byte words. */
function bytesOf(kind: CheckKind): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(STATE_BYTES / 8) * 8);
  for (const name of FIELDS[kind]) {
    const { offset, size, count } = STATE_FIELDS[name];
    bytes.fill(1, offset, offset + size * count);
  }
  return bytes;
}

export const OBSERVED_BYTES: Record<CheckKind, Uint8Array> = {
  event: bytesOf("event"),
  message: bytesOf("message"),
};

/** An 8-byte word of the state region, by its index, and the bits of it that a check may read. */
export interface ObservedWord {
  index: number;
  mask: bigint;
}

function wordsOf(observed: Uint8Array): ObservedWord[] {
  const view = new DataView(observed.map((byte) => byte * 0xff).buffer);
  const words = Array.from({ length: observed.length / 8 }, (_, index) => ({
    index,
    mask: view.getBigUint64(index * 8, true),
  }));
  return words.filter(({ mask }) => mask !== 0n);
}

export const OBSERVED_WORDS: Record<CheckKind, readonly ObservedWord[]> = {
  event: wordsOf(OBSERVED_BYTES.event),
  message: wordsOf(OBSERVED_BYTES.message),
};
