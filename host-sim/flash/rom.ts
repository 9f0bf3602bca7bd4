/**
 * The client of the boot loader in a chip's mask ROM, which identifies the chip, writes its flash
 * and computes digests of it. No helper program is loaded into the chip: see
 * docs/decisions/rom-loader.md. Source: esptool documentation, "Serial Protocol".
 */
import {
  ESPError,
  ESPLoader,
  ESPRESSIF_VID,
  UnexpectedChipIdError,
  UnexpectedChipMagicError,
  UnsupportedCommandError,
} from "esptool-js";
import type { SetTimer } from "../base/clock.ts";
import { EXIT, UserError } from "../base/errors.ts";
import type { Port } from "../serial/port.ts";
import { SECTOR_BYTES } from "./partitions.ts";
import { transportOver } from "./web-serial.ts";

/** The initial baud rate of every ROM. */
export const ROM_BAUD = 115_200;
/** Size of a block that is sent to the ROM, in bytes. */
const BLOCK_BYTES = 1024;
/** How often a block is sent if the ROM reports a wrong checksum. */
const BLOCK_TRIES = 3;
const PAGE_BYTES = 256;
const ERASE_BLOCK_BYTES = 0x10000;
const STATUS_MASK = 0xffff;
const SPI_SET_PARAMS = 0x0b;
const READ_FLASH_SLOW = 0x0e;
/** What READ_FLASH_SLOW always answers, whatever the length asked for, in bytes. */
const READ_BYTES = 64;
/** How often to reset the chip when connecting. The library sends five SYNC commands each time. */
const CONNECT_TRIES = 7;
/** Time to erase a sector in ms: the longest of the flash chips' data sheets. */
const ERASE_MS = 400;
const COMMAND_MS = 3_000;
/** How long EN is held low, in ms. */
const RESET_MS = 100;
/** How long to wait after a change of the baud rate, in ms. */
const SETTLE_MS = 50;

const HOLD_BOOT = "hold BOOT, press and release RESET, release BOOT, and run the command again";

export type Progress = (done: number, total: number) => void;

function words(...values: number[]): Uint8Array {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, index * 4);
  return new Uint8Array(bytes);
}

/** A chip's name as in board.json: `ESP32-X9` becomes `esp32x9`. */
function boardName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

function noAnswer(port: Port): UserError {
  const heard =
    port.received === 0
      ? "no answer"
      : `${port.received} bytes arrived, but no answer of a boot loader`;
  return new UserError(`port ${port.path}: ${heard}: ${HOLD_BOOT}`, EXIT.NO_ANSWER);
}

/** The chip refused a command. */
class Refusal extends UserError {}

export class Rom {
  /** The chip's name as in board.json. */
  readonly chip: string;
  readonly #port: Port;
  readonly #loader: ESPLoader;
  readonly #setTimer: SetTimer;
  /** Whether the ROM has GET_SECURITY_INFO. Such a ROM takes a fifth word in FLASH_BEGIN. */
  #hasSecurityInfo = false;

  private constructor(port: Port, loader: ESPLoader, setTimer: SetTimer) {
    this.#port = port;
    this.#loader = loader;
    this.#setTimer = setTimer;
    this.chip = boardName(loader.chip.CHIP_NAME);
  }

  /** Resets the chip into its boot loader and identifies it. Throws UserError. */
  static async open(port: Port, setTimer: SetTimer): Promise<Rom> {
    const terminal = { clean() {}, write() {}, writeLine() {} };
    const transport = transportOver(port);
    const loader = new ESPLoader({ transport, baudrate: ROM_BAUD, terminal });
    try {
      await Promise.race([loader.connect("default_reset", CONNECT_TRIES), port.lost]);
    } catch (error) {
      if (error instanceof UnexpectedChipIdError || error instanceof UnexpectedChipMagicError) {
        throw new UserError(
          `port ${port.path}: its chip is not supported: ${error.message}`,
          EXIT.WRONG_CHIP,
        );
      }
      if (error instanceof ESPError) throw noAnswer(port);
      throw error;
    }
    return new Rom(port, loader, setTimer);
  }

