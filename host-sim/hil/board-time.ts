/**
 * The board's clock beside ours. A line is dated by the board and arrives later; the least delay seen
 * since the board's clock began tells the two apart. Must not know what a line says.
 */

export class BoardTime {
  #offset: number | null = null;
  /** How much earlier than #offset says lines have been seen to arrive; at most 0. */
  #early = 0;
  #last = 0;

  /**
   * The board starts over: its clock begins anew, or goes on and has stood still meanwhile. Nothing is
   * dated before `now` from here on.
   */
  restart(now: number): void {
    this.#offset = null;
    this.#early = 0;
    this.#last = Math.max(this.#last, now);
  }

  /** Takes in that a line dated `stamp` arrived at `now`. Returns its date in our time. */
  date(stamp: number, now: number): number {
    // All that follows keeps its distance from the first line, which is not dated before the last.
    this.#offset ??= Math.max(now, this.#last) - stamp;
    const at = stamp + this.#offset;
    this.#early = Math.min(this.#early, now - at);
    this.#last = Math.max(this.#last, at);
    return this.#last;
  }

  /** When a line of that date happened, as well as we know. */
  happened(at: number): number {
    return at + this.#early;
  }

  /** What we do ourselves is dated among the lines: never before the last. */
  dateOurs(now: number): number {
    this.#last = Math.max(this.#last, Math.round(now - this.#early));
    return this.#last;
  }
}
