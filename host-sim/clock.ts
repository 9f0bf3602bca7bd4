/**
 * Time, injected. Virtual time moves only when told to; real time follows the process's monotonic
 * clock. Nothing else in host-sim reads a clock or sets a timer, but the command line.
 */

/** Milliseconds since the board's supply came up, an integer that never runs backwards. */
export interface Clock {
  now(): number;
}

export class VirtualClock implements Clock {
  #now: number;

  constructor(start = 0) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** Moves time forward. Throws on a step back: a caller's bug. */
  set(now: number): void {
    if (now < this.#now) throw new Error(`virtual clock: ${now} ms lies before ${this.#now} ms`);
    this.#now = now;
  }
}

/** Milliseconds of wall time since the clock was made. */
export class RealClock implements Clock {
  readonly #start = performance.now();

  now(): number {
    return Math.floor(performance.now() - this.#start);
  }

  /** Calls back once at `at`, or as soon after as the event loop allows. Returns the cancel. */
  wakeAt(at: number, wake: () => void): () => void {
    const timer = setTimeout(wake, Math.max(0, at - this.now()));
    return () => clearTimeout(timer);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((done) => this.wakeAt(this.now() + ms, done));
  }
}
