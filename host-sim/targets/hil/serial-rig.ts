/**
 * A test rig around a board on a serial line, whose wires are driven by a fixture on another one.
 */
import type { RealClock } from "../../base/clock.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { BoardLine } from "../../serial/board-line.ts";
import type { Wifi } from "../../serial/improv-client.ts";
import { Port, type SerialLine } from "../../serial/port.ts";
import { FixtureWires, type OptionalWire } from "./fixture.ts";
import type { HilData } from "./hil-data.ts";
import type { Rig, RigSetup } from "./rig.ts";
import { checkNetwork, joinWifi } from "./serial-network.ts";
import { isSocketName, SocketLine } from "./socket-line.ts";
import { WireCheck } from "./wire-check.ts";
import type { RigCapabilities } from "./wires.ts";

const BAUD = 115_200;
/** How long a board may take to restart and answer, in ms. */
const ANSWER_MS = 5_000;
const TRIES = 6;

/** How long the supply stays off, in ms. Long enough for the capacitors to discharge. */
const OFF_MS = 300;

type OpenLine = SerialLine & { close(): Promise<void> };

/** Opens a port, or a socket by a name such as `unix:PATH`. Throws a UserError. */
function openLine(name: string): Promise<OpenLine> {
  return isSocketName(name) ? SocketLine.open(name) : Port.open(name, BAUD);
}

export interface SerialRigOptions {
  readonly name: string;
  /** Ports of the board and of the fixture. They are opened when they are needed. */
  readonly board: string;
  readonly fixture: string;
  readonly wired: ReadonlySet<OptionalWire>;
  readonly hil: HilData;
  readonly clock: RealClock;
  readonly listen: { readonly host: string; readonly port: number };
  /** The Wi-Fi settings, sent after each factory reset; null for a board without Wi-Fi. */
  readonly wifi: Wifi | null;
}

export class SerialRig implements Rig {
  readonly name: string;
  readonly hil: HilData;
  readonly capabilities: RigCapabilities;
  readonly listen: { readonly host: string; readonly port: number };
  readonly #options: SerialRigOptions;
  #board: OpenLine | null = null;
  #fixture: OpenLine | null = null;
  #wires: FixtureWires | null = null;
  /** Reads the board's console while no scenario runs. */
  #console: BoardLine | null = null;

  constructor(options: SerialRigOptions) {
    const { name, wired, hil, listen } = options;
    this.#options = options;
    this.name = name;
    this.hil = hil;
    this.listen = listen;
    const reset = wired.has("reset");
    const supply = wired.has("supply") || (reset && hil.resetIsPowerOn);
    this.capabilities = {
      supply,
      reset,
      railMeter: wired.has("rail"),
      railSense: true,
      replaceGuest: false,
    };
  }

  get wires(): FixtureWires {
    if (this.#wires === null) throw new Error(`rig ${this.name} is not prepared`);
    return this.#wires;
  }

  get #line(): OpenLine {
    if (this.#board === null) throw new Error(`rig ${this.name} is not prepared`);
    return this.#board;
  }

  /**
   * Checks, before any scenario, that board and fixture answer, that the wires are connected
   * correctly, and that the board joins its network and reaches the broker. Throws a UserError for
   * the first problem.
   */
  async check(): Promise<void> {
    try {
      const line = await this.#open();
      const { clock, wired, board, fixture } = this.#options;
      const status = await this.#command("status", (answer) => answer.startsWith("status "));
      const problems = await new WireCheck({ line, wires: this.wires, wired, clock }).run();
      if (problems.length > 0) {
        throw new UserError(
          `wires from the fixture on ${fixture} to the board on ${board}: ${problems.join("; ")}`,
          EXIT.WIRING,
        );
      }
      const { hil, listen, wifi } = this.#options;
      await this.#factoryReset();
      await checkNetwork({ line, status, wires: this.wires, clock, hil, listen, wifi });
    } finally {
      await this.close();
    }
  }

  /** Erases the storage with the board's own `factory-reset` command. */
  async prepare(setup: RigSetup, onConsole: (bytes: Uint8Array) => void): Promise<void> {
    const line = await this.#open();
    await this.#command("status", (answer) => answer.startsWith("status "));
    await this.#factoryReset();
    // At KILL the board stores the settings without trying them. The boot for this is the first
    // record of its journal.
    if (this.#options.wifi !== null) await joinWifi(line, this.#options.wifi);
    // Without Wi-Fi settings, the supply goes off before the board boots after its factory reset.
    await this.supply(false);
    await this.#options.clock.sleep(OFF_MS);
    await this.wires.contacts(setup.contacts.no, setup.contacts.nc, 0);
    line.stop();
    this.#line.listen(onConsole);
  }

  supply(on: boolean): Promise<void> {
    return this.#options.wired.has("supply") ? this.wires.supply(on) : this.wires.holdReset(!on);
  }

  reset(): Promise<void> {
    return this.wires.reset();
  }

  writeLine(line: string): Promise<void> {
    return this.#line.write(Buffer.from(`${line}\n`));
  }

  checkWitnesses(): void {}

  notes(): string[] {
    return [];
  }

  /** Closes the lines and leaves the board in its current state. */
  async close(): Promise<void> {
    this.#console?.stop();
    this.#console = null;
    this.#wires?.close();
    for (const line of [this.#board, this.#fixture]) await line?.close();
    this.#board = null;
    this.#fixture = null;
  }

  /** Opens both lines, applies the supply and moves the switch to KILL. */
  async #open(): Promise<BoardLine> {
    if (!this.capabilities.supply) {
      throw new UserError(
        `${this.name}: no wire goes to the board's supply or reset pin: name it in --wired`,
        EXIT.USAGE,
      );
    }
    const { board, fixture, clock, wired } = this.#options;
    this.#board = await openLine(board);
    this.#fixture = await openLine(fixture);
    this.#wires = new FixtureWires(this.#fixture, clock, wired);
    await this.supply(true);
    await this.wires.contacts(false, true, 0);
    await this.wires.button(false);
    this.#console = new BoardLine(this.#board, (ms, then) => clock.wakeAt(clock.now() + ms, then));
    return this.#console;
  }

  /** Erases the board's storage. The command needs the button held. */
  async #factoryReset(): Promise<void> {
    await this.wires.button(true);
    await this.#command("factory-reset", (answer) => answer === "done");
    await this.wires.button(false);
  }

  /**
   * Sends a command until an answer is accepted, and returns that answer. It repeats the command
   * because a booting board does not read its console. Throws a UserError after ANSWER_MS.
   */
  async #command(text: string, accepts: (answer: string) => boolean): Promise<string> {
    const { clock } = this.#options;
    let last: string | null = null;
    for (let tries = 0; tries < TRIES; tries++) {
      const end = clock.now() + ANSWER_MS / TRIES;
      await this.writeLine(text);
      for (let left = end - clock.now(); left > 0; left = end - clock.now()) {
        const line = await this.#console?.next(left);
        if (line?.kind !== "answer") continue;
        last = line.text;
        if (accepts(last)) return last;
      }
    }
    throw new UserError(
      `the board on ${this.#line.path} ` +
        (last === null
          ? `does not answer "${text}": check its supply, and that no wire holds it in reset`
          : `answers "${text}" with ${JSON.stringify(last)}: check its firmware and button`),
      EXIT.NO_ANSWER,
    );
  }
}
