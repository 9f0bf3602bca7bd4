/**
 * The virtual board: switch contacts with bounce and broken or welded wires, rail with discharge
 * time, button, relay, lamp, temperature, storage, supply. Physics only; the twin of a board's HAL.
 * Must not know the gate, the guest or the network.
 */
import { createHmac, type KeyObject } from "node:crypto";
import {
  INPUT_BUTTON,
  INPUT_LINES_SHIFT,
  INPUT_TEMPERATURE_SHIFT,
  PIN_NAMES,
  REGION,
} from "./abi.gen.ts";
import type { BoardData } from "./board-data.ts";
import type { VirtualClock } from "./clock.ts";
import { BOARD_PINS, type Hal, REGION_BYTES } from "./hal.ts";
import { PowerLoss } from "./host-loop.ts";
import type { Prng } from "./prng.ts";

/** Faults that can be put on a board, and what each is. */
export const FAULTS = {
  "broken-wire": "the common wire is open: neither contact ever reads closed",
  "broken-no": "the NO wire is open: it never reads closed",
  "broken-nc": "the NC wire is open: it never reads closed",
  "welded-no": "the NO contact is welded: it always reads closed",
  "welded-nc": "the NC contact is welded: it always reads closed",
  "stuck-rail": "the rail stays up once it is up",
  "storage-fails": "storage refuses every read and write",
} as const;
export type Fault = keyof typeof FAULTS;

export type Position = "on" | "kill";

/** What the board tells its surroundings. */
export interface BoardPorts {
  /** A line for the trace; null if nobody reads it. */
  trace: ((kind: string, detail: string) => void) | null;
  radioPower(on: boolean, now: number): void;
  linkSend(channel: number, bytes: Uint8Array, now: number): void;
  /** Persistent storage changed; RETAINED never is persistent. */
  stored(region: number, offset: number, bytes: Uint8Array): void;
}

/** HMAC-SHA256 under a principal's key; null if it has none. */
export type Mac = (principal: number, bytes: Uint8Array) => Uint8Array | null;

export interface BoardOptions {
  data: BoardData;
  clock: Pick<VirtualClock, "now">;
  /** Bounce and flight of contacts, rubbish in memory. */
  physics: Prng;
  /** The device's random bytes. */
  entropy: Pick<Prng, "fill">;
  /** Keys by PRINCIPAL; null where the device has none. */
  keys: readonly (KeyObject | null)[];
  /** HMAC-SHA256 by PRINCIPAL; absent: node:crypto's, under `keys`. */
  mac?: Mac | undefined;
  /** What to keep storage in, by REGION, to be erased; absent: memory of its own. */
  storage?: readonly Uint8Array[] | undefined;
  position: Position;
  ports: BoardPorts;
}

/** NO is bit 0, NC bit 1. */
const CONTACTS = { on: 1, kill: 2, travel: 0 } as const;
/** Flight of the slider between its contacts, in ms: least, and how much more it may be. */
const FLIGHT_MS = 2;
const FLIGHT_SPREAD_MS = 6;
/** Bounce of a push button, in ms. */
const BUTTON_BOUNCE_MS = 5;
const ROOM_TEMPERATURE = 215;

interface Edge {
  at: number;
  value: number;
}

/** Storage of a board, by REGION. */
export function makeStorage(): readonly Uint8Array[] {
  return REGION_BYTES.map((size) => new Uint8Array(size));
}

export class VirtualBoard implements Hal {
  readonly storage: readonly Uint8Array[];
  readonly pins: number[] = PIN_NAMES.map(() => 0);
  readonly pinCount: number;
  readonly faults = new Set<Fault>();
  position: Position;
  /** 0.1 degrees Celsius. */
  temperature = ROOM_TEMPERATURE;
  radioOn = false;
  /** Bytes that storage still takes before the supply fails; Infinity for a sound supply. */
  bytesToPowerLoss = Number.POSITIVE_INFINITY;

  readonly #options: BoardOptions;
  #contacts: number;
  #contactEdges: Edge[] = [];
  #button = 0;
  #buttonEdges: Edge[] = [];
  /** Levels of the lines that the board senses, and when they changed unheard. */
  #lines = 0;
  #linesAt = Number.POSITIVE_INFINITY;
  #rail = false;
  #energised = false;
  #railEdge: Edge | null = null;
  /** When a fault last moved a wire that nothing has looked at since. */
  #faultAt = Number.POSITIVE_INFINITY;

