/**
 * Standard output, signals and the process's end, for every verb.
 * Must not know what is printed.
 */
import { randomBytes } from "node:crypto";
import type { SetTimer } from "../clock.ts";
import { RealClock } from "../clock.ts";
import { codeOf, EXIT, type ExitCode, UserError } from "../errors.ts";

/** Conventional exit code of a process ended by a signal: 128 and the signal's number. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

const cleanups = new Set<() => void>();

/** Runs `cleanup`, synchronous, if a signal ends the process; returns the withdrawal. */
export function onSignal(cleanup: () => void): () => void {
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

/**
 * Signals end the process between two steps of the program, never within a file's writing; a
 * reader that goes away (EPIPE) ends it quietly.
 */
export function guardProcess(): void {
  for (const [signal, code] of Object.entries(SIGNALS)) {
    process.on(signal, () => {
      for (const cleanup of cleanups) cleanup();
      process.exit(code);
    });
  }
  process.stdout.on("error", (error) => {
    if (codeOf(error) === "EPIPE") process.exit(EXIT.OK);
    throw error;
  });
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A bar on a terminal's standard error; silence off one. */
export function progressBar(done: number, total: number, label: string): void {
  if (!process.stderr.isTTY) return;
  const width = 30;
  const filled = Math.round((width * done) / Math.max(1, total));
  const bar = `${"#".repeat(filled)}${".".repeat(width - filled)}`;
  process.stderr.write(`\r[${bar}] ${done}/${total} ${label.slice(0, 40).padEnd(40)}`);
  if (done >= total) process.stderr.write("\n");
}

/** JSON on one line; bytes as hex. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item) =>
    item instanceof Uint8Array ? Buffer.from(item).toString("hex") : item,
  );
}

export function printJson(value: unknown): void {
  print(toJson(value));
}

/** Says why in one line and gives the exit code. Only a defect of ours shows more than its message. */
export function report(error: unknown): ExitCode {
  if (error instanceof UserError) {
    process.stderr.write(`killswitch: ${error.message}\n`);
    return error.exitCode;
  }
  const words = error instanceof Error ? error.message : String(error);
  process.stderr.write(`killswitch: a defect of this program: ${words}\n`);
  if (process.env.KILLSWITCH_DEBUG && error instanceof Error)
    process.stderr.write(`${error.stack}\n`);
  return EXIT.INTERNAL;
}

const clock = new RealClock();
export const setTimer: SetTimer = (ms, wake) => clock.wakeAt(clock.now() + ms, wake);

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
export const random32 = (): number => randomBytes(4).readUInt32LE();
