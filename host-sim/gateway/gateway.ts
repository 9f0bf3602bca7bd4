/**
 * The gateway: one session with a broker for any number of devices. It opens the session again when it is
 * lost, and never keeps a command for later.
 */
import { availabilityTopic, placeOf, topic } from "../abi/topics.ts";
import type { SetTimer } from "../base/clock.ts";
import { deriveKeys } from "../base/derived-keys.ts";
import { UserError } from "../base/errors.ts";
import { shownText } from "../base/shown-text.ts";
import { dial } from "../controller/client.ts";
import type { RandomBytes } from "../controller/keys.ts";
import type { Request } from "../controller/operations.ts";
import { BackOff } from "../mqtt/back-off.ts";
import { type BrokerAddress, brokerTrouble, type Session } from "../mqtt/session.ts";
import { Counts } from "./counts.ts";
import { Device, KID, type Outcome } from "./device.ts";
import type { Happening } from "./knowledge.ts";
import { subscribe } from "./subscribe.ts";

/** How often the gateway looks for questions that are due, in ms, and how many it asks each time. */
const TICK_MS = 250;
const ASKED_MAX = 500;
/** What is waiting to be sent may be this long, in bytes; above it nothing more is sent. */
const WAITING_MAX = 16 * 1024 * 1024;

export interface GatewayOptions {
  readonly name: string;
  readonly address: BrokerAddress;
  /** The provider's secret of each device. */
  readonly secrets: ReadonlyMap<string, Uint8Array>;
  readonly intervalMs: number;
  readonly deadlineMs: number;
  /** How long the broker and a device may take to answer, in ms. */
  readonly timeoutMs: number;
  readonly now: () => number;
  /** The time of day, in ms since 1970. */
  readonly timeOfDay: () => number;
  readonly setTimer: SetTimer;
  readonly random: RandomBytes;
  /** Called with one line of text when something goes wrong or is well again. */
  readonly note: (line: string) => void;
}

/** A part of the gateway that sees what happens, and that may use its session. */
export interface Part {
  /** Topics that it subscribes to, by QoS. */
  readonly filters?: {
    readonly atMostOnce: readonly string[];
    readonly atLeastOnce: readonly string[];
  };
  /** The broker's last will for the session. */
  readonly will?: { readonly topic: string; readonly payload: string };
  /** Before the subscriptions of a session. Throws UserError if the gateway must not go on. */
  greet?(session: Session): Promise<void>;
  /** A session is open and subscribed. */
  opened?(): void;
  /** A message on a topic that is not a device's. `retained`: the broker had kept it. */
  heard?(topic: string, bytes: Uint8Array, retained: boolean): void;
  changed?(device: Device): void;
  happened?(device: Device, happening: Happening): void;
  commanded?(device: Device, outcome: Outcome, ms: number): void;
}

export class Gateway {
  readonly options: GatewayOptions;
  readonly devices: ReadonlyMap<string, Device>;
  readonly counts = new Counts();
  readonly #parts: Part[] = [];
  readonly #backOff: BackOff;
  #session: Session | null = null;
  #up = false;
  #stopped = false;
  #cancel = () => {};
  #noted = new Map<string, string>();
  /** Called when the gateway cannot go on. */
  onFailure: (error: unknown) => void = () => {};

