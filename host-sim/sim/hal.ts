/**
 * The hardware abstraction layer: what a board provides to the runtime. It corresponds to
 * boards/runtime/hal.h. It moves data and pin levels and makes no decisions.
 */
import { PIN } from "../abi/abi.gen.ts";

/** Number of output pins that every board has: relay and lamp. */
export const BOARD_PINS = PIN.LAMP + 1;

export interface Hal {
  /** Number of pins of PIN that this board has. A guest that drives any other pin traps. */
  readonly pinCount: number;
  /** Milliseconds since power-on. Never decreases. */
  now(): number;
  /** Bit 0: NO is closed. Bit 1: NC is closed. Bit 2: the rail is up. As in the gate's inputs. */
  sense(): number;
  /**
   * Bit INPUT_BUTTON: the button is pressed. From bit INPUT_LINES_SHIFT: levels of the sensed
   * lines. From bit INPUT_TEMPERATURE_SHIFT: the temperature in 0.1 degrees Celsius, signed.
   */
  inputs(): number;
  /**
   * Radio power (one chip) or the radio's enable line (two chips). Off takes effect immediately.
   */
  radioPower(on: boolean): void;
  gpioWrite(pin: number, level: number): void;
  /**
   * Gives a message to the network stack. Called only while the radio is on and the session is up.
   */
  linkSend(principal: number, channel: number, bytes: Uint8Array): void;
  random(bytes: Uint8Array): void;
  /** HMAC-SHA256 with the principal's key. Null if this device has no key of that principal. */
  mac(principal: number, use: number, bytes: Uint8Array): Uint8Array | null;
  /** Reads into `bytes`. Returns false on an I/O error. */
  storageRead(region: number, offset: number, bytes: Uint8Array): boolean;
  /** Writes bytes in ascending order. Returns false on an I/O error. */
  storageWrite(region: number, offset: number, bytes: Uint8Array): boolean;
  /** The device's name, as in its topics. */
  readonly device: string;
  /** Takes an attestation. Null if none could be made. */
  attested(bytes: Uint8Array | null): void;
  /** Whether the trace is read. If not, the runtime skips lines that are costly to make. */
  readonly tracing: boolean;
  /** Writes one trace line: `@<now> <kind> <detail>`. */
  trace(kind: string, detail: string): void;
}

/** Size of each storage region that a guest reaches, in bytes, by REGION. */
export const REGION_BYTES = [64, 64, 512 * 64] as const;
/** A region of the storage for the host alone, which no import of a guest reaches, and its size in bytes. */
export const IDENTITY_REGION = REGION_BYTES.length;
export const IDENTITY_BYTES = 36;

/** Makes the storage of a board, by REGION, then IDENTITY_REGION. */
export function makeStorage(): readonly Uint8Array[] {
  return [...REGION_BYTES, IDENTITY_BYTES].map((size) => new Uint8Array(size));
}