  constructor(options: BoardOptions) {
    this.#options = options;
    this.pinCount = BOARD_PINS + (options.data.lines ?? 0);
    this.position = options.position;
    this.#contacts = CONTACTS[options.position];
    this.storage = options.storage ?? makeStorage();
    for (const region of this.storage) region.fill(0xff);
    this.storage[REGION.RETAINED]?.fill(0);
    this.#followRail();
  }

  get rail(): boolean {
    return this.#rail;
  }

  get buttonDown(): boolean {
    return this.#button === 1;
  }

  now(): number {
    return this.#options.clock.now();
  }

  /** Moves the slider. The contact left chatters open, the slider flies, the contact reached chatters shut. */
  flick(position: Position): void {
    if (position === this.position) return;
    const { physics } = this.#options;
    const from = CONTACTS[this.position];
    const to = CONTACTS[position];
    this.position = position;
    let at = this.now();
    const edges: Edge[] = [{ at, value: CONTACTS.travel }];
    at = this.#chatter(edges, at, from, CONTACTS.travel);
    at += FLIGHT_MS + physics.below(FLIGHT_SPREAD_MS);
    edges.push({ at, value: to });
    this.#chatter(edges, at, CONTACTS.travel, to);
    this.#contactEdges = edges;
  }

  /** Moves the contacts by wires, after what moves them already: NO is bit 0, NC bit 1. No bounce. */
  drive(contacts: number): void {
    this.#contactEdges.push({ at: this.now(), value: contacts });
  }

  /** Puts levels on the lines that the board senses, a bit each. */
  setLines(levels: number): void {
    if (levels === this.#lines) return;
    this.#lines = levels;
    this.#linesAt = this.now();
  }

  /** Bounce for up to the board's bounceMs: `edges` alternates between the two and ends at `rest`. */
  #chatter(edges: Edge[], start: number, other: number, rest: number): number {
    const { data, physics } = this.#options;
    let at = start;
    const bounces = data.bounceMs === 0 ? 0 : physics.below(4);
    for (let bounce = 0; bounce < bounces; bounce++) {
      const span = Math.max(1, Math.floor(data.bounceMs / (2 * bounces)));
      at += 1 + physics.below(span);
      edges.push({ at, value: other });
      at += 1 + physics.below(span);
      edges.push({ at, value: rest });
    }
    return at;
  }

  /** Presses or releases the button, with bounce. */
  press(down: boolean): void {
    const { physics } = this.#options;
    const rest = down ? 1 : 0;
    let at = this.now();
    const edges: Edge[] = [{ at, value: rest }];
    const bounces = physics.below(3);
    for (let bounce = 0; bounce < bounces; bounce++) {
      at += 1 + physics.below(Math.floor(BUTTON_BOUNCE_MS / 2));
      edges.push({ at, value: rest ^ 1 });
      at += 1;
      edges.push({ at, value: rest });
    }
    this.#buttonEdges = edges;
  }

  setFault(fault: Fault, present: boolean): void {
    if (present) this.faults.add(fault);
    else this.faults.delete(fault);
    this.#faultAt = this.now();
    this.#followRail();
  }

  /** Supply lost: pins fall, the rail discharges, RAM is gone. A sag leaves RAM with rubbish in it. */
  supplyLost(sag: boolean): void {
    this.bytesToPowerLoss = Number.POSITIVE_INFINITY;
    this.radioOn = false;
    this.pins.fill(0);
    const retained = this.storage[REGION.RETAINED];
    if (retained !== undefined) {
      if (sag) this.#options.physics.fill(retained);
      else retained.fill(0);
    }
    this.#followRail();
    this.#energise();
  }

  /** The next ms at which something physical changes; Infinity for never. */
  deadline(): number {
    return Math.min(
      this.#contactEdges[0]?.at ?? Number.POSITIVE_INFINITY,
      this.#buttonEdges[0]?.at ?? Number.POSITIVE_INFINITY,
      this.#railEdge?.at ?? Number.POSITIVE_INFINITY,
      this.#faultAt,
      this.#linesAt,
    );
  }

