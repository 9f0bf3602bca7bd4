/**
 * A serial port, opened exclusively: its bytes, its modem lines, and error messages for what can go
 * wrong.
 */
import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
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
  /** What the device calls itself. */
  readonly name?: string;
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

const hex = (text: string | undefined) => Number.parseInt(text ?? "", 16);

/**
 * The folder of the USB device of a port, in Linux's sysfs. It is one or two levels above the port's
 * own, depending on the driver. Null if the port is not on USB.
 */
function usbFolder(path: string, sysfs: string): string | null {
  try {
    let folder = realpathSync(join(sysfs, basename(realpathSync(path)), "device"));
    for (let levels = 0; levels < 3; levels++) {
      if (existsSync(join(folder, "idVendor"))) return folder;
      folder = dirname(folder);
    }
  } catch {
    // A pseudo-terminal has no entry there.
  }
  return null;
}

/** What USB reports of the adapter of a port; empty if the port is not on USB. */
export async function usbOf(path: string, sysfs = SYSFS): Promise<UsbIds> {
  let [vendor, product, name] = [Number.NaN, Number.NaN, ""];
  if (process.platform === "linux") {
    const folder = usbFolder(path, sysfs);
    const read = (file: string) => {
      const place = join(folder ?? "", file);
      return folder !== null && existsSync(place) ? readFileSync(place, "utf8").trim() : "";
    };
    [vendor, product] = [hex(read("idVendor")), hex(read("idProduct"))];
    name = `${read("manufacturer")} ${read("product")}`.trim();
  } else {
    const ports = await (await library()).SerialPort.list();
    const found = ports.find((port) => port.path === path);
    [vendor, product] = [hex(found?.vendorId), hex(found?.productId)];
    name = found?.manufacturer ?? "";
  }
  return Number.isNaN(vendor) || Number.isNaN(product) ? {} : { vendor, product, name };
}

export interface FoundPort {
  readonly path: string;
  readonly usb: UsbIds;
}

/** The ports of this machine that a board may be on, with what USB reports of them. */
export async function listPorts(): Promise<FoundPort[]> {
  const paths = await portNames();
  return Promise.all(paths.map(async (path) => ({ path, usb: await usbOf(path) })));
}

/** A port and its USB name. What USB devices call themselves is not printed raw. */
export function portLine({ path, usb }: FoundPort): string {
  const name = (usb.name ?? "").replaceAll(/[^\x20-\x7e]/g, "").slice(0, 60);
  return name === "" ? path : `${path} (${name})`;
}

/** The only port that a board can be on. Throws a UserError if there is none or more than one. */
export function onlyPort(ports: readonly FoundPort[]): FoundPort {
  const onUsb = ports.filter(({ usb }) => usb.vendor !== undefined);
  const [only, ...others] = onUsb.length > 0 ? onUsb : ports;
  if (only === undefined) {
    throw new UserError(
      "no serial port was found: plug the board in, with a cable that carries data, or give --port",
      EXIT.NO_PORT,
    );
  }
  if (others.length === 0) return only;
  const names = [only, ...others].map(portLine).join(", ");
  throw new UserError(`there are several serial ports, ${names}: give one with --port`, EXIT.USAGE);
}

async function noSuchPort(path: string): Promise<UserError> {
  const ports = await listPorts();
  const fix =
    ports.length === 0
      ? "plug the board in with a cable that carries data"
      : `use one of ${ports.map(portLine).join(", ")}`;
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
    return new Port(path, await usbOf(path), port);
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