  /** Prepares the flash for access. Call it once, before the other methods. */
  async attach(flashBytes: number, baudRate: number): Promise<void> {
    const loader = this.#loader;
    try {
      await loader.getSecurityInfo();
      this.#hasSecurityInfo = true;
    } catch (error) {
      if (!(error instanceof ESPError)) throw error;
    }
    // A chip with its own USB has no baud rate.
    const onUsb = this.#port.usb.vendor === ESPRESSIF_VID;
    if (baudRate !== ROM_BAUD && !onUsb) await this.#changeBaudRate(baudRate);
    // The default SPI pins, and no legacy mode.
    await this.#command(loader.ESP_SPI_ATTACH, words(0, 0));
    await this.#command(
      SPI_SET_PARAMS,
      words(0, flashBytes, ERASE_BLOCK_BYTES, SECTOR_BYTES, PAGE_BYTES, STATUS_MASK),
    );
  }

  async #changeBaudRate(baudRate: number): Promise<void> {
    const loader = this.#loader;
    await this.#command(loader.ESP_CHANGE_BAUDRATE, words(baudRate, 0));
    try {
      await this.#port.setBaudRate(baudRate);
      await this.#sleep(SETTLE_MS);
      await loader.readReg(loader.CHIP_DETECT_MAGIC_REG_ADDR);
    } catch {
      throw new UserError(
        `port ${this.#port.path}: no answer at ${baudRate} baud: use --baud ${ROM_BAUD}`,
        EXIT.NO_ANSWER,
      );
    }
  }

  /** Sends one command and waits for its success. Throws Refusal if the chip refuses it. */
  async #command(
    op: number,
    data: Uint8Array,
    timeoutMs = COMMAND_MS,
    checksum = 0,
  ): Promise<void> {
    await this.#exchange(op, data, 0, timeoutMs, checksum);
  }

  /** Sends one command whose answer has `length` bytes of data. Throws Refusal if the chip refuses it. */
  async #exchange(
    op: number,
    data: Uint8Array,
    length: number,
    timeoutMs = COMMAND_MS,
    checksum = 0,
  ): Promise<Uint8Array> {
    const sent = this.#loader.checkCommand(
      `command 0x${op.toString(16)}`,
      op,
      data,
      checksum,
      length,
      timeoutMs,
    );
    try {
      const answer = await Promise.race([sent, this.#port.lost]);
      return answer instanceof Uint8Array ? answer : new Uint8Array(0);
    } catch (error) {
      if (!(error instanceof ESPError)) throw error;
      const status = /failed with status (\d+),(\d+)/.exec(error.message);
      const unknown = error instanceof UnsupportedCommandError;
      if (status === null && !unknown) throw this.#silent();
      const why = `the chip refuses command 0x${op.toString(16)}, error ${status?.[2] ?? "unknown"}`;
      throw new Refusal(`port ${this.#port.path}: ${why}`, EXIT.NO_ANSWER);
    }
  }

  /** Erases the sectors that the bytes need and writes the bytes at offset `at`. */
  async write(at: number, bytes: Uint8Array, progress: Progress): Promise<void> {
    const count = Math.ceil(bytes.length / BLOCK_BYTES);
    const erase = count * BLOCK_BYTES;
    const encrypt = this.#hasSecurityInfo ? [0] : [];
    const eraseMs = COMMAND_MS + (ERASE_MS * erase) / SECTOR_BYTES;
    progress(0, bytes.length);
    const begin = words(erase, count, BLOCK_BYTES, at, ...encrypt);
    await this.#command(this.#loader.ESP_FLASH_BEGIN, begin, eraseMs);
    for (let index = 0; index < count; index++) {
      const part = bytes.subarray(index * BLOCK_BYTES, (index + 1) * BLOCK_BYTES);
      const block = new Uint8Array(BLOCK_BYTES).fill(0xff);
      block.set(part);
      await this.#block(index, block);
      progress(index * BLOCK_BYTES + part.length, bytes.length);
    }
  }

  /**
   * Sends one block. Repeats it only if the chip says that it did not take it. If only the answer
   * were lost, a second copy would be written after the first.
   */
  async #block(index: number, block: Uint8Array): Promise<void> {
    const loader = this.#loader;
    const head = words(block.length, index, 0, 0);
    const data = new Uint8Array(Buffer.concat([head, block]));
    for (let left = BLOCK_TRIES - 1; ; left--) {
      try {
        await this.#command(loader.ESP_FLASH_DATA, data, COMMAND_MS, loader.checksum(block));
        return;
      } catch (error) {
        if (!(error instanceof Refusal) || left === 0) throw error;
      }
    }
  }

  /** The MD5 of a part of the flash, computed by the chip. In hexadecimal. */
  async md5(at: number, length: number): Promise<string> {
    // The ROM sends hexadecimal digits, but the library treats them as bytes and encodes them
    // again.
    const hex = await Promise.race([this.#loader.flashMd5sum(at, length), this.#port.lost]).catch(
      (error) => {
        throw error instanceof ESPError ? this.#silent() : error;
      },
    );
    return Buffer.from(hex, "hex").toString("latin1").toLowerCase();
  }

  /** Reads a part of the flash. Slow: the ROM gives 64 bytes at a time. */
  async read(at: number, length: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for (let done = 0; done < length; done += READ_BYTES) {
      const count = Math.min(READ_BYTES, length - done);
      const data = await this.#exchange(READ_FLASH_SLOW, words(at + done, count), READ_BYTES);
      parts.push(data.subarray(0, count));
    }
    return Buffer.concat(parts);
  }

  /** The chip's MAC address, from its fuses: `aa:bb:cc:dd:ee:ff`. */
  async mac(): Promise<string> {
    const sent = this.#loader.chip.readMac(this.#loader);
    return Promise.race([sent, this.#port.lost]).catch((error) => {
      throw error instanceof ESPError ? this.#silent() : error;
    });
  }

  /** Resets the chip, so that it runs its flash. False if the port has no modem lines for that. */
  async leave(): Promise<boolean> {
    await this.#port.setSignals({ dtr: false, rts: true });
    await this.#sleep(RESET_MS);
    await this.#port.setSignals({ dtr: false, rts: false });
    return this.#port.hasSignals;
  }

  #silent(): UserError {
    return new UserError(`port ${this.#port.path}: the chip stopped answering`, EXIT.NO_ANSWER);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((done) => {
      this.#setTimer(ms, done);
    });
  }
}
