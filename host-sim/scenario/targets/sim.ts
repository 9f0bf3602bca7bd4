/**
 * The virtual board in virtual time, as a target; with another host loop in place of the simulator's
 * own, any native board on the same virtual pins. Must not know a scenario's checks.
 */
import { createSecretKey } from "node:crypto";
import { REGION } from "../../abi.gen.ts";
import { HostileLoop } from "../../hostile-loop.ts";
import { Simulator, type SimulatorOptions } from "../../simulator.ts";
import { type Delivery, VirtualBroker } from "../../virtual-broker.ts";
import type { Image, Step, Stimulus } from "../grammar.ts";
import type { Target, TargetConfig } from "../target.ts";

export type SimTargetOptions = Pick<
  SimulatorOptions,
  "makeLoop" | "guestTimeoutMs" | "mac" | "storage" | "entropy"
>;

/** Degrees Celsius to the board's tenths. */
const TENTHS = 10;

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

  /** The running simulator. Throws before start(): a caller's bug. */
  get simulator(): Simulator {
    if (this.#simulator === null) throw new Error(`target ${this.name} is not started`);
    return this.#simulator;
  }

  missing(_step: Step): string | null {
    return null;
  }

  missingImage(_image: Image): string | null {
    return null;
  }

  start(config: TargetConfig): void {
    const { keys, message, image, ...rest } = config;
    this.#broker = new VirtualBroker(message);
    this.#simulator = new Simulator({
      ...rest,
      ...this.#options,
      ...(image === "hostile" ? { makeLoop: (board) => new HostileLoop(board) } : {}),
      keys: this.#options.mac === undefined ? keys.map((key) => createSecretKey(key)) : [],
      link: this.#broker,
    });
  }

  apply(stimulus: Stimulus): void {
    const { simulator } = this;
    const { board, now } = simulator;
    if ("switch" in stimulus) board.flick(stimulus.switch);
    else if ("button" in stimulus) board.press(stimulus.button === "press");
    else if ("fault" in stimulus) {
      const { fault } = stimulus;
      if ("set" in fault) board.setFault(fault.set, true);
      else board.setFault(fault.clear, false);
    } else if ("supply" in stimulus) {
      if (stimulus.supply === "on") simulator.powerOn();
      else if (stimulus.supply === "reset") simulator.reset();
      else simulator.powerOff(stimulus.supply === "sag");
    } else if ("broker" in stimulus) this.#broker?.setAlive(stimulus.broker === "up", now);
    else if ("storage" in stimulus) board.bytesToPowerLoss = stimulus.storage["lose-power-after"];
    else board.temperature = Math.round(stimulus.temperature * TENTHS);
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
