/**
 * Encodes Improv Serial frames (https://www.improv-wifi.com/serial/) and finds them among other
 * bytes.
 *
 * A frame: "IMPROV", version 1, type, length, data, the sum of the previous bytes modulo 256, and
 * usually a line end.
 */

const LETTERS = Buffer.from("IMPROV");
const VERSION = 1;
/** "IMPROV", version, type and length. */
const HEAD_BYTES = 9;

export const FRAME = { STATE: 1, ERROR: 2, RPC: 3, RESULT: 4 } as const;
export const STATE = { READY: 2, PROVISIONING: 3, PROVISIONED: 4 } as const;
export const ERROR = { NONE: 0, INVALID_RPC: 1, UNKNOWN_RPC: 2, CANNOT_CONNECT: 3 } as const;
export const RPC = { WIFI_SETTINGS: 1, GET_STATE: 2, DEVICE_INFO: 3, SCAN: 4 } as const;

/** A part of the received bytes. */
export type Found =
  | { kind: "text"; bytes: Uint8Array }
  | { kind: "frame"; type: number; data: Uint8Array }
  /** A frame with a wrong sum or version. Its bytes are searched again for other frames. */
  | { kind: "broken" };

const sumOf = (bytes: Uint8Array) => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);

export function encodeFrame(type: number, data: Uint8Array): Uint8Array {
  const head = Buffer.concat([LETTERS, Buffer.from([VERSION, type, data.length]), data]);
  return new Uint8Array(Buffer.concat([head, Buffer.from([sumOf(head), 0x0a])]));
}

/** How many letters of "IMPROV" the bytes begin with. 0 if they cannot become the whole word. */
function lettersAt(bytes: Buffer): number {
  const count = Math.min(bytes.length, LETTERS.length);
  return bytes.subarray(0, count).equals(LETTERS.subarray(0, count)) ? count : 0;
}

export class FrameReader {
  #held = Buffer.alloc(0);
  #text: number[] = [];

  /** Takes received bytes, in pieces of any size, and returns what was found. */
  feed(bytes: Uint8Array): Found[] {
    this.#held = Buffer.concat([this.#held, bytes]);
    const found: Found[] = [];
    while (this.#held.length > 0) {
      const whole = this.#step(found);
      if (!whole) break;
    }
    this.#release(found);
    return found;
  }

  /** Gives up an unfinished frame, after a pause, and returns its bytes as text or other frames. */
  flush(): Found[] {
    const found: Found[] = [];
    while (this.#held.length > 0) {
      this.#pass();
      while (this.#held.length > 0 && this.#step(found));
    }
    this.#release(found);
    return found;
  }

  /** Processes the next byte or frame. False if more bytes are needed for that. */
  #step(found: Found[]): boolean {
    const held = this.#held;
    const letters = lettersAt(held);
    if (letters === 0) {
      this.#pass();
      return true;
    }
    const length = held[HEAD_BYTES - 1];
    if (length === undefined) return false;
    const end = HEAD_BYTES + length;
    const sum = held[end];
    if (sum === undefined) return false;
    if (held[LETTERS.length] !== VERSION || sum !== sumOf(held.subarray(0, end))) {
      this.#release(found);
      found.push({ kind: "broken" });
      this.#pass();
      return true;
    }
    this.#release(found);
    const data = new Uint8Array(held.subarray(HEAD_BYTES, end));
    found.push({ kind: "frame", type: held.readUInt8(LETTERS.length + 1), data });
    this.#held = held.subarray(end + 1);
    return true;
  }

  /** Takes one byte that belongs to no frame. */
  #pass(): void {
    this.#text.push(this.#held.readUInt8(0));
    this.#held = this.#held.subarray(1);
  }

  #release(found: Found[]): void {
    if (this.#text.length > 0) found.push({ kind: "text", bytes: Uint8Array.from(this.#text) });
    this.#text = [];
  }
}

/** Encodes a command. Each text is preceded by its length. */
export function encodeRpc(command: number, texts: readonly Uint8Array[] = []): Uint8Array {
  const body = texts.flatMap((text) => [text.length, ...text]);
  return encodeFrame(FRAME.RPC, Uint8Array.of(command, body.length, ...body));
}

export interface Result {
  readonly command: number;
  readonly texts: readonly string[];
  /** The same texts as bytes: a network's name need not be UTF-8. */
  readonly bytes: readonly Uint8Array[];
}

/** Parses a RESULT frame's data. Null if its lengths are inconsistent. */
export function parseResult(data: Uint8Array): Result | null {
  const [command, length] = data;
  if (command === undefined || length !== data.length - 2) return null;
  const bytes: Uint8Array[] = [];
  for (let at = 2; at < data.length; ) {
    const end = at + 1 + (data[at] ?? 0);
    if (end > data.length) return null;
    bytes.push(data.subarray(at + 1, end));
    at = end;
  }
  return { command, texts: bytes.map((text) => Buffer.from(text).toString()), bytes };
}
