/**
 * Simulates one board with its firmware and network on one clock. It moves time from one due event
 * to the next. The same code serves virtual time, as fast as possible, and real time.
 */
import { BOOT } from "../abi/abi.gen.ts";
import type { BoardData } from "../base/board-data.ts";
import { VirtualClock } from "../base/clock.ts";
import { runBounded } from "../base/guard.ts";
import { Prng } from "../base/prng.ts";
import type { Firmware } from "./firmware.ts";
import { GuestHang, type HostLoop, PowerLoss } from "./host-loop.ts";
import type { Link } from "./link.ts";
import { Runtime } from "./runtime.ts";
import { type Mac, type Position, VirtualBoard } from "./virtual-board.ts";

/** Takes a trace line: `@<at> <kind> <detail>`, with the time in ms. */
export type TraceSink = (at: number, kind: string, detail: string) => void;

export interface SimulatorOptions {
  board: BoardData;
  firmware: Firmware;
  link: Link;
  seed: number;
  secrets: readonly (Uint8Array | null)[];
  /** An implementation of HMAC-SHA256. Default: node:crypto. */
  mac?: Mac;
  /** The device's random bytes. Default: drawn from the seed. */
  entropy?: Pick<Prng, "fill">;
  /** Memory for the board's storage, for reuse across simulators. Default: new memory. */
  storage?: readonly Uint8Array[];
  position: Position;
  /** What the board's clock shows when the supply comes up, in ms; by default 0. */
  clock?: number;
  /** Null: nobody reads the trace. */
  trace: TraceSink | null;
  /** Makes another host loop for the board, such as the C host. Default: the one in runtime.ts. */
  makeLoop?: (board: VirtualBoard, firmware: Firmware) => HostLoop;
  /** Fills the persistent storage before the first power-on. */
  fill?: (storage: readonly Uint8Array[]) => void;
  /** Persistent storage changed. */
  stored?: (region: number, offset: number, bytes: Uint8Array) => void;
  /** The device's name. Default: demo. */
  device?: string;
  /** An attestation was made, or null if it could not be. */
  attested?: (bytes: Uint8Array | null) => void;
  /**
   * Wall time that a guest may take in one burst of polls before it counts as hung, in ms.
   * Infinity: no limit, for a guest that is known to return. The limit costs about 0.1 ms per call
   * of advance().
   */
  guestTimeoutMs?: number;
}

/** Polls per burst. A burst of a guest that returns takes a few ms. */
const BURST_POLLS = 4096;
/** About 100 times the slowest burst measured with a guest that returns, in ms. */
const GUEST_TIMEOUT_MS = 2000;

/**
 * XORed with the seed to get the device's own random sequence, separate from that of the physics. A
 * native host loop uses it too, to draw the same bytes.
 */
export const ENTROPY_STREAM = 0x5bd1e995;

const DEVICE = "demo";

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
      entropy: options.entropy ?? new Prng(options.seed ^ ENTROPY_STREAM),
      secrets: options.secrets,
      mac: options.mac,
      storage: options.storage,
      position: options.position,
      ports: {
        trace: trace && ((kind, detail) => trace(this.#clock.now(), kind, detail)),
        radioPower: (on, now) => link.power(on, now),
        linkSend: (principal, channel, bytes, now) => link.send(principal, channel, bytes, now),
        stored: options.stored ?? (() => {}),
        attested: options.attested ?? (() => {}),
      },
      device: options.device ?? DEVICE,
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

  /** Removes the supply. With `sag`, RAM contains random bytes afterwards, as after a brown-out. */
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

  /** Pulses the reset pin. The retained block survives, the guest's memory does not. */
  reset(): void {
    if (!this.#powered) return;
    this.board.trace("supply", "state=reset");
    this.loop.powerOn(BOOT.RESET);
  }

  /**
   * Advances the clock by `ms` while the processor does nothing. Events due meanwhile are handled
   * late, and short pulses on the contacts and the button are missed.
   */
  stall(ms: number): void {
    this.#clock.set(this.now + ms);
    this.board.dropMissedEdges();
  }

  /** The time of the next event, in ms. Infinity if there is none. */
  deadline(): number {
    return Math.min(this.loop.deadline(), this.board.deadline(), this.#link.deadline());
  }

  /** Runs all events that are due up to `until`, in ms, and sets the clock to `until`. */
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
      if (!this.loop.inGuest)
        throw new Error("the simulator ran out of wall time outside the guest");
      this.loop.hung();
    }
  }

  /** Runs at most BURST_POLLS steps. Returns whether `until` has been reached. */
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
        (nonce) => this.loop.attest(nonce),
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
