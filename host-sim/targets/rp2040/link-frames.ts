/**
 * Frames on the modem's UART that take the modem's place in tests: link state and messages. Twin of
 * boards/two-chip/firmware/link_frames.c, which has the format.
 */
import { crc32 } from "node:zlib";

const START = 2;
const HEAD = 4;
const CRC_BYTES = 4;
/** Longest body: a byte for principal and channel, and a message. */
const BODY_MAX = 0xffff;

export type FrameKind = "U" | "D" | "M" | "S";

export function linkFrame(kind: FrameKind, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  if (body.length > BODY_MAX) throw new RangeError(`a frame of ${body.length} bytes`);
  const frame = Buffer.alloc(HEAD + body.length + CRC_BYTES);
  frame.writeUInt8(START, 0);
  frame.write(kind, 1, "latin1");
  frame.writeUInt16LE(body.length, 2);
  frame.set(body, HEAD);
  frame.writeUInt32LE(crc32(frame.subarray(1, HEAD + body.length)), HEAD + body.length);
  return frame;
}

/** Finds the board's messages in the bytes of its line, and skips everything else. */
export class LinkFrameReader {
  readonly #message: (principal: number, channel: number, bytes: Uint8Array) => void;
  #bytes: number[] = [];

  constructor(message: (principal: number, channel: number, bytes: Uint8Array) => void) {
    this.#message = message;
  }

  reset(): void {
    this.#bytes = [];
  }

  feed(byte: number): void {
    if (this.#bytes.length === 0 && byte !== START) return;
    this.#bytes.push(byte);
    const [, , low = 0, high = 0] = this.#bytes;
    const end = HEAD + (low | (high << 8)) + CRC_BYTES;
    if (this.#bytes.length < HEAD || this.#bytes.length < end) return;
    const frame = Buffer.from(this.#bytes);
    this.#bytes = [];
    const good = crc32(frame.subarray(1, end - CRC_BYTES)) === frame.readUInt32LE(end - CRC_BYTES);
    if (!good || frame.toString("latin1", 1, 2) !== "S" || frame.length <= HEAD + CRC_BYTES) return;
    const to = frame[HEAD] ?? 0;
    this.#message(to >> 4, to & 15, frame.subarray(HEAD + 1, end - CRC_BYTES));
  }
}
