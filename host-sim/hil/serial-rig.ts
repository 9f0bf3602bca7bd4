/**
 * A board on a serial line, its wires in the hands of a fixture. Must not know what is done to the
 * board, nor why.
 */
import type { RealClock } from "../clock.ts";
import { EXIT, UserError } from "../errors.ts";
import { Port, type SerialLine } from "../serial/port.ts";
import type { HilData } from "./board.ts";
import { ConsoleReader } from "./console.ts";
import { FixtureWires, type Wired } from "./fixture.ts";
import type { Rig, RigSetup } from "./rig.ts";
import { isSocketName, SocketLine } from "./socket-line.ts";
import type { Reach } from "./wires.ts";

const BAUD = 115_200;
/** How long a board may take to start over and answer, in ms. */
const ANSWER_MS = 5_000;
const TRIES = 6;
/** Without supply for so long, in ms, capacitors and all. */
const OFF_MS = 300;

/** A line that is to be closed again. */
type OpenLine = SerialLine & { close(): Promise<void> };

/** Opens a port, or a socket in the place of one. Throws UserError. */
function openLine(name: string): Promise<OpenLine> {
  return isSocketName(name) ? SocketLine.open(name) : Port.open(name, BAUD);
}

export interface SerialRigOptions {
  readonly name: string;
  /** Ports of the board and of the fixture, opened when they are needed. */
  readonly board: string;
  readonly fixture: string;
  readonly wired: ReadonlySet<Wired>;
  readonly hil: HilData;
  readonly clock: RealClock;
  readonly listen: { readonly host: string; readonly port: number };
}

export class SerialRig implements Rig {
  readonly name: string;
  readonly hil: HilData;
  readonly reach: Reach;
  readonly listen: { readonly host: string; readonly port: number };
  readonly #options: SerialRigOptions;
  #board: OpenLine | null = null;
  #fixture: OpenLine | null = null;
  #wires: FixtureWires | null = null;

  constructor(options: SerialRigOptions) {
    const { name, wired, hil, listen } = options;
    this.#options = options;
    this.name = name;
    this.hil = hil;
    this.listen = listen;
    const reset = wired.has("reset");
    const supply = wired.has("supply") || (reset && hil.resetIsPowerOn);
    this.reach = { supply, reset, rail: wired.has("rail"), senses: true, guest: false };
  }

  get wires(): FixtureWires {
    if (this.#wires === null) throw new Error(`rig ${this.name} is not prepared`);
    return this.#wires;
  }

  get #line(): OpenLine {
    if (this.#board === null) throw new Error(`rig ${this.name} is not prepared`);
    return this.#board;
  }

  /** Storage is made as new by the board's own command, with the button held. */
  async prepare(setup: RigSetup, heard: (bytes: Uint8Array) => void): Promise<void> {
    if (!this.reach.supply) {
      throw new UserError(
        `${this.name}: no wire switches its supply or its reset pin: say which with --wired`,
        EXIT.USAGE,
      );
    }
    const { board, fixture, clock, wired } = this.#options;
    this.#board = await openLine(board);
    this.#fixture = await openLine(fixture);
    this.#wires = new FixtureWires(this.#fixture, clock, wired);
    await this.supply(true);
    await this.wires.contacts(false, true, 0);
    await this.wires.button(true);
    await this.#ask("status", (answer) => answer.startsWith("status "));
    await this.#ask("factory-reset", (answer) => answer === "done");
    // Before it boots: that would be its journal's first record.
    await this.supply(false);
    await this.wires.button(false);
    await this.#after(OFF_MS);
    await this.wires.contacts(setup.contacts.no, setup.contacts.nc, 0);
    this.#line.listen(heard);
  }

  supply(on: boolean): Promise<void> {
    return this.#options.wired.has("supply") ? this.wires.supply(on) : this.wires.hold(!on);
  }

  reset(): Promise<void> {
    return this.wires.reset();
  }

  say(line: string): Promise<void> {
    return this.#line.write(Buffer.from(`${line}\n`));
  }

  examine(): void {}

  notes(): string[] {
    return [];
  }

  /** The board is left as it is. */
  async close(): Promise<void> {
    this.#wires?.close();
    for (const line of [this.#board, this.#fixture]) await line?.close();
    this.#board = null;
    this.#fixture = null;
  }

  /** Says a line until an answer is right: a board that starts over hears nothing. */
  async #ask(line: string, right: (answer: string) => boolean): Promise<void> {
    const board = this.#line;
    let last = "nothing";
    for (let tries = 0; tries < TRIES; tries++) {
      const answered = new Promise<boolean>((done) => {
        const answer = (text: string) => {
          last = text;
          if (right(text)) done(true);
        };
        const reader = new ConsoleReader({ trace: () => {}, answer, other: () => {} });
        board.listen((bytes) => reader.feed(bytes));
      });
      await this.say(line);
      if (await Promise.race([answered, this.#after(ANSWER_MS / TRIES).then(() => false)])) return;
    }
    throw new UserError(
      `the board on ${board.path} does not obey "${line}": it says ${JSON.stringify(last)}`,
      EXIT.NO_ANSWER,
    );
  }

  #after(ms: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((done) => clock.wakeAt(clock.now() + ms, done));
  }
}
