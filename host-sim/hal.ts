/**
 * What a board supplies to the runtime: the twin of boards/common/hal.h. Data and pins only; no
 * policy. Must not know the gate or the guest.
 */
import { PIN } from "./abi.gen.ts";

/** Pins of a board without lines of its own: relay and lamp. */
export const BOARD_PINS = PIN.LAMP + 1;

export interface Hal {
  /** How many of PIN this board has; a guest that drives another traps. */
  readonly pinCount: number;
  /** Milliseconds since power-on; never backwards. */
  now(): number;
  /** bit 0 NO closed, bit 1 NC closed, bit 2 rail up: the low three bits of the gate's inputs. */
  sense(): number;
  /**
   * Bit INPUT_BUTTON, levels of sensed lines above INPUT_LINES_SHIFT, the temperature above
   * INPUT_TEMPERATURE_SHIFT.
   */
  inputs(): number;
  /** Radio power (one chip) or the radio's enable line (two chips). Off takes effect at once. */
  radioPower(on: boolean): void;
  gpioWrite(pin: number, level: number): void;
  /** Hands a message to the network stack. Only called with the radio on and the session up. */
  linkSend(channel: number, bytes: Uint8Array): void;
  random(bytes: Uint8Array): void;
  /** HMAC-SHA256 under the principal's key; null if it has none on this device. */
  mac(principal: number, bytes: Uint8Array): Uint8Array | null;
  /** Reads into `bytes`; false on an I/O error. */
  storageRead(region: number, offset: number, bytes: Uint8Array): boolean;
  /** Writes in ascending order; false on an I/O error. */
  storageWrite(region: number, offset: number, bytes: Uint8Array): boolean;
  /** Whether anybody reads the trace: lines that cost something to make are not made for nobody. */
  readonly tracing: boolean;
  /** One trace line: `@<now> <kind> <detail>`. */
  trace(kind: string, detail: string): void;
}

/** Bytes in a storage region, by REGION. */
export const REGION_BYTES = [64, 64, 512 * 64] as const;
