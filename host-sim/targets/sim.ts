/**
 * The simulator as a scenario target: a virtual board in virtual time. With the `makeLoop` option a
 * native board runs on the same virtual pins.
 */
import { REGION } from "../abi/abi.gen.ts";
import { applyStimulus } from "../scenario/apply-stimulus.ts";
import type { Image, Step, Stimulus } from "../scenario/grammar.ts";
import type { Target, TargetConfig } from "../scenario/target.ts";
import { HostileLoop } from "../sim/hostile-loop.ts";
import { Simulator, type SimulatorOptions } from "../sim/simulator.ts";
import { type Delivery, VirtualBroker } from "../sim/virtual-broker.ts";

export type SimTargetOptions = Pick<
  SimulatorOptions,
  "makeLoop" | "guestTimeoutMs" | "mac" | "storage" | "entropy"
>;

export class SimTarget implements Target {
  readonly name: string;
  readonly #options: SimTargetOptions;
  #broker: VirtualBroker | null = null;
  #simulator: Simulator | null = null;

  constructor(name = "sim", options: SimTargetOptions = {}) {
    this.name = name;
    this.#options = options;
  }

  get now(): number {
    return this.simulator.now;
  }

  /** The running simulator. Throws Error if it is used before start(). */
  get simulator(): Simulator {
    if (this.#simulator === null) throw new Error(`target ${this.name} is not started`);
    return this.#simulator;
  }

  unsupportedReason(_step: Step): string | null {
    return null;
  }

  unsupportedImageReason(_image: Image): string | null {
    return null;
  }

  start(config: TargetConfig): void {
    const { secrets, message, image, ...rest } = config;
    this.#broker = new VirtualBroker(message);
    this.#simulator = new Simulator({
      ...rest,
      ...this.#options,
      ...(image === "hostile" ? { makeLoop: (board) => new HostileLoop(board) } : {}),
      secrets: this.#options.mac === undefined ? secrets : [],
      link: this.#broker,
    });
  }

  apply(stimulus: Stimulus): void {
    const { simulator } = this;
    if ("broker" in stimulus) this.#broker?.setAlive(stimulus.broker === "up", simulator.now);
    else applyStimulus(simulator, stimulus);
  }

  advance(ms: number): void {
    this.simulator.advance(this.simulator.now + ms);
  }

  stall(ms: number): void {
    this.simulator.stall(ms);
  }

  publish(bytes: Uint8Array, delivery: Delivery): void {
    this.#broker?.publish(bytes, delivery, this.simulator.now);
  }

  rail(): "up" | "down" {
    return this.simulator.board.rail ? "up" : "down";
  }

  journal(): Uint8Array {
    const ring = this.simulator.board.storage[REGION.JOURNAL];
    if (ring === undefined) throw new Error("the board has no journal region");
    return ring;
  }

  stop(): void {
    this.#simulator = null;
    this.#broker = null;
  }
}
