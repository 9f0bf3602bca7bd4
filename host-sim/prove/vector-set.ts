/**
 * A set of lists of 32-bit words: exact. Two lists that hash alike are compared word by word. Must not
 * know what the words mean.
 */

const EMPTY = -1;
const LOAD_MAX = 0.5;
const PRIME = 0x01000193;

export class VectorSet {
  /** The list that is asked for: filled by the caller from 0 on. */
  readonly list: Int32Array;
  size = 0;
  /** Of the last list that was asked for. */
  hash = 0;
  /** Lists one after the other, each behind its length; and where each starts. */
  #kept = new Int32Array(1 << 16);
  #used = 0;
  #slots = new Int32Array(1 << 12).fill(EMPTY);

  constructor(longest: number) {
    this.list = new Int32Array(longest);
  }

  /** Adds the first `length` words of `list` as a list. Returns whether it is new. */
  add(length: number): boolean {
    const { list } = this;
    if (length > list.length) throw new RangeError(`a list of ${length} words`);
    let hash = length;
    for (let index = 0; index < length; index++)
      hash = Math.imul(hash ^ (list[index] ?? 0), PRIME) ^ (hash >>> 13);
    const mask = this.#slots.length - 1;
    this.hash = hash;
    let slot = (hash ^ (hash >>> 16)) & mask;
    for (; this.#slots[slot] !== EMPTY; slot = (slot + 1) & mask)
      if (this.#same(this.#slots[slot] ?? 0, length)) return false;
    this.#slots[slot] = this.#keep(hash, length);
    this.size++;
    if (this.size > this.#slots.length * LOAD_MAX) this.#grow();
    return true;
  }

  #same(at: number, length: number): boolean {
    const kept = this.#kept;
    if (kept[at] !== length) return false;
    for (let index = 0; index < length; index++)
      if (kept[at + 2 + index] !== this.list[index]) return false;
    return true;
  }

  /** Returns where the list starts: length, hash, words. */
  #keep(hash: number, length: number): number {
    const at = this.#used;
    this.#used += length + 2;
    if (this.#used > this.#kept.length) {
      const more = new Int32Array(this.#kept.length * 2);
      more.set(this.#kept);
      this.#kept = more;
    }
    this.#kept[at] = length;
    this.#kept[at + 1] = hash;
    this.#kept.set(this.list.subarray(0, length), at + 2);
    return at;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2).fill(EMPTY);
    const mask = this.#slots.length - 1;
    for (const at of old) {
      if (at === EMPTY) continue;
      const hash = this.#kept[at + 1] ?? 0;
      let slot = (hash ^ (hash >>> 16)) & mask;
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      this.#slots[slot] = at;
    }
  }
}
