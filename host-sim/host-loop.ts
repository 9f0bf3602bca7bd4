/**
 * What the simulator needs of a host loop, wherever it runs, and what the loop needs of the gate.
 * Types and one signal; no behaviour.
 */
import type { LinkSink } from "./link.ts";

/** gate.wasm. */
export interface Gate {
  step(word: number, inputs: number): number;
  permits(word: number): number;
  phase(word: number): number;
}

/** Thrown by a HAL whose supply failed in the middle of something. The board is off from there on. */
export class PowerLoss extends Error {}

/** Thrown by a HAL in a call of a guest that will not return: what wall time would find out, at once. */
export class GuestHang extends Error {}

/** A host loop, here or on a board behind a wire: what the simulator needs of it. */
export interface HostLoop extends LinkSink {
  /** True while the guest has the processor of this very thread. */
  readonly inGuest: boolean;
  /** When the next poll is due without anything happening outside, in ms. */
  deadline(): number;
  /** Supply applied, or the reset pin released, for `reason` (BOOT): the board starts now. */
  powerOn(reason: number): void;
  /** Supply gone: nothing volatile is left and nothing runs. */
  powerOff(): void;
  /** An edge of the button, bounce included. */
  button(pressed: boolean): void;
  /** A line that the board senses changed. */
  inputChanged(): void;
  /** Everything that is due now. Throws PowerLoss if the supply failed meanwhile. */
  poll(): void;
  /** The guest did not return and was ended by force: hung, until the watchdog bites. */
  hung(): void;
}
