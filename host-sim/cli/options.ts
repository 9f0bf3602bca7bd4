/**
 * Command line options that several verbs share: names, defaults and parsers.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { DEADLINE_MAX_MS, PRINCIPAL_KIDS } from "../abi/abi.gen.ts";
import { checkDeviceId } from "../abi/topics.ts";
import { parseMs } from "../base/clock.ts";
import { UserError } from "../base/errors.ts";
import { ENGINES } from "../build/native-image.ts";
import { DEFAULT_KEYS } from "../controller/keys.ts";
import type { Role } from "../flash/chip.ts";
import { parseBroker } from "../mqtt/session.ts";

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

/** Parses a time such as `500ms`, `3s` or `1m`, from 1 ms to 10 minutes. Returns milliseconds. */
export function parseDuration(text: string): number {
  const ms = parseMs(text) ?? 0;
  if (ms >= 1 && ms <= 600_000) return ms;
  throw new InvalidArgumentError("Write a time from 1ms to 10m, such as 500ms, 3s or 1m.");
}

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

export const deviceOption = () =>
  new Option("--device <id>", "identifier of the device")
    .default("demo")
    .argParser(checked(checkDeviceId));

export const brokerOption = () =>
  new Option("--broker <url>", "MQTT broker: mqtt[s]://[user:password@]host[:port]")
    .default(parseBroker("mqtt://127.0.0.1:1883"), "mqtt://127.0.0.1:1883")
    .argParser(checked(parseBroker));

export const deadlineOption = () =>
  new Option("--deadline <time>", "how long the command may wait before it executes, 60s at most")
    .default(5_000, "5s")
    .argParser((text) => {
      const ms = parseDuration(text);
      if (ms <= DEADLINE_MAX_MS) return ms;
      throw new InvalidArgumentError("Write a time of at most 60s.");
    });

export const keysOption = (description = "folder with the keys") =>
  new Option("--keys <dir>", description).default(DEFAULT_KEYS);

export const portOption = () =>
  new Option("--port <path>", "serial port of the board").makeOptionMandatory();

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

/** Adds examples below the help of a verb. */
export function example(command: Command, ...lines: string[]): void {
  const noun = lines.length > 1 ? "Examples" : "Example";
  command.addHelpText("after", `\n${noun}:\n${lines.map((line) => `  $ ${line}`).join("\n")}`);
}
