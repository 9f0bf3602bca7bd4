/**
 * What a scenario runs on: something that takes stimuli by wire, moves in time, and prints a trace.
 * Must not know a scenario's checks.
 */
import type { BoardData } from "../board-data.ts";
import type { Firmware } from "../firmware.ts";
import type { TraceSink } from "../simulator.ts";
import type { Position } from "../virtual-board.ts";
import type { Delivery, DeviceMessage } from "../virtual-broker.ts";
import type { Image, Step, Stimulus } from "./grammar.ts";

/** Done at once, or later. */
export type Done<T = void> = T | Promise<T>;

export interface TargetConfig {
  board: BoardData;
  firmware: Firmware;
  seed: number;
  position: Position;
  /** What the device's clock shows at the start, in ms; 0 if absent. */
  clock?: number;
  image: Image;
  /** By PRINCIPAL. */
  keys: readonly Uint8Array[];
  trace: TraceSink;
  /** What the device sent, as the broker got it. */
  message: DeviceMessage;
}

/** Something does not hold: what had to be, and what was. Ends a run. */
export class Mismatch extends Error {
  readonly expected: string;
  readonly found: string;

  constructor(expected: string, found: string) {
    super(`expected ${expected}, found ${found}`);
    this.expected = expected;
    this.found = found;
  }
}

/**
 * What a board in real time asks of a runner. In virtual time all that is due has happened when a call
 * returns; here its words come late, and the air takes as long as it takes.
 */
export interface Pace {
  /** How far apart lines of one moment may be dated, in ms. */
  readonly traceMs: number;
  /** No reply for so long is none, in ms. */
  readonly quietMs: number;
  /** Returns when all is told that happened before the call. */
  sync(): Promise<void>;
  /** Lets time pass until it holds, line by line, for no longer than the board's slack. */
  until(holds: () => boolean): Promise<void>;
  /** Throws Mismatch for what instruments have found against the board's own word. */
  examine(): Promise<void>;
  /** What is to be said of the run besides its outcome. */
  notes(): string[];
}

/** Calls come one at a time, each after the one before is done. */
export interface Target {
  readonly name: string;
  /** ms since the supply came up at start(). */
  readonly now: number;
  /** Absent in virtual time. */
  readonly pace?: Pace;
  /** Why this target cannot do a step that is followed by `next`; null if it can. */
  missing(step: Step, next: Step | undefined): string | null;
  /** Why this target cannot run a native image; null if it can. */
  missingImage(image: Image): string | null;
  /** Applies the supply. */
  start(config: TargetConfig): Done;
  apply(stimulus: Stimulus): Done;
  /** Lets `ms` pass. */
  advance(ms: number): Done;
  /** The clock runs on by `ms` while nothing is done or seen. */
  stall(ms: number): Done;
  /** Hands a command to the broker. */
  publish(bytes: Uint8Array, delivery: Delivery): Done;
  /** A meter on the rail. */
  rail(): Done<"up" | "down">;
  /** The journal's ring as it lies in storage; valid until time passes. */
  journal(): Done<Uint8Array>;
  /** Takes everything down; safe to call twice. */
  stop(): Done;
}
