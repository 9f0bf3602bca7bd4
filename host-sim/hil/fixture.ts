/**
 * Wires that a fixture moves: a second board whose guest (firmware/fixture) drives lines and says what
 * it senses, over its serial line. The format of its messages: docs/HIL.md. Must not know the board that
 * the wires go to.
 */
import type { RealClock } from "../clock.ts";
import { EXIT, UserError } from "../errors.ts";
import type { SerialLine } from "../serial/port.ts";
import { ConsoleReader } from "./console.ts";
import { frameToBoard, parseFrameFromBoard } from "./frames.ts";
import type { OutputLevels, Wires } from "./wires.ts";

/** What goes to the board besides its contacts and its button. */
export const OPTIONAL_WIRES = ["supply", "reset", "relay", "lamp", "rail"] as const;
export type OptionalWire = (typeof OPTIONAL_WIRES)[number];

/** Lines that it drives, a bit each. */
const LINE = { NO: 1, NC: 2, BUTTON: 4, RESET: 8, SUPPLY: 16 } as const;
/** Above the mask of lines: how often a line that closes chatters. */
const CHATTER_SHIFT = 5;
/** Lines that it senses, a bit each. */
const SENSED = { RELAY: 1, LAMP: 2, RAIL: 4 } as const;
const WHAT = { READ: 0, WRITE: 1 } as const;
const ANSWER = 0x80;

/** An answer takes some ms; a command is said again when none has come for so long, so many times. */
const ANSWER_MS = 250;
const TRIES = 20;
/** The link is taken for down after 2 s of silence. */
const ALIVE_MS = 500;
/** The reset pin is held down for so long. */
const RESET_MS = 20;

interface Waiting {
  readonly number: number;
  readonly done: (sensed: number) => void;
}

export class FixtureWires implements Wires {
  readonly #line: SerialLine;
  readonly #clock: RealClock;
  readonly #wired: ReadonlySet<OptionalWire>;
  #number = 0;
  #waiting: Waiting | null = null;
  #cancelAlive = () => {};

  /** Of the line it is the only listener. */
  constructor(line: SerialLine, clock: RealClock, wired: ReadonlySet<OptionalWire>) {
    this.#line = line;
    this.#clock = clock;
    this.#wired = wired;
    const reader = new ConsoleReader({
      trace: () => {},
      answer: () => {},
      other: (text) => this.#heard(text),
    });
    line.listen((bytes) => reader.feed(bytes));
    this.#keepAlive();
  }

  /** In one message: how long they fly is not a matter of this machine. */
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

  /** The reset pin, held or let go. */
  hold(down: boolean): Promise<void> {
    return this.#drive(LINE.RESET, down ? LINE.RESET : 0);
  }

  async reset(): Promise<void> {
    await this.hold(true);
    await this.#clock.sleep(RESET_MS);
    await this.hold(false);
  }

  async sense(): Promise<OutputLevels> {
    const sensed = await this.#ask(WHAT.READ, 0, 0);
    return {
      ...(this.#wired.has("relay") && { relay: (sensed & SENSED.RELAY) !== 0 }),
      ...(this.#wired.has("lamp") && { lamp: (sensed & SENSED.LAMP) !== 0 }),
      ...(this.#wired.has("rail") && { rail: (sensed & SENSED.RAIL) !== 0 }),
    };
  }

  close(): void {
    this.#cancelAlive();
    this.#line.listen(null);
  }

  async #drive(mask: number, levels: number): Promise<void> {
    await this.#ask(WHAT.WRITE, mask, levels);
  }

  /** Commands name levels, not changes: one that is carried out twice does no harm. */
  async #ask(what: number, mask: number, levels: number): Promise<number> {
    this.#number = (this.#number + 1) & 0xff;
    const number = this.#number;
    let sensed: number | null = null;
    for (let tries = 0; tries < TRIES && sensed === null; tries++) {
      const answered = new Promise<number>((done) => {
        this.#waiting = { number, done };
      });
      await this.#say(Uint8Array.of(what, number, mask, levels));
      sensed = await Promise.race([answered, this.#clock.sleep(ANSWER_MS).then(() => null)]);
    }
    this.#waiting = null;
    if (sensed !== null) return sensed;
    throw new UserError(
      `the fixture on ${this.#line.path} does not answer: is it this port, and flashed with killswitch flash --fixture?`,
      EXIT.NO_ANSWER,
    );
  }

  #say(bytes: Uint8Array): Promise<void> {
    return this.#line.write(Buffer.from(frameToBoard(bytes)));
  }

  #heard(text: string): void {
    const [what, number, , sensed = 0] = parseFrameFromBoard(text)?.bytes ?? [];
    const waiting = this.#waiting;
    if (waiting === null || number !== waiting.number) return;
    if (what === ANSWER + WHAT.READ || what === ANSWER + WHAT.WRITE) waiting.done(sensed);
  }

  #keepAlive(): void {
    this.#say(new Uint8Array(0)).catch(() => {});
    this.#cancelAlive = this.#clock.wakeAt(this.#clock.now() + ALIVE_MS, () => this.#keepAlive());
  }
}
