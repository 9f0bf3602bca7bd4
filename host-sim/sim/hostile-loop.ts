/**
 * A host loop that acts as hostile native code: it ignores the gate, drives every pin high and
 * sends as often as it can. Only the copper of a two-chip board can stop it; other tiers promise
 * nothing here.
 */
import { BOOT_NAMES, CHANNEL, PIN_NAMES, PRINCIPAL } from "../abi/abi.gen.ts";
import type { Hal } from "./hal.ts";
import type { HostLoop } from "./host-loop.ts";

/** Time between two messages, in ms. */
const PERIOD_MS = 100;
const MESSAGE = Uint8Array.of(0xf6);

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

  attest(): void {
    this.#hal.attested(null);
  }

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
    if (this.#linked) this.#hal.linkSend(PRINCIPAL.OWNER, CHANNEL.TELEMETRY, MESSAGE);
  }

  hung(): void {}
}
