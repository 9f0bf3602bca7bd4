/**
 * The live view: a terminal screen with the state of the simulated board, drawn from its trace and
 * its pins. It fits the terminal: lines are clipped, and the state comes before everything else.
 */
import { PRINCIPAL_KIDS } from "../../abi/abi.gen.ts";
import { initialObserved, updateObserved } from "../../scenario/observed.ts";
import { field } from "../../scenario/trace.ts";
import type { Simulator } from "../../sim/simulator.ts";
import { FAULTS } from "../../sim/virtual-board.ts";

/** The constant part of the view. */
export interface ViewHead {
  device: string;
  board: string;
  tier: string;
  broker: string;
  /** A command that the user can run in another terminal. */
  tryLine: string;
  /** False: no colours, as NO_COLOR asks. */
  color: boolean;
}

/** The size of the terminal, in characters. */
export interface Size {
  columns: number;
  rows: number;
}

/** Number of trace lines kept. */
const RECENT = 40;
/** Width of a cell of the state, in characters, and of its label. */
const CELL = 26;
const LABEL = 8;
/** The outcome of a command, by coverage mark. */
const OUTCOMES: Record<string, string> = {
  ACCEPTED: "done",
  DUPLICATE: "the same command again: answered as before",
  QUESTION: "asked for the epoch",
  STALE_EPOCH: "refused STALE_EPOCH",
  REPLAY: "refused REPLAY",
  EXPIRED: "refused EXPIRED",
  FORBIDDEN: "refused FORBIDDEN",
  HOLD: "refused HOLD",
  MALFORMED_PAYLOAD: "refused MALFORMED",
  FAILED: "refused FAILED",
  BAD_MAC: "dropped: no key matches its tag",
  MALFORMED_ENVELOPE: "dropped: not a command",
  KILLED: "dropped: killed",
};

const ESC = "\x1b";
const SEQUENCE_OR_CHARACTER = new RegExp(`${ESC}\\[\\d*m|[^${ESC}]`, "g");
const BOLD = "\x1b[1m";
const DIM = "\x1b[2m";
const RED = "\x1b[31m";
const GREEN = "\x1b[32m";
const YELLOW = "\x1b[33m";
const OFF = "\x1b[0m";
/** Control sequences: switch to the alternate screen and hide the cursor; and back. */
export const SCREEN_OPEN = "\x1b[?1049h\x1b[?25l";
export const SCREEN_CLOSE = "\x1b[?25h\x1b[?1049l";

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Cuts a line to `columns` visible characters. Colour sequences have no width. */
export function clip(line: string, columns: number): string {
  let [width, end] = [0, ""];
  for (const [part] of line.matchAll(SEQUENCE_OR_CHARACTER)) {
    if (part.startsWith(ESC)) end += part;
    else if (width < columns) {
      end += part;
      width++;
    }
  }
  return end;
}

/** Breaks a command at spaces into lines that a shell reads as one. */
export function brokenCommand(command: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of command.split(" ")) {
    if (line !== "" && line.length + word.length + 3 > columns) {
      lines.push(`${line} \\`);
      line = ` ${word}`;
    } else line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}

/**
 * The principal that a message names as its sender (COSE header `kid`), or null. It is a claim until
 * the device has checked the tag.
 */
export function namedSender(message: Uint8Array): string | null {
  const bytes = Buffer.from(message);
  const named = PRINCIPAL_KIDS.filter((kid) =>
    // CBOR: the label 4, then a byte string of this length.
    bytes.includes(Buffer.from([4, 0x40 | kid.length, ...Buffer.from(kid)])),
  );
  return named[0] ?? null;
}

export class View {
  readonly #head: ViewHead;
  readonly #recent: string[] = [];
  #outcome = "none yet";
  #outcomeAt = 0;
  #sender: string | null = null;
  readonly #observed = initialObserved();
  #epoch = "none";
  /** Whether the list of faults is open. */
  menu = false;
  /** One line below the state: why the broker cannot be reached. */
  note = "";

  constructor(head: ViewHead) {
    this.#head = head;
  }

  /** A message is delivered to the device. Its outcome follows in the trace. */
  received(message: Uint8Array): void {
    this.#sender = namedSender(message);
  }

