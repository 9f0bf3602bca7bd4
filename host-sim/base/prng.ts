/**
 * Injected randomness: the sfc32 generator. It uses 32-bit operations only, so that the C version
 * (boards/) gives the same bytes. Not for keys. Source: C. Doty-Humphrey, PractRand, `sfc32`.
 */
export class Prng {
  #a = 0;
  #b = 0;
  #c = 0;
  #count = 1;

  /** The same seed (an unsigned 32-bit integer) gives the same sequence. */
  constructor(seed: number) {
    this.#a = seed >>> 0;
    this.#b = 0x9e3779b9;
    this.#c = 0x243f6a88;
    for (let round = 0; round < 12; round++) this.u32();
  }

  /** Uniform over 0 .. 2^32 - 1. */
  u32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform over 0 .. bound - 1, by multiplication. The bias is below bound / 2^32. */
  below(bound: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * bound);
  }

  /**
   * Fills `bytes` with four bytes per draw, little-endian. The last 1 to 3 bytes are the low bytes
   * of one more draw.
   */
  fill(bytes: Uint8Array): void {
    let word = 0;
    for (let index = 0; index < bytes.length; index++) {
      if (index % 4 === 0) word = this.u32();
      bytes[index] = word & 0xff;
      word >>>= 8;
    }
  }
}
