/**
 * The values of the model: of epochs, sequence numbers, configuration and time. Each stands for every
 * other value that docs/PROOFS.md, "Abstracted", says it stands for.
 */
import type { StateField } from "../../abi/state.gen.ts";
import { HOLD, IDENTIFY, QUIET, REFUSED, TELEMETRY } from "./recorder/state-bits.ts";

/** The current epoch, an earlier one, and the one that no session has. */
export const EPOCHS = {
  current: Uint8Array.of(0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe),
  previous: Uint8Array.of(0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xff),
  zero: new Uint8Array(8),
} as const;
export type EpochName = keyof typeof EPOCHS;

const currentEpoch = new DataView(EPOCHS.current.buffer);
/** The current epoch as the arguments of an EPOCH event. */
export const EPOCH_WORDS = [
  currentEpoch.getInt32(0, true),
  currentEpoch.getInt32(4, true),
] as const;

/** Sequence numbers: the last one used if one was used, the next one, and one that is never accepted. */
export const SEQ = { last: 5, next: 6, never: 0 } as const;
export type SeqName = keyof typeof SEQ;

/**
 * Deadlines, in ms from the session clock on: one that an event's own time cannot reach, one that is past,
 * and one that is further ahead than DEADLINE_MAX_MS.
 */
export const DEADLINES = { ahead: 30_000, past: 0, far: 60_010 } as const;
export type DeadlineName = keyof typeof DEADLINES;

/** The configured periods, in s. */
export const CONFIG_PERIODS = { telemetryS: 10, holdS: 60 } as const;

/** Values that stand for others. Times in ms. */
export const STAND_IN = {
  now: 0x0001_0000,
  holdMs: CONFIG_PERIODS.holdS * 1000,
  quietMs: 30,
  identifyMs: 5000,
  telemetryMs: CONFIG_PERIODS.telemetryS * 1000,
  refusedMs: 60_000,
  journalNext: 3,
  repeatedRun: 3,
  generation: 2,
  clock: 100_000,
  counter: 7,
} as const;

/** The countdowns: the field of each, and the value that stands for "running". */
const countdowns: [StateField, number][] = [];
countdowns[QUIET] = ["QUIET_MS", STAND_IN.quietMs];
countdowns[IDENTIFY] = ["IDENTIFY_MS", STAND_IN.identifyMs];
countdowns[HOLD] = ["HOLD_MS", STAND_IN.holdMs];
countdowns[REFUSED] = ["REFUSED_MS", STAND_IN.refusedMs];
countdowns[TELEMETRY] = ["TELEMETRY_MS", STAND_IN.telemetryMs];
export const COUNTDOWNS: readonly (readonly [StateField, number])[] = countdowns;
