/**
 * An emulated controller on the virtual board's pins, in virtual time, as a scenario's target: it runs the
 * bytes that the UF2 flashes.
 */
import { PRINCIPAL_KIDS } from "../../abi/abi.gen.ts";
import type { Engine } from "../../build/native-image.ts";
import type { Owner } from "../../flash/contents.ts";
import type { Image, Step, Stimulus } from "../../scenario/grammar.ts";
import type { Target, TargetConfig } from "../../scenario/target.ts";
import { firmwarePath, readModule } from "../../sim/firmware.ts";
import type { Delivery } from "../../sim/virtual-broker.ts";
import { NATIVE_TIMEOUT_MS } from "../native/native-target.ts";
import { SimTarget } from "../sim.ts";
import type { ImageBoard } from "./board.ts";
import { buildFirmware } from "./build.ts";
import { anyGuestRegion, firmwareRegion, ownerRegion, type Region } from "./contents.ts";
import { journalOf } from "./journal.ts";
import { ControllerLoop } from "./loop.ts";
import { flashUf2, makeUf2 } from "./uf2.ts";

export interface ControllerTargetOptions {
  board: ImageBoard;
  engine?: Engine;
  /** The guest's bytes. Default: device.wasm. */
  guest?: Uint8Array<ArrayBuffer>;
}

/** A broker that does not exist (RFC 5737). The tests' link takes its place. */
const BROKER = "mqtt://192.0.2.1";

export class ControllerTarget implements Target {
  readonly name: string;
  readonly #options: ControllerTargetOptions;
  #inner: SimTarget | null = null;
  #loop: ControllerLoop | null = null;

  constructor(options: ControllerTargetOptions) {
    this.name = options.board.target;
    this.#options = options;
  }

  get now(): number {
    return this.#running.now;
  }

  /** The emulated controller. Throws before start(). */
  get loop(): ControllerLoop {
    if (this.#loop === null) throw new Error(`target ${this.name} is not started`);
    return this.#loop;
  }

  get #running(): SimTarget {
    if (this.#inner === null) throw new Error(`target ${this.name} is not started`);
    return this.#inner;
  }

  unsupportedReason(step: Step): string | null {
    if ("supply" in step && step.supply === "sag")
      return "the chip cannot tell a supply that sagged from one that was off (CHIP_RESET.HAD_POR)";
    if ("trace" in step && JSON.stringify(step.trace).includes("JOURNAL_TORN"))
      return "a record is stored whole or not at all: none is ever torn";
    return null;
  }

  unsupportedImageReason(_image: Image): string | null {
    return null;
  }

  start(config: TargetConfig): void {
    const { board } = this.#options;
    const flash = this.#flash(config);
    this.#inner = new SimTarget(this.name, {
      guestTimeoutMs: NATIVE_TIMEOUT_MS,
      makeLoop: (virtual) => {
        this.#loop = new ControllerLoop(virtual, {
          board,
          flash,
          seed: config.seed,
          bootMs: config.board.bootMs,
          ...(config.clock !== undefined && { clock: config.clock }),
        });
        return this.#loop;
      },
    });
    // The chip has a hostile image of its own; the simulator's is not used.
    this.#inner.start({ ...config, image: "own" });
  }

  /** The chip's flash: erased, then written from the UF2. */
  #flash({ image, secrets }: TargetConfig): Uint8Array {
    const {
      board,
      engine,
      guest = new Uint8Array(readModule(firmwarePath("device"))),
    } = this.#options;
    const hostile = image === "hostile";
    const { bytes } = buildFirmware({
      board: board.name,
      hostile,
      ...(engine && { engine }),
      ...(engine === "aot" && { guest }),
    });
    const owner: Owner = {
      device: "scenario",
      keys: new Map(
        PRINCIPAL_KIDS.map((kid, index) => [kid, secrets[index] ?? new Uint8Array(32)]),
      ),
      broker: BROKER,
      ca: null,
    };
    const regions: Region[] = [firmwareRegion(board, bytes)];
    if (!hostile) regions.push(anyGuestRegion(board, guest), ownerRegion(board, owner));
    const family = Number(board.family);
    const flash = new Uint8Array(board.flash.bytes).fill(0xff);
    flashUf2(`${this.name}.uf2`, makeUf2(regions, family), family, flash);
    return flash;
  }

  apply(stimulus: Stimulus): void {
    this.#running.apply(stimulus);
  }

  advance(ms: number): void {
    this.#running.advance(ms);
  }

  stall(ms: number): void {
    this.#running.stall(ms);
    this.loop.stall();
  }

  publish(bytes: Uint8Array, delivery: Delivery): void {
    this.#running.publish(bytes, delivery);
  }

  rail(): "up" | "down" {
    return this.#running.rail();
  }

  journal(): Uint8Array {
    return journalOf(this.loop.nor.bytes, this.#options.board.flash.storage);
  }

  stop(): void {
    this.#loop = null;
    this.#inner?.stop();
    this.#inner = null;
  }
}
