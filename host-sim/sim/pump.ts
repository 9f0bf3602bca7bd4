/**
 * Ties a simulator to the wall clock: lives through what is due, sleeps until the next thing is.
 * Must not know what the simulator simulates.
 */
import type { RealClock } from "../clock.ts";
import type { Simulator } from "../simulator.ts";

export class Pump {
  readonly #simulator: Simulator;
  readonly #clock: RealClock;
  readonly #after: () => void;
  readonly #fail: (error: unknown) => void;
  #cancel: () => void = () => {};
  #running = true;

  /** `after` is called whenever time has moved; `fail` with an error that a wake-up met. */
  constructor(
    simulator: Simulator,
    clock: RealClock,
    after: () => void,
    fail: (error: unknown) => void,
  ) {
    this.#simulator = simulator;
    this.#clock = clock;
    this.#after = after;
    this.#fail = fail;
  }

  /** Catches up with the wall clock and sets the alarm for what is due next. */
  wake(): void {
    if (!this.#running) return;
    this.#cancel();
    try {
      this.#simulator.advance(Math.max(this.#clock.now(), this.#simulator.now));
      this.#after();
    } catch (error) {
      this.stop();
      this.#fail(error);
      return;
    }
    // setTimeout takes 31 bits; a board always ticks, but one without supply has nothing due.
    const due = Math.min(this.#simulator.deadline(), this.#clock.now() + 0x7fff_0000);
    this.#cancel = this.#clock.wakeAt(due, () => this.wake());
  }

  /** Waits for so many ms of wall time, catching up before and after. */
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
