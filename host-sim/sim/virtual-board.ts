/**
 * The virtual board: a HAL that simulates the switch contacts (bounce, broken wires, welded
 * contacts), the rail with its discharge time, button, relay, lamp, temperature sensor, storage and
 * supply.
 */
import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import {
  INPUT_BUTTON,
  INPUT_LINES_SHIFT,
  INPUT_TEMPERATURE_SHIFT,
  PIN_NAMES,
  PRINCIPAL_KIDS,
  REGION,
} from "../abi/abi.gen.ts";
import type { BoardData } from "../base/board-data.ts";
import type { VirtualClock } from "../base/clock.ts";
import { deriveKeys } from "../base/derived-keys.ts";
import type { Prng } from "../base/prng.ts";
import { BOARD_PINS, type Hal, makeStorage } from "./hal.ts";
import { PowerLoss } from "./host-loop.ts";

/** The faults that can be set on a board, with a description for `--help`. */
export const FAULTS = {
  "broken-wire": "the common wire is broken: both contacts always read open",
  "broken-no": "the NO wire is broken: NO always reads open",
  "broken-nc": "the NC wire is broken: NC always reads open",
  "welded-no": "the NO contact is welded: NO always reads closed",
  "welded-nc": "the NC contact is welded: NC always reads closed",
  "stuck-rail": "the rail does not go down once it is up",
  "storage-fails": "every read and write of storage fails",
} as const;
export type Fault = keyof typeof FAULTS;

export type Position = "on" | "kill";

/** The outputs of the board. */
export interface BoardPorts {
  /** Takes a trace line. Null if the trace is not read. */
  trace: ((kind: string, detail: string) => void) | null;
  radioPower(on: boolean, now: number): void;
  linkSend(principal: number, channel: number, bytes: Uint8Array, now: number): void;
  /** Persistent storage changed. Not called for RETAINED, which is not persistent. */
  stored(region: number, offset: number, bytes: Uint8Array): void;
  /** An attestation was asked for at the console. Null if none could be made. */
  attested(bytes: Uint8Array | null): void;
}

/** HMAC-SHA256 with a principal's key for a use (KEY). Null if the device has no secret of that principal. */
export type Mac = (principal: number, use: number, bytes: Uint8Array) => Uint8Array | null;

export interface BoardOptions {
  data: BoardData;
  clock: Pick<VirtualClock, "now">;
  /** Randomness of contact bounce, contact travel time and memory contents after a brown-out. */
  physics: Prng;
  /** Source of the device's random bytes. */
  entropy: Pick<Prng, "fill">;
  /** Secrets by PRINCIPAL. Null where the device has none. */
  secrets: readonly (Uint8Array | null)[];
  /** HMAC-SHA256 by PRINCIPAL and KEY. Default: node:crypto's with the keys derived from `secrets`. */
  mac?: Mac | undefined;
  /** Memory for the storage, by REGION, then IDENTITY_REGION. It is erased. Default: new memory. */
  storage?: readonly Uint8Array[] | undefined;
  /** The device's name. */
  device: string;
  position: Position;
  ports: BoardPorts;
}

/** Levels of the contacts by position: bit 0 is NO, bit 1 is NC. */
const CONTACTS = { on: 1, kill: 2, travel: 0 } as const;
/** Travel time of the slider between its contacts, in ms: minimum and range above it. */
const TRAVEL_MS = 2;
const TRAVEL_RANGE_MS = 6;
/** The longest bounce of the push button, in ms. */
const BUTTON_BOUNCE_MS = 5;
/** In 0.1 degrees Celsius. */
const ROOM_TEMPERATURE = 215;

interface Edge {
  at: number;
  value: number;
}

/** Derived keys by PRINCIPAL and KEY; none where there is no secret. */
function keysOf(secrets: readonly (Uint8Array | null)[]): readonly (readonly KeyObject[])[] {
  return secrets.map((secret, principal) => {
    // All zeroes stand for no secret, as in a board's flash.
    if (secret === null || secret.every((byte) => byte === 0)) return [];
    const { command, reply } = deriveKeys(PRINCIPAL_KIDS[principal] ?? "", secret);
    return [createSecretKey(command), createSecretKey(reply)];
  });
}

export class VirtualBoard implements Hal {
  readonly device: string;
  readonly storage: readonly Uint8Array[];
  readonly pins: number[] = PIN_NAMES.map(() => 0);
  readonly pinCount: number;
  readonly faults = new Set<Fault>();
  position: Position;
  /** In 0.1 degrees Celsius. */
  temperature = ROOM_TEMPERATURE;
  radioOn = false;
  /** Bytes that can still be written before the supply fails. Infinity if it does not fail. */
  bytesToPowerLoss = Number.POSITIVE_INFINITY;

  readonly #options: BoardOptions;
  readonly #keys: readonly (readonly KeyObject[])[];
  #contacts: number;
  #contactEdges: Edge[] = [];
  #button = 0;
  #buttonEdges: Edge[] = [];
  /** Levels of the sensed lines, and the time of a change that update() has not reported yet. */
  #lines = 0;
  #linesAt = Number.POSITIVE_INFINITY;
  /** Nonces of attestations that update() has not asked for yet. */
  #nonces: Uint8Array[] = [];
  #rail = false;
  #energised = false;
  #railEdge: Edge | null = null;
  /** The time of the last change of a fault that update() has not handled yet. */
  #faultAt = Number.POSITIVE_INFINITY;

