/**
 * Standard output, timers and randomness for the verbs, and the end of the process.
 */
import { randomBytes } from "node:crypto";
import type { SetTimer } from "../base/clock.ts";
import { RealClock } from "../base/clock.ts";
import { codeOf, EXIT, type ExitCode, UserError } from "../base/errors.ts";
import { diskTrouble } from "../base/outputs.ts";
import { packageTrouble } from "../base/paths.ts";
import { shownLines, shownText } from "../base/shown-text.ts";
import { Interrupted } from "../base/signals.ts";

/**
 * A closed reader of standard output or error (EPIPE) ends the process without a message. A full
 * disk behind them, and an error that nothing catches, end it with one line.
 */
export function guardProcess(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (codeOf(error) === "EPIPE") process.exit(EXIT.OK);
      const why = codeOf(error) === "ENOSPC" ? "the disk is full" : codeOf(error);
      process.exit(reportError(new UserError(`output cannot be written: ${why}`, EXIT.BAD_FILE)));
    });
  }
  process.on("uncaughtException", (error) => process.exit(reportError(error)));
}

/** Prints to standard output. What a terminal would obey is shown escaped. */
export function print(line: string): void {
  process.stdout.write(`${shownLines(line)}\n`);
}

/** Like print(), to standard error. */
export function printAside(line: string): void {
  process.stderr.write(`${shownLines(line)}\n`);
}

/** Prints a line to standard error, with the program's name. */
export function printError(line: string): void {
  process.stderr.write(`killswitch: ${shownLines(line)}\n`);
}

/** Shows a progress bar on standard error if it is a terminal. */
export function progressBar(done: number, total: number, label: string): void {
  if (!process.stderr.isTTY) return;
  const width = 30;
  const filled = Math.round((width * done) / Math.max(1, total));
  const bar = `${"#".repeat(filled)}${".".repeat(width - filled)}`;
  process.stderr.write(`\r[${bar}] ${done}/${total} ${shownText(label).slice(0, 40).padEnd(40)}`);
  if (done >= total) process.stderr.write("\n");
}

/** Formats a value as JSON on one line. Byte arrays are in hexadecimal. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item) =>
    item instanceof Uint8Array ? Buffer.from(item).toString("hex") : item,
  );
}

export function printJson(value: unknown): void {
  print(toJson(value));
}

/**
 * Prints an error in one line and returns the exit code. With KILLSWITCH_DEBUG set, also prints the
 * stack of an internal error.
 */
export function reportError(error: unknown): ExitCode {
  if (error instanceof UserError) {
    printError(error.message);
    return error.exitCode;
  }
  if (error instanceof Interrupted) return error.exitCode;
  const trouble = diskTrouble(error) ?? packageTrouble(error);
  if (trouble !== null) return reportError(trouble);
  const reason = error instanceof Error ? error.message : String(error);
  printError(`internal error: ${reason} (set KILLSWITCH_DEBUG=1 to print the stack)`);
  if (process.env.KILLSWITCH_DEBUG && error instanceof Error) printAside(error.stack ?? "");
  return EXIT.INTERNAL;
}

const clock = new RealClock();
export const setTimer: SetTimer = (ms, wake) => clock.wakeAt(clock.now() + ms, wake);

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
export const random32 = (): number => randomBytes(4).readUInt32LE();
/** The time of day, by the system. */
export const wallTime = (): Date => new Date();
/** Milliseconds from any moment on. */
export const now = (): number => clock.now();

/** Lets the event loop take one turn, in which signals are handled. */
export const returnToLoop = (): Promise<void> => new Promise((done) => setImmediate(done));
