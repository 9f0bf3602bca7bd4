/** The wait between attempts to reach a broker. */

/** In ms. The ceiling doubles from the first to the last; the delay is random in its upper half. */
const FIRST_MS = 1_000;
const LAST_MS = 30_000;

export class BackOff {
  readonly #below: (limit: number) => number;
  #attempts = 0;

  /** `below`: a random whole number below a limit. */
  constructor(below: (limit: number) => number) {
    this.#below = below;
  }

  /** An attempt succeeded. */
  reset(): void {
    this.#attempts = 0;
  }

  /** How long to wait before the next attempt, in ms. */
  next(): number {
    const ceiling = Math.min(LAST_MS, FIRST_MS * 2 ** this.#attempts);
    this.#attempts++;
    return ceiling / 2 + this.#below(ceiling / 2 + 1);
  }
}