  constructor(options: GatewayOptions) {
    this.options = options;
    const { random, secrets } = options;
    const below = (limit: number) => Buffer.from(random(4)).readUInt32LE() % limit;
    this.#backOff = new BackOff(below);
    const { now, setTimer, timeoutMs, deadlineMs, intervalMs } = options;
    const ports = {
      ...{ now, setTimer, random, timeoutMs, deadlineMs, intervalMs },
      publish: (device: string, bytes: Uint8Array) =>
        this.publish(topic(device, KID, "command"), bytes, false),
      count: (fate: keyof Counts["fates"]) => this.counts.fates[fate]++,
      changed: (device: Device) => this.#changed(device),
      happened: (device: Device, happening: Happening) => {
        for (const part of this.#parts) part.happened?.(device, happening);
      },
    };
    const made = [...secrets].map(
      ([id, secret]) => [id, new Device(id, deriveKeys(KID, secret), ports)] as const,
    );
    this.devices = new Map(made);
  }

  /** Whether the session with the broker is open and subscribed. */
  get connected(): boolean {
    return this.#up;
  }

  /** Adds a part. To be called before start(). */
  add(part: Part): void {
    this.#parts.push(part);
  }

  /** Opens the first session. Throws UserError if the broker refuses it or cannot be reached. */
  async start(): Promise<void> {
    await this.#open();
    this.#tick();
  }

  /** Ends the session as a loss of supply would: the broker publishes the last will. */
  stop(): void {
    this.#stopped = true;
    this.#cancel();
    const session = this.#session;
    this.#session = null;
    this.#down();
    session?.cut();
  }

  /** Publishes at QoS 1. Returns false if it cannot be sent now: it is then not sent later. */
  publish(name: string, bytes: Uint8Array | string, retain: boolean): boolean {
    const client = this.#session?.client;
    if (!this.#up || client === undefined || !client.connected) return false;
    if (client.stream.writableLength > WAITING_MAX) return false;
    client.publish(name, typeof bytes === "string" ? bytes : Buffer.from(bytes), {
      qos: 1,
      retain,
    });
    return true;
  }

  /** Sends a command to a device now, or says at once why not. */
  async command(device: Device, request: Request): Promise<Outcome> {
    const { now } = this.options;
    const began = now();
    const outcome = await device.command(request);
    const ms = now() - began;
    this.counts.commands[outcome.kind]++;
    for (const part of this.#parts) part.commanded?.(device, outcome, ms);
    return outcome;
  }

  /** Opens a session and subscribes. Throws UserError. */
  async #open(): Promise<void> {
    const { address, setTimer, timeoutMs, name, random } = this.options;
    const will = this.#parts.find((part) => part.will !== undefined)?.will;
    const session = await dial({
      ...{ address, setTimer, timeoutMs },
      clientId: `killswitch-gateway-${name}-${Buffer.from(random(4)).toString("hex")}`,
      ...(will === undefined
        ? {}
        : { will: { ...will, payload: Buffer.from(will.payload), qos: 1 as const, retain: true } }),
    });
    if (this.#stopped) return session.cut();
    this.#session = session;
    session.client.once("close", () => this.#closed(session));
    session.client.on("message", (name, bytes, { retain }) => this.#heard(name, bytes, retain));
    try {
      for (const part of this.#parts) await part.greet?.(session);
      await this.#subscribe(session);
    } catch (error) {
      this.#session = null;
      session.cut();
      throw error instanceof UserError ? error : brokerTrouble(address, error);
    }
  }

  async #subscribe(session: Session): Promise<void> {
    const { setTimer, timeoutMs } = this.options;
    const own = (id: string) => [
      ...(["reply", "status", "telemetry"] as const).map((level) => topic(id, KID, level)),
      availabilityTopic(id),
    ];
    const filters = this.#parts.flatMap((part) => part.filters ?? []);
    const more = filters.flatMap(({ atLeastOnce }) => atLeastOnce);
    const most = filters.flatMap(({ atMostOnce }) => atMostOnce);
    const bound = { setTimer, timeoutMs };
    // Reports arrive during the subscription already, and their age is asked for.
    this.#up = true;
    const topics = [...[...this.devices.keys()].flatMap(own), ...more];
    const refused = [
      ...(await subscribe(session.client, topics, 1, bound)),
      ...(await subscribe(session.client, most, 0, bound)),
    ];
    for (const device of this.devices.values()) {
      device.refusedTopic = null;
      device.linkChanged(true);
    }
    for (const name of refused) this.#refused(name);
    this.#backOff.reset();
    for (const part of this.#parts) part.opened?.();
  }

  #refused(name: string): void {
    const why = `the broker refuses ${name}: check its access list`;
    const device = this.devices.get(name.split("/")[1] ?? "");
    if (device === undefined) this.options.note(why);
    else {
      device.refusedTopic = name;
      this.#changed(device);
    }
  }

  #closed(session: Session): void {
    if (session !== this.#session) return;
    this.#session = null;
    this.#down();
    this.options.note(brokerTrouble(this.options.address, undefined).message);
    this.#retry();
  }

  #down(): void {
    this.#up = false;
    for (const device of this.devices.values()) device.linkChanged(false);
  }

  #retry(): void {
    if (this.#stopped) return;
    const { setTimer, note } = this.options;
    setTimer(this.#backOff.next(), () => {
      if (this.#stopped) return;
      this.counts.reconnects++;
      this.#open().then(
        () => note("the session with the broker is open again"),
        (error: unknown) => {
          if (this.#up) this.#down();
          if (!(error instanceof UserError) || error instanceof TakenError) this.onFailure(error);
          else {
            note(error.message);
            this.#retry();
          }
        },
      );
    });
  }

  #heard(name: string, bytes: Uint8Array, retained: boolean): void {
    const device = name.startsWith("killswitch/")
      ? this.devices.get(name.split("/", 2)[1] ?? "")
      : undefined;
    if (device === undefined) {
      for (const part of this.#parts) part.heard?.(name, bytes, retained);
    } else if (name === availabilityTopic(device.id)) device.heard("availability", bytes);
    else {
      const place = placeOf(device.id, name);
      if (place?.kid === KID) device.heard(place.level, bytes);
    }
  }

  #tick(): void {
    let asked = 0;
    for (const device of this.devices.values()) {
      if (device.tick() && ++asked >= ASKED_MAX) break;
    }
    this.#cancel = this.options.setTimer(TICK_MS, () => this.#tick());
  }

  #changed(device: Device): void {
    const { id, problem } = device;
    if (problem !== (this.#noted.get(id) ?? null)) {
      if (problem === null) this.#noted.delete(id);
      else this.#noted.set(id, problem);
      this.options.note(`device ${id}: ${shownText(problem ?? "it is verified again")}`);
    }
    for (const part of this.#parts) part.changed?.(device);
  }
}

/** Another gateway has this one's name or devices: going on would make both useless. */
export class TakenError extends UserError {}
