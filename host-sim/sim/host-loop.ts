/**
 * The interface of a host loop to the simulator, and of the gate to the loop. A host loop runs in
 * this process or on a board that is connected by wires.
 */
import type { LinkSink } from "./link.ts";

/** The functions of gate.wasm. */
export interface Gate {
  step(word: number, inputs: number): number;
  permits(word: number): number;
  phase(word: number): number;
}

/** Thrown by a HAL when the supply fails during a call. The board is off from then on. */
export class PowerLoss extends Error {}

/**
 * Thrown by a HAL during a call from a guest that is known not to return. It has the effect of the
 * wall-clock limit, without the wait.
 */
export class GuestHang extends Error {}

export interface HostLoop extends LinkSink {
  /** True while guest code runs on this thread. */
  readonly inGuest: boolean;
  /** The time at which poll() must be called if no input changes before, in ms. */
  deadline(): number;
  /**
   * The supply was applied or the reset pin released. The board starts now, with `reason` (BOOT).
   */
  powerOn(reason: number): void;
  /** The supply was removed. All volatile state is lost and nothing runs. */
  powerOff(): void;
  /** The button changed. Called for each edge, including bounce. */
  button(pressed: boolean): void;
  /** A sensed line changed. */
  inputChanged(): void;
  /**
   * Somebody at the console asks for an attestation with this nonce. It goes to the HAL when nothing else
   * is to be done.
   */
  attest(nonce: Uint8Array): void;
  /** Does everything that is due now. Throws PowerLoss if the supply fails meanwhile. */
  poll(): void;
  /** The guest did not return and was terminated. It counts as hung until the watchdog restarts. */
  hung(): void;
}
