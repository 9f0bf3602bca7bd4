/**
 * Converts the board's timestamps to the runner's clock. A trace line carries the board's time and
 * arrives later; the line with the smallest delay since the board's clock started is taken as the
 * reference (delay 0).
 */

export class BoardTime {
  #offset: number | null = null;
  /** The most that a line has arrived before its converted date, in ms; never above 0. */
  #early = 0;
  #last = 0;

  /**
   * The board restarts: its clock starts at 0 again, or continues after a pause. From here on, no
   * line gets a date before `now`.
   */
  restart(now: number): void {
    this.#offset = null;
    this.#early = 0;
    this.#last = Math.max(this.#last, now);
  }

  /**
   * Converts the timestamp of a line that arrived at `now`. Returns its date on our clock, in ms.
   */
  date(stamp: number, now: number): number {
    // Later lines keep their distance from the first one, which is not dated before the last line.
    this.#offset ??= Math.max(now, this.#last) - stamp;
    const at = stamp + this.#offset;
    this.#early = Math.min(this.#early, now - at);
    this.#last = Math.max(this.#last, at);
    return this.#last;
  }

  /** The best estimate of when a line with this date happened, in ms on our clock. */
  happened(at: number): number {
    return at + this.#early;
  }

  /** The date of an action of the runner, on the same scale: never before the last line. */
  dateOurs(now: number): number {
    this.#last = Math.max(this.#last, Math.round(now - this.#early));
    return this.#last;
  }
}
