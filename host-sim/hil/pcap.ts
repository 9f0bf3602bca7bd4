/**
 * Reads a packet capture while it is being written: classic pcap, Ethernet. Must not know what is
 * looked for. Source: draft-ietf-opsawg-pcap.
 */
import { closeSync, openSync, readSync } from "node:fs";

const HEAD_BYTES = 24;
const RECORD_BYTES = 16;
/** Times in µs, in ns: they are passed over. */
const MAGICS = [0xa1b2_c3d4, 0xa1b2_3c4d];
/** Longer ones are no frames: the file is not what it says. */
const FRAME_MAX = 65_536;

export interface Frame {
  /** Hexadecimal, colons between the bytes. */
  readonly source: string;
  readonly bytes: number;
}

export class Pcap {
  readonly #path: string;
  #offset = 0;
  #begun = false;
  #rest = Buffer.alloc(0);

  constructor(path: string) {
    this.#path = path;
  }

  /** Frames that have been added since the last call. Throws Error for a file that is no capture. */
  read(): Frame[] {
    this.#append();
    if (!this.#begun) {
      if (this.#rest.length < HEAD_BYTES) return [];
      if (!MAGICS.includes(this.#rest.readUInt32LE(0)))
        throw new Error(`${this.#path} is no capture`);
      this.#begun = true;
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

  /** Null if the next record is not there whole. */
  #next(): Frame | null {
    const rest = this.#rest;
    if (rest.length < RECORD_BYTES) return null;
    const bytes = rest.readUInt32LE(8);
    if (bytes > FRAME_MAX) throw new Error(`${this.#path}: a frame of ${bytes} bytes`);
    if (rest.length < RECORD_BYTES + bytes) return null;
    const ethernet = rest.subarray(RECORD_BYTES, RECORD_BYTES + bytes);
    this.#rest = rest.subarray(RECORD_BYTES + bytes);
    const source = ethernet.subarray(6, 12).toString("hex").replace(/..\B/g, "$&:");
    return { source, bytes };
  }
}
