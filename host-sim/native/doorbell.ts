/**
 * A native board's process and its two wires: a byte in is the doorbell, a byte out the answer. All
 * synchronous, as the simulator's clock is. Must not know what is in the page.
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
import { EXIT, UserError } from "../errors.ts";
import { isRunning } from "../files.ts";
import { Interrupted, onSignal } from "../signals.ts";
import { STALL_MS, waitWithWatchdog } from "./stall-watchdog.ts";

/** A board as built: how it is started, and how its shared file is laid out. */
export interface NativeImage {
  /** For messages. */
  readonly name: string;
  /** Bytes of the shared file, and where the page begins in it. */
  readonly fileBytes: number;
  readonly pageAt: number;
  /** Where the guest goes in the shared file; null if the board reads it from its own file. */
  readonly guestAt: number | null;
  /** Processor time without an import call after which a guest is hung, in ms. */
  readonly hungMs: number;
  command(sharedFile: string, guestFile: string): readonly string[];
}

const running = new Set<Doorbell>();
process.on("exit", () => {
  for (const doorbell of running) doorbell.close();
});

/** Memory, where the machine has such a file system: the page is written thousands of times a second. */
const ROOM = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
let swept = false;

/** Ends the boards and removes the files of harnesses that were killed: once in this process. */
export function removeStaleRuns(room = ROOM): void {
  for (const name of readdirSync(room)) {
    const owner = /^killswitch-(\d+)-/.exec(name)?.[1];
    if (owner === undefined || isRunning(Number(owner))) continue;
    const folder = join(room, name);
    try {
      const pid = Number(readFileSync(join(folder, "board"), "utf8"));
      // The number may be another process's by now.
      if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder))
        process.kill(pid, "SIGKILL");
    } catch {
      // It has ended, or never began.
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

  /** Starts the board. `prepare` fills the shared file before it runs. */
  constructor(
    image: NativeImage,
    guest: Uint8Array,
    prepare: (doorbell: Doorbell) => void,
    stallMs = STALL_MS,
  ) {
    if (!swept) removeStaleRuns();
    swept = true;
    this.#image = image;
    this.#stallMs = stallMs;
    this.#folder = mkdtempSync(join(ROOM, `killswitch-${process.pid}-`));
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
    // A program that cannot be started shows itself by the end of its answers.
    this.#child.on("error", () => {});
    this.#child.unref();
    writeFileSync(at("board"), String(this.#child.pid ?? 0));
    for (const descriptor of [bell.read, answers.write, stderr]) closeSync(descriptor);
    this.#bell = bell.write;
    this.#answers = answers.read;
    running.add(this);
    this.#withdraw = onSignal(() => this.close());
  }

  /** Waits for the board's next answer. Throws if the board ended instead, or had to be ended. */
  answer(): number {
    let read = 0;
    const ended = waitWithWatchdog(this.#child.pid ?? 0, this.#stallMs, () => {
      read = readSync(this.#answers, this.#byte);
    });
    if (read === 1 && !ended) return this.#byte[0] ?? 0;
    if (ended) {
      this.close();
      const bound = `${this.#stallMs / 1000} s of processor time, or slept for good`;
      throw new UserError(
        `board ${this.#image.name} is stuck: no answer in ${bound}; it was ended`,
        EXIT.INTERNAL,
      );
    }
    const said = readFileSync(join(this.#folder, "stderr"), "utf8").trim();
    this.close();
    throw new UserError(`board ${this.#image.name} ended: ${said}`, EXIT.INTERNAL);
  }

  ring(): void {
    writeSync(this.#bell, this.#byte);
  }

  /** Reads from the page at `at` into the whole of `into`. */
  read(at: number, into: Buffer): void {
    readSync(this.#file, into, 0, into.length, this.#image.pageAt + at);
  }

  write(at: number, bytes: Uint8Array, length = bytes.length): void {
    writeSync(this.#file, bytes, 0, length, this.#image.pageAt + at);
  }

  /** Takes the board's supply away, and all that was the board's with it. */
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

/** Both ends of a new named pipe: anonymous ones Node does not hand out as descriptors that block. */
function fifo(path: string): { read: number; write: number } {
  const { status, signal } = spawnSync("mkfifo", [path]);
  if (signal === "SIGINT") throw new Interrupted();
  if (status !== 0) throw new UserError(`${path}: mkfifo failed: install coreutils`, EXIT.NO_TOOL);
  // Opening one end waits for the other: the third descriptor is both.
  const both = openSync(path, constants.O_RDWR);
  const read = openSync(path, constants.O_RDONLY);
  const write = openSync(path, constants.O_WRONLY);
  closeSync(both);
  return { read, write };
}
