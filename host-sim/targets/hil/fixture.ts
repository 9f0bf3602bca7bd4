/**
 * Drives and reads wires through a fixture: a second board whose guest (firmware/fixture) drives
 * lines and reports sensed levels over its serial line. docs/HIL.md describes its messages.
 */
import type { RealClock } from "../../base/clock.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { launcher } from "../../base/paths.ts";
import type { SerialLine } from "../../serial/port.ts";
import { ConsoleReader } from "./console.ts";
import { frameToBoard, parseFrameFromBoard } from "./frames.ts";
import type { OutputLevels, Wires } from "./wires.ts";

/** The wires that a rig may have or not. Contacts and button are always wired. */
export const OPTIONAL_WIRES = ["supply", "reset", "relay", "lamp", "rail"] as const;
export type OptionalWire = (typeof OPTIONAL_WIRES)[number];

/** Driven lines, one bit each. */
const LINE = { NO: 1, NC: 2, BUTTON: 4, RESET: 8, SUPPLY: 16 } as const;
/** Above the mask of lines: how many times a closing line bounces. */
const CHATTER_SHIFT = 5;
/** Sensed levels, one bit each. */
const SENSED = { RELAY: 1, LAMP: 2, RAIL: 4 } as const;
const COMMAND = { READ: 0, WRITE: 1 } as const;
/** Added to a command's code in its answer. */
const ANSWER_FLAG = 0x80;

/** A command is sent again after ANSWER_MS without an answer, TRIES times at most. */
const ANSWER_MS = 250;
const TRIES = 20;
/**
 * Interval between keep-alive messages, in ms. The fixture takes 2 s of silence for a lost link.
 */
const KEEP_ALIVE_MS = 500;
/** Length of a reset pulse, in ms. */
const RESET_MS = 20;

/** The command that waits for its answer. */
interface Pending {
  readonly number: number;
  readonly done: (sensed: number) => void;
}

export class FixtureWires implements Wires {
  readonly #line: SerialLine;
  readonly #clock: RealClock;
  readonly #wired: ReadonlySet<OptionalWire>;
  #number = 0;
  #pending: Pending | null = null;
  #cancelKeepAlive = () => {};

  /** Becomes the only listener of the line. */
  constructor(line: SerialLine, clock: RealClock, wired: ReadonlySet<OptionalWire>) {
    this.#line = line;
    this.#clock = clock;
    this.#wired = wired;
    const reader = new ConsoleReader({
      trace: () => {},
      answer: () => {},
      other: (text) => this.#onLine(text),
    });
    line.listen((bytes) => reader.feed(bytes));
    this.#keepAlive();
  }

  /**
   * Sends both contacts in one message, so the time between them does not depend on this machine.
   */
  async contacts(no: boolean, nc: boolean, chatter: number): Promise<number> {
    const levels = (no ? LINE.NO : 0) | (nc ? LINE.NC : 0);
    await this.#drive(LINE.NO | LINE.NC | (chatter << CHATTER_SHIFT), levels);
    return 0;
  }

  button(pressed: boolean): Promise<void> {
    return this.#drive(LINE.BUTTON, pressed ? LINE.BUTTON : 0);
  }

  supply(on: boolean): Promise<void> {
    return this.#drive(LINE.SUPPLY, on ? LINE.SUPPLY : 0);
  }

  /** Holds the reset pin down, or releases it. */
  holdReset(down: boolean): Promise<void> {
    return this.#drive(LINE.RESET, down ? LINE.RESET : 0);
  }

  async reset(): Promise<void> {
    await this.holdReset(true);
    await this.#clock.sleep(RESET_MS);
    await this.holdReset(false);
  }

  async sense(): Promise<OutputLevels> {
    const sensed = await this.#command(COMMAND.READ, 0, 0);
    return {
      ...(this.#wired.has("relay") && { relay: (sensed & SENSED.RELAY) !== 0 }),
      ...(this.#wired.has("lamp") && { lamp: (sensed & SENSED.LAMP) !== 0 }),
      ...(this.#wired.has("rail") && { rail: (sensed & SENSED.RAIL) !== 0 }),
    };
  }

  close(): void {
    this.#cancelKeepAlive();
    this.#line.listen(null);
  }

  async #drive(mask: number, levels: number): Promise<void> {
    await this.#command(COMMAND.WRITE, mask, levels);
  }

  /**
   * Sends a command until it is answered. Returns the sensed levels. A command sets levels, not
   * changes, so it may be repeated. Throws a UserError if the fixture does not answer.
   */
  async #command(code: number, mask: number, levels: number): Promise<number> {
    this.#number = (this.#number + 1) & 0xff;
    const number = this.#number;
    let sensed: number | null = null;
    for (let tries = 0; tries < TRIES && sensed === null; tries++) {
      const answered = new Promise<number>((done) => {
        this.#pending = { number, done };
      });
      await this.#send(Uint8Array.of(code, number, mask, levels));
      sensed = await Promise.race([answered, this.#clock.sleep(ANSWER_MS).then(() => null)]);
    }
    this.#pending = null;
    if (sensed !== null) return sensed;
    throw new UserError(
      `the fixture on ${this.#line.path} does not answer: check the port, and that this board ` +
        `was flashed with ${launcher()} flash --fixture`,
      EXIT.NO_ANSWER,
    );
  }

  #send(bytes: Uint8Array): Promise<void> {
    return this.#line.write(Buffer.from(frameToBoard(bytes)));
  }

  #onLine(text: string): void {
    const [code, number, , sensed = 0] = parseFrameFromBoard(text)?.bytes ?? [];
    const pending = this.#pending;
    if (pending === null || number !== pending.number) return;
    if (code === ANSWER_FLAG + COMMAND.READ || code === ANSWER_FLAG + COMMAND.WRITE)
      pending.done(sensed);
  }

  #keepAlive(): void {
    this.#send(new Uint8Array(0)).catch(() => {});
    this.#cancelKeepAlive = this.#clock.wakeAt(this.#clock.now() + KEEP_ALIVE_MS, () =>
      this.#keepAlive(),
    );
  }
}
