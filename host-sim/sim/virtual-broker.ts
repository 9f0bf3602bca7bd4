/**
 * A broker and its network in virtual time. Delivery takes time. The broker can fail, retain
 * messages and hold messages for the next session.
 */
import type { Link, LinkSink } from "./link.ts";

/** Time from radio on to session up, one-way latency, and limits of the retry delay, in ms. */
const CONNECT_MS = 40;
const LATENCY_MS = 5;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 30_000;

/**
 * How a message is delivered to the device:
 * - `direct`: now, or not at all.
 * - `retained`: now, and at the start of every session.
 * - `held`: at the start of the next session.
 * - `lost`: not at all. An attacker may have recorded it.
 */
export type Delivery = "direct" | "retained" | "held" | "lost";

/** Called for each message from the device: time sent in ms, PRINCIPAL, CHANNEL, bytes. */
export type DeviceMessage = (
  at: number,
  principal: number,
  channel: number,
  bytes: Uint8Array,
) => void;

export class VirtualBroker implements Link {
  readonly #onMessage: DeviceMessage;
  #alive = true;
  #radio = false;
  #session = false;
  #attemptAt = Number.POSITIVE_INFINITY;
  #retryMs = RETRY_MIN_MS;
  #sessionAt = Number.POSITIVE_INFINITY;
  #lostAt = Number.POSITIVE_INFINITY;
  #retained: Uint8Array | null = null;
  #held: Uint8Array[] = [];
  #inFlight: { at: number; bytes: Uint8Array }[] = [];

  constructor(onMessage: DeviceMessage) {
    this.#onMessage = onMessage;
  }

  /** Whether the broker considers the device connected. */
  get session(): boolean {
    return this.#session;
  }

  power(on: boolean, now: number): void {
    this.#radio = on;
    this.#session = false;
    this.#inFlight = [];
    this.#sessionAt = Number.POSITIVE_INFINITY;
    this.#lostAt = Number.POSITIVE_INFINITY;
    this.#retryMs = RETRY_MIN_MS;
    this.#attemptAt = on ? now : Number.POSITIVE_INFINITY;
  }

  send(principal: number, channel: number, bytes: Uint8Array, now: number): void {
    if (this.#session) this.#onMessage(now, principal, channel, bytes);
  }

  /** A controller publishes a command. Returns whether the broker accepted it. */
  publish(bytes: Uint8Array, delivery: Delivery, now: number): boolean {
    if (!this.#alive) return false;
    if (delivery === "lost") return true;
    if (delivery === "retained") this.#retained = bytes;
    if (delivery === "held") this.#held.push(bytes);
    else if (this.#session) this.#inFlight.push({ at: now + LATENCY_MS, bytes });
    return true;
  }

  /**
   * The broker stops, which ends all sessions, or starts again. It keeps retained and held
   * messages.
   */
  setAlive(alive: boolean, now: number): void {
    this.#alive = alive;
    if (alive) return;
    this.#inFlight = [];
    this.#sessionAt = Number.POSITIVE_INFINITY;
    if (this.#session) this.#lostAt = now;
    if (this.#radio) this.#attemptAt = now + this.#retryMs;
  }

  deadline(): number {
    const delivery = this.#inFlight[0]?.at ?? Number.POSITIVE_INFINITY;
    return Math.min(this.#attemptAt, this.#sessionAt, this.#lostAt, delivery);
  }

  poll(now: number, sink: LinkSink): void {
    if (now >= this.#lostAt) {
      this.#lostAt = Number.POSITIVE_INFINITY;
      this.#session = false;
      sink.linkChanged(false);
    }
    if (now >= this.#attemptAt) {
      this.#attemptAt = this.#alive ? Number.POSITIVE_INFINITY : now + this.#retryMs;
      this.#retryMs = this.#alive ? RETRY_MIN_MS : Math.min(RETRY_MAX_MS, this.#retryMs * 2);
      if (this.#alive) this.#sessionAt = now + CONNECT_MS;
    }
    if (now >= this.#sessionAt) this.#begin(now, sink);
    while (this.#inFlight.length > 0 && (this.#inFlight[0]?.at ?? 0) <= now) {
      const message = this.#inFlight.shift();
      if (message !== undefined) sink.received(message.bytes);
    }
  }

  #begin(now: number, sink: LinkSink): void {
    this.#sessionAt = Number.POSITIVE_INFINITY;
    this.#session = true;
    sink.linkChanged(true);
    const waiting = this.#retained === null ? this.#held : [this.#retained, ...this.#held];
    this.#held = [];
    for (const bytes of waiting) this.#inFlight.push({ at: now + LATENCY_MS, bytes });
  }
}
