/**
 * An emulated RP2040 on a board: its pins, its two UARTs, its flash, what resets it, and its time.
 *
 * Instructions take no time: the clock moves only while the processor sleeps, as in the simulator. A program that
 * does not sleep for `hungAfter` instructions counts as hung, and time then passes around it.
 */
import { GPIOPinState } from "rp2040js";
import { executeAlu, isAlu } from "./alu.ts";
import { checksumOfBoot } from "./boot-checksum.ts";
import { CheckedMcu, type Fault } from "./checked-mcu.ts";
import { EmulatedClock } from "./emulated-clock.ts";
import { type NorFlash, QspiPinsPeripheral, SsiPeripheral } from "./nor-flash.ts";
import {
  AdcPeripheral,
  PlainPeripheral,
  RoscPeripheral,
  TimerPeripheral,
  WatchdogPeripheral,
} from "./peripherals.ts";
import { UartPeripheral } from "./uart-peripheral.ts";

/** Where the boot ROM puts the second stage. */
const BOOT_AT = 0x2004_1f00;
const BOOT_BYTES = 256;
const SRAM = 0x2000_0000;
const ROM_MAGIC = 0xb007_c0d3;
const PROCESSORS = 0x1_8000;
const PAD_RESET = 0x56;
const HAD_POR = 1 << 8;
const HAD_RUN = 1 << 16;
const IRQ_UART0 = 20;
const HARD_FAULT = 3;
/** The board's retained block (retained_block.h): its first word, and the offset of the guest's part in bytes. */
export const RETAINED_VERSION = 0x4b53_5232;
export const RETAINED_REGION = 32;
/** The block lies in the first bytes of RAM, this many at most. */
const RETAINED_WITHIN = 32 * 1024;
/** Instructions that a hung program executes between two events. */
const HUNG_SLICE = 20_000;
/** Address of the ROM's function that restarts as a USB drive. We chose it; nothing else is there. */
const USB_BOOT_AT = 0x0000_0100;

export interface ChipPorts {
  /** A byte on the line of a UART. */
  sent(uart: number, byte: number): void;
  /** A pin is driven to a level, or released (false). */
  driven(pin: number, high: boolean): void;
  randomBit(): number;
  /** A reading of the die's temperature sensor. */
  temperatureReading(): number;
}

/** What ended a run. */
export type Stop = "asleep" | "hung" | "restart" | "usb drive" | "dead";

export class Chip {
  readonly clock: EmulatedClock;
  readonly uarts: readonly UartPeripheral[];
  /** Instructions carried out since the supply came up. */
  instructions = 0;
  /** What the last restart reset: only the processors, or the whole chip. */
  restartKeepsPins = true;
  /** Called before each instruction, with its address. For measurements. */
  watched: ((pc: number, instructions: number) => void) | null = null;
  /** If set, the watchdog's trigger does nothing. For tests of the fallback. */
  watchdogDead = false;
  readonly #mcu: CheckedMcu;
  readonly #watchdog: WatchdogPeripheral;
  readonly #nor: NorFlash;
  readonly #hungAfter: number;
  readonly #levels = new Map<number, boolean>();
  #awake = 0;
  #restart = false;
  #usb = false;
  #dead = false;

