/**
 * Reads a board's console and splits it into trace lines, command answers and other lines.
 * Malformed lines are normal: a reset can cut a line at any byte.
 */
import {
  BOOT_NAMES,
  CHANNEL_NAMES,
  EVENT_NAMES,
  MARK_NAMES,
  PHASE_NAMES,
  PIN_NAMES,
  PRINCIPAL_NAMES,
} from "../../abi/abi.gen.ts";

export interface ConsoleSink {
  /** A trace line. `stamp` is the board's own time, in ms. */
  trace(stamp: number, kind: string, detail: string): void;
  /** The answer to a command, without the leading "= ". */
  answer(text: string): void;
  /** Any other line, without its line ending. */
  other(text: string): void;
}

/** Longest line, in bytes. The rest of a longer line is dropped. */
const LINE_MAX = 512;
const NEWLINE = 0x0a;
/** Improv Serial (https://www.improv-wifi.com/serial/): a 9-byte header, data, a checksum byte. */
const IMPROV = Buffer.from("IMPROV");
const IMPROV_HEAD = 9;
const IMPROV_LENGTH_AT = 8;

const names = (list: readonly string[]) => `(?:${list.join("|")})`;
const TRAP_IN = names(["init", ...EVENT_NAMES]);
/** The valid details of a trace line, by kind. A line that does not match was torn. */
const DETAILS: Readonly<Record<string, RegExp>> = {
  boot: new RegExp(`^reason=${names(BOOT_NAMES)}$`),
  restart: new RegExp(`^reason=${names(BOOT_NAMES)}$`),
  sense: /^no=[01] nc=[01] rail=[01]$/,
  gate: new RegExp(`^phase=${names(PHASE_NAMES)}$`),
  epoch: /^value=[0-9a-f]{16}$/,
  radio: /^power=(?:on|off)$/,
  link: /^state=(?:up|down)$/,
  rx: /^len=\d{1,4} crc=[0-9a-f]{8}$/,
  tx: new RegExp(
    `^channel=${names(CHANNEL_NAMES)} to=${names(PRINCIPAL_NAMES)} len=\\d{1,4} crc=[0-9a-f]{8}$`,
  ),
  gpio: new RegExp(`^pin=${names(PIN_NAMES)} level=[01]$`),
  mark: new RegExp(`^name=${names(MARK_NAMES)}$`),
  log: /^text="[\x20-\x7e]*"$/,
  trap: new RegExp(`^during=${TRAP_IN}$`),
  guest: /^state=refused reason=[a-z-]+$/,
  drop: new RegExp(`^event=${names(EVENT_NAMES)} reason=(?:FULL|SIZE len=\\d+)$`),
};

export class ConsoleReader {
  /** How many lines started like a trace line but were not valid. */
  tornLines = 0;
  readonly #sink: ConsoleSink;
  #line: number[] = [];

  constructor(sink: ConsoleSink) {
    this.#sink = sink;
  }

  feed(bytes: Uint8Array): void {
    for (const byte of bytes) this.#byte(byte);
  }

  /** Ends the current line, because the board lost its supply in the middle of it. */
  reset(): void {
    if (this.#line.length > 0) this.#end();
  }

  #byte(byte: number): void {
    if (this.#inFrame()) {
      this.#line.push(byte);
      if (this.#line.length > IMPROV_HEAD + (this.#line[IMPROV_LENGTH_AT] ?? 0)) this.#line = [];
    } else if (byte === NEWLINE) this.#end();
    else if (this.#line.length < LINE_MAX) this.#line.push(byte);
  }

  /** An Improv frame may contain any byte, a newline included. */
  #inFrame(): boolean {
    return (
      this.#line.length >= IMPROV.length && IMPROV.every((byte, at) => byte === this.#line[at])
    );
  }

  #end(): void {
    const text = Buffer.from(this.#line).toString("latin1").replace(/\r+$/, "");
    this.#line = [];
    if (text.startsWith("= ")) this.#sink.answer(text.slice(2));
    else if (!text.startsWith("@")) this.#sink.other(text);
    else {
      const [, stamp, kind = "", detail = ""] = /^@(\d{1,10}) ([a-z]+) (.*)$/.exec(text) ?? [];
      if (stamp !== undefined && DETAILS[kind]?.test(detail))
        this.#sink.trace(Number(stamp), kind, detail);
      else this.tornLines++;
    }
  }
}
