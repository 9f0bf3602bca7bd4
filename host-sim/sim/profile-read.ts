/**
 * The reader of WebAssembly's binary format: the twin of boards/runtime/validate_read.c. Source:
 * WebAssembly Core Specification 1.0, 5.2.
 */

export const TYPE_NONE = 0x40;
export const TYPE_I32 = 0x7f;
export const TYPE_I64 = 0x7e;

/** The module is not valid, or beyond the profile. */
export class Malformed extends Error {}

/** Throws Malformed unless it holds. */
export function hold(holds: boolean): void {
  if (!holds) throw new Malformed();
}

export class Reader {
  at: number;
  readonly end: number;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte(): number {
    hold(this.at < this.end);
    return this.bytes[this.at++] ?? 0;
  }

  /** LEB128, unsigned, 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      hold(shift < 28 || byte <= 0x0f);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new Malformed();
  }

  /** LEB128, signed, of at most `bits` bits (at least 7): checked, not kept. */
  skipSigned(bits: number): void {
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = this.byte();
      if (shift + 7 > bits) {
        // The last byte holds the sign in all its unused bits, and ends the number.
        const mask = (0x7f << (bits - shift - 1)) & 0x7f;
        hold(byte < 0x80 && ((byte & mask) === 0 || (byte & mask) === mask));
      }
      if (byte < 0x80) return;
    }
    throw new Malformed();
  }

  /** i32 or i64. */
  valueType(): number {
    const type = this.byte();
    hold(type === TYPE_I32 || type === TYPE_I64);
    return type;
  }

  /** `length` bytes in place. */
  take(length: number): Uint8Array {
    hold(length <= this.end - this.at);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** A reader of the next `length` bytes, which are passed over here. */
  part(length: number): Reader {
    const at = this.at;
    this.take(length);
    return new Reader(this.bytes, at, this.at);
  }

  /** A vector of bytes that is well-formed UTF-8. A byte order mark is kept: it is part of a name. */
  name(): string {
    const bytes = this.take(this.u32());
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new Malformed();
    }
  }
}