  constructor(nor: NorFlash, ports: ChipPorts, hungAfter: number, byReset: Chip | null = null) {
    this.#nor = nor;
    this.#hungAfter = hungAfter;
    this.clock = new EmulatedClock();
    let ssi: SsiPeripheral | null = null;
    this.#mcu = new CheckedMcu(this.clock, nor, () => ssi?.mapped ?? false);
    const mcu = this.#mcu;
    ssi = new SsiPeripheral(mcu, nor);
    this.#watchdog = new WatchdogPeripheral(mcu, () => {
      if (!this.watchdogDead) this.#restart = true;
    });
    this.uarts = [0, 1].map(
      (index) =>
        new UartPeripheral(mcu, `UART${index}`, IRQ_UART0 + index, (byte) =>
          ports.sent(index, byte),
        ),
    );
    Object.assign(mcu.peripherals, {
      81920: new PlainPeripheral(mcu, "XIP_CTRL"),
      98304: ssi,
      262168: new QspiPinsPeripheral(mcu, nor),
      262196: this.uarts[0],
      262200: this.uarts[1],
      262220: new AdcPeripheral(mcu, () => ports.temperatureReading()),
      262228: new TimerPeripheral(mcu, "TIMER"),
      262232: this.#watchdog,
      262240: new RoscPeripheral(mcu, () => ports.randomBit()),
      262244: new PlainPeripheral(mcu, "CHIP_RESET", [[8, byReset === null ? HAD_POR : HAD_RUN]]),
    });
    if (byReset !== null) mcu.sram.set(byReset.#mcu.sram);
    this.#loadRom();
    for (const pin of mcu.gpio) {
      pin.padValue = PAD_RESET;
      pin.addListener((state) => ports.driven(pin.index, state === GPIOPinState.High));
    }
  }

  get faults(): readonly Fault[] {
    return this.#mcu.faults;
  }

  get sram(): Uint8Array {
    return this.#mcu.sram;
  }

  /** Where the processor is: for measurements. */
  get pc(): number {
    return this.#mcu.core.PC;
  }

  /** The levels that the processor drives, a bit for each pin. */
  get out(): number {
    return this.#mcu.sio.gpioValue & this.#mcu.sio.gpioOutputEnable;
  }

  /** The pad control register of a pin (2.19.6.3). */
  pad(pin: number): number {
    return this.#mcu.gpio[pin]?.padValue ?? 0;
  }

  get asleep(): boolean {
    return this.#mcu.core.waiting;
  }

  /** The function table that `bootsel` looks up (2.8.3): its lookup returns one address for every name. */
  #loadRom(): void {
    const { bootrom } = this.#mcu;
    bootrom[0x14 / 4] = 0x0000_0080;
    bootrom[0x18 / 4] = 0x0000_0041;
    // ldr r0, [pc, #0]; bx lr; .word USB_BOOT_AT + 1
    bootrom[0x40 / 4] = 0x4770_4800;
    bootrom[0x44 / 4] = USB_BOOT_AT + 1;
  }

  /** What the firmware's clock shows at the chip's time 0, in ms: firmware/restart.c keeps it in scratch registers. */
  setClock(ms: number): void {
    this.#watchdog.scratch.set([ms, ~ms], 1);
  }

  /** Fills RAM with arbitrary bytes, as after a loss of supply. */
  scramble(fill: (bytes: Uint8Array) => void): void {
    fill(this.#mcu.sram);
  }

  /** Flips a bit in the retained block. Finds the block in RAM by its version. */
  spoilRetained(): void {
    const { sramView, sram } = this.#mcu;
    for (let at = 0; at < RETAINED_WITHIN; at += 4) {
      if (sramView.getUint32(at, true) !== RETAINED_VERSION) continue;
      sram[at + RETAINED_REGION] = (sram[at + RETAINED_REGION] ?? 0) ^ 1;
    }
  }

  level(pin: number, high: boolean): void {
    const gpio = this.#mcu.gpio[pin];
    if (gpio === undefined) throw new RangeError(`the chip has no GPIO${pin}`);
    // rp2040js treats a repeated level as an edge.
    if ((this.#levels.get(pin) ?? false) === high) return;
    this.#levels.set(pin, high);
    gpio.setInputValue(high);
  }

  /** What the boot ROM does: the scratch registers' entry, or the second stage from flash. */
  boot(): void {
    this.#resetCore();
    const { core, sram } = this.#mcu;
    const { scratch } = this.#watchdog;
    const [, , , , magic = 0, check = 0, stack = 0, entry = 0] = scratch;
    if (magic === ROM_MAGIC && (check ^ -ROM_MAGIC) >>> 0 === entry) {
      scratch[4] = 0;
      core.SP = stack;
      core.PC = entry & ~1;
      return;
    }
    const stage = this.#nor.bytes.subarray(0, BOOT_BYTES);
    const view = new DataView(stage.buffer, stage.byteOffset, BOOT_BYTES);
    if (checksumOfBoot(stage.subarray(0, 252)) !== view.getUint32(252, true)) {
      this.#usb = true;
      return;
    }
    sram.set(stage, BOOT_AT - SRAM);
    core.SP = BOOT_AT;
    core.PC = BOOT_AT;
  }

  #resetCore(): void {
    const { core } = this.#mcu;
    core.waiting = false;
    core.PM = false;
    core.IPSR = 0;
    core.currentMode = 0;
    core.SPSEL = 0;
    core.nPRIV = false;
    core.VTOR = 0;
    core.enabledInterrupts = 0;
    core.interruptPriorities = [0xffff_ffff, 0, 0, 0];
    core.pendingPendSV = false;
    core.pendingSVCall = false;
    core.pendingSystick = false;
    core.pendingNMI = false;
    core.interruptsUpdated = false;
    this.#restart = false;
    this.#awake = 0;
  }

  /** One instruction, or an exception's entry before it. */
  step(): void {
    const mcu = this.#mcu;
    const { core } = mcu;
    if (core.interruptsUpdated) core.checkForInterrupts();
    this.watched?.(core.PC & ~1, this.instructions);
    const opcode = mcu.readUint16(core.PC & ~1);
    if (isAlu(opcode) && !mcu.faulted) {
      executeAlu(core, opcode);
      core.PC += 2;
      core.cycles++;
    } else core.executeInstruction();
    this.instructions++;
    if (mcu.faulted) this.#takeFault();
    // A pending interrupt wakes a sleeping core.
    if (core.waiting && (core.pendingInterrupts & core.enabledInterrupts) !== 0)
      core.waiting = false;
  }

  #takeFault(): void {
    const { core } = this.#mcu;
    this.#mcu.faulted = false;
    if (core.IPSR === HARD_FAULT) this.#dead = true;
    else core.exceptionEntry(HARD_FAULT);
    // The push to the stack failed. That fault is the one already being handled.
    this.#mcu.faulted = false;
  }

  /** Runs until the processor sleeps or hangs. */
  run(): Stop {
    const { core } = this.#mcu;
    const hung = this.#awake > this.#hungAfter;
    const most = hung ? HUNG_SLICE : this.#hungAfter + 1 - this.#awake;
    for (let count = 0; count < most; count++) {
      if (this.#usb) return "usb drive";
      if (this.#dead) return "dead";
      if (this.#restart) return "restart";
      if (core.waiting) {
        this.#awake = 0;
        return "asleep";
      }
      if (core.PC === USB_BOOT_AT) this.#usb = true;
      else this.step();
    }
    this.#awake += most;
    return this.#restart ? "restart" : "hung";
  }

  /** Performs the restart that run() reported. */
  restarted(): void {
    const psm = this.#mcu.peripherals[0x40010];
    const selected = psm?.readUint32(8) ?? 0;
    this.restartKeepsPins = (selected & ~PROCESSORS) === 0;
    this.#restart = false;
    this.#mcu.core.waiting = true;
  }
}
