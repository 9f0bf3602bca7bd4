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
  image: Image;
  /** By PRINCIPAL. */
  keys: readonly Uint8Array[];
  trace: TraceSink;
  /** What the device sent, as the broker got it. */
  message: DeviceMessage;
}

/** Calls come one at a time, each after the one before is done. */
export interface Target {
  readonly name: string;
  /** ms since the supply came up at start(). */
  readonly now: number;
  /** Why this target cannot do a step; null if it can. */
  missing(step: Step): string | null;
  /** Why this target cannot run a native image; null if it can. */
  missingImage(image: Image): string | null;
  /** Applies the supply. */
  start(config: TargetConfig): Done;
  apply(stimulus: Stimulus): Done;
  /** Lets `ms` pass. */
  advance(ms: number): Done;
  /** Hands a command to the broker. */
  publish(bytes: Uint8Array, delivery: Delivery): Done;
  /** A meter on the rail. */
  rail(): Done<"up" | "down">;
  /** The journal's ring as it lies in storage. */
  journal(): Done<Uint8Array>;
  /** Takes everything down; safe to call twice. */
  stop(): Done;
}
