/** Which movements of the button must toggle the relay, and which may be bounce. */

/** An edge within this time of another, or of a boot, is bounce, in ms. */
const QUIET_MS = 30;
/** The edges of one press come within this time, in ms. */
const CHATTER_MS = 6;

interface Press {
  at: number;
  /** Whether it must move the relay. It may be bounce otherwise. */
  certain: boolean;
  /** Whether it has moved the relay. */
  shown: boolean;
}

export class Presses {
  #press: Press | null = null;
  #pressed = false;
  #buttonAt = Number.NEGATIVE_INFINITY;
  #bootAt = 0;
  #stalledAt = Number.NEGATIVE_INFINITY;

  /** Whether a press may still move the relay or begin a hold. */
  get open(): boolean {
    return this.#press !== null;
  }

  /** The button moves at `now`. `running` says whether the guest runs. */
  button(now: number, down: boolean, running: boolean): void {
    // The button moved twice in this ms, so the first move may have no effect.
    if (this.#press?.at === now) this.#press.certain = false;
    if (down) {
      const settled =
        now >= this.#buttonAt + CHATTER_MS + QUIET_MS &&
        now >= this.#bootAt + QUIET_MS &&
        now >= this.#stalledAt + CHATTER_MS + QUIET_MS;
      const certain = settled && running && !this.#pressed;
      this.#press = { at: now, certain, shown: false };
    }
    this.#pressed = down;
    this.#buttonAt = now;
  }

  /** The processor stood still for `ms` until `now`. */
  stalled(now: number, ms: number): void {
    this.#stalledAt = now;
    // Edges that the device did not see in time may or may not look like bounce.
    if (now - ms <= this.#buttonAt + CHATTER_MS)
      this.#press = { at: now, certain: false, shown: false };
  }

  /** The guest boots. It has seen no press yet. */
  boot(at: number): void {
    this.#bootAt = at;
    this.#press = null;
  }

  /** The guest stops. A press in the same ms may be discarded with the queue. */
  stopped(at: number): void {
    if (this.#press?.at === at) this.#press.certain = false;
  }

  /** The relay moved without a command. Returns whether a press explains it. */
  show(): boolean {
    if (this.#press === null || this.#press.shown) return false;
    this.#press.shown = true;
    return true;
  }

  /** The rule that a press breaks which has had no effect until `at`; null if none does. */
  overdue(at: number): string | null {
    const press = this.#press;
    if (press === null || at <= press.at) return null;
    if (press.certain && !press.shown) return "I6: a press toggles the relay";
    if (at > press.at + CHATTER_MS) this.#press = null;
    return null;
  }
}
