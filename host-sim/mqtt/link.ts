/**
 * A board's radio as one real MQTT session: `Link` over TCP, for real time.
 * Must not know the gate, the guest, or what the messages mean.
 */
import { CHANNEL, MESSAGE_MAX } from "../abi.gen.ts";
import type { Link, LinkSink } from "../link.ts";
import type { Prng } from "../prng.ts";
import { type BrokerAddress, brokerTrouble, openSession, type Session } from "./session.ts";
import { type Level, OFFLINE, ONLINE, topic } from "./topics.ts";

/** Back-off between attempts, in ms: the ceiling doubles; a delay is its upper half, jittered. */
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_LAST_MS = 30_000;
/** Messages waiting for poll(); one more is dropped, as a radio without buffers would. */
const INBOX_MAX = 64;

const CHANNEL_LEVELS: Record<number, Level> = {
  [CHANNEL.REPLY]: "reply",
  [CHANNEL.STATUS]: "status",
  [CHANNEL.TELEMETRY]: "telemetry",
};

export interface MqttLinkOptions {
  readonly address: BrokerAddress;
  readonly device: string;
  /** Jitter of the back-off. */
  readonly prng: Prng;
  /** poll() has something to hand over. Called outside of power(), send() and poll(). */
  readonly wake: () => void;
  /** Why a session failed or ended, in one line, for a person. */
  readonly trouble?: (message: string) => void;
}

export class MqttLink implements Link {
  readonly #options: MqttLinkOptions;
  readonly #command: string;
  readonly #availability: string;
  #session: Session | undefined;
  #powered = false;
  /** The session is open, subscribed and announced. */
  #up = false;
  /** What the sink was last told. */
  #told = false;
  #inbox: Uint8Array[] = [];
  #attempts = 0;
  #retryAt = Number.POSITIVE_INFINITY;

  constructor(options: MqttLinkOptions) {
    this.#options = options;
    this.#command = topic(options.device, "command");
    this.#availability = topic(options.device, "availability");
  }

  power(on: boolean, _now: number): void {
    if (on === this.#powered) return;
    this.#powered = on;
    this.#attempts = 0;
    if (on) this.#open();
    else this.#cut();
  }

  #cut(): void {
    // Disowned first: over TLS a session ends while it is being cut, and would report a loss.
    const session = this.#session;
    this.#session = undefined;
    session?.cut();
    this.#up = false;
    this.#told = false;
    this.#inbox = [];
    this.#retryAt = Number.POSITIVE_INFINITY;
  }

  send(channel: number, bytes: Uint8Array, _now: number): void {
    const level = CHANNEL_LEVELS[channel];
    if (level === undefined) throw new Error(`link: no channel ${channel}`);
    if (!this.#up) return;
    const name = topic(this.#options.device, level);
    this.#session?.client.publish(name, Buffer.from(bytes), { qos: 0 });
  }

  deadline(): number {
    const waiting = this.#up && this.#inbox.length > 0;
    return waiting || this.#up !== this.#told || this.#needsRetry() ? 0 : this.#retryAt;
  }

  /** After power(false) nothing is handed over, not even that the session went down. */
  poll(now: number, sink: LinkSink): void {
    if (this.#needsRetry()) this.#retryAt = now + this.#delay();
    if (now >= this.#retryAt) {
      this.#retryAt = Number.POSITIVE_INFINITY;
      this.#open();
    }
    if (this.#told !== this.#up) {
      this.#told = this.#up;
      sink.linkChanged(this.#up);
    }
    // The sink may cut the power at any message: ask again before each.
    for (let next = this.#next(); next !== undefined; next = this.#next()) sink.received(next);
  }

  #next(): Uint8Array | undefined {
    return this.#up ? this.#inbox.shift() : undefined;
  }

  /** A session ended by itself and the next attempt has no date yet. */
  #needsRetry(): boolean {
    return (
      this.#powered && this.#session === undefined && this.#retryAt === Number.POSITIVE_INFINITY
    );
  }

  #delay(): number {
    const ceiling = Math.min(BACKOFF_LAST_MS, BACKOFF_FIRST_MS * 2 ** this.#attempts);
    this.#attempts++;
    return ceiling / 2 + this.#options.prng.below(ceiling / 2 + 1);
  }

  #open(): void {
    const { address, device } = this.#options;
    const session = openSession(address, {
      clientId: `killswitch-${device}`,
      will: { topic: this.#availability, payload: Buffer.from(OFFLINE), qos: 1, retain: true },
    });
    this.#session = session;
    let fault: unknown;
    const failed = (error: unknown) => {
      fault = error;
      session.cut();
    };
    session.client.on("connect", () => this.#announce(session, failed));
    session.client.on("error", failed);
    session.client.on("close", () => this.#closed(session, fault));
    session.client.on("message", (_, payload) => this.#heard(session, payload));
  }

  /** Subscribes; only a session that hears commands counts as up. */
  #announce(session: Session, failed: (error: unknown) => void): void {
    session.client.subscribe(this.#command, { qos: 1 }, (error) => {
      if (session !== this.#session) return;
      if (error !== null) return failed(error);
      session.client.publish(this.#availability, ONLINE, { qos: 1, retain: true });
      this.#up = true;
      this.#attempts = 0;
      this.#options.wake();
    });
  }

  #heard(session: Session, payload: Uint8Array): void {
    if (session !== this.#session || this.#inbox.length >= INBOX_MAX) return;
    // One byte too many is enough for the guest's host to see that a message is oversized.
    this.#inbox.push(Uint8Array.from(payload.subarray(0, MESSAGE_MAX + 1)));
    this.#options.wake();
  }

  #closed(session: Session, fault: unknown): void {
    if (session !== this.#session) return;
    this.#session = undefined;
    this.#up = false;
    this.#inbox = [];
    this.#options.trouble?.(brokerTrouble(this.#options.address, fault).message);
    this.#options.wake();
  }
}
