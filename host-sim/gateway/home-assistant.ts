/** The gateway's part for Home Assistant: publishes discovery and state, and takes commands of its switches. */
import { OP } from "../abi/abi.gen.ts";
import { OFFLINE, ONLINE } from "../abi/topics.ts";
import { EXIT } from "../base/errors.ts";
import { KEEPALIVE_S, type Session } from "../mqtt/session.ts";
import type { Device } from "./device.ts";
import { discoveryOf, stateOf, Topics } from "./discovery.ts";
import { type Gateway, type Part, TakenError } from "./gateway.ts";
import type { Happening } from "./knowledge.ts";
import { subscribe } from "./subscribe.ts";
import { viewOf } from "./view.ts";

/** How long the broker has to deliver the retained flag of another gateway, in ms. */
const RETAINED_MS = 300;
/** After this time a broker has published the last will of a gateway that vanished, in ms. */
const WILL_MS = KEEPALIVE_S * 1_500 + 1_000;
/** What others overwrite is published again at most this often, in ms for each topic. */
const AGAIN_MS = 60_000;
const FLAG_AGAIN_MS = 1_000;

export class HomeAssistant implements Part {
  readonly #gateway: Gateway;
  readonly #topics: Topics;
  readonly #configs: ReadonlyMap<string, string>;
  readonly #instance: string;
  /** What was published last, by topic. */
  readonly #published = new Map<string, string>();
  /** When a topic was last published because others had overwritten it. */
  readonly #again = new Map<string, number>();
  /** The topics that are to be published again. */
  readonly #due = new Set<string>();
  /** When something was last said of a device. */
  readonly #noted = new Map<string, number>();
  #open = false;
  /** What the broker had kept of another gateway of this name. */
  #other = { flag: "", instance: "" };
  readonly filters: NonNullable<Part["filters"]>;
  readonly will: NonNullable<Part["will"]>;

