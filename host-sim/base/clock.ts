/**
 * Injected time. A virtual clock moves only when it is set. A real clock follows the monotonic
 * clock of the process. Outside this file only the command line reads a clock or sets a timer.
 */

/** Whole milliseconds since the board's supply came up. Never decreases. */
export interface Clock {
  now(): number;
}

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Parses `200ms`, `2s`, `5m` or `1h`. Returns milliseconds, or undefined for any other text. */
export function parseMs(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  return digits === undefined
    ? undefined
    : Number(digits) * UNITS_MS[unit as keyof typeof UNITS_MS];
}

/** Calls `wake` once after `ms` milliseconds. Returns a function that cancels the call. */
export type SetTimer = (ms: number, wake: () => void) => () => void;

export class VirtualClock implements Clock {
  #now: number;

  constructor(start = 0) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** Moves time forward to `now`. Throws on a step back, which is a bug of the caller. */
  set(now: number): void {
    if (now < this.#now)
      throw new Error(`virtual clock: cannot go back from ${this.#now} ms to ${now} ms`);
    this.#now = now;
  }
}

/** Milliseconds of wall time since the clock was created. */
export class RealClock implements Clock {
  readonly #start = performance.now();

  now(): number {
    return Math.floor(performance.now() - this.#start);
  }

  /**
   * Calls `wake` once at `at`, or as soon afterwards as the event loop allows. Returns a function
   * that cancels the call.
   */
  wakeAt(at: number, wake: () => void): () => void {
    const timer = setTimeout(wake, Math.max(0, at - this.now()));
    return () => clearTimeout(timer);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((done) => this.wakeAt(this.now() + ms, done));
  }
}
