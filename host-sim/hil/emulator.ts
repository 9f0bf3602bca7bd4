/**
 * One emulated board while it has its supply: its process, its console, its pins, the capture of its
 * network. Must not know what is done to the board, nor why.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { RealClock } from "../clock.ts";
import { EXIT, UserError } from "../errors.ts";
import { CommandChannel } from "./command-channel.ts";
import type { Emulator as EmulatorBoard } from "./emulator-board.ts";
import { type Frame, Pcap } from "./pcap.ts";
import { SocketLine } from "./socket-line.ts";
import type { OutputLevels } from "./wires.ts";

/** How long it may take until its sockets are there, in ms. */
const START_MS = 10_000;
const LOOK_MS = 10;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Files in the folder of a run; flash and fuses outlive the process. */
export const FILES = {
  flash: "flash.bin",
  fuses: "fuses.bin",
  console: "console.sock",
  pins: "pins.sock",
  monitor: "monitor.sock",
  capture: "capture.pcap",
} as const;

export class EmulatorProcess {
  readonly #board: EmulatorBoard;
  readonly #clock: RealClock;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #lines: SocketLine[] = [];
  readonly #capture: Pcap;
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
    const said = openSync(join(folder, "said.txt"), "a");
    this.#child = spawn(process.env[data.program] ?? "", data.arguments.map(fill), {
      stdio: ["ignore", said, said],
    });
    // A program that cannot be started shows itself by its sockets, which never come.
    this.#child.on("error", () => {});
    running.add(this.#child);
    this.#capture = new Pcap(join(folder, FILES.capture));
  }

  /** Applies the supply: the board stands at its reset vector until go(). Throws UserError. */
  static async start(
    board: EmulatorBoard,
    folder: string,
    clock: RealClock,
    heard: (bytes: Uint8Array) => void,
  ): Promise<EmulatorProcess> {
    const emulator = new EmulatorProcess(board, folder, clock);
    try {
      emulator.#console = await emulator.#open("console");
      emulator.#console.listen(heard);
      emulator.#pins = new CommandChannel(await emulator.#open("pins"), /^(OK|FAIL|ERR)/);
      emulator.#monitor = new CommandChannel(
        await emulator.#open("monitor"),
        new RegExp(board.data.monitorAnswer),
      );
      await emulator.#say("info status");
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw await emulator.#startTrouble();
    }
    return emulator;
  }

  async go(): Promise<void> {
    await this.#say("cont");
  }

  async reset(): Promise<void> {
    await this.#say("system_reset");
  }

  async write(text: string): Promise<void> {
    await this.#console?.write(Buffer.from(text));
  }

  /** Puts levels on pins, in order, one right after the other. */
  async drive(levels: readonly (readonly [keyof EmulatorBoard["pins"], boolean])[]): Promise<void> {
    const { data, pins } = this.#board;
    const commands = levels.map(([name, level]) =>
      data.drive.replace("{pin}", String(pins[name])).replace("{level}", level ? "1" : "0"),
    );
    await this.#ask(...commands);
  }

  async sense(): Promise<OutputLevels> {
    const { data, pins } = this.#board;
    const [answer = ""] = await this.#ask(data.outputs);
    const word = Number(/^OK (0x[0-9a-fA-F]+)/.exec(answer)?.[1]);
    const level = (pin: number) => ((word >>> pin) & 1) === 1;
    return { relay: level(pins.relay), lamp: level(pins.lamp) };
  }

  /**
   * Frames captured since the last call. A frame is captured as it is sent: one sent before drive()
   * is here before it, and one that is here after drive() and was not before was sent since.
   */
  captured(): Frame[] {
    return this.#capture.read();
  }

  /** Takes the supply away; what was captured stays. Safe to call twice. */
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
    }
    for (const line of this.#lines.splice(0)) await line.close();
  }

  async #ask(...commands: string[]): Promise<string[]> {
    const answers = (await this.#pins?.ask(...commands)) ?? [];
    const bad = answers.find((answer) => !answer.startsWith("OK"));
    if (bad !== undefined) throw new UserError(`the emulator refuses a pin: ${bad}`, EXIT.INTERNAL);
    return answers;
  }

  /** Of the monitor every command is echoed behind its prompt. */
  async #say(command: string): Promise<void> {
    await this.#monitor?.ask(command);
  }

  async #open(name: keyof typeof FILES): Promise<SocketLine> {
    const path = join(this.#folder, FILES[name]);
    const end = this.#clock.now() + START_MS;
    for (;;) {
      const gone = this.#child.exitCode !== null || this.#child.pid === undefined;
      if (gone || this.#clock.now() > end)
        throw new UserError(`${path} does not come`, EXIT.INTERNAL);
      try {
        if (existsSync(path)) {
          const line = await SocketLine.open(`unix:${path}`);
          this.#lines.push(line);
          return line;
        }
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
      }
      await this.#clock.sleep(LOOK_MS);
    }
  }

  async #startTrouble(): Promise<UserError> {
    const { program } = this.#board.data;
    const said = readFileSync(join(this.#folder, "said.txt"), "utf8").trim().split("\n");
    await this.stop();
    return new UserError(
      `${program}=${process.env[program]} does not start: ${said.at(-1) || "it says nothing"}`,
      EXIT.BAD_FILE,
    );
  }
}
