/**
 * Reads the `hil` part of boards/<name>/board.json: the timing of a real board on a test rig, and
 * what its reset pin does. The fields are described in docs/HIL.md.
 */
import { boardJson, defaultBoard } from "../../base/board-data.ts";
import { EXIT, UserError } from "../../base/errors.ts";

/** All times in ms. */
export interface HilData {
  /**
   * How much later than in virtual time an expected event may come. Joining a network dominates.
   */
  readonly slackMs: number;
  /** The longest delay from an event to its trace line on the console. */
  readonly lagMs: number;
  /** After this time without a reply, the runner concludes that there is none. */
  readonly quietMs: number;
  /** The largest difference between the timestamps of lines that belong to one instant. */
  readonly traceMs: number;
  /** The shortest interval between two stimuli that the rig can time. */
  readonly finestMs: number;
  /** From a boot's first line until the guest reacts to the button, debounce included. */
  readonly settleMs: number;
  /** Scenarios with a longer wait are not run on a real board. */
  readonly longestMs: number;
  /** A pulse on the reset pin is a power-on reset: nothing in RAM survives it. */
  readonly resetIsPowerOn: boolean;
}

const TIMES = [
  "slackMs",
  "lagMs",
  "quietMs",
  "traceMs",
  "finestMs",
  "settleMs",
  "longestMs",
] as const;

/** Throws a UserError if the board's file has no valid `hil` part. */
export function loadHilData(name: string = defaultBoard()): HilData {
  const { path, data } = boardJson<{ hil: Partial<HilData> }>(name);
  const { hil = {} } = data;
  for (const field of TIMES) {
    const value = hil[field];
    if (!Number.isInteger(value) || (value ?? -1) < 0)
      throw new UserError(`${path}: "hil.${field}" must be a whole number of ms`, EXIT.BAD_FILE);
  }
  return { resetIsPowerOn: false, ...(hil as Omit<HilData, "resetIsPowerOn">) };
}
