/** The temperatures that a scenario set on the board, and when. */

export class Temperatures {
  /** In degrees Celsius, with the time in ms from which each applies, in order of time. */
  readonly #values = [{ at: 0, value: 21.5 }];

  /** The board has this temperature, in degrees Celsius, from `at` on. */
  set(at: number, temperature: number): void {
    this.#values.push({ at, value: Math.round(temperature * 10) / 10 });
  }

  /** Whether the board had this temperature at `since` or later. */
  hadSince(since: number, temperature: number): boolean {
    const later = this.#values.findLastIndex((one) => one.at < since);
    return this.#values.slice(Math.max(0, later)).some(({ value }) => value === temperature);
  }
}
