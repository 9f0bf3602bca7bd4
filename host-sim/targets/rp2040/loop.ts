/**
 * Runs an emulated controller as the simulator's host loop: sets its input pins, sends and receives on its modem's
 * line, and applies its outputs to the virtual board.
 */
import { BOOT, INPUT_BUTTON, INPUT_TEMPERATURE_SHIFT } from "../../abi/abi.gen.ts";
import { Prng } from "../../base/prng.ts";
import { type HostLoop, PowerLoss } from "../../sim/host-loop.ts";
import type { VirtualBoard } from "../../sim/virtual-board.ts";
import { ConsoleReader } from "../hil/console.ts";
import type { ImageBoard } from "./board.ts";
import { Chip } from "./chip.ts";
import { LinkFrameReader, linkFrame } from "./link-frames.ts";
import { NorFlash } from "./nor-flash.ts";

const NANOS_PER_MS = 1e6;
const CONSOLE = 0;
const MODEM = 1;
/** The constants of boards/two-chip/firmware/hal_rp2040.c that turn a reading into a temperature. */
const TENTHS_AT_0 = 286_541_217;
const TENTHS_A_STEP = 38_350;
const TENTHS_SCALE = 65_536;
const READINGS = 8;
/** Ones in 1000 random bits. The source is biased, as a real one is. */
const BIAS = 600;
/** Separates the ring oscillator's random numbers from the simulator's others. */
const RANDOM_STREAM = 0x6b43_a9b5;
/** Slices of instructions that a hung program gets in each poll. */
const HUNG_SLICES = 2;

export interface ControllerOptions {
  board: ImageBoard;
  /** The contents when the supply first comes. */
  flash: Uint8Array;
  seed: number;
  /** From restart to the boot ROM's end, in ms. */
  bootMs: number;
  /** What the firmware's clock shows when the supply first comes, in ms; 0 if absent. */
  clock?: number;
}

export class ControllerLoop implements HostLoop {
  readonly inGuest = false;
  readonly nor: NorFlash;
  /** Lines of the console that are not trace lines. */
  readonly said: string[] = [];
  /** The ring oscillator is stuck at one bit. */
  randomDead = false;
  readonly #board: VirtualBoard;
  readonly #options: ControllerOptions;
  readonly #random: Prng;
  readonly #console: ConsoleReader;
  readonly #frames: LinkFrameReader;
  #chip: Chip | null = null;
  /** Virtual time of the chip's time 0, in ms. */
  #origin = 0;
  #bootAt = Number.POSITIVE_INFINITY;
  #radio = false;
  #hung = false;
  #gone = false;
  #readings = 0;
  #line: Uint8Array[] = [];

