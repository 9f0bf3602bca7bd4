/**
 * What to do before a signal ends the process. Without registered work a signal keeps its default
 * action: it ends the process at once, even one that is busy in synchronous code.
 */
import { EXIT } from "./errors.ts";

/** Exit codes of a process that a signal ended: 128 plus the signal's number, by convention. */
const SIGNALS = { SIGINT: EXIT.INTERRUPTED, SIGTERM: 143, SIGHUP: 129 } as const;
const NAMES = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[];

const cleanups = new Set<() => void>();
let handled = false;
/** Counts registrations and removals. */
let changes = 0;

/** A child process was ended by Ctrl-C, so this one ends too. Nothing is printed. */
export class Interrupted extends Error {
  readonly exitCode = EXIT.INTERRUPTED;
}

function end(signal: NodeJS.Signals): void {
  for (const cleanup of cleanups) cleanup();
  process.exit(SIGNALS[signal as keyof typeof SIGNALS]);
}

function handle(on: boolean): void {
  if (on === handled) return;
  handled = on;
  for (const name of NAMES) {
    if (on) process.on(name, end);
    else process.off(name, end);
  }
}

/**
 * Calls `cleanup`, which must be synchronous, if a signal ends the process. Returns its removal. As
 * long as work is registered, a signal is handled between two events of the event loop, so the
 * caller has to return to the event loop often.
 */
export function onSignal(cleanup: () => void): () => void {
  cleanups.add(cleanup);
  changes++;
  handle(true);
  return () => {
    cleanups.delete(cleanup);
    // A signal that came during synchronous code is read when the event loop polls, and would be
    // lost without its handler. Between two immediates there is a poll. Work that was registered
    // since then may have run for long again, and removes the handlers itself.
    const since = ++changes;
    setImmediate(() =>
      setImmediate(() => {
        if (cleanups.size === 0 && changes === since) handle(false);
      }),
    );
  };
}
