/**
 * Command line options that several verbs share: names, defaults and parsers.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { DEADLINE_MAX_MS, PRINCIPAL_KIDS } from "../abi/abi.gen.ts";
import { checkDeviceId } from "../abi/topics.ts";
import { parseMs } from "../base/clock.ts";
import { UserError } from "../base/errors.ts";
import { launcher } from "../base/paths.ts";
import { ENGINES } from "../build/native-image.ts";
import { DEFAULT_KEYS } from "../controller/keys.ts";
import type { Role } from "../flash/chip.ts";
import { parseBroker } from "../mqtt/session.ts";
import { listPorts, onlyPort, portLine } from "../serial/port.ts";
import { printAside } from "./terminal.ts";

/**
 * Turns a UserError into an error of the option, so that commander prints the option's name with
 * it.
 */
export function checked<T>(check: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return check(text);
    } catch (error) {
      if (error instanceof UserError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

/** A parser of times such as `500ms`, `3s` or `1m`, from 1 ms to `most`. It returns milliseconds. */
function durationUpTo(most: string): (text: string) => number {
  return (text) => {
    const ms = parseMs(text) ?? 0;
    if (ms >= 1 && ms <= (parseMs(most) ?? 0)) return ms;
    throw new InvalidArgumentError(`Write a time from 1ms to ${most}, such as 500ms, 3s or 1m.`);
  };
}

/** Parses a time from 1 ms to 10 minutes. Returns milliseconds. */
export const parseDuration = durationUpTo("10m");
/** The most worker processes of one command. */
export const JOBS_MAX = 64;

/** A parser of whole numbers from 1 to `most`. */
export function parseCount(most: number): (text: string) => number {
  return (text) => {
    const count = /^\d{1,10}$/.test(text) ? Number(text) : 0;
    if (count >= 1 && count <= most) return count;
    throw new InvalidArgumentError(`Write a whole number from 1 to ${most}.`);
  };
}

/** A parser of byte strings in hexadecimal: `bytes` of them. Returns them in lower case. */
export function hexParser(bytes: number): (text: string) => string {
  return (text) => {
    if (text.length === 2 * bytes && /^[0-9a-f]*$/i.test(text)) return text.toLowerCase();
    throw new InvalidArgumentError(`Write ${2 * bytes} hexadecimal digits.`);
  };
}

const SEED_MAX = 0xffff_ffff;

/** Parses a seed: an unsigned 32-bit integer. */
function parseSeed(text: string): number {
  const seed = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (seed <= SEED_MAX) return seed;
  throw new InvalidArgumentError(`Write a whole number from 0 to ${SEED_MAX}.`);
}

/** An option that takes a seed. `flags`: `--seed <n>`, for example. */
export const seedOption = (flags: string, description: string) =>
  new Option(flags, description).argParser(parseSeed);

/** Parses a TCP port. 0 lets the operating system choose one. */
export function parseTcpPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 0xffff) return port;
  throw new InvalidArgumentError("Write a port number from 0 to 65535.");
}

/** The device and the broker of verbs that name none. */
export const DEFAULT_DEVICE = "demo";
export const DEFAULT_BROKER = "mqtt://127.0.0.1:1883";

export const deviceOption = () =>
  new Option("--device <id>", "identifier of the device")
    .default(DEFAULT_DEVICE)
    .argParser(checked(checkDeviceId));

export const brokerOption = () =>
  new Option("--broker <url>", "MQTT broker: mqtt[s]://[user:password@]host[:port]")
    .default(parseBroker(DEFAULT_BROKER), DEFAULT_BROKER)
    .argParser(checked(parseBroker));

export const deadlineOption = () =>
  new Option("--deadline <time>", "how long the command may wait before it executes, 60s at most")
    .default(5_000, "5s")
    .argParser(durationUpTo(`${DEADLINE_MAX_MS / 1000}s`));

export const keysOption = (description = "folder with the keys") =>
  new Option("--keys <dir>", description).default(DEFAULT_KEYS);

export const portOption = () =>
  new Option("--port <path>", "serial port of the board (default: the only one that is found)");

/** The given port, or the only one of this machine. Reports the choice on standard error. */
export async function portOf(given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const port = onlyPort(await listPorts());
  printAside(`using port ${portLine(port)}`);
  return port.path;
}

export const fixtureOption = () =>
  new Option("--fixture", "use the chip as the test fixture instead of as the device").default(
    false,
  );

/** The role of a chip that `fixtureOption` selects. */
export const roleOf = ({ fixture }: { fixture: boolean }): Role => (fixture ? "fixture" : "device");

export const jsonOption = () =>
  new Option("--json", "print JSON, one object per line").default(false);

export const timeoutOption = () =>
  new Option("--timeout <time>", "how long to wait for an answer")
    .default(3_000, "3s")
    .argParser(parseDuration);

export const asOption = () =>
  new Option("--as <principal>", "principal whose key signs the command").choices(PRINCIPAL_KIDS);

/** The engine that runs the guest on a native board. */
export const engineOption = () =>
  new Option(
    "--engine <name>",
    "how the guest runs: wasm3 interprets it, aot compiles it in",
  ).choices(ENGINES);

/**
 * Adds examples below the help of a verb. The word `killswitch` before a verb becomes the command
 * that works in the current folder.
 */
export function example(command: Command, ...lines: string[]): void {
  const noun = lines.length > 1 ? "Examples" : "Example";
  const shown = lines.map(
    (line) => `  $ ${line.replace(/\bkillswitch (?=[a-z])/, `${launcher()} `)}`,
  );
  command.addHelpText("after", `\n${noun}:\n${shown.join("\n")}`);
}
