/**
 * Assembles the journal from the answers to the console's `journal` command: its length, pieces in
 * hexadecimal, a CRC-32.
 */
import { crc32 } from "../../base/crc32.ts";
import { Mismatch } from "../../scenario/target.ts";

const EXPECTED = "the board's journal on its console";
const LENGTH_MAX = 1 << 20;

export class JournalDump {
  #bytes: Buffer | null = null;
  #received = 0;

  /** Adds an answer. Returns the journal once it is complete. Throws Mismatch if it is damaged. */
  take(text: string): Uint8Array | null {
    const [, length, at, hex, crc] =
      /^journal (?:len=(\d{1,7})|at=(\d{1,7}) ([0-9a-f]+)|crc=([0-9a-f]{8}))$/.exec(text) ?? [];
    if (length !== undefined) {
      if (Number(length) > LENGTH_MAX)
        throw new Mismatch(EXPECTED, `${length} bytes, more than ${LENGTH_MAX}`);
      this.#bytes = Buffer.alloc(Number(length));
      this.#received = 0;
    } else if (hex !== undefined) this.#piece(Number(at), Buffer.from(hex, "hex"));
    else if (crc !== undefined && this.#bytes !== null) {
      const complete = this.#received === this.#bytes.length && crc32(this.#bytes) === crc;
      if (!complete) {
        const found = `${this.#received} of ${this.#bytes.length} bytes, or a wrong CRC`;
        throw new Mismatch(EXPECTED, found);
      }
      return this.#bytes;
    } else if (text.startsWith("error ")) throw new Mismatch(EXPECTED, text);
    return null;
  }

  #piece(at: number, bytes: Buffer): void {
    if (this.#bytes === null || at + bytes.length > this.#bytes.length) return;
    this.#bytes.set(bytes, at);
    this.#received += bytes.length;
  }
}