  constructor(options: BoardOptions) {
    this.#options = options;
    this.device = options.device;
    this.#keys = keysOf(options.secrets);
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

  /**
   * Moves the slider. The old contact opens with bounce; after the travel the new one closes with
   * bounce.
   */
  flick(position: Position): void {
    if (position === this.position) return;
    const { physics } = this.#options;
    const from = CONTACTS[this.position];
    const to = CONTACTS[position];
    this.position = position;
    let at = this.now();
    const edges: Edge[] = [{ at, value: CONTACTS.travel }];
    at = this.#bounce(edges, at, from, CONTACTS.travel);
    at += TRAVEL_MS + physics.below(TRAVEL_RANGE_MS);
    edges.push({ at, value: to });
    this.#bounce(edges, at, CONTACTS.travel, to);
    this.#contactEdges = edges;
  }

  /**
   * Sets the contacts by wire (bit 0 is NO, bit 1 is NC), after pending changes and without bounce.
   */
  drive(contacts: number): void {
    this.#contactEdges.push({ at: this.now(), value: contacts });
  }

  /** Sets the levels of the sensed lines, one bit each. */
  setLines(levels: number): void {
    if (levels === this.#lines) return;
    this.#lines = levels;
    this.#linesAt = this.now();
  }

  /**
   * Appends bounce of at most the board's bounceMs to `edges`: levels alternate between `other` and
   * `rest` and end at `rest`. Returns the time of the last edge.
   */
  #bounce(edges: Edge[], start: number, other: number, rest: number): number {
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

  /** Asks for an attestation at the console. */
  askAttestation(nonce: Uint8Array): void {
    this.#nonces.push(nonce.slice());
  }

  setFault(fault: Fault, present: boolean): void {
    if (present) this.faults.add(fault);
    else this.faults.delete(fault);
    this.#faultAt = this.now();
    this.#followRail();
  }

  /**
   * The supply fails: pins go low, the rail discharges, RAM is lost. A sag (brown-out) leaves
   * random bytes in RAM.
   */
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

  /** The time of the next change on the board, in ms. Infinity if there is none. */
  deadline(): number {
    return Math.min(
      this.#contactEdges[0]?.at ?? Number.POSITIVE_INFINITY,
      this.#buttonEdges[0]?.at ?? Number.POSITIVE_INFINITY,
      this.#railEdge?.at ?? Number.POSITIVE_INFINITY,
      this.#faultAt,
      this.#linesAt,
      this.#nonces.length > 0 ? this.now() : Number.POSITIVE_INFINITY,
    );
  }

  /** Drops the edges that are already due, except the last, as a stalled processor misses them. */
  dropMissedEdges(): void {
    for (const edges of [this.#contactEdges, this.#buttonEdges]) {
      const last = edges.findLastIndex(({ at }) => at <= this.now());
      if (last > 0) edges.splice(0, last);
    }
  }

  /**
   * Applies the changes that are due now. Calls `button` for each edge of the button, `input` when a
   * sensed line changed, `attest` for each question for an attestation.
   */
  update(
    button: (pressed: boolean) => void,
    input: () => void = () => {},
    attest: (nonce: Uint8Array) => void = () => {},
  ): void {
    const now = this.now();
    for (const nonce of this.#nonces.splice(0)) attest(nonce);
    if (this.#linesAt <= now) {
      this.#linesAt = Number.POSITIVE_INFINITY;
      input();
    }
    if (this.#faultAt <= now) this.#faultAt = Number.POSITIVE_INFINITY;
    const contact = this.#contactEdges[0];
    if (contact !== undefined && contact.at <= now) {
      // One edge per call, so that the host samples each of them.
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

  /**
   * Powers the radio if it is enabled and supplied. If the switch supplies it, it needs the rail.
   */
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

  linkSend(principal: number, channel: number, bytes: Uint8Array): void {
    this.#options.ports.linkSend(principal, channel, bytes, this.now());
  }

  attested(bytes: Uint8Array | null): void {
    this.#options.ports.attested(bytes);
  }

  random(bytes: Uint8Array): void {
    this.#options.entropy.fill(bytes);
  }

  mac(principal: number, use: number, bytes: Uint8Array): Uint8Array | null {
    if (this.#options.mac !== undefined) return this.#options.mac(principal, use, bytes);
    const key = this.#keys[principal]?.[use];
    return key === undefined ? null : createHmac("sha256", key).update(bytes).digest();
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

  /** Schedules the change of the rail that its supply requires. */
  #followRail(): void {
    const { data } = this.#options;
    const contactClosed = this.#contacts === CONTACTS.on;
    const powered = data.railFollows === "switch" ? contactClosed : this.radioOn;
    const wanted = powered || (this.#rail && this.faults.has("stuck-rail"));
    const pending = this.#railEdge === null ? this.#rail : this.#railEdge.value === 1;
    if (wanted === pending) return;
    if (wanted === this.#rail) this.#railEdge = null;
    else {
      const delay = wanted ? data.railUpMs : data.dischargeMs;
      this.#railEdge = { at: this.now() + delay, value: wanted ? 1 : 0 };
    }
  }
}
