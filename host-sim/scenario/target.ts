/** The interface of a target, on which scenarios run: it takes stimuli and produces a trace. */
import type { BoardData } from "../base/board-data.ts";
import type { Firmware } from "../sim/firmware.ts";
import type { TraceSink } from "../sim/simulator.ts";
import type { Position } from "../sim/virtual-board.ts";
import type { Delivery, DeviceMessage } from "../sim/virtual-broker.ts";
import type { Image, Step, Stimulus } from "./grammar.ts";

/** The result of a call that may complete later. */
export type MaybePromise<T = void> = T | Promise<T>;

export interface TargetConfig {
  board: BoardData;
  firmware: Firmware;
  seed: number;
  position: Position;
  /** What the device's clock shows at the start, in ms; 0 if absent. */
  clock?: number;
  image: Image;
  /** By PRINCIPAL. */
  secrets: readonly (Uint8Array | null)[];
  trace: TraceSink;
  /** Called with each message that the broker receives from the device. */
  message: DeviceMessage;
}

/** A check failed: what was expected and what was found. Ends the run. */
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
 * What the runner needs to wait for a target in real time. In virtual time everything due has
 * happened when a call returns; in real time trace lines and messages arrive late.
 */
export interface RealTime {
  /** How much the times of simultaneous trace lines may differ, in ms. */
  readonly traceMs: number;
  /** How long to wait before the absence of a reply counts as no reply, in ms. */
  readonly quietMs: number;
  /** Resolves when the trace of everything that happened before the call has arrived. */
  sync(): Promise<void>;
  /**
   * Waits until `holds` returns true, checking after each trace line, but at most for the slack.
   */
  until(holds: () => boolean): Promise<void>;
  /** Throws Mismatch if instruments outside the board contradict its trace. */
  checkWitnesses(): Promise<void>;
  /** Remarks on the run, to be printed with its outcome. */
  notes(): string[];
}

/** A target. The runner makes one call at a time and waits for its result. */
export interface Target {
  readonly name: string;
  /** Milliseconds since start() switched the supply on. */
  readonly now: number;
  /** Absent if the target runs in virtual time. */
  readonly realTime?: RealTime;
  /** Why this target cannot run a step that is followed by `next`; null if it can. */
  unsupportedReason(step: Step, next: Step | undefined): string | null;
  /** Why this target cannot run a native image; null if it can. */
  unsupportedImageReason(image: Image): string | null;
  /** Switches the supply on. */
  start(config: TargetConfig): MaybePromise;
  apply(stimulus: Stimulus): MaybePromise;
  /** Lets `ms` pass. */
  advance(ms: number): MaybePromise;
  /** Stops the processor for `ms`, while time passes. */
  stall(ms: number): MaybePromise;
  /** Publishes a command at the broker. */
  publish(bytes: Uint8Array, delivery: Delivery): MaybePromise;
  /** Measures the rail. */
  rail(): MaybePromise<"up" | "down">;
  /** The journal's ring image in storage. The bytes are valid until the next call. */
  journal(): MaybePromise<Uint8Array>;
  /** Stops the target. May be called twice. */
  stop(): MaybePromise;
}
