/** The abstract states that were found, each with the step that led to it. A hash table of integers. */

const EMPTY = -1;
const LOAD_MAX = 0.5;

export class StateTable {
  /** Abstract states in the order in which they were found; the index of the state before; the step. */
  codes = new Int32Array(1 << 16);
  parents = new Int32Array(1 << 16);
  labels = new Int32Array(1 << 16);
  size = 0;
  #slots = new Int32Array(1 << 17).fill(EMPTY);
  #mask = (1 << 17) - 1;

  #slot(code: number): number {
    let at = (Math.imul(code ^ (code >>> 15), 0x2c1b3c6d) ^ (code >>> 7)) & this.#mask;
    for (;;) {
      const index = this.#slots[at] ?? EMPTY;
      if (index === EMPTY || this.codes[index] === code) return at;
      at = (at + 1) & this.#mask;
    }
  }

  /** The index of an abstract state, or -1. */
  find(code: number): number {
    return this.#slots[this.#slot(code)] ?? EMPTY;
  }

  /** Adds an abstract state unless it is there. Returns whether it was new. */
  add(code: number, parent: number, label: number): boolean {
    const slot = this.#slot(code);
    if (this.#slots[slot] !== EMPTY) return false;
    if (this.size === this.codes.length) {
      this.#grow();
      return this.add(code, parent, label);
    }
    const index = this.size++;
    this.codes[index] = code;
    this.parents[index] = parent;
    this.labels[index] = label;
    this.#slots[slot] = index;
    return true;
  }

  #grow(): void {
    const double = (from: Int32Array) => {
      const to = new Int32Array(from.length * 2);
      to.set(from);
      return to;
    };
    this.codes = double(this.codes);
    this.parents = double(this.parents);
    this.labels = double(this.labels);
    const slots = Math.round(this.codes.length / LOAD_MAX);
    this.#mask = slots - 1;
    this.#slots = new Int32Array(slots).fill(EMPTY);
    for (let index = 0; index < this.size; index++)
      this.#slots[this.#slot(this.codes[index] ?? 0)] = index;
  }
}