  /** Updates the view with a trace line. */
  trace(at: number, kind: string, detail: string): void {
    updateObserved(this.#observed, kind, detail);
    if (kind === "epoch") this.#epoch = field(detail, "value") ?? "none";
    const outcome = kind === "mark" ? OUTCOMES[detail.slice("name=".length)] : undefined;
    if (outcome !== undefined) {
      const from = this.#sender === null ? "" : `from ${this.#sender}: `;
      this.#outcome = `${from}${outcome}`;
      this.#outcomeAt = at;
    }
    this.#recent.push(`@${at} ${kind} ${detail}`);
    if (this.#recent.length > RECENT) this.#recent.shift();
  }

  #paint(color: string, text: string): string {
    return this.#head.color ? `${color}${text}${OFF}` : text;
  }

  /** The state, in as many columns of cells as fit. */
  #stateLines({ board }: Simulator, columns: number): string[] {
    const { phase, radio, link, relay, lamp } = this.#observed;
    const live = phase === "LIVE";
    const on = board.position === "on";
    const cell = (label: string, value: string, good?: boolean) => {
      const shown = value.padEnd(CELL - LABEL - 2);
      const color = good === undefined ? null : good ? GREEN : RED;
      const head = this.#paint(DIM, label.padEnd(LABEL));
      return `  ${head}${color === null ? shown : this.#paint(color, shown)}`;
    };
    const cells = [
      cell("switch", on ? "[    ON ]" : "[KILL   ]", on),
      cell("gate", phase, live),
      cell("epoch", live ? this.#epoch : "none"),
      cell("radio", radio, radio === "on"),
      cell("rail", board.rail ? "up" : "down, sensed", board.rail),
      cell("link", link, link === "up"),
      cell("relay", relay === "on" ? "ENERGISED" : "released"),
      cell("lamp", lamp === "on" ? "lit" : "dark"),
      cell("sensor", `${(board.temperature / 10).toFixed(1)} C`),
    ];
    const across = Math.min(3, Math.max(1, Math.floor(columns / CELL)));
    const lines: string[] = [];
    for (let at = 0; at < cells.length; at += across)
      lines.push(cells.slice(at, at + across).join(""));
    return lines;
  }

  /** Active faults and how to clear them. Empty if there are none. */
  #faultLines({ board }: Simulator): string[] {
    const numbers = Object.keys(FAULTS);
    const lines = [...board.faults].map(
      (name) => `  fault   ${name}: f ${numbers.indexOf(name) + 1} clears it`,
    );
    if (this.#observed.phase.startsWith("FAULT") && lines.length === 0)
      lines.push("  fault   the gate stays off until the switch is at KILL, then ON: k, then k");
    return lines.map((line) => this.#paint(YELLOW, line));
  }

  #menuLines({ board }: Simulator): string[] {
    const lines = Object.entries(FAULTS).map(([name, what], index) => {
      const active = [...board.faults].some((fault) => fault === name);
      const text = `  ${index + 1} ${active ? "*" : " "} ${name.padEnd(14)} ${what}`;
      return active ? this.#paint(YELLOW, text) : text;
    });
    return ["  A number sets a fault or clears one marked *; esc goes back.", ...lines];
  }

  #helpLines(columns: number): string[] {
    const key = (letter: string, what: string) => `${this.#paint(BOLD, letter)} ${what}`;
    const keys = [key("k", "switch"), key("b", "button"), key("f", "fault"), key("q", "quit")];
    const command = brokenCommand(this.#head.tryLine, columns - 4);
    return [
      `  ${keys.join("   ")}`,
      "  From another terminal:",
      ...command.map((line) => `    ${this.#paint(BOLD, line)}`),
    ];
  }

  /** The lines of the screen, at most `rows` and none wider than `columns`. */
  lines(simulator: Simulator, { columns, rows }: Size): string[] {
    const { device, board: name, tier, broker } = this.#head;
    const ago = this.#outcomeAt === 0 ? "" : `, ${seconds(simulator.now - this.#outcomeAt)} ago`;
    const state = [
      `${this.#paint(BOLD, "killswitch")}  device ${device}  board ${name} (${tier}, here simulated)`,
      ...this.#stateLines(simulator, columns),
      `  ${this.#paint(DIM, "command ")}${this.#outcome}${ago}`,
      `  ${this.#paint(DIM, "broker  ")}${broker}`,
      ...this.#faultLines(simulator),
      ...(this.note === "" ? [] : [`  ${this.#paint(YELLOW, this.note)}`]),
    ];
    const more = this.menu ? this.#menuLines(simulator) : this.#helpLines(columns);
    const fixed = [...state, "", ...more, ""];
    const left = Math.max(0, rows - fixed.length);
    const trace = left === 0 ? [] : this.#recent.slice(-left);
    return [...fixed, ...trace.map((line) => this.#paint(DIM, `  ${line}`))]
      .slice(0, rows)
      .map((line) => clip(line, columns));
  }

  /** Returns the text that draws the screen. */
  draw(simulator: Simulator, size: Size): string {
    const lines = this.lines(simulator, size).map((line) => `${line}\x1b[K`);
    return `\x1b[H${lines.join("\r\n")}\x1b[J`;
  }
}
