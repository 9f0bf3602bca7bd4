/** The board's link as an MQTT session over TCP, for a simulation in real time. */
import { CHANNEL, MESSAGE_MAX, PRINCIPAL_KIDS } from "../abi/abi.gen.ts";
import {
  availabilityTopic,
  commandFilter,
  type Level,
  OFFLINE,
  ONLINE,
  topic,
} from "../abi/topics.ts";
import type { Prng } from "../base/prng.ts";
import type { Link, LinkSink } from "../sim/link.ts";
import { BackOff } from "./back-off.ts";
import { type BrokerAddress, brokerTrouble, openSession, type Session } from "./session.ts";

/** Most messages that wait for poll(). Further ones are dropped, as by a radio without buffers. */
const INBOX_MAX = 64;

const CHANNEL_LEVELS: Record<number, Level> = {
  [CHANNEL.REPLY]: "reply",
  [CHANNEL.STATUS]: "status",
  [CHANNEL.TELEMETRY]: "telemetry",
};

export interface MqttLinkOptions {
  readonly address: BrokerAddress;
  readonly device: string;
  /** For the jitter of the back-off. */
  readonly prng: Prng;
  /** Called when poll() has something to deliver; never during power(), send() or poll(). */
  readonly wake: () => void;
  /** Called with one line of text that says why a session failed or ended. */
  readonly trouble?: (message: string) => void;
}

export class MqttLink implements Link {
  readonly #options: MqttLinkOptions;
  readonly #command: string;
  readonly #availability: string;
  readonly #backOff: BackOff;
  #session: Session | undefined;
  #powered = false;
  /** The session is open, subscribed and announced. */
  #up = false;
  /** The value of #up that the sink was last given. */
  #reported = false;
  #inbox: Uint8Array[] = [];
  #retryAt = Number.POSITIVE_INFINITY;
  /** Sessions in a row that the broker closed without an error after they were up. */
  #closedByBroker = 0;

  constructor(options: MqttLinkOptions) {
    this.#options = options;
    this.#command = commandFilter(options.device);
    this.#availability = availabilityTopic(options.device);
    this.#backOff = new BackOff((below) => options.prng.below(below));
  }

  power(on: boolean, _now: number): void {
    if (on === this.#powered) return;
    this.#powered = on;
    this.#backOff.reset();
    if (on) this.#open();
    else this.#cut();
  }

  #cut(): void {
    // Cleared first: a TLS session closes while it is being cut and would report a lost connection.
    const session = this.#session;
    this.#session = undefined;
    session?.cut();
    this.#up = false;
    this.#reported = false;
    this.#inbox = [];
    this.#retryAt = Number.POSITIVE_INFINITY;
  }

  send(principal: number, channel: number, bytes: Uint8Array, _now: number): void {
    const level = CHANNEL_LEVELS[channel];
    const kid = PRINCIPAL_KIDS[principal];
    if (level === undefined || kid === undefined)
      throw new Error(`link: no channel ${channel} to principal ${principal}`);
    if (!this.#up) return;
    const name = topic(this.#options.device, kid, level);
    this.#session?.client.publish(name, Buffer.from(bytes), { qos: 0 });
  }

  deadline(): number {
    const waiting = this.#up && this.#inbox.length > 0;
    return waiting || this.#up !== this.#reported || this.#needsRetry() ? 0 : this.#retryAt;
  }

  /** After power(false) nothing is delivered, not even that the link is down. */
  poll(now: number, sink: LinkSink): void {
    if (this.#needsRetry()) this.#retryAt = now + this.#backOff.next();
    if (now >= this.#retryAt) {
      this.#retryAt = Number.POSITIVE_INFINITY;
      this.#open();
    }
    if (this.#reported !== this.#up) {
      this.#reported = this.#up;
      sink.linkChanged(this.#up);
    }
    // The sink may cut the power at any message, so check before each one.
    for (let next = this.#next(); next !== undefined; next = this.#next()) sink.received(next);
  }

  #next(): Uint8Array | undefined {
    return this.#up ? this.#inbox.shift() : undefined;
  }

  /** Whether a session was lost and no next attempt is scheduled yet. */
  #needsRetry(): boolean {
    return (
      this.#powered && this.#session === undefined && this.#retryAt === Number.POSITIVE_INFINITY
    );
  }

  #open(): void {
    const { address, device } = this.#options;
    const session = openSession(address, {
      clientId: `killswitch-${device}`,
      will: { topic: this.#availability, payload: Buffer.from(OFFLINE), qos: 1, retain: true },
    });
    this.#session = session;
    let cause: unknown;
    const failed = (error: unknown) => {
      cause = error;
      session.cut();
    };
    session.client.on("connect", () => this.#announce(session, failed));
    session.client.on("error", failed);
    session.client.on("close", () => this.#closed(session, cause));
    session.client.on("message", (_, payload) => this.#onMessage(session, payload));
  }

  /** Subscribes to commands. The session counts as up only after that. */
  #announce(session: Session, failed: (error: unknown) => void): void {
    session.client.subscribe(this.#command, { qos: 1 }, (error) => {
      if (session !== this.#session) return;
      if (error !== null) return failed(error);
      session.client.publish(this.#availability, ONLINE, { qos: 1, retain: true });
      this.#up = true;
      this.#backOff.reset();
      this.#options.wake();
    });
  }

  #onMessage(session: Session, payload: Uint8Array): void {
    if (session !== this.#session || this.#inbox.length >= INBOX_MAX) return;
    // One byte above the maximum is enough for the host loop to see that a message is oversized.
    this.#inbox.push(Uint8Array.from(payload.subarray(0, MESSAGE_MAX + 1)));
    this.#options.wake();
  }

  #closed(session: Session, cause: unknown): void {
    if (session !== this.#session) return;
    const { address, device, trouble } = this.#options;
    this.#closedByBroker = this.#up && cause === undefined ? this.#closedByBroker + 1 : 0;
    this.#session = undefined;
    this.#up = false;
    this.#inbox = [];
    const { message } = brokerTrouble(address, cause);
    // A broker closes a session when another client connects under the same name.
    const rival =
      this.#closedByBroker > 1
        ? ` again: is there another device "${device}"? give one of them another name with --device`
        : "";
    trouble?.(`${message}${rival}`);
    this.#options.wake();
  }
}
