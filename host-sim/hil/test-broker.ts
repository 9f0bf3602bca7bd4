/**
 * The network around a board in real time: a real MQTT broker that is the only one, dies and comes back
 * when told, and hears what the board says. The device's name is the one under which it listens. Must
 * not know what messages mean.
 */
import { CHANNEL, PRINCIPAL_KIDS } from "../abi.gen.ts";
import { type Broker, startBroker } from "../mqtt/broker.ts";
import { type Level, placeOf, topic } from "../mqtt/topics.ts";
import type { Delivery } from "../virtual-broker.ts";

export interface TestBrokerOptions {
  /** Where it listens; port 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  heard(principal: number, channel: number, bytes: Uint8Array): void;
}

const CHANNELS: Partial<Record<Level, number>> = {
  reply: CHANNEL.REPLY,
  status: CHANNEL.STATUS,
  telemetry: CHANNEL.TELEMETRY,
};
const COMMAND = /^killswitch\/([A-Za-z0-9_-]{1,32})\/\+\/command$/;

export class TestBroker {
  readonly #options: TestBrokerOptions;
  #broker: Broker | null = null;
  #port: number;
  #device: string | null = null;
  #retained: Uint8Array | null = null;
  #held: Uint8Array[] = [];

  private constructor(options: TestBrokerOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  /** Throws UserError for a port that cannot be had. */
  static async open(options: TestBrokerOptions): Promise<TestBroker> {
    const broker = new TestBroker(options);
    await broker.setAlive(true);
    return broker;
  }

  get port(): number {
    return this.#port;
  }

  /** The broker dies, sessions and all, or comes back. What is retained or held outlives it. */
  async setAlive(alive: boolean): Promise<void> {
    if (!alive) {
      await this.#broker?.close();
      this.#broker = null;
    } else if (this.#broker === null) {
      const { host } = this.#options;
      const heard = (name: string, bytes: Uint8Array) => this.#heard(name, bytes);
      const subscribed = (topics: readonly string[]) => this.#subscribed(topics);
      this.#broker = await startBroker(this.#port, { host, heard, subscribed });
      this.#port = this.#broker.port;
      if (this.#retained !== null) this.#publish(this.#retained, true);
    }
  }

  publish(bytes: Uint8Array, delivery: Delivery): void {
    // Lost on the way to the device.
    if (this.#broker === null || delivery === "lost") return;
    if (delivery === "retained") this.#retained = bytes;
    if (delivery === "held") this.#held.push(bytes);
    else this.#publish(bytes, delivery === "retained");
  }

  close(): Promise<void> {
    return this.setAlive(false);
  }

  /** To a device that nobody knows nothing can be said. */
  #publish(bytes: Uint8Array, retain: boolean): void {
    if (this.#device === null) return;
    // The principal in the topic is for access lists only: the device trusts the tag alone.
    this.#broker?.publish(topic(this.#device, "owner", "command"), bytes, retain);
  }

  #subscribed(topics: readonly string[]): void {
    const device = topics.map((name) => COMMAND.exec(name)?.[1]).find((name) => name !== undefined);
    if (device === undefined) return;
    const known = this.#device !== null;
    this.#device = device;
    if (!known && this.#retained !== null) this.#publish(this.#retained, true);
    for (const bytes of this.#held.splice(0)) this.#publish(bytes, false);
  }

  #heard(name: string, bytes: Uint8Array): void {
    const place = this.#device === null ? undefined : placeOf(this.#device, name);
    const channel = place === undefined ? undefined : CHANNELS[place.level];
    if (place === undefined || channel === undefined) return;
    this.#options.heard(PRINCIPAL_KIDS.indexOf(place.kid), channel, bytes);
  }
}
