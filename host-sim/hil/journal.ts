/**
 * The journal as the console's `journal` command tells it: length, pieces in hexadecimal, checksum.
 * Must not know what is in it.
 */
import { crc32 } from "../crc32.ts";
import { Mismatch } from "../scenario/target.ts";

const WANTED = "the board's journal on its console";
const LENGTH_MAX = 1 << 20;

export class JournalDump {
  #bytes: Buffer | null = null;
  #got = 0;

  /** Takes an answer. Returns the journal once it is whole. Throws Mismatch for one that is not. */
  take(text: string): Uint8Array | null {
    const [, length, at, hex, crc] =
      /^journal (?:len=(\d{1,7})|at=(\d{1,7}) ([0-9a-f]+)|crc=([0-9a-f]{8}))$/.exec(text) ?? [];
    if (length !== undefined) {
      if (Number(length) > LENGTH_MAX) throw new Mismatch(WANTED, `${length} bytes of it`);
      this.#bytes = Buffer.alloc(Number(length));
      this.#got = 0;
    } else if (hex !== undefined) this.#piece(Number(at), Buffer.from(hex, "hex"));
    else if (crc !== undefined && this.#bytes !== null) {
      const whole = this.#got === this.#bytes.length && crc32(this.#bytes) === crc;
      if (!whole)
        throw new Mismatch(WANTED, `${this.#got} of ${this.#bytes.length} bytes, or torn`);
      return this.#bytes;
    } else if (text.startsWith("error ")) throw new Mismatch(WANTED, text);
    return null;
  }

  #piece(at: number, bytes: Buffer): void {
    if (this.#bytes === null || at + bytes.length > this.#bytes.length) return;
    this.#bytes.set(bytes, at);
    this.#got += bytes.length;
  }
}
