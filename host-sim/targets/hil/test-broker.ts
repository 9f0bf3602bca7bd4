/**
 * The MQTT broker of a test rig, the only one that the board uses. A scenario can stop and restart
 * it, publish commands through it and receive what the board sends. It learns the device's name
 * from the board's subscription.
 */
import { CHANNEL, PRINCIPAL_KIDS } from "../../abi/abi.gen.ts";
import { type Level, placeOf, topic } from "../../abi/topics.ts";
import { type Broker, startBroker } from "../../mqtt/broker.ts";
import type { Delivery } from "../../sim/virtual-broker.ts";

export interface TestBrokerOptions {
  /** Address and port to listen on. Port 0: any free port. */
  readonly host: string;
  readonly port: number;
  /** Called for each message from the device. */
  received(principal: number, channel: number, bytes: Uint8Array): void;
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

  /** Starts the broker. Throws a UserError if the port cannot be opened. */
  static async open(options: TestBrokerOptions): Promise<TestBroker> {
    const broker = new TestBroker(options);
    await broker.setAlive(true);
    return broker;
  }

  get port(): number {
    return this.#port;
  }

  /**
   * Stops the broker and drops its sessions, or starts it again. Retained and held messages
   * survive.
   */
  async setAlive(alive: boolean): Promise<void> {
    if (!alive) {
      await this.#broker?.close();
      this.#broker = null;
    } else if (this.#broker === null) {
      const { host } = this.#options;
      const published = (name: string, bytes: Uint8Array) => this.#received(name, bytes);
      const subscribed = (topics: readonly string[]) => this.#subscribed(topics);
      this.#broker = await startBroker(this.#port, { host, published, subscribed });
      this.#port = this.#broker.port;
      if (this.#retained !== null) this.#publish(this.#retained, true);
    }
  }

  publish(bytes: Uint8Array, delivery: Delivery): void {
    // A lost message never reaches the device.
    if (this.#broker === null || delivery === "lost") return;
    if (delivery === "retained") this.#retained = bytes;
    if (delivery === "held") this.#held.push(bytes);
    else this.#publish(bytes, delivery === "retained");
  }

  close(): Promise<void> {
    return this.setAlive(false);
  }

  /** Does nothing until the device has subscribed, because its name is not known before. */
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

  #received(name: string, bytes: Uint8Array): void {
    const place = this.#device === null ? undefined : placeOf(this.#device, name);
    const channel = place === undefined ? undefined : CHANNELS[place.level];
    if (place === undefined || channel === undefined) return;
    this.#options.received(PRINCIPAL_KIDS.indexOf(place.kid), channel, bytes);
  }
}
