/**
 * A fake chip in its boot loader, for tests: speaks the ROM's serial protocol and has a flash, with
 * faults of real chips. Written from the protocol's description (esptool documentation, "Serial
 * Protocol"), not from the code under test.
 */
import { createHash } from "node:crypto";
import type { Pty } from "../serial/pty.ts";

const SECTOR = 0x1000;
const END = 0xc0;
const ESCAPE = 0xdb;
const MAGIC_REGISTER = 0x40001000;
/** Error codes of a ROM. */
const INVALID = 5;
const FAILED = 6;
const BAD_CHECKSUM = 7;

export interface FakeChip {
  /** The chip id in GET_SECURITY_INFO. Undefined: the ROM does not know the command. */
  chipId?: number;
  magic?: number;
  /** Words of its fuses, by their addresses. */
  fuses?: Record<number, number>;
}
/** Chips by their technical reference manuals, and one that does not exist. */
export const CHIPS = {
  esp32: { magic: 0x00f01d83 },
  esp32c3: {
    chipId: 5,
    magic: 0x1b31506f,
    // RD_MAC_SPI_SYS_0 and _1.
    fuses: { 1610647620: 0xf9aabbcc, 1610647624: 0x6055 },
  },
  esp32s3: { chipId: 9, magic: 0x09 },
  tomorrow: { chipId: 4711, magic: 0x12345678 },
} satisfies Record<string, FakeChip>;

export interface Faults {
  /** Does not answer. */
  silent?: boolean;
  /** Answers every command with these bytes. */
  garbage?: Uint8Array;
  /** Stops answering after this number of blocks. */
  diesAfter?: number;
  /** A bit at this address cannot be written. */
  flips?: number;
  /** Reports once that the block with this number had a wrong checksum. */
  doubts?: number;
  /** Refuses to begin a write. */
  refuses?: boolean;
}

type Answer = { value?: number; data?: Uint8Array; error?: number };

export class FakeRom {
  readonly flash: Buffer;
  /** The received operations, in order. */
  readonly log: number[] = [];
  readonly #chip: FakeChip;
  readonly #faults: Faults;
  readonly #line: Pty;
  #packet: number[] | null = null;
  #escaped = false;
  #attached = false;
  #sized = false;
  #next = 0;
  #at = 0;
  #left = 0;
  #blocks = 0;
  #doubted = false;

  constructor(line: Pty, chip: FakeChip, faults: Faults = {}, flashBytes = 0x400000) {
    this.#line = line;
    this.#chip = chip;
    this.#faults = faults;
    // The old content, different in every sector.
    this.flash = Buffer.alloc(flashBytes);
    for (let at = 0; at < flashBytes; at++) this.flash[at] = (at * 7 + (at >> 12) * 31) & 0xff;
    line.heard = (bytes) => this.#hear(bytes);
  }

  #hear(bytes: Uint8Array): void {
    const { silent, garbage } = this.#faults;
    if (garbage !== undefined) this.#line.send(garbage);
    if (silent || garbage !== undefined) return;
    for (const byte of bytes) {
      if (byte === END) {
        if (this.#packet !== null && this.#packet.length > 0) this.#take(Buffer.from(this.#packet));
        this.#packet = [];
        this.#escaped = false;
      } else if (this.#packet === null) {
        // Noise before the first packet.
      } else if (this.#escaped) {
        this.#packet.push(byte === 0xdc ? END : ESCAPE);
        this.#escaped = false;
      } else if (byte === ESCAPE) this.#escaped = true;
      else this.#packet.push(byte);
    }
  }

