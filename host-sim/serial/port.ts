/**
 * A serial port, opened exclusively: its bytes, its modem lines, and error messages for what can go
 * wrong.
 */
import { accessSync, constants, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import type { SerialPort } from "serialport";
import { codeOf, EXIT, UserError } from "../base/errors.ts";

/** A serial line: a port, or any other carrier of bytes. */
export interface SerialLine {
  readonly path: string;
  /** Resolves when the bytes have left this machine. */
  write(bytes: Uint8Array): Promise<void>;
  /** Sets the only listener. With null, received bytes are dropped. */
  listen(onBytes: ((bytes: Uint8Array) => void) | null): void;
  /** Never resolves. Rejects with UserError when the port is lost. */
  readonly lost: Promise<never>;
}

export interface UsbIds {
  readonly vendor?: number;
  readonly product?: number;
}

const SYSFS = "/sys/class/tty";

async function library(): Promise<typeof import("serialport")> {
  try {
    return await import("serialport");
  } catch {
    throw new UserError(
      "the package serialport is not installed, or not built for this machine: run npm install",
      EXIT.NO_TOOL,
    );
  }
}

/**
 * The serial ports of this machine that a board may be connected to. On Linux they are found by
 * their device files, because the library calls udevadm and crashes the process if that is missing.
 */
export async function portNames(): Promise<string[]> {
  if (process.platform !== "linux") {
    return (await (await library()).SerialPort.list()).map(({ path }) => path);
  }
  const names = readdirSync("/dev").filter((name) => /^(ttyUSB|ttyACM|rfcomm)\d+$/.test(name));
  return names.sort().map((name) => `/dev/${name}`);
}

/** The USB vendor and product ids of a port. Empty if it is not a USB port. */
async function usbIds(path: string): Promise<UsbIds> {
  const hex = (text: string | undefined) => Number.parseInt(text ?? "", 16);
  let ids: { vendor: number; product: number };
  try {
    if (process.platform === "linux") {
      const folder = realpathSync(join(SYSFS, basename(realpathSync(path)), "device"));
      const read = (name: string) => hex(readFileSync(join(folder, "..", name), "utf8"));
      ids = { vendor: read("idVendor"), product: read("idProduct") };
    } else {
      const ports = await (await library()).SerialPort.list();
      const found = ports.find((port) => port.path === path);
      ids = { vendor: hex(found?.vendorId), product: hex(found?.productId) };
    }
  } catch {
    return {};
  }
  return Number.isNaN(ids.vendor) || Number.isNaN(ids.product) ? {} : ids;
}

async function noSuchPort(path: string): Promise<UserError> {
  const names = await portNames();
  const fix =
    names.length === 0
      ? "plug the board in with a cable that carries data"
      : `use one of ${names.join(", ")}`;
  return new UserError(`port ${path} does not exist: ${fix}`, EXIT.NO_PORT);
}

const NOT_PERMITTED =
  "run sudo usermod -aG dialout $USER, then log out and in again (some systems name the group uucp)";

/** Explains the library's message of a failed open. It has no error codes. */
async function openTrouble(path: string, message: string): Promise<UserError> {
  if (/no such file|file not found/i.test(message)) return noSuchPort(path);
  if (/permission denied/i.test(message)) {
    return new UserError(
      `no permission to open port ${path}: ${NOT_PERMITTED}`,
      EXIT.NOT_PERMITTED,
    );
  }
  // Windows reports "Access denied" for a port that another program has open.
  if (/cannot lock|busy|access denied/i.test(message)) {
    return new UserError(
      `port ${path} is in use: close the monitor or the other program that has it open`,
      EXIT.BUSY,
    );
  }
  if (/inappropriate ioctl|is a directory/i.test(message)) {
    return new UserError(`${path} is not a serial port: give one with --port`, EXIT.NO_PORT);
  }
  return new UserError(`port ${path} cannot be opened: ${message}`, EXIT.NO_PORT);
}

/** Throws UserError if the path cannot be opened. More reliable than the library's messages. */
async function checkPath(path: string): Promise<void> {
  if (process.platform === "win32") return;
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    const message = codeOf(error) === "EACCES" ? "permission denied" : "no such file";
    throw await openTrouble(path, message);
  }
}

export class Port implements SerialLine {
  readonly path: string;
  readonly usb: UsbIds;
  readonly lost: Promise<never>;
  /** Number of bytes received since it was opened. */
  received = 0;
  /** Whether it has modem lines. False after setting them has failed, as on a pseudo-terminal. */
  hasSignals = true;
  readonly #port: SerialPort;
  #onBytes: ((bytes: Uint8Array) => void) | null = null;

  private constructor(path: string, usb: UsbIds, port: SerialPort) {
    this.path = path;
    this.usb = usb;
    this.#port = port;
    this.lost = new Promise((_, reject) => {
      port.on("error", () => reject(this.#gone()));
      port.on("close", (error: Error | null) => {
        if (error !== null) reject(this.#gone());
      });
    });
    this.lost.catch(() => {});
    port.on("data", (bytes: Uint8Array) => {
      this.received += bytes.length;
      this.#onBytes?.(bytes);
    });
  }

  /** Opens a port exclusively. Throws UserError. */
  static async open(path: string, baudRate: number): Promise<Port> {
    await checkPath(path);
    const { SerialPort } = await library();
    // Keep the modem lines on closing, because dropping them resets many boards.
    const port = new SerialPort({ path, baudRate, autoOpen: false, hupcl: false });
    const trouble = await new Promise<Error | null>((opened) => port.open(opened));
    if (trouble !== null) throw await openTrouble(path, trouble.message);
    return new Port(path, await usbIds(path), port);
  }

  #gone(): UserError {
    const fix = "plug the board in and run the command again";
    return new UserError(`port ${this.path} was disconnected: ${fix}`, EXIT.NO_PORT);
  }

  listen(onBytes: ((bytes: Uint8Array) => void) | null): void {
    this.#onBytes = onBytes;
  }

  write(bytes: Uint8Array): Promise<void> {
    const done = new Promise<void>((sent, failed) => {
      this.#port.write(Buffer.from(bytes));
      this.#port.drain((error) => (error ? failed(this.#gone()) : sent()));
    });
    return Promise.race([done, this.lost]);
  }

  /** The current signals. The library sets both at each call; opening the port asserts both. */
  readonly #signals = { dtr: true, rts: true };

  /** Sets modem lines. Signals that are not given keep their level. */
  setSignals(signals: { dtr?: boolean; rts?: boolean }): Promise<void> {
    return new Promise((done) => {
      this.#port.set({ ...this.#signals, ...signals }, (error) => {
        if (error) this.hasSignals = false;
        Object.assign(this.#signals, signals);
        done();
      });
    });
  }

  setBaudRate(baudRate: number): Promise<void> {
    return new Promise((done, failed) => {
      this.#port.update({ baudRate }, (error) => (error ? failed(error) : done()));
    });
  }

  close(): Promise<void> {
    return new Promise((done) => {
      if (this.#port.isOpen) this.#port.close(() => done());
      else done();
    });
  }
}
