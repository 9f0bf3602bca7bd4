/** The temperatures of a run, as the device may report them: it measures at each tick. */
import { TICK_MS } from "../abi/abi.gen.ts";

export class Temperatures {
  /** In degrees Celsius, with the time from which each applies. */
  readonly #values = [{ at: 0, value: 21.5 }];

  set(at: number, temperature: number): void {
    this.#values.push({ at, value: Math.round(temperature * 10) / 10 });
  }

  /**
   * Checks what a device reports at `at`, which may have missed ticks since `stalledAt`. Returns the
   * broken rule; null if there is none.
   */
  check(at: number, temperature: number, stalledAt: number): string | null {
    const since = stalledAt >= at - TICK_MS ? 0 : at - TICK_MS;
    const later = this.#values.findLastIndex((one) => one.at < since);
    const possible = this.#values.slice(Math.max(0, later));
    return possible.some(({ value }) => value === temperature)
      ? null
      : "telemetry reports the temperature of the last tick";
  }
}