  constructor(board: VirtualBoard, options: ControllerOptions) {
    this.#board = board;
    this.#options = options;
    this.#random = new Prng((options.seed ^ RANDOM_STREAM) >>> 0);
    this.nor = new NorFlash(options.flash.length);
    this.nor.bytes.set(options.flash);
    this.#console = new ConsoleReader({
      trace: (_stamp, kind, detail) => board.trace(kind, detail),
      answer: (text) => this.said.push(text),
      other: (text) => this.said.push(text),
    });
    this.#frames = new LinkFrameReader((principal, channel, bytes) =>
      board.linkSend(principal, channel, bytes),
    );
  }

  /** The chip with its supply on. Throws without it. */
  get chip(): Chip {
    if (this.#chip === null) throw new Error("the controller is off");
    return this.#chip;
  }

  deadline(): number {
    if (this.#chip === null || this.#gone) return Number.POSITIVE_INFINITY;
    if (this.#bootAt !== Number.POSITIVE_INFINITY) return this.#bootAt;
    // It was woken while the processor was stopped.
    if (!this.#chip.asleep && !this.#hung) return this.#board.now();
    return Math.ceil(this.#chip.clock.due / NANOS_PER_MS) + this.#origin;
  }

  powerOn(reason: number): void {
    const { board } = this.#options;
    const before = reason === BOOT.RESET ? this.#chip : null;
    this.#forget();
    this.nor.powerUp();
    const ports = {
      sent: (uart: number, byte: number) => this.#sent(uart, byte),
      driven: (pin: number, high: boolean) => this.#driven(pin, high),
      randomBit: () => (this.randomDead || this.#random.below(1000) < BIAS ? 1 : 0),
      temperatureReading: () => this.#temperature(),
    };
    this.#chip = new Chip(this.nor, ports, board.hungInstructions, before);
    if (before === null) this.#chip.scramble((bytes) => this.#random.fill(bytes));
    this.#origin = this.#board.now();
    if (this.#origin === this.#options.clock) this.#chip.setClock(this.#origin);
    this.#bootAt = this.#origin;
    this.#frames.reset();
    this.#console.reset();
  }

  powerOff(): void {
    this.#forget();
    this.#chip = null;
    this.#bootAt = Number.POSITIVE_INFINITY;
  }

  button(): void {}

  inputChanged(): void {}

  /** The controller does not make attestations. */
  attest(): void {
    this.#board.attested(null);
  }

  linkChanged(up: boolean): void {
    this.#line.push(linkFrame(up ? "U" : "D"));
  }

  received(bytes: Uint8Array): void {
    this.#line.push(linkFrame("M", bytes));
  }

  hung(): void {
    throw new Error("an emulated controller has no guest on this thread");
  }

  /** The board's clock moved while the processor was stopped. The chip's clock follows. */
  stall(): void {
    this.#chip?.clock.passTo((this.#board.now() - this.#origin) * NANOS_PER_MS);
  }

  poll(): void {
    const chip = this.#chip;
    if (chip === null || this.#gone) return;
    try {
      this.#follow(chip);
    } catch (error) {
      if (error instanceof PowerLoss) this.#board.bytesToPowerLoss = Number.POSITIVE_INFINITY;
      throw error;
    }
  }

  #follow(chip: Chip): void {
    const { clock } = chip;
    const now = (this.#board.now() - this.#origin) * NANOS_PER_MS;
    this.nor.refuses = this.#board.faults.has("storage-fails");
    this.nor.bytesToPowerLoss = this.#board.bytesToPowerLoss;
    if (this.#bootAt === Number.POSITIVE_INFINITY) {
      // Events that were due before, with the pins as they were then.
      for (let due = clock.due; due < now; due = clock.due) {
        clock.passTo(due);
        this.#work(chip);
      }
    }
    clock.passTo(now);
    this.#pins(chip);
    if (this.#board.now() >= this.#bootAt) {
      this.#bootAt = Number.POSITIVE_INFINITY;
      // The fault covers the retained block too.
      if (this.nor.refuses) chip.spoilRetained();
      chip.boot();
    }
    for (const frame of this.#line) chip.uarts[MODEM]?.feed(frame);
    this.#line = [];
    this.#work(chip);
    if (this.#board.bytesToPowerLoss !== Number.POSITIVE_INFINITY)
      this.#board.bytesToPowerLoss = this.nor.bytesToPowerLoss;
  }

  #pins(chip: Chip): void {
    const { pins } = this.#options.board;
    const sense = this.#board.sense();
    chip.level(pins.no, (sense & 1) !== 0);
    chip.level(pins.nc, (sense & 2) !== 0);
    chip.level(pins.rail, (sense & 4) !== 0);
    chip.level(pins.button, (this.#board.inputs() & INPUT_BUTTON) !== 0);
  }

  #work(chip: Chip): void {
    if (this.#bootAt !== Number.POSITIVE_INFINITY) return;
    for (let slices = this.#hung ? HUNG_SLICES : 1; slices > 0; slices--) {
      const stop = chip.run();
      this.#hung = stop === "hung";
      if (stop === "asleep") return;
      if (stop === "restart") {
        chip.restarted();
        this.#bootAt = this.#board.now() + this.#options.bootMs;
        return;
      }
      if (stop === "usb drive" || stop === "dead") {
        // Only a reset ends this state.
        this.said.push(`the chip is ${stop === "dead" ? "locked up" : "a USB drive"}`);
        this.#gone = true;
        return;
      }
    }
  }

  #sent(uart: number, byte: number): void {
    if (uart === CONSOLE) this.#console.feed(Uint8Array.of(byte));
    else if (uart === MODEM && this.#radio) this.#frames.feed(byte);
  }

  #driven(pin: number, high: boolean): void {
    const { pins } = this.#options.board;
    if (pin === pins.relay) this.#board.gpioWrite(0, high ? 1 : 0);
    else if (pin === pins.lamp) this.#board.gpioWrite(1, high ? 1 : 0);
    else if (pin === pins.radio && high !== this.#radio) {
      this.#radio = high;
      this.#frames.reset();
      this.#board.radioPower(high);
    }
  }

  #temperature(): number {
    const tenths = this.#board.inputs() >> INPUT_TEMPERATURE_SHIFT;
    const sum = Math.floor((TENTHS_AT_0 - tenths * TENTHS_SCALE) / TENTHS_A_STEP);
    const index = this.#readings++ % READINGS;
    return Math.floor(sum / READINGS) + (index < sum % READINGS ? 1 : 0);
  }

  #forget(): void {
    this.#line = [];
    this.#hung = false;
    this.#gone = false;
    this.#readings = 0;
    if (!this.#radio) return;
    this.#radio = false;
    this.#board.radioPower(false);
    this.#board.trace("radio", "power=off");
  }
}
