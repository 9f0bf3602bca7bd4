/**
 * Which fields of the state the checks ask of, before or after: of what was done at an event, and of
 * what was sent. The rest is left out of what is compared, so a check that asks of more is an error.
 * Must not know the rules.
 */
import { STATE_BYTES, STATE_FIELDS, type StateField } from "../../abi/state.gen.ts";

export type Question = "done" | "sent";

const FIELDS: Record<Question, readonly StateField[]> = {
  done: [
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
  sent: [
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
  ],
};

/** By question, 1 for each byte of the region that may be asked of. */
function bytesOf(question: Question): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(STATE_BYTES / 8) * 8);
  for (const name of FIELDS[question]) {
    const { offset, size, count } = STATE_FIELDS[name];
    bytes.fill(1, offset, offset + size * count);
  }
  return bytes;
}
export const ASKED: Record<Question, Uint8Array> = { done: bytesOf("done"), sent: bytesOf("sent") };

/** A word of 8 bytes of the region, and which of its bits are asked of. */
export interface MaskedWord {
  index: number;
  mask: bigint;
}

function wordsOf(asked: Uint8Array): MaskedWord[] {
  const view = new DataView(asked.map((byte) => byte * 0xff).buffer);
  const words = Array.from({ length: asked.length / 8 }, (_, index) => ({
    index,
    mask: view.getBigUint64(index * 8, true),
  }));
  return words.filter(({ mask }) => mask !== 0n);
}
export const ASKED_WORDS: Record<Question, readonly MaskedWord[]> = {
  done: wordsOf(ASKED.done),
  sent: wordsOf(ASKED.sent),
};
