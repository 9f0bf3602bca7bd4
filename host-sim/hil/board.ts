/**
 * Reads the `hil` part of boards/<name>/board.json: what a board in real time takes, and what no wire
 * reaches. Must not know any board by name.
 */
import { boardJson, defaultBoard } from "../board-data.ts";
import { EXIT, UserError } from "../errors.ts";

/** Times in ms. */
export interface HilData {
  /** What is due may come so much later: joining a network, most of all. */
  readonly slackMs: number;
  /** From a thing that happens to its line on the console, at most. */
  readonly lagMs: number;
  /** No reply for so long is none. */
  readonly quietMs: number;
  /** How far apart lines of one moment may be dated. */
  readonly traceMs: number;
  /** Stimuli closer together than this cannot be told apart. */
  readonly finestMs: number;
  /** From a boot's first line to a guest that hears its button, bounce and all. */
  readonly settleMs: number;
  /** The longest wait that is worth a person's while. */
  readonly longestMs: number;
  /** The reset pin is a power-on: nothing in RAM survives it. */
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

/** Throws a UserError for a board whose file says nothing of it, or lacks something. */
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
