/**
 * The options that several verbs share: names, defaults and checks.
 * Must not know what a verb does with them.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { PRINCIPAL, PRINCIPAL_KIDS } from "../abi.gen.ts";
import { DEFAULT_KEYS } from "../controller/keys.ts";
import { UserError } from "../errors.ts";
import type { Role } from "../flash/chip.ts";
import { parseBroker } from "../mqtt/session.ts";
import { checkDeviceId } from "../mqtt/topics.ts";

/** Who may command: every principal but the device. */
export const COMMANDERS = PRINCIPAL_KIDS.filter((_, index) => index !== PRINCIPAL.DEVICE);

/** Lets commander place a UserError's words beside the option's name. */
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

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** Reads `500ms`, `3s` or `1m` as ms, 1 ms to 10 minutes. */
export function parseDuration(text: string): number {
  const [, digits, unit] = /^(\d{1,6})(ms|s|m)$/.exec(text) ?? [];
  const ms = Number(digits) * (UNITS[unit ?? ""] ?? Number.NaN);
  if (ms >= 1 && ms <= 600_000) return ms;
  throw new InvalidArgumentError("Write 1ms to 10m: 500ms, 3s, 1m.");
}

export const deviceOption = () =>
  new Option("--device <id>", "which device").default("demo").argParser(checked(checkDeviceId));

export const brokerOption = () =>
  new Option("--broker <url>", "mqtt[s]://[user:password@]host[:port]")
    .default(parseBroker("mqtt://127.0.0.1:1883"), "mqtt://127.0.0.1:1883")
    .argParser(checked(parseBroker));

export const keysOption = () =>
  new Option("--keys <dir>", "where the keys are").default(DEFAULT_KEYS);

export const portOption = () =>
  new Option("--port <path>", "serial port of the board").makeOptionMandatory();

export const fixtureOption = () =>
  new Option("--fixture", "a chip's: as the fixture on a board's wires").default(false);

/** What `fixtureOption` makes of a chip. */
export const roleOf = ({ fixture }: { fixture: boolean }): Role => (fixture ? "fixture" : "device");

export const jsonOption = () => new Option("--json", "print JSON, a line each").default(false);

export const timeoutOption = () =>
  new Option("--timeout <time>", "how long to wait for the answer")
    .default(3_000, "3s")
    .argParser(parseDuration);

export const asOption = () => new Option("--as <principal>", "whose key signs").choices(COMMANDERS);

/** Adds an example below the help of a verb. */
export function example(command: Command, ...lines: string[]): void {
  const noun = lines.length > 1 ? "Examples" : "Example";
  command.addHelpText("after", `\n${noun}:\n${lines.map((line) => `  $ ${line}`).join("\n")}`);
}