  /** Nobody looked for a while: of the edges that came meanwhile only the last level is found. */
  unseen(): void {
    for (const edges of [this.#contactEdges, this.#buttonEdges]) {
      const last = edges.findLastIndex(({ at }) => at <= this.now());
      if (last > 0) edges.splice(0, last);
    }
  }

  /** Lets everything happen that is due; calls `button` for each edge of it, `input` for sensed lines. */
  update(button: (pressed: boolean) => void, input: () => void = () => {}): void {
    const now = this.now();
    if (this.#linesAt <= now) {
      this.#linesAt = Number.POSITIVE_INFINITY;
      input();
    }
    if (this.#faultAt <= now) this.#faultAt = Number.POSITIVE_INFINITY;
    const contact = this.#contactEdges[0];
    if (contact !== undefined && contact.at <= now) {
      // One edge per ms, so that the host sees each.
      this.#contactEdges.shift();
      this.#contacts = contact.value;
      this.#followRail();
    }
    for (;;) {
      const edge = this.#buttonEdges[0];
      if (edge === undefined || edge.at > now) break;
      this.#buttonEdges.shift();
      if (edge.value === this.#button) continue;
      this.#button = edge.value;
      button(edge.value === 1);
    }
    if (this.#railEdge !== null && this.#railEdge.at <= now) {
      this.#rail = this.#railEdge.value === 1;
      this.#railEdge = null;
      this.#energise();
    }
  }

  sense(): number {
    let contacts = this.#contacts;
    if (this.faults.has("welded-no")) contacts |= 1;
    if (this.faults.has("welded-nc")) contacts |= 2;
    if (this.faults.has("broken-no")) contacts &= 2;
    if (this.faults.has("broken-nc")) contacts &= 1;
    if (this.faults.has("broken-wire")) contacts = 0;
    return contacts | (this.#rail ? 4 : 0);
  }

  inputs(): number {
    const button = this.#button === 1 ? INPUT_BUTTON : 0;
    const lines = this.#lines << INPUT_LINES_SHIFT;
    return (this.temperature << INPUT_TEMPERATURE_SHIFT) | lines | button;
  }

  radioPower(on: boolean): void {
    this.radioOn = on;
    this.#followRail();
    this.#energise();
  }

  /** The radio runs when it is told to and has its supply. Where copper feeds it, the rail decides. */
  #energise(): void {
    const fed = this.#options.data.railFollows === "radio" || this.#rail;
    const energised = this.radioOn && fed;
    if (energised === this.#energised) return;
    this.#energised = energised;
    this.#options.ports.radioPower(energised, this.now());
  }

  gpioWrite(pin: number, level: number): void {
    this.pins[pin] = level;
  }

  linkSend(channel: number, bytes: Uint8Array): void {
    this.#options.ports.linkSend(channel, bytes, this.now());
  }

  random(bytes: Uint8Array): void {
    this.#options.entropy.fill(bytes);
  }

  mac(principal: number, bytes: Uint8Array): Uint8Array | null {
    if (this.#options.mac !== undefined) return this.#options.mac(principal, bytes);
    const key = this.#options.keys[principal] ?? null;
    return key === null ? null : createHmac("sha256", key).update(bytes).digest();
  }

  storageRead(region: number, offset: number, bytes: Uint8Array): boolean {
    const store = this.storage[region];
    if (store === undefined || this.faults.has("storage-fails")) return false;
    bytes.set(store.subarray(offset, offset + bytes.length));
    return true;
  }

  storageWrite(region: number, offset: number, bytes: Uint8Array): boolean {
    const store = this.storage[region];
    if (store === undefined || this.faults.has("storage-fails")) return false;
    const written = bytes.subarray(0, Math.min(bytes.length, this.bytesToPowerLoss));
    store.set(written, offset);
    if (region !== REGION.RETAINED) this.#options.ports.stored(region, offset, written);
    if (written.length < bytes.length) throw new PowerLoss();
    this.bytesToPowerLoss -= bytes.length;
    return true;
  }

  get tracing(): boolean {
    return this.#options.ports.trace !== null;
  }

  trace(kind: string, detail: string): void {
    this.#options.ports.trace?.(kind, detail);
  }

  /** Sets the rail on its way to where its supply wants it. */
  #followRail(): void {
    const { data } = this.#options;
    const copper = this.#contacts === CONTACTS.on;
    const powered = data.railFollows === "switch" ? copper : this.radioOn;
    const wanted = powered || (this.#rail && this.faults.has("stuck-rail"));
    const heading = this.#railEdge === null ? this.#rail : this.#railEdge.value === 1;
    if (wanted === heading) return;
    if (wanted === this.#rail) this.#railEdge = null;
    else {
      const delay = wanted ? data.railUpMs : data.dischargeMs;
      this.#railEdge = { at: this.now() + delay, value: wanted ? 1 : 0 };
    }
  }
}
