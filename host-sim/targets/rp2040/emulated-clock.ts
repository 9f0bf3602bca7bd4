/** The emulated chip's time, in nanoseconds, and what is due in it. It moves only when passTo() is called. */
import type { RP2040 } from "rp2040js";

type Clock = RP2040["clock"];
type Alarm = ReturnType<Clock["createAlarm"]>;

class EmulatedAlarm implements Alarm {
  at = Number.POSITIVE_INFINITY;
  readonly fire: () => void;
  readonly #clock: EmulatedClock;

  constructor(clock: EmulatedClock, fire: () => void) {
    this.#clock = clock;
    this.fire = fire;
  }

  schedule(deltaNanos: number): void {
    this.at = this.#clock.nanos + deltaNanos;
  }

  cancel(): void {
    this.at = Number.POSITIVE_INFINITY;
  }
}

export class EmulatedClock implements Clock {
  nanos = 0;
  readonly #alarms: EmulatedAlarm[] = [];

  createAlarm(fire: () => void): Alarm {
    const alarm = new EmulatedAlarm(this, fire);
    this.#alarms.push(alarm);
    return alarm;
  }

  /** When the next alarm is due; Infinity for never. */
  get due(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const { at } of this.#alarms) if (at < due) due = at;
    return due;
  }

  /** Moves to a time and runs the alarms that are due by then. */
  passTo(nanos: number): void {
    for (let due = this.due; due <= nanos; due = this.due) {
      this.nanos = Math.max(this.nanos, due);
      for (const alarm of this.#alarms) {
        if (alarm.at > this.nanos) continue;
        alarm.cancel();
        alarm.fire();
      }
    }
    this.nanos = Math.max(this.nanos, nanos);
  }
}
