/**
 * rp2040js's chip with checks that it lacks. A misaligned access, an access to an unused address, and a write to
 * flash are faults. Flash can be read only while the flash chip is ready. A pending interrupt wakes a sleeping core,
 * and is taken when the mask allows it.
 */
import { RP2040 } from "rp2040js";
import type { EmulatedClock } from "./emulated-clock.ts";
import type { NorFlash } from "./nor-flash.ts";

const XIP = 0x1000_0000;
const XIP_END = 0x1400_0000;
const XIP_WINDOW = 0x00ff_ffff;
const SRAM = 0x2000_0000;
const SRAM_BYTES = 264 * 1024;
const ROM_BYTES = 16 * 1024;
const DPRAM = 0x5010_0000;
const DPRAM_BYTES = 4096;
const SIO = 0xd;
const PPB = 0xe000_e;
/** How many faults are kept for a report. */
const FAULTS_MAX = 64;

export interface Fault {
  readonly what: "misaligned" | "unmapped" | "flash is busy" | "store to flash" | "store to ROM";
  readonly address: number;
  readonly pc: number;
}

const quiet = { debug(): void {}, info(): void {}, warn(): void {}, error(): void {} };

export class CheckedMcu extends RP2040 {
  readonly faults: Fault[] = [];
  /** The last instruction made an access that is a fault. */
  faulted = false;
  readonly #nor: NorFlash;
  readonly #flash: DataView;
  readonly #readable: () => boolean;
  readonly #ready: boolean;

  constructor(clock: EmulatedClock, nor: NorFlash, readable: () => boolean) {
    super(clock);
    this.logger = quiet;
    this.#nor = nor;
    this.#flash = new DataView(nor.bytes.buffer, nor.bytes.byteOffset, nor.bytes.length);
    this.#readable = readable;
    this.#ready = true;
  }

  #fault(what: Fault["what"], address: number): number {
    this.faulted = true;
    const pc = this.core.PC;
    if (this.faults.length < FAULTS_MAX) this.faults.push({ what, address, pc });
    return 0;
  }

  /** Offset in the flash of an address in its window; -1, and a fault, if it cannot be read. */
  #offset(address: number, bytes: number): number {
    const offset = address & XIP_WINDOW;
    if (offset + bytes > this.#nor.bytes.length) this.#fault("unmapped", address);
    else if (!this.#readable()) this.#fault("flash is busy", address);
    else return offset;
    return -1;
  }

  override readUint32(at: number): number {
    // The base class's constructor reads memory before this class has any.
    if (!(#ready in this) || !this.#ready) return 0;
    const address = at >>> 0;
    if ((address & 3) !== 0) return this.#fault("misaligned", address);
    const inSram = address - SRAM;
    if (inSram >= 0 && inSram < SRAM_BYTES) return this.sramView.getUint32(inSram, true);
    if (address >= XIP && address < XIP_END) {
      const offset = this.#offset(address, 4);
      return offset < 0 ? 0 : this.#flash.getUint32(offset, true);
    }
    if (!this.#mapped(address)) return this.#fault("unmapped", address);
    return super.readUint32(address);
  }

  override readUint16(at: number): number {
    const address = at >>> 0;
    if ((address & 1) !== 0) return this.#fault("misaligned", address);
    const inSram = address - SRAM;
    if (inSram >= 0 && inSram < SRAM_BYTES) return this.sramView.getUint16(inSram, true);
    if (address >= XIP && address < XIP_END) {
      const offset = this.#offset(address, 2);
      return offset < 0 ? 0 : this.#flash.getUint16(offset, true);
    }
    const word = this.readUint32((address & ~3) >>> 0);
    return (address & 2) === 0 ? word & 0xffff : word >>> 16;
  }

  override readUint8(at: number): number {
    const address = at >>> 0;
    const inSram = address - SRAM;
    if (inSram >= 0 && inSram < SRAM_BYTES) return this.sram[inSram] ?? 0;
    if (address >= XIP && address < XIP_END) {
      const offset = this.#offset(address, 1);
      return offset < 0 ? 0 : this.#flash.getUint8(offset);
    }
    const word = this.readUint32((address & ~3) >>> 0);
    return (word >>> (8 * (address & 3))) & 0xff;
  }

  override writeUint32(at: number, value: number): void {
    const address = at >>> 0;
    const inSram = address - SRAM;
    if ((address & 3) !== 0) this.#fault("misaligned", address);
    else if (inSram >= 0 && inSram < SRAM_BYTES) this.sramView.setUint32(inSram, value, true);
    else if (this.#writable(address)) super.writeUint32(address, value);
  }

  override writeUint16(at: number, value: number): void {
    const address = at >>> 0;
    const inSram = address - SRAM;
    if ((address & 1) !== 0) this.#fault("misaligned", address);
    else if (inSram >= 0 && inSram < SRAM_BYTES) this.sramView.setUint16(inSram, value, true);
    else if (this.#writable(address)) super.writeUint16(address, value);
  }

  override writeUint8(at: number, value: number): void {
    const address = at >>> 0;
    const inSram = address - SRAM;
    if (inSram >= 0 && inSram < SRAM_BYTES) this.sram[inSram] = value;
    else if (this.#writable(address)) super.writeUint8(address, value);
  }

  #writable(address: number): boolean {
    if (address < ROM_BYTES) this.#fault("store to ROM", address);
    else if (address >= XIP && address < XIP_END) this.#fault("store to flash", address);
    else if (!this.#mapped(address)) this.#fault("unmapped", address);
    else return true;
    return false;
  }

  /** Whether an address outside SRAM and flash is in use. */
  #mapped(address: number): boolean {
    if (address < ROM_BYTES || address >>> 28 === SIO || address >>> 12 === PPB) return true;
    if (address >= DPRAM && address < DPRAM + DPRAM_BYTES) return true;
    return this.peripherals[(address >>> 14) << 2] !== undefined;
  }

  override setInterrupt(irq: number, value: boolean): void {
    const { core } = this;
    const bit = 1 << irq;
    if (!value) {
      core.pendingInterrupts &= ~bit;
      return;
    }
    core.pendingInterrupts |= bit;
    core.interruptsUpdated = true;
    if ((core.enabledInterrupts & bit) !== 0) core.waiting = false;
  }
}
