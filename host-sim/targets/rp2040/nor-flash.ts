/**
 * A NOR flash chip on the SSI: erase, program, busy, write-enable. It cannot be read while it is busy, or while
 * the SSI is not set up for reads. Commands of the W25Q16JV.
 */
import type { RP2040 } from "rp2040js";
import { BasePeripheral } from "rp2040js";
import { PowerLoss } from "../../sim/host-loop.ts";

const SECTOR = 4096;
const PAGE = 256;
const COMMAND = {
  PROGRAM: 0x02,
  READ: 0x03,
  DISABLE: 0x04,
  STATUS: 0x05,
  ENABLE: 0x06,
  ERASE: 0x20,
  ID: 0x9f,
} as const;
/** W25Q16JV. */
const JEDEC_ID = [0xef, 0x40, 0x15] as const;
export type FlashOperation = "erase" | "program";

export class NorFlash {
  readonly bytes: Uint8Array;
  /** If set, the write-enable latch stays off, so that no write works. */
  refuses = false;
  /** Bytes that it still programs before the supply fails. */
  bytesToPowerLoss = Number.POSITIVE_INFINITY;
  /** How many bytes of an operation take effect before the supply fails; null: all. */
  interrupt: ((operation: FlashOperation, length: number) => number | null) | null = null;
  /** Polls of the status that find the chip busy. Stands for time, which is not modelled here. */
  busyPolls = 3;
  erases = 0;
  programs = 0;
  #selected = false;
  #command: number[] = [];
  #writable = false;
  #busy = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size).fill(0xff);
  }

  get busy(): boolean {
    return this.#busy > 0;
  }

  /** Chip select, which ends a command. */
  select(low: boolean): void {
    if (this.#selected && !low) this.#end();
    if (low && !this.#selected) this.#command = [];
    this.#selected = low;
  }

  /** Transfers one byte in each direction. */
  exchange(byte: number): number {
    if (!this.#selected) return 0xff;
    this.#command.push(byte);
    const [command] = this.#command;
    const index = this.#command.length - 1;
    if (index === 0) return 0xff;
    if (command === COMMAND.STATUS) return this.#status();
    if (command === COMMAND.ID) return JEDEC_ID[index - 1] ?? 0xff;
    if (command === COMMAND.READ && index >= 4 && !this.busy)
      return this.bytes[(this.#address() + index - 4) % this.bytes.length] ?? 0xff;
    return 0xff;
  }

  /** The supply was lost or came back. A command in progress ends. */
  powerUp(): void {
    this.#selected = false;
    this.#writable = false;
    this.#busy = 0;
    this.bytesToPowerLoss = Number.POSITIVE_INFINITY;
  }

  #status(): number {
    const status = (this.busy ? 1 : 0) | (this.#writable ? 2 : 0);
    if (this.busy && --this.#busy === 0) this.#writable = false;
    return status;
  }

  #address(): number {
    const [, high = 0, middle = 0, low = 0] = this.#command;
    return (high << 16) | (middle << 8) | low;
  }

  #end(): void {
    const [command] = this.#command;
    if (this.busy) return;
    if (command === COMMAND.ENABLE) this.#writable = !this.refuses;
    else if (command === COMMAND.DISABLE) this.#writable = false;
    else if (command === COMMAND.ERASE && this.#command.length === 4) this.#erase();
    else if (command === COMMAND.PROGRAM && this.#command.length > 4) this.#program();
  }

  #erase(): void {
    if (!this.#writable) return;
    this.erases++;
    const at = this.#address() & ~(SECTOR - 1);
    const done = this.interrupt?.("erase", SECTOR) ?? SECTOR;
    this.bytes.fill(0xff, at, at + done);
    if (done < SECTOR) throw new PowerLoss();
    this.#busy = this.busyPolls;
  }

  #program(): void {
    if (!this.#writable) return;
    this.programs++;
    const data = this.#command.slice(4);
    const at = this.#address();
    const limit = this.interrupt?.("program", data.length) ?? data.length;
    const most = Math.min(limit, this.bytesToPowerLoss);
    for (const [index, byte] of data.entries()) {
      if (index >= most) throw new PowerLoss();
      // Within a page the address wraps; a bit is cleared and never set.
      const to = (at & ~(PAGE - 1)) | ((at + index) & (PAGE - 1));
      this.bytes[to] = (this.bytes[to] ?? 0xff) & byte;
    }
    this.bytesToPowerLoss -= data.length;
    this.#busy = this.busyPolls;
  }
}

const CTRLR0 = 0x00;
const SSIENR = 0x08;
const SR = 0x28;
const DR0 = 0x60;
const ROOM = 0b110;
const RECEIVED = 0b1000;
/** Frames of 32 bits in "EEPROM read" mode: what XIP needs. */
const XIP_MODE = 0x001f_0300;
const MODE = 0x001f_0300;

/** The synchronous serial interface: a frame each way at once, or reads for XIP. */
export class SsiPeripheral extends BasePeripheral {
  readonly #flash: NorFlash;
  readonly #registers = new Map<number, number>();
  #received: number[] = [];

  constructor(mcu: RP2040, flash: NorFlash) {
    super(mcu, "SSI");
    this.#flash = flash;
  }

  /** Whether the flash can be read through XIP now. */
  get mapped(): boolean {
    const mode = (this.#registers.get(CTRLR0) ?? 0) & MODE;
    return this.#registers.get(SSIENR) === 1 && mode === XIP_MODE && !this.#flash.busy;
  }

  override readUint32(offset: number): number {
    if (offset === SR) return ROOM | (this.#received.length > 0 ? RECEIVED : 0);
    if (offset === DR0) return this.#received.shift() ?? 0;
    return this.#registers.get(offset) ?? 0;
  }

  override writeUint32(offset: number, value: number): void {
    if (offset === DR0) this.#received.push(this.#flash.exchange(value & 0xff));
    else this.#registers.set(offset, value >>> 0);
    if (offset === SSIENR && value === 0) this.#received = [];
  }
}

const SS_CTRL = 0x0c;
const OVERRIDE_SHIFT = 8;
const OVERRIDE_LOW = 2;

/** The flash's pins; of them, chip select. */
export class QspiPinsPeripheral extends BasePeripheral {
  readonly #flash: NorFlash;
  readonly #registers = new Map<number, number>();

  constructor(mcu: RP2040, flash: NorFlash) {
    super(mcu, "IO_QSPI");
    this.#flash = flash;
  }

  override readUint32(offset: number): number {
    return this.#registers.get(offset) ?? 0;
  }

  override writeUint32(offset: number, value: number): void {
    this.#registers.set(offset, value >>> 0);
    if (offset === SS_CTRL) this.#flash.select(((value >>> OVERRIDE_SHIFT) & 3) === OVERRIDE_LOW);
  }
}
