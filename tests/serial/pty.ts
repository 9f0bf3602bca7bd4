/** A serial line for tests: a pseudo-terminal, whose far end the program under test opens. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../host-sim/base/paths.ts";

const SOURCE = join(packageRoot(), "tests", "serial", "pty.c");
const FOLDER = join(packageRoot(), "dist", "tests");

/** Why there are no pseudo-terminals on this machine; null if there are. Prints NOT RUN if not. */
export function noPty(): string | null {
  const reason =
    process.platform === "win32"
      ? "Windows has no pseudo-terminals"
      : spawnSync("gcc", ["--version"]).status === 0
        ? null
        : "gcc is not installed: apt-get install gcc";
  if (reason !== null) process.stderr.write(`NOT RUN serial ports: ${reason}\n`);
  return reason;
}

let helper: string | null = null;

function helperPath(): string {
  if (helper !== null) return helper;
  mkdirSync(FOLDER, { recursive: true });
  helper = join(FOLDER, `pty-${process.pid}`);
  const built = spawnSync("gcc", ["-Wall", "-Wextra", "-Werror", "-o", helper, SOURCE]);
  if (built.status !== 0) throw new Error(String(built.stderr));
  return helper;
}

export class Pty {
  readonly path: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  /** Called with the bytes that the program at the far end sends. */
  heard: (bytes: Uint8Array) => void = () => {};

  private constructor(path: string, child: ChildProcess) {
    this.path = path;
    this.#child = child;
    this.#ended = new Promise((done) => child.once("close", () => done()));
    child.stdout?.on("data", (bytes: Uint8Array) => this.heard(bytes));
    child.stdin?.on("error", () => {});
  }

  static open(mode: "free" | "lock" = "free"): Promise<Pty> {
    const child = spawn(helperPath(), [mode], { stdio: ["pipe", "pipe", "inherit"] });
    return new Promise((opened, failed) => {
      child.once("error", failed);
      child.stdout.once("data", (line: Buffer) => opened(new Pty(line.toString().trim(), child)));
    });
  }

  send(bytes: Uint8Array): void {
    this.#child.stdin?.write(bytes);
  }

  /** Removes the pseudo-terminal, as if the board were unplugged. */
  close(): Promise<void> {
    this.#child.kill("SIGKILL");
    return this.#ended;
  }
}