  constructor(gateway: Gateway, prefix: string, version: string) {
    this.#gateway = gateway;
    const { name, random } = gateway.options;
    this.#topics = new Topics(name, prefix);
    this.#instance = Buffer.from(random(8)).toString("hex");
    const devices = [...gateway.devices.keys()];
    this.#configs = new Map(
      devices.map((id) => [
        this.#topics.config(id),
        JSON.stringify(discoveryOf(id, this.#topics, version)),
      ]),
    );
    this.filters = {
      // A command that the broker delivered twice would be carried out twice.
      atMostOnce: devices.map((id) => this.#topics.of(id, "relay/set")),
      atLeastOnce: [this.#topics.birth, ...this.#configs.keys()],
    };
    this.will = { topic: this.#topics.flag, payload: OFFLINE };
  }

  /** Throws TakenError if another gateway has this name on this broker. */
  async greet(session: Session): Promise<void> {
    const { setTimer, timeoutMs, note, name } = this.#gateway.options;
    const { flag, instance } = this.#topics;
    const wait = (ms: number) => new Promise<void>((done) => setTimer(ms, done));
    this.#open = false;
    this.#published.clear();
    this.#other = { flag: "", instance: "" };
    await subscribe(session.client, [flag, instance], 1, { setTimer, timeoutMs });
    await wait(RETAINED_MS);
    if (!this.#taken) return;
    note(`a gateway named ${name} is online at this broker: waiting ${WILL_MS} ms for its end`);
    for (let waited = 0; this.#taken && waited < WILL_MS; waited += RETAINED_MS)
      await wait(RETAINED_MS);
    if (!this.#taken) return;
    throw new TakenError(
      `a gateway named ${name} runs already at this broker: stop it, or give this one another --name and other devices`,
      EXIT.NETWORK,
    );
  }

  get #taken(): boolean {
    const { flag, instance } = this.#other;
    return flag === ONLINE && instance !== this.#instance;
  }

  opened(): void {
    this.#open = true;
    this.#gateway.publish(this.#topics.instance, this.#instance, true);
    this.#gateway.publish(this.#topics.flag, ONLINE, true);
    this.#everything();
  }

  heard(topic: string, bytes: Uint8Array, retained: boolean): void {
    const { flag, instance, birth } = this.#topics;
    const config = this.#configs.get(topic);
    const device = this.#gateway.devices.get(this.#topics.commanded(topic) ?? "");
    if (topic === flag || topic === instance) this.#ownFlag(topic, textOf(bytes));
    else if (config !== undefined) this.#discovered(topic, config, bytes);
    else if (device !== undefined) this.#commanded(device, textOf(bytes), retained);
    else if (topic === birth && textOf(bytes) === ONLINE && !retained) this.#everything();
  }

  changed(device: Device): void {
    if (!this.#open) return;
    const { now, timeOfDay } = this.#gateway.options;
    const state = JSON.stringify(stateOf(viewOf(device, now(), timeOfDay())));
    this.#show(this.#topics.of(device.id, "state"), state);
    const flag = device.verified ? ONLINE : OFFLINE;
    this.#show(this.#topics.of(device.id, "availability"), flag);
  }

  happened(device: Device, { kind, details }: Happening): void {
    const payload = JSON.stringify({ event_type: kind, ...details });
    this.#gateway.publish(this.#topics.of(device.id, "event"), payload, false);
  }

  /** Publishes a retained message unless it is what the topic has. */
  #show(topic: string, payload: string): void {
    if (this.#published.get(topic) === payload) return;
    if (this.#gateway.publish(topic, payload, true)) this.#published.set(topic, payload);
  }

  #everything(): void {
    this.#published.clear();
    for (const [topic, config] of this.#configs) this.#show(topic, config);
    for (const device of this.#gateway.devices.values()) this.changed(device);
  }

  #ownFlag(topic: string, text: string): void {
    const own = topic === this.#topics.flag ? "flag" : "instance";
    if (!this.#open) this.#other = { ...this.#other, [own]: text };
    else if (own === "flag" && text !== ONLINE) this.#restore(topic, ONLINE, FLAG_AGAIN_MS);
  }

  /** A discovery message on a topic of this gateway's. Others' is not read: this one's is published again. */
  #discovered(topic: string, config: string, bytes: Uint8Array): void {
    if (Buffer.compare(Buffer.from(config), bytes) === 0) return;
    this.#gateway.counts.ignored.discovery++;
    if (!this.#open || !this.#restore(topic, config, AGAIN_MS)) return;
    this.#gateway.options.note(
      `another client published ${bytes.length} bytes on ${topic}: another gateway has this device, or a stranger writes there; this gateway publishes its own again`,
    );
  }

  /** Publishes again what others overwrote, once in `ms` at most. Returns false if that is due already. */
  #restore(topic: string, payload: string, ms: number): boolean {
    if (this.#due.has(topic)) return false;
    const { now, setTimer } = this.#gateway.options;
    const last = this.#again.get(topic);
    this.#due.add(topic);
    setTimer(last === undefined ? 0 : Math.max(0, ms - (now() - last)), () => {
      this.#due.delete(topic);
      this.#again.set(topic, now());
      this.#gateway.publish(topic, payload, true);
    });
    return true;
  }

  #commanded(device: Device, text: string, retained: boolean): void {
    const { ignored } = this.#gateway.counts;
    if (retained) {
      ignored.retained++;
      this.#note(device, "a retained command is refused: it may be of any age");
    } else if (text !== "ON" && text !== "OFF") {
      ignored.malformed++;
      this.#note(device, "a command that is neither ON nor OFF is refused");
    } else {
      const request = { op: OP.RELAY_SET, args: new Map([[1, text === "ON"]]) };
      this.#gateway.command(device, request).then((outcome) => {
        if (outcome.kind === "executed") return;
        const why = outcome.kind === "refused" ? "the device refuses it" : outcome.why;
        this.#note(device, `a command was not seen to execute: ${why}`);
      });
    }
  }

  /** Says a thing of a device once a minute at most: anyone at the broker can cause it. */
  #note(device: Device, text: string): void {
    const { now, note } = this.#gateway.options;
    const key = `${device.id} ${text.split(":")[0]}`;
    const last = this.#noted.get(key);
    if (last !== undefined && now() - last < AGAIN_MS) return;
    this.#noted.set(key, now());
    note(`device ${device.id}: ${text}`);
  }
}

/** A short payload as text. */
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 64)).toString("latin1");
}