  #say(op: number, { value = 0, data = new Uint8Array(), error = 0 }: Answer): void {
    const status = Buffer.from([error === 0 ? 0 : 1, error, 0, 0]);
    const body = Buffer.concat([data, status]);
    const head = Buffer.alloc(8);
    head.writeUInt8(1, 0);
    head.writeUInt8(op, 1);
    head.writeUInt16LE(body.length, 2);
    head.writeUInt32LE(value >>> 0, 4);
    const escaped = [...head, ...body].flatMap((byte) =>
      byte === END ? [ESCAPE, 0xdc] : byte === ESCAPE ? [ESCAPE, 0xdd] : [byte],
    );
    this.#line.send(Uint8Array.of(END, ...escaped, END));
  }

  #take(packet: Buffer): void {
    if (packet.length < 8 || packet[0] !== 0) return;
    if (this.#faults.diesAfter !== undefined && this.#blocks >= this.#faults.diesAfter) return;
    const op = packet.readUInt8(1);
    const data = packet.subarray(8);
    this.log.push(op);
    const whole = packet.readUInt16LE(2) === data.length;
    const answer = whole ? this.#answer(op, data, packet.readUInt32LE(4)) : { error: INVALID };
    if (answer !== null) this.#say(op, answer);
    // A ROM answers an unknown command several times, and with another command number.
    else for (let times = 0; times < 8; times++) this.#say(0, { error: INVALID });
  }

  #answer(op: number, data: Buffer, checksum: number): Answer | null {
    switch (op) {
      case 0x08:
        return this.#sync(data);
      case 0x0a:
        if (data.length !== 4) return { error: INVALID };
        return { value: this.#register(data.readUInt32LE(0)) };
      case 0x14:
        return this.#chip.chipId === undefined ? null : { data: this.#locks(this.#chip.chipId) };
      case 0x0d:
        this.#attached = data.length === 8;
        return this.#attached ? {} : { error: INVALID };
      case 0x0b:
        this.#sized = data.length === 24 && data.readUInt32LE(4) <= this.flash.length;
        return this.#sized ? {} : { error: INVALID };
      case 0x0f:
        return data.length === 8 ? {} : { error: INVALID };
      case 0x02:
        return this.#begin(data);
      case 0x03:
        return this.#data(data, checksum);
      case 0x13:
        return this.#digest(data);
      case 0x0e:
        return this.#read(data);
      default:
        return null;
    }
  }

  #register(at: number): number {
    if (at === MAGIC_REGISTER) return this.#chip.magic ?? 0;
    return this.#chip.fuses?.[at] ?? 0;
  }

  /** Up to 64 bytes of the flash, in a buffer that is always 64 bytes long. */
  #read(data: Buffer): Answer {
    if (data.length !== 8 || !this.#attached) return { error: INVALID };
    const [at, length] = [data.readUInt32LE(0), data.readUInt32LE(4)];
    if (length > 64) return { error: INVALID };
    const bytes = Buffer.alloc(64, 0xa5);
    this.flash.copy(bytes, 0, at, at + length);
    return { data: bytes };
  }

  #sync(data: Buffer): Answer {
    const greeting = Buffer.concat([Buffer.from([7, 7, 0x12, 0x20]), Buffer.alloc(32, 0x55)]);
    if (!data.equals(greeting)) return { error: INVALID };
    for (let times = 0; times < 7; times++) this.#say(0x08, { value: 0x20120707 });
    return { value: 0x20120707 };
  }

  #locks(chipId: number): Uint8Array {
    const data = Buffer.alloc(20);
    data.writeUInt32LE(chipId, 12);
    return data;
  }

  #begin(data: Buffer): Answer {
    // ROMs with GET_SECURITY_INFO take a fifth word, whether to encrypt. Others refuse it.
    const words = this.#chip.chipId === undefined ? 4 : 5;
    if (data.length !== words * 4) return { error: INVALID };
    if (!this.#attached || !this.#sized || this.#faults.refuses) return { error: FAILED };
    const [erase, blocks, size, at] = [0, 4, 8, 12].map((place) => data.readUInt32LE(place));
    if (erase === undefined || blocks === undefined || size === undefined || at === undefined)
      return { error: INVALID };
    if (size > 0x400 || at + erase > this.flash.length) return { error: INVALID };
    const first = Math.floor(at / SECTOR) * SECTOR;
    this.flash.fill(0xff, first, Math.ceil((at + erase) / SECTOR) * SECTOR);
    this.#at = at;
    this.#next = 0;
    this.#left = blocks;
    return {};
  }

  #data(data: Buffer, checksum: number): Answer {
    const block = data.subarray(16);
    if (data.length < 16 || data.readUInt32LE(0) !== block.length) return { error: INVALID };
    if (block.reduce((sum, byte) => sum ^ byte, 0xef) !== checksum) return { error: BAD_CHECKSUM };
    if (this.#faults.doubts === this.#next && !this.#doubted) {
      this.#doubted = true;
      return { error: BAD_CHECKSUM };
    }
    if (data.readUInt32LE(4) !== this.#next || this.#left === 0) return { error: FAILED };
    // Programming flash only changes ones to zeros.
    for (const [index, byte] of block.entries())
      this.flash.writeUInt8(this.flash.readUInt8(this.#at + index) & byte, this.#at + index);
    const { flips } = this.#faults;
    if (flips !== undefined && flips >= this.#at && flips < this.#at + block.length)
      this.flash.writeUInt8(this.flash.readUInt8(flips) ^ 0x10, flips);
    this.#at += block.length;
    this.#next++;
    this.#left--;
    this.#blocks++;
    return {};
  }

  #digest(data: Buffer): Answer {
    if (data.length !== 16 || !this.#attached) return { error: INVALID };
    const part = this.flash.subarray(
      data.readUInt32LE(0),
      data.readUInt32LE(0) + data.readUInt32LE(4),
    );
    return { data: Buffer.from(createHash("md5").update(part).digest("hex")) };
  }
}
