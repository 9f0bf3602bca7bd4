/**
 * A board on a serial line, its wires in the hands of a fixture. Must not know what is done to the
 * board, nor why.
 */
import type { RealClock } from "../clock.ts";
import { EXIT, UserError } from "../errors.ts";
import type { Wifi } from "../improv/client.ts";
import { BoardLine } from "../serial/board-line.ts";
import { Port, type SerialLine } from "../serial/port.ts";
import type { HilData } from "./board.ts";
import { FixtureWires, type OptionalWire } from "./fixture.ts";
import type { Rig, RigSetup } from "./rig.ts";
import { checkNetwork, joinWifi } from "./serial-network.ts";
import { isSocketName, SocketLine } from "./socket-line.ts";
import { WireCheck } from "./wire-check.ts";
import type { RigCapabilities } from "./wires.ts";

const BAUD = 115_200;
/** How long a board may take to start over and answer, in ms. */
const ANSWER_MS = 5_000;
const TRIES = 6;
const NOTHING = "nothing";
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
  readonly wired: ReadonlySet<OptionalWire>;
  readonly hil: HilData;
  readonly clock: RealClock;
  readonly listen: { readonly host: string; readonly port: number };
  /** What the board joins, told anew each time that it is made new; null for a board without Wi-Fi. */
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
  /** The board's words, while no scenario runs. */
  #heard: BoardLine | null = null;

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
   * Before any scenario: whether board and fixture answer, the wires go where they should, and the board
   * joins its network and finds the broker. Throws UserError for the first that does not hold.
   */
  async check(): Promise<void> {
    try {
      const line = await this.#open();
      const { clock, wired, board, fixture } = this.#options;
      const status = await this.#ask("status", (answer) => answer.startsWith("status "));
      const found = await new WireCheck({ line, wires: this.wires, wired, clock }).run();
      if (found.length > 0) {
        throw new UserError(
          `wires of the fixture ${fixture} to the board ${board}: ${found.join("; ")}`,
          EXIT.WIRING,
        );
      }
      const { hil, listen, wifi } = this.#options;
      await this.#forget();
      await checkNetwork({ line, status, wires: this.wires, clock, hil, listen, wifi });
    } finally {
      await this.close();
    }
  }

  /** Storage is made as new by the board's own command, with the button held. */
  async prepare(setup: RigSetup, heard: (bytes: Uint8Array) => void): Promise<void> {
    const line = await this.#open();
    await this.#ask("status", (answer) => answer.startsWith("status "));
    await this.#forget();
    // It takes them at KILL untried; the boot for that is its journal's first record.
    if (this.#options.wifi !== null) await joinWifi(line, this.#options.wifi);
    // Otherwise before it boots.
    await this.supply(false);
    await this.#options.clock.sleep(OFF_MS);
    await this.wires.contacts(setup.contacts.no, setup.contacts.nc, 0);
    line.stop();
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
    this.#heard?.stop();
    this.#heard = null;
    this.#wires?.close();
    for (const line of [this.#board, this.#fixture]) await line?.close();
    this.#board = null;
    this.#fixture = null;
  }

  /** Both lines, the board with its supply and its switch at KILL. */
  async #open(): Promise<BoardLine> {
    if (!this.capabilities.supply) {
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
    await this.wires.button(false);
    this.#heard = new BoardLine(this.#board, (ms, then) => clock.wakeAt(clock.now() + ms, then));
    return this.#heard;
  }

  /** Storage as new. */
  async #forget(): Promise<void> {
    await this.wires.button(true);
    await this.#ask("factory-reset", (answer) => answer === "done");
    await this.wires.button(false);
  }

  /** Says a line until an answer is right, and returns it: a board that starts over hears nothing. */
  async #ask(text: string, right: (answer: string) => boolean): Promise<string> {
    const { clock } = this.#options;
    let last = NOTHING;
    for (let tries = 0; tries < TRIES; tries++) {
      const end = clock.now() + ANSWER_MS / TRIES;
      await this.say(text);
      for (let left = end - clock.now(); left > 0; left = end - clock.now()) {
        const heard = await this.#heard?.next(left);
        if (heard?.kind !== "answer") continue;
        last = heard.text;
        if (right(last)) return last;
      }
    }
    throw new UserError(
      `the board on ${this.#line.path} does not obey "${text}": it says ${JSON.stringify(last)}` +
        (last === NOTHING ? ": is it without supply, or held in reset by a wire?" : ""),
      EXIT.NO_ANSWER,
    );
  }
}
