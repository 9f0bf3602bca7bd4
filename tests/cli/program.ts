/** Runs the command `killswitch` as a process, from the bundle that `npm run build` makes. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { expect } from "vitest";
import { packageRoot } from "../../host-sim/base/paths.ts";
import { loadKeys } from "../../host-sim/controller/keys.ts";
import { FakeDevice, startEmbedded, undo } from "../mqtt/fixture.ts";

const program = join(packageRoot(), "dist", "killswitch.js");

/** The exit code that a shell reports for a process that a signal ended. */
const SIGNAL_CODES: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 129,
  SIGINT: 130,
  SIGTERM: 143,
};

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcess;
  out: string;
  err: string;
  readonly ended: Promise<Ended>;
}

interface StartOptions {
  /** The whole of standard input. Default: empty. */
  readonly input?: Uint8Array | undefined;
  /** The file descriptor of a terminal to use as standard input instead. */
  readonly stdin?: number;
  /** Run as this user. */
  readonly uid?: number;
  /** Leave standard input open for the test to write to. */
  readonly keepInput?: boolean;
  /** Further environment variables. */
  readonly env?: Record<string, string>;
}

export function startProgram(
  folder: string,
  line: string,
  { input, stdin, uid, env, keepInput }: StartOptions = {},
): Running {
  const args = line === "" ? [] : line.split(" ");
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    stdio: [stdin ?? "pipe", "pipe", "pipe"],
    env: { ...process.env, ...env },
    ...(uid === undefined ? {} : { uid }),
  });
  const running = { child, out: "", err: "" };
  child.stdout?.on("data", (text) => {
    running.out += text;
  });
  child.stderr?.on("data", (text) => {
    running.err += text;
  });
  if (keepInput !== true) child.stdin?.end(input ?? new Uint8Array(0));
  const ended = new Promise<number | null>((done, failed) => {
    child.once("close", (code, signal) => done(code ?? (signal && SIGNAL_CODES[signal]) ?? null));
    child.once("error", failed);
  });
  return Object.assign(running, {
    ended: ended.then((code) => ({ code, out: running.out, err: running.err })),
  });
}

/**
 * Expects an exit code and one line on standard error that matches `words`, without a stack trace.
 */
export function complains(result: Ended, code: number, words: RegExp): void {
  expect(result.err).toMatch(words);
  expect(result.err).toMatch(/^killswitch: [^\n]+\n$/);
  expect(result.code).toBe(code);
}

/**
 * Makes keys for the device `demo` in a folder, and starts a broker and that device. Returns the device and
 * the option `--broker` for a command line. rewind() stops both.
 */
export async function startDevice(folder: string): Promise<[device: FakeDevice, at: string]> {
  await startProgram(folder, "keys init").ended;
  const broker = await startEmbedded();
  undo.push(() => broker.stop());
  const keys = loadKeys(join(folder, ".killswitch", "keys"), "demo");
  const device = await FakeDevice.start(broker.url, "demo", keys);
  undo.push(() => device.client.endAsync(true));
  return [device, `--broker ${broker.url}`];
}
