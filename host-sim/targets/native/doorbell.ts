/**
 * Runs a native board as a process. One byte to it is the doorbell, one byte from it is its answer;
 * the data is in a shared file (page.ts). All calls are synchronous, as the simulator's clock
 * requires.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT, UserError } from "../../base/errors.ts";
import { isRunning } from "../../base/files.ts";
import { Interrupted, onSignal } from "../../base/signals.ts";
import type { NativeImage } from "../../build/native-image.ts";
import { STALL_MS, waitWithWatchdog } from "./stall-watchdog.ts";

const running = new Set<Doorbell>();
process.on("exit", () => {
  for (const doorbell of running) doorbell.close();
});

/** A file system in memory, if there is one: the page is written thousands of times a second. */
const RUNS_FOLDER = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
let staleRunsRemoved = false;

/** Ends the boards and removes the files of test processes that were killed. */
export function removeStaleRuns(runsFolder = RUNS_FOLDER): void {
  for (const name of readdirSync(runsFolder)) {
    const owner = /^killswitch-(\d+)-/.exec(name)?.[1];
    if (owner === undefined || isRunning(Number(owner))) continue;
    const folder = join(runsFolder, name);
    try {
      const pid = Number(readFileSync(join(folder, "board"), "utf8"));
      // The process id may have been reused, so check the command line.
      if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder))
        process.kill(pid, "SIGKILL");
    } catch {
      // The board has ended, or was never started.
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

export class Doorbell {
  readonly #image: NativeImage;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #file: number;
  readonly #bell: number;
  readonly #answers: number;
  readonly #byte = Buffer.alloc(1);
  readonly #stallMs: number;
  #open = true;
  #withdraw = () => {};

  /** Starts the board. `prepare` fills the shared file before. */
  constructor(
    image: NativeImage,
    guest: Uint8Array,
    prepare: (doorbell: Doorbell) => void,
    stallMs = STALL_MS,
  ) {
    if (!staleRunsRemoved) removeStaleRuns();
    staleRunsRemoved = true;
    this.#image = image;
    this.#stallMs = stallMs;
    this.#folder = mkdtempSync(join(RUNS_FOLDER, `killswitch-${process.pid}-`));
    const at = (name: string) => join(this.#folder, name);
    writeFileSync(at("page"), "", { mode: 0o600 });
    truncateSync(at("page"), image.fileBytes);
    writeFileSync(at("guest"), guest);
    this.#file = openSync(at("page"), constants.O_RDWR);
    prepare(this);
    if (image.guestAt !== null) writeSync(this.#file, guest, 0, guest.length, image.guestAt);
    const bell = fifo(at("bell"));
    const answers = fifo(at("answers"));
    const stderr = openSync(at("stderr"), "w");
    const [program = "", ...args] = image.command(at("page"), at("guest"));
    // In a process group of its own, where the terminal's Ctrl-C does not reach it.
    const stdio = [bell.read, answers.write, stderr];
    this.#child = spawn(program, args, { stdio, detached: true });
    // A program that cannot be started is detected when its answers end.
    this.#child.on("error", () => {});
    this.#child.unref();
    writeFileSync(at("board"), String(this.#child.pid ?? 0));
    for (const descriptor of [bell.read, answers.write, stderr]) closeSync(descriptor);
    this.#bell = bell.write;
    this.#answers = answers.read;
    running.add(this);
    this.#withdraw = onSignal(() => this.close());
  }

  /**
   * Waits for the board's next answer. Throws a UserError if the board ended or had to be ended.
   */
  answer(): number {
    let read = 0;
    const ended = waitWithWatchdog(this.#child.pid ?? 0, this.#stallMs, () => {
      read = readSync(this.#answers, this.#byte);
    });
    if (read === 1 && !ended) return this.#byte[0] ?? 0;
    if (ended) {
      this.close();
      const limit = `${this.#stallMs / 1000} s of processor time, or asleep for 2 minutes`;
      throw new UserError(
        `board ${this.#image.name} is stuck: no answer in ${limit}; its process was killed`,
        EXIT.INTERNAL,
      );
    }
    const stderr = readFileSync(join(this.#folder, "stderr"), "utf8").trim();
    this.close();
    throw new UserError(`board ${this.#image.name} ended: ${stderr}`, EXIT.INTERNAL);
  }

  ring(): void {
    writeSync(this.#bell, this.#byte);
  }

  /** Fills `into` from offset `at` of the page. */
  read(at: number, into: Buffer): void {
    readSync(this.#file, into, 0, into.length, this.#image.pageAt + at);
  }

  write(at: number, bytes: Uint8Array, length = bytes.length): void {
    writeSync(this.#file, bytes, 0, length, this.#image.pageAt + at);
  }

  /** Removes the board's supply: kills its process and deletes its files. Safe to call twice. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    running.delete(this);
    this.#withdraw();
    this.#child.kill("SIGKILL");
    for (const descriptor of [this.#file, this.#bell, this.#answers]) closeSync(descriptor);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Both ends of a new named pipe. Node offers no anonymous pipe with blocking descriptors. */
function fifo(path: string): { read: number; write: number } {
  const { status, signal } = spawnSync("mkfifo", [path]);
  if (signal === "SIGINT") throw new Interrupted();
  if (status !== 0) throw new UserError(`${path}: mkfifo failed: install coreutils`, EXIT.NO_TOOL);
  // Opening one end blocks until the other is open. A third descriptor, open for both, avoids that.
  const both = openSync(path, constants.O_RDWR);
  const read = openSync(path, constants.O_RDONLY);
  const write = openSync(path, constants.O_WRONLY);
  closeSync(both);
  return { read, write };
}
