/**
 * The process of an emulated board, with its console, its pins and the capture of its network
 * traffic.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { RealClock } from "../../base/clock.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { onSignal } from "../../base/signals.ts";
import { CommandChannel } from "./command-channel.ts";
import type { Emulator as EmulatorBoard } from "./emulator-board.ts";
import { type Frame, Pcap } from "./pcap.ts";
import { SocketLine } from "./socket-line.ts";
import type { OutputLevels } from "./wires.ts";

/** How long the emulator may take to create its sockets, in ms. */
const START_MS = 10_000;
/** Interval between two attempts to open a socket, in ms. */
const RETRY_MS = 10;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Files in the folder of a run. The flash and the fuses are kept when the process ends. */
export const FILES = {
  flash: "flash.bin",
  fuses: "fuses.bin",
  console: "console.sock",
  pins: "pins.sock",
  monitor: "monitor.sock",
  capture: "capture.pcap",
} as const;
/** The emulator's own standard output and error. */
const OUTPUT_FILE = "output.txt";

export class EmulatorProcess {
  readonly #board: EmulatorBoard;
  readonly #clock: RealClock;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #lines: SocketLine[] = [];
  readonly #capture: Pcap;
  readonly #withdraw: () => void;
  #pins: CommandChannel | null = null;
  #monitor: CommandChannel | null = null;
  #console: SocketLine | null = null;

  private constructor(board: EmulatorBoard, folder: string, clock: RealClock) {
    const { data } = board;
    this.#board = board;
    this.#folder = folder;
    this.#clock = clock;
    for (const name of ["console", "pins", "monitor", "capture"] as const)
      rmSync(join(folder, FILES[name]), { force: true });
    const fill = (text: string) =>
      Object.entries(FILES).reduce(
        (filled, [name, file]) => filled.replaceAll(`{${name}}`, join(folder, file)),
        text,
      );
    const output = openSync(join(folder, OUTPUT_FILE), "a");
    this.#child = spawn(process.env[data.program] ?? "", data.arguments.map(fill), {
      stdio: ["ignore", output, output],
      // In a process group of its own, where the terminal's Ctrl-C does not reach it.
      detached: true,
    });
    // A program that cannot be started is detected later: its sockets do not appear.
    this.#child.on("error", () => {});
    running.add(this.#child);
    this.#withdraw = onSignal(() => this.#child.kill("SIGKILL"));
    this.#capture = new Pcap(join(folder, FILES.capture));
  }

  /**
   * Applies the supply. The processor stays at its reset vector until go(). Throws a UserError if
   * the emulator does not start.
   */
  static async start(
    board: EmulatorBoard,
    folder: string,
    clock: RealClock,
    onConsole: (bytes: Uint8Array) => void,
  ): Promise<EmulatorProcess> {
    const emulator = new EmulatorProcess(board, folder, clock);
    try {
      emulator.#console = await emulator.#open("console");
      emulator.#console.listen(onConsole);
      emulator.#pins = new CommandChannel(await emulator.#open("pins"), /^(OK|FAIL|ERR)/);
      emulator.#monitor = new CommandChannel(
        await emulator.#open("monitor"),
        new RegExp(board.data.monitorAnswer),
      );
      await emulator.#monitorCommand("info status");
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw await emulator.#startError();
    }
    return emulator;
  }

  async go(): Promise<void> {
    await this.#monitorCommand("cont");
  }

  async reset(): Promise<void> {
    await this.#monitorCommand("system_reset");
  }

  async write(text: string): Promise<void> {
    await this.#console?.write(Buffer.from(text));
  }

  /** Drives pins to levels, in the given order. */
  async drive(levels: readonly (readonly [keyof EmulatorBoard["pins"], boolean])[]): Promise<void> {
    const { data, pins } = this.#board;
    const commands = levels.map(([name, level]) =>
      data.drive.replace("{pin}", String(pins[name])).replace("{level}", level ? "1" : "0"),
    );
    await this.#pinCommands(...commands);
  }

  async sense(): Promise<OutputLevels> {
    const { data, pins } = this.#board;
    const [answer = ""] = await this.#pinCommands(data.outputs);
    const word = Number(/^OK (0x[0-9a-fA-F]+)/.exec(answer)?.[1]);
    const level = (pin: number) => ((word >>> pin) & 1) === 1;
    return { relay: level(pins.relay), lamp: level(pins.lamp) };
  }

  /**
   * Frames captured since the last call. A frame is captured when it is sent, so a call before
   * drive() returns all earlier frames, and a call after it returns only later ones.
   */
  captured(): Frame[] {
    return this.#capture.read();
  }

  /** Removes the supply. The captured frames stay readable. Safe to call twice. */
  async stop(): Promise<void> {
    if (running.has(this.#child)) {
      const { exitCode, signalCode } = this.#child;
      const ended =
        exitCode !== null || signalCode !== null
          ? Promise.resolve()
          : new Promise<void>((done) => this.#child.once("exit", () => done()));
      this.#child.kill("SIGKILL");
      await ended;
      running.delete(this.#child);
      this.#withdraw();
    }
    for (const line of this.#lines.splice(0)) await line.close();
  }

  async #pinCommands(...commands: string[]): Promise<string[]> {
    const answers = (await this.#pins?.send(...commands)) ?? [];
    const bad = answers.find((answer) => !answer.startsWith("OK"));
    if (bad !== undefined)
      throw new UserError(`the emulator refused a pin command: ${bad}`, EXIT.INTERNAL);
    return answers;
  }

  /** The monitor's answer is the echo of the command after its prompt; it is not used. */
  async #monitorCommand(command: string): Promise<void> {
    await this.#monitor?.send(command);
  }

  async #open(name: keyof typeof FILES): Promise<SocketLine> {
    const path = join(this.#folder, FILES[name]);
    const end = this.#clock.now() + START_MS;
    for (;;) {
      const gone = this.#child.exitCode !== null || this.#child.pid === undefined;
      if (gone || this.#clock.now() > end)
        throw new UserError(`${path} did not appear within ${START_MS} ms`, EXIT.INTERNAL);
      try {
        if (existsSync(path)) {
          const line = await SocketLine.open(`unix:${path}`);
          this.#lines.push(line);
          return line;
        }
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
      await this.#clock.sleep(RETRY_MS);
    }
  }

  async #startError(): Promise<UserError> {
    const { program } = this.#board.data;
    const output = readFileSync(join(this.#folder, OUTPUT_FILE), "utf8").trim().split("\n");
    await this.stop();
    return new UserError(
      `${program}=${process.env[program]} does not start: ${output.at(-1) || "it printed nothing"}`,
      EXIT.TOOL_FAILED,
    );
  }
}
