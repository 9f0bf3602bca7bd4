/**
 * Runs a scenario on a native board: the host in C on the virtual board's pins, in virtual time.
 */

import type { NativeImage } from "../../build/native-image.ts";
import type { Image, Step, Stimulus } from "../../scenario/grammar.ts";
import type { Target, TargetConfig } from "../../scenario/target.ts";
import type { Firmware } from "../../sim/firmware.ts";
import { ENTROPY_STREAM } from "../../sim/simulator.ts";
import type { Delivery } from "../../sim/virtual-broker.ts";
import { SimTarget } from "../sim.ts";
import { NativeLoop } from "./native-loop.ts";

/** The simulator's limit for a guest does not apply, because the board ends a hung guest itself. */
export const NATIVE_TIMEOUT_MS = 3_600_000;

export interface NativeTargetOptions {
  image: NativeImage;
  /** The guest's bytes. Default: the guest of the firmware, which must be a valid one. */
  guest?: Uint8Array;
}

function guestOf(firmware: Firmware): Uint8Array {
  const { guest } = firmware;
  if (typeof guest === "string")
    throw new Error(`the firmware's guest was refused (${guest}): pass its bytes as "guest"`);
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
    return image === "own" ? null : `${this.name} runs only the image that was built for it`;
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

  /** One of the board's own measurements, by its offset in page.ts, OUT. */
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
