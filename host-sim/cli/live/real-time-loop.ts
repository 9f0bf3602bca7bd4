/**
 * Runs a simulator in real time: advances it to the wall clock, then sleeps until the next event is
 * due.
 */
import type { RealClock } from "../../base/clock.ts";
import type { Simulator } from "../../sim/simulator.ts";

/** The longest delay that setTimeout takes (31 bits), rounded down, in ms. */
const SLEEP_MAX_MS = 0x7fff_0000;

export class RealTimeLoop {
  readonly #simulator: Simulator;
  readonly #clock: RealClock;
  readonly #advanced: () => void;
  readonly #fail: (error: unknown) => void;
  #cancel: () => void = () => {};
  #running = true;

  /**
   * `advanced` is called each time the simulator has advanced. `fail` is called with an error
   * thrown while it advanced; the loop has then stopped.
   */
  constructor(
    simulator: Simulator,
    clock: RealClock,
    advanced: () => void,
    fail: (error: unknown) => void,
  ) {
    this.#simulator = simulator;
    this.#clock = clock;
    this.#advanced = advanced;
    this.#fail = fail;
  }

  /** Advances the simulator to the wall clock and sets the timer for the next event. */
  wake(): void {
    if (!this.#running) return;
    this.#cancel();
    try {
      this.#simulator.advance(Math.max(this.#clock.now(), this.#simulator.now));
      this.#advanced();
    } catch (error) {
      this.stop();
      this.#fail(error);
      return;
    }
    // A board without supply has nothing due: its deadline is Infinity.
    const due = Math.min(this.#simulator.deadline(), this.#clock.now() + SLEEP_MAX_MS);
    this.#cancel = this.#clock.wakeAt(due, () => this.wake());
  }

  /** Waits `ms` milliseconds of wall time. Advances the simulator before and after. */
  async wait(ms: number): Promise<void> {
    this.wake();
    await this.#clock.sleep(ms);
    this.wake();
  }

  stop(): void {
    this.#running = false;
    this.#cancel();
  }
}
