/**
 * One serial port: opened for this program alone, its bytes, its modem lines, and clear words for what
 * can go wrong. Must not know what is said over it.
 */
import { accessSync, constants, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import type { SerialPort } from "serialport";
import { codeOf, EXIT, UserError } from "../errors.ts";

/** The bytes of a line, whatever carries them. */
export interface SerialLine {
  readonly path: string;
  /** Resolves once the bytes have left this machine. */
  write(bytes: Uint8Array): Promise<void>;
  /** One listener at a time; null: bytes are dropped. */
  listen(heard: ((bytes: Uint8Array) => void) | null): void;
  /** Never resolves; rejects with a UserError when the port goes away. */
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
      "the package serialport is not installed or not built for this machine: npm install",
      EXIT.NO_TOOL,
    );
  }
}

/**
 * Names of the ports of this machine that a board may be on. On Linux by their device files: the
 * library asks udevadm, and brings the process down where there is none.
 */
export async function portNames(): Promise<string[]> {
  if (process.platform !== "linux") {
    return (await (await library()).SerialPort.list()).map(({ path }) => path);
  }
  const names = readdirSync("/dev").filter((name) => /^(ttyUSB|ttyACM|rfcomm)\d+$/.test(name));
  return names.sort().map((name) => `/dev/${name}`);
}

/** What USB says of the port's adapter; empty if there is none. */
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
  const mend =
    names.length === 0
      ? "no board is plugged in, or its cable carries no data"
      : `there is ${names.join(", ")}`;
  return new UserError(`port ${path} does not exist: ${mend}`, EXIT.NO_PORT);
}

const NOT_PERMITTED =
  "sudo usermod -aG dialout $USER, then log out and in again (the group of some systems is uucp)";

/** What the library's words for a failed open mean. It gives no codes. */
async function openTrouble(path: string, words: string): Promise<UserError> {
  if (/no such file|file not found/i.test(words)) return noSuchPort(path);
  if (/permission denied/i.test(words)) {
    return new UserError(`port ${path} may not be opened: ${NOT_PERMITTED}`, EXIT.NOT_PERMITTED);
  }
  // Windows says "Access denied" of a port that another program has open.
  if (/cannot lock|busy|access denied/i.test(words)) {
    return new UserError(
      `port ${path} is in use: close the monitor or the other program that has it open`,
      EXIT.BUSY,
    );
  }
  if (/inappropriate ioctl|is a directory/i.test(words)) {
    return new UserError(`${path} is not a serial port: give one with --port`, EXIT.NO_PORT);
  }
  return new UserError(`port ${path} cannot be opened: ${words}`, EXIT.NO_PORT);
}

/** Throws a UserError for a path that nobody here could open: surer than the library's words. */
async function checkPath(path: string): Promise<void> {
  if (process.platform === "win32") return;
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    const words = codeOf(error) === "EACCES" ? "permission denied" : "no such file";
    throw await openTrouble(path, words);
  }
}

export class Port implements SerialLine {
  readonly path: string;
  readonly usb: UsbIds;
  readonly lost: Promise<never>;
  /** Bytes that came since it was opened. */
  received = 0;
  /** False once the line has shown that it has no modem lines: a pseudo-terminal, a bare bridge. */
  hasSignals = true;
  readonly #port: SerialPort;
  #heard: ((bytes: Uint8Array) => void) | null = null;

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
      this.#heard?.(bytes);
    });
  }

  /** Opens a port, locked against others. Throws a UserError with the mend. */
  static async open(path: string, baudRate: number): Promise<Port> {
    await checkPath(path);
    const { SerialPort } = await library();
    // Not to drop the lines on closing: on many boards that is a reset.
    const port = new SerialPort({ path, baudRate, autoOpen: false, hupcl: false });
    const trouble = await new Promise<Error | null>((opened) => port.open(opened));
    if (trouble !== null) throw await openTrouble(path, trouble.message);
    return new Port(path, await usbIds(path), port);
  }

  #gone(): UserError {
    const mend = "plug the board in and try again";
    return new UserError(`port ${this.path} went away: ${mend}`, EXIT.NO_PORT);
  }

  listen(heard: ((bytes: Uint8Array) => void) | null): void {
    this.#heard = heard;
  }

  write(bytes: Uint8Array): Promise<void> {
    const done = new Promise<void>((sent, failed) => {
      this.#port.write(Buffer.from(bytes));
      this.#port.drain((error) => (error ? failed(this.#gone()) : sent()));
    });
    return Promise.race([done, this.lost]);
  }

  /** The library sets every line at each call. A port that is opened has both asserted. */
  readonly #signals = { dtr: true, rts: true };

  /** Drives the modem lines; a line without them stays as it is. */
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
