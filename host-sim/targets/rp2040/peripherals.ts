/**
 * Peripherals of the RP2040 in place of rp2040js's own, where those are absent or differ from the data sheet:
 * timer, watchdog, ring oscillator, chip reset, XIP control, ADC. boards/two-chip/README.md says why each.
 */
import type { RP2040 } from "rp2040js";
import { BasePeripheral } from "rp2040js";

const US = 1000;
const WORD = 2 ** 32;

/** Timer (4.6): 1 MHz, alarms exactly at their microsecond. */
export class TimerPeripheral extends BasePeripheral {
  readonly #alarms = [0, 1, 2, 3].map((index) =>
    this.rp2040.clock.createAlarm(() => this.#fire(index)),
  );
  readonly #targets = [0, 0, 0, 0];
  #armed = 0;
  #raw = 0;
  #enabled = 0;

  override readUint32(offset: number): number {
    const us = Math.floor(this.rp2040.clock.nanos / US);
    if (offset === 0x24 || offset === 0x08) return Math.floor(us / WORD);
    if (offset === 0x28 || offset === 0x0c) return us % WORD;
    if (offset >= 0x10 && offset < 0x20) return this.#targets[(offset - 0x10) / 4] ?? 0;
    if (offset === 0x20) return this.#armed;
    if (offset === 0x34) return this.#raw;
    if (offset === 0x38) return this.#enabled;
    if (offset === 0x40) return this.#raw & this.#enabled;
    return super.readUint32(offset);
  }

  override writeUint32(offset: number, value: number): void {
    if (offset >= 0x10 && offset < 0x20) this.#arm((offset - 0x10) / 4, value >>> 0);
    else if (offset === 0x20) this.#disarm(this.rawWriteValue);
    else if (offset === 0x34) this.#raw &= ~this.rawWriteValue;
    else if (offset === 0x38) this.#enabled = value & 15;
    else super.writeUint32(offset, value);
    this.#interrupt();
  }

  #arm(index: number, target: number): void {
    const { nanos } = this.rp2040.clock;
    const us = Math.floor(nanos / US);
    this.#targets[index] = target;
    this.#armed |= 1 << index;
    // The alarm fires when the counter becomes equal to it. The current value is already too late.
    const ahead = (target - us + WORD) % WORD || WORD;
    this.#alarms[index]?.schedule((us + ahead) * US - nanos);
  }

  #disarm(mask: number): void {
    this.#armed &= ~mask;
    for (const [index, alarm] of this.#alarms.entries())
      if ((mask & (1 << index)) !== 0) alarm.cancel();
  }

  #fire(index: number): void {
    this.#armed &= ~(1 << index);
    this.#raw |= 1 << index;
    this.#interrupt();
  }

  #interrupt(): void {
    for (let index = 0; index < 4; index++)
      this.rp2040.setInterrupt(index, (this.#raw & this.#enabled & (1 << index)) !== 0);
  }
}

const WATCHDOG_TRIGGER = 0x8000_0000;
const WATCHDOG_ENABLE = 0x4000_0000;

/** Watchdog (4.7), which counts two a microsecond (erratum RP2040-E1). */
export class WatchdogPeripheral extends BasePeripheral {
  readonly scratch = new Uint32Array(8);
  /** 1: the timer ran out; 2: triggered. */
  reason = 0;
  readonly #bite: () => void;
  readonly #alarm;
  #enabled = false;
  #load = 0;
  #tick = 0;

  constructor(mcu: RP2040, bite: () => void) {
    super(mcu, "WATCHDOG");
    this.#bite = bite;
    this.#alarm = mcu.clock.createAlarm(() => {
      this.reason = 1;
      this.stop();
      bite();
    });
  }

  stop(): void {
    this.#enabled = false;
    this.#alarm.cancel();
  }

  override readUint32(offset: number): number {
    if (offset === 0x00) return this.#enabled ? WATCHDOG_ENABLE : 0;
    if (offset === 0x08) return this.reason;
    if (offset >= 0x0c && offset < 0x2c) return this.scratch[(offset - 0x0c) / 4] ?? 0;
    if (offset === 0x2c) return this.#tick;
    return 0;
  }

  override writeUint32(offset: number, value: number): void {
    if (offset === 0x04) {
      this.#load = value & 0xff_ffff;
      this.#schedule();
    } else if (offset >= 0x0c && offset < 0x2c) this.scratch[(offset - 0x0c) / 4] = value;
    else if (offset === 0x2c) this.#tick = value;
    else if (offset === 0x00) {
      this.#enabled = (value & WATCHDOG_ENABLE) !== 0;
      this.#schedule();
      if ((value & WATCHDOG_TRIGGER) === 0) return;
      this.reason = 2;
      this.stop();
      this.#bite();
    }
  }

  #schedule(): void {
    this.#alarm.cancel();
    if (this.#enabled) this.#alarm.schedule((this.#load * US) / 2);
  }
}

/** Ring oscillator (2.17): its random bit comes from a function. */
export class RoscPeripheral extends BasePeripheral {
  readonly #bit: () => number;

  constructor(mcu: RP2040, bit: () => number) {
    super(mcu, "ROSC");
    this.#bit = bit;
  }

  override readUint32(offset: number): number {
    return offset === 0x1c ? this.#bit() & 1 : 0;
  }

  override writeUint32(): void {}
}

/** Registers that hold what is written, and those that read as given. */
export class PlainPeripheral extends BasePeripheral {
  readonly #registers: Map<number, number>;

  constructor(mcu: RP2040, name: string, registers: readonly (readonly [number, number])[] = []) {
    super(mcu, name);
    this.#registers = new Map(registers);
  }

  override readUint32(offset: number): number {
    return this.#registers.get(offset) ?? 0;
  }

  override writeUint32(offset: number, value: number): void {
    this.#registers.set(offset, value >>> 0);
  }
}

const ADC_START = 1 << 2;
const ADC_READY = 1 << 8;

/** ADC (4.9): a conversion takes no time. */
export class AdcPeripheral extends BasePeripheral {
  readonly #read: (channel: number) => number;
  #control = 0;
  #result = 0;

  constructor(mcu: RP2040, read: (channel: number) => number) {
    super(mcu, "ADC");
    this.#read = read;
  }

  override readUint32(offset: number): number {
    return offset === 0 ? this.#control | ADC_READY : offset === 4 ? this.#result : 0;
  }

  override writeUint32(offset: number, value: number): void {
    if (offset !== 0) return;
    this.#control = value & ~ADC_START & ~ADC_READY;
    if ((value & ADC_START) !== 0) this.#result = this.#read((value >>> 12) & 7);
  }
}
