/**
 * A native board on the virtual board's pins, in virtual time, as a scenario's target. Must not know
 * a scenario's checks.
 */
import type { Firmware } from "../firmware.ts";
import type { Image, Step, Stimulus } from "../scenario/grammar.ts";
import type { Target, TargetConfig } from "../scenario/target.ts";
import { SimTarget } from "../scenario/targets/sim.ts";
import { ENTROPY_STREAM } from "../simulator.ts";
import type { Delivery } from "../virtual-broker.ts";
import type { NativeImage } from "./doorbell.ts";
import { NativeLoop } from "./native-loop.ts";

/** A board answers when it has nothing left to do: the simulator's own bound does not apply. */
export const NATIVE_TIMEOUT_MS = 3_600_000;

export interface NativeTargetOptions {
  image: NativeImage;
  /** The guest's bytes; by default those of the firmware, which must then be a good one. */
  guest?: Uint8Array;
}

function guestOf(firmware: Firmware): Uint8Array {
  const { guest } = firmware;
  if (typeof guest === "string") throw new Error("a refused guest's bytes must be handed over");
  return guest.bytes;
}

export class NativeTarget implements Target {
  readonly name: string;
  readonly #options: NativeTargetOptions;
  #inner: SimTarget | null = null;
  #loop: NativeLoop | null = null;

  constructor(options: NativeTargetOptions) {
    this.name = options.image.name;
    this.#options = options;
  }

  get now(): number {
    return this.#running.now;
  }

  get #running(): SimTarget {
    if (this.#inner === null) throw new Error(`target ${this.name} is not started`);
    return this.#inner;
  }

  unsupportedReason(_step: Step): string | null {
    return null;
  }

  unsupportedImageReason(image: Image): string | null {
    return image === "own" ? null : `${this.name} runs the image that was built for it`;
  }

  start(config: TargetConfig): void {
    const { image, guest } = this.#options;
    this.#inner = new SimTarget(this.name, {
      guestTimeoutMs: NATIVE_TIMEOUT_MS,
      makeLoop: (board, firmware) => {
        this.#loop = new NativeLoop(board, {
          image,
          guest: guest ?? guestOf(firmware),
          keys: config.secrets,
          seed: config.seed ^ ENTROPY_STREAM,
          bootMs: config.board.bootMs,
        });
        return this.#loop;
      },
    });
    this.#inner.start(config);
  }

  apply(stimulus: Stimulus): void {
    this.#running.apply(stimulus);
  }

  advance(ms: number): void {
    this.#running.advance(ms);
  }

  stall(ms: number): void {
    this.#running.stall(ms);
  }

  publish(bytes: Uint8Array, delivery: Delivery): void {
    this.#running.publish(bytes, delivery);
  }

  rail(): "up" | "down" {
    return this.#running.rail();
  }

  journal(): Uint8Array {
    return this.#running.journal();
  }

  /** The board's own measurements (see page.ts, OUT). */
  measured(at: number): number {
    return this.#loop?.measured(at) ?? 0;
  }

  stop(): void {
    this.#loop?.close();
    this.#loop = null;
    this.#inner?.stop();
    this.#inner = null;
  }
}
