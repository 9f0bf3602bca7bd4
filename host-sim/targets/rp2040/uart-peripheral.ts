/**
 * A PL011 (RP2040 data sheet 4.2) with both FIFOs of 32 bytes, overrun, levels and the silence interrupt. The
 * line itself takes no time: a sender that obeys RTS sends the next byte when the FIFO has room.
 */
import type { RP2040 } from "rp2040js";
import { BasePeripheral } from "rp2040js";

const FIFO = 32;
const RX_EMPTY = 1 << 4;
const RX_FULL = 1 << 6;
const TX_EMPTY = 1 << 7;
const INT_RX = 1 << 4;
const INT_TX = 1 << 5;
const INT_SILENCE = 1 << 6;
const INT_OVERRUN = 1 << 10;
const DR = 0x00;
const FR = 0x18;
const CR = 0x30;
const IFLS = 0x34;
const IMSC = 0x38;
const RIS = 0x3c;
const MIS = 0x40;
const ICR = 0x44;
/** Eighths of a FIFO, by the receive level of IFLS, in quarters where they are so. */
const LEVELS = [4, 8, 16, 24, 28] as const;

export class UartPeripheral extends BasePeripheral {
  /** Bytes that were lost because the FIFO was full. */
  overruns = 0;
  readonly #irq: number;
  readonly #sent: (byte: number) => void;
  readonly #registers = new Map<number, number>();
  readonly #fifo: number[] = [];
  #line: number[] = [];
  #raw = INT_TX;
  #mask = 0;

  constructor(mcu: RP2040, name: string, irq: number, sent: (byte: number) => void) {
    super(mcu, name);
    this.#irq = irq;
    this.#sent = sent;
  }

  /** For a sender that obeys RTS: bytes wait until the FIFO has room. */
  feed(bytes: Uint8Array): void {
    for (const byte of bytes) this.#line.push(byte);
    this.#refill();
  }

  /** For a sender that ignores RTS: bytes are lost when the FIFO is full. */
  force(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#fifo.length < FIFO) this.#fifo.push(byte);
      else {
        this.overruns++;
        this.#raw |= INT_OVERRUN;
      }
    }
    this.#levels();
  }

  #refill(): void {
    while (this.#fifo.length < FIFO && this.#line.length > 0)
      this.#fifo.push(this.#line.shift() ?? 0);
    this.#levels();
  }

  #levels(): void {
    const level = LEVELS[((this.#registers.get(IFLS) ?? 0b010010) >>> 3) & 7] ?? FIFO / 2;
    if (this.#fifo.length >= level) this.#raw |= INT_RX;
    else this.#raw &= ~INT_RX;
    // 32 bit times of silence: the line is idle as soon as its sender is.
    if (this.#fifo.length > 0) this.#raw |= INT_SILENCE;
    else this.#raw &= ~INT_SILENCE;
    this.rp2040.setInterrupt(this.#irq, (this.#raw & this.#mask) !== 0);
  }

  override readUint32(offset: number): number {
    if (offset === DR) {
      const byte = this.#fifo.shift() ?? 0;
      this.#refill();
      return byte;
    }
    if (offset === FR) {
      const empty = this.#fifo.length === 0 ? RX_EMPTY : 0;
      return empty | (this.#fifo.length >= FIFO ? RX_FULL : 0) | TX_EMPTY;
    }
    if (offset === IMSC) return this.#mask;
    if (offset === RIS) return this.#raw;
    if (offset === MIS) return this.#raw & this.#mask;
    return this.#registers.get(offset) ?? 0;
  }

  override writeUint32(offset: number, value: number): void {
    if (offset === DR) {
      if (((this.#registers.get(CR) ?? 0) & 0x101) === 0x101) this.#sent(value & 0xff);
    } else if (offset === IMSC) this.#mask = value & 0x7ff;
    else if (offset === ICR) this.#raw &= ~this.rawWriteValue | INT_TX;
    else this.#registers.set(offset, value >>> 0);
    this.#levels();
  }
}
