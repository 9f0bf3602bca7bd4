/**
 * Reads a packet capture (classic pcap, Ethernet) while it is being written. Source:
 * draft-ietf-opsawg-pcap.
 */
import { closeSync, openSync, readSync } from "node:fs";

const HEAD_BYTES = 24;
const RECORD_BYTES = 16;
/** Magic numbers for timestamps in µs and in ns. The timestamps are not used. */
const MAGICS = [0xa1b2_c3d4, 0xa1b2_3c4d];
/** A record longer than this means that the file is not a valid capture, in bytes. */
const FRAME_MAX = 65_536;

export interface Frame {
  /** Source MAC address in hexadecimal, with colons. */
  readonly source: string;
  readonly bytes: number;
}

export class Pcap {
  readonly #path: string;
  #offset = 0;
  #headerRead = false;
  #rest = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** Frames added since the last call. Throws an Error if the file is not a capture. */
  read(): Frame[] {
    this.#append();
    if (!this.#headerRead) {
      if (this.#rest.length < HEAD_BYTES) return [];
      if (!MAGICS.includes(this.#rest.readUInt32LE(0)))
        throw new Error(`${this.#path} is not a pcap file`);
      this.#headerRead = true;
      this.#rest = this.#rest.subarray(HEAD_BYTES);
    }
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== null; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #append(): void {
    let file: number;
    try {
      file = openSync(this.#path, "r");
    } catch {
      return;
    }
    try {
      const chunk = Buffer.alloc(65_536);
      for (;;) {
        const count = readSync(file, chunk, 0, chunk.length, this.#offset);
        if (count === 0) return;
        this.#offset += count;
        this.#rest = Buffer.concat([this.#rest, chunk.subarray(0, count)]);
      }
    } finally {
      closeSync(file);
    }
  }

  /** The next frame; null if its record is not complete yet. */
  #next(): Frame | null {
    const rest = this.#rest;
    if (rest.length < RECORD_BYTES) return null;
    const bytes = rest.readUInt32LE(8);
    if (bytes > FRAME_MAX)
      throw new Error(`${this.#path}: a frame of ${bytes} bytes, more than ${FRAME_MAX}`);
    if (rest.length < RECORD_BYTES + bytes) return null;
    const ethernet = rest.subarray(RECORD_BYTES, RECORD_BYTES + bytes);
    this.#rest = rest.subarray(RECORD_BYTES + bytes);
    const source = ethernet.subarray(6, 12).toString("hex").replace(/..\B/g, "$&:");
    return { source, bytes };
  }
}
