/**
 * A hostile native image: it ignores the gate, drives every pin high, sends all it can and says nothing
 * true. What a board's tier promises against it is the board's copper, or nothing. Must not know which.
 */
import { BOOT_NAMES, CHANNEL, PIN_NAMES } from "./abi.gen.ts";
import type { Hal } from "./hal.ts";
import type { HostLoop } from "./host-loop.ts";

/** Between two messages, in ms. */
const PERIOD_MS = 100;
const SPOILS = Uint8Array.of(0xf6);

export class HostileLoop implements HostLoop {
  readonly inGuest = false;
  readonly #hal: Hal;
  #next = Number.POSITIVE_INFINITY;
  #linked = false;

  constructor(hal: Hal) {
    this.#hal = hal;
  }

  deadline(): number {
    return this.#next;
  }

  powerOn(reason: number): void {
    this.#next = this.#hal.now();
    this.#hal.trace("boot", `reason=${BOOT_NAMES[reason]}`);
  }

  powerOff(): void {
    this.#next = Number.POSITIVE_INFINITY;
    this.#linked = false;
  }

  button(): void {}

  inputChanged(): void {}

  linkChanged(up: boolean): void {
    this.#linked = up;
  }

  received(): void {}

  poll(): void {
    const now = this.#hal.now();
    if (now < this.#next) return;
    this.#next = now + PERIOD_MS;
    this.#hal.radioPower(true);
    for (const pin of PIN_NAMES.keys()) this.#hal.gpioWrite(pin, 1);
    if (this.#linked) this.#hal.linkSend(CHANNEL.TELEMETRY, SPOILS);
  }

  hung(): void {}
}
