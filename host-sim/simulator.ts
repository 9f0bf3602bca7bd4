/**
 * One board, its firmware and its network on one clock: moves time from one thing due to the next.
 * The same code runs virtual time (as fast as it goes) and real time. Must not know what a scenario,
 * a command or a terminal is.
 */
import type { KeyObject } from "node:crypto";
import { BOOT } from "./abi.gen.ts";
import type { BoardData } from "./board-data.ts";
import { VirtualClock } from "./clock.ts";
import type { Firmware } from "./firmware.ts";
import { runBounded } from "./guard.ts";
import { GuestHang, type HostLoop, PowerLoss } from "./host-loop.ts";
import type { Link } from "./link.ts";
import { Prng } from "./prng.ts";
import { Runtime } from "./runtime.ts";
import { type Mac, type Position, VirtualBoard } from "./virtual-board.ts";

/** Trace lines as they come: `@<ms> <kind> <detail>`. */
export type TraceSink = (at: number, kind: string, detail: string) => void;

export interface SimulatorOptions {
  board: BoardData;
  firmware: Firmware;
  link: Link;
  seed: number;
  keys: readonly (KeyObject | null)[];
  /** An engine of HMAC-SHA256 in place of node:crypto. */
  mac?: Mac;
  /** Memory for the board's storage, to be used again by the next: absent, each has its own. */
  storage?: readonly Uint8Array[];
  position: Position;
  /** What the board's clock shows when the supply comes up, in ms; by default 0. */
  clock?: number;
  /** Null: nobody reads the trace. */
  trace: TraceSink | null;
  /** Another host loop on the same board: a native one, say. By default the one in runtime.ts. */
  makeLoop?: (board: VirtualBoard, firmware: Firmware) => HostLoop;
  /** Fills the persistent storage before the supply is first applied. */
  fill?: (storage: readonly Uint8Array[]) => void;
  /** Persistent storage changed. */
  stored?: (region: number, offset: number, bytes: Uint8Array) => void;
  /**
   * Wall time a guest may take in one burst of work before it counts as hung, in ms. Infinity: not
   * watched, for a guest that is known to return; the watch costs some 0.1 ms a call of advance().
   */
  guestTimeoutMs?: number;
}

/** Polls between two looks at the wall clock. A healthy burst takes a few ms. */
const BURST_POLLS = 4096;
/** Some 100 times what the slowest healthy burst was seen to take. */
const GUEST_TIMEOUT_MS = 2000;

/** Sets the device's randomness apart from the physics, so that a board with its own loop draws alike. */
export const ENTROPY_STREAM = 0x5bd1e995;

export class Simulator {
  readonly board: VirtualBoard;
  readonly loop: HostLoop;
  readonly #clock: VirtualClock;
  readonly #link: Link;
  readonly #timeout: number;
  #powered = true;
  #sagged = false;

  constructor(options: SimulatorOptions) {
    const { board, firmware, link, trace } = options;
    this.#clock = new VirtualClock(options.clock);
    this.#link = link;
    this.#timeout = options.guestTimeoutMs ?? GUEST_TIMEOUT_MS;
    this.board = new VirtualBoard({
      data: board,
      clock: this.#clock,
      physics: new Prng(options.seed),
      entropy: new Prng(options.seed ^ ENTROPY_STREAM),
      keys: options.keys,
      mac: options.mac,
      storage: options.storage,
      position: options.position,
      ports: {
        trace: trace && ((kind, detail) => trace(this.#clock.now(), kind, detail)),
        radioPower: (on, now) => link.power(on, now),
        linkSend: (channel, bytes, now) => link.send(channel, bytes, now),
        stored: options.stored ?? (() => {}),
      },
    });
    options.fill?.(this.board.storage);
    const makeLoop =
      options.makeLoop ??
      ((hal: VirtualBoard) => new Runtime(hal, firmware.gate, firmware.guest, board.bootMs));
    this.loop = makeLoop(this.board, firmware);
    this.loop.powerOn(BOOT.POWER_ON);
  }

  get now(): number {
    return this.#clock.now();
  }

  /** Takes the supply away. `sag`: memory is left with rubbish in it, as a brown-out leaves it. */
  powerOff(sag = false): void {
    this.#powered = false;
    this.board.trace("supply", sag ? "state=sagging" : "state=off");
    this.loop.powerOff();
    this.board.supplyLost(sag);
    this.#sagged = sag;
  }

  powerOn(): void {
    if (this.#powered) return;
    this.#powered = true;
    this.board.trace("supply", "state=on");
    this.loop.powerOn(this.#sagged ? BOOT.BROWN_OUT : BOOT.POWER_ON);
  }

  /** The reset pin: RAM survives, nothing volatile of the guest does. */
  reset(): void {
    if (!this.#powered) return;
    this.board.trace("supply", "state=reset");
    this.loop.powerOn(BOOT.RESET);
  }

  /** The clock runs on by `ms` while the processor stands: what was due comes late, and edges unseen. */
  stall(ms: number): void {
    this.#clock.set(this.now + ms);
    this.board.unseen();
  }

  /** The next ms at which something is due; Infinity if nothing ever is. */
  deadline(): number {
    return Math.min(this.loop.deadline(), this.board.deadline(), this.#link.deadline());
  }

  /** Lives through all that is due up to `until`, and stands there. */
  advance(until: number): void {
    let done = false;
    if (this.#timeout === Number.POSITIVE_INFINITY) {
      while (!done) done = this.#burst(until);
      return;
    }
    while (!done) {
      const bounded = runBounded(() => {
        done = this.#burst(until);
      }, this.#timeout);
      if (bounded) continue;
      if (!this.loop.inGuest) throw new Error("the simulator itself ran out of wall time");
      this.loop.hung();
    }
  }

  /** Up to BURST_POLLS steps. Returns whether `until` has been reached. */
  #burst(until: number): boolean {
    for (let polls = 0; polls < BURST_POLLS; polls++) {
      const due = this.deadline();
      if (due > until) {
        this.#clock.set(Math.max(until, this.now));
        return true;
      }
      this.#clock.set(Math.max(due, this.now));
      this.#step();
    }
    return false;
  }

  #step(): void {
    try {
      this.board.update(
        (pressed) => this.loop.button(pressed),
        () => this.loop.inputChanged(),
      );
      this.#link.poll(this.now, this.loop);
      this.loop.poll();
    } catch (error) {
      if (error instanceof GuestHang) this.loop.hung();
      else if (error instanceof PowerLoss) this.powerOff();
      else throw error;
    }
  }
}
