/**
 * The live view: a terminal screen with the state of the simulated board, drawn from its trace and
 * its pins.
 */
import { initialObserved, updateObserved } from "../../scenario/observed.ts";
import { field } from "../../scenario/trace.ts";
import type { Simulator } from "../../sim/simulator.ts";

/** The constant part of the view. */
export interface ViewHead {
  device: string;
  board: string;
  tier: string;
  broker: string;
  /** A command that the user can run in another terminal. */
  tryLine: string;
}

/** Number of trace lines shown. */
const RECENT = 10;
/** The outcome of a command, by coverage mark. */
const OUTCOMES: Record<string, string> = {
  ACCEPTED: "done",
  STALE_EPOCH: "refused STALE_EPOCH",
  REPLAY: "refused REPLAY",
  FORBIDDEN: "refused FORBIDDEN",
  HOLD: "refused HOLD",
  MALFORMED_PAYLOAD: "refused MALFORMED",
  FAILED: "refused FAILED",
  BAD_MAC: "dropped: no key matches its tag",
  MALFORMED_ENVELOPE: "dropped: not a command",
  KILLED: "dropped: killed",
};

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

export class View {
  readonly #head: ViewHead;
  readonly #recent: string[] = [];
  #outcome = "none yet";
  #outcomeAt = 0;
  readonly #observed = initialObserved();
  #epoch = "none";
  /** One line below the state: the fault menu, or why the broker cannot be reached. */
  note = "";

  constructor(head: ViewHead) {
    this.#head = head;
  }

  /** Updates the view with a trace line. */
  trace(at: number, kind: string, detail: string): void {
    updateObserved(this.#observed, kind, detail);
    if (kind === "epoch") this.#epoch = field(detail, "value") ?? "none";
    const outcome = kind === "mark" ? OUTCOMES[detail.slice("name=".length)] : undefined;
    if (outcome !== undefined) {
      this.#outcome = outcome;
      this.#outcomeAt = at;
    }
    this.#recent.push(`@${at} ${kind} ${detail}`);
    if (this.#recent.length > RECENT) this.#recent.shift();
  }

  /** Returns the text that draws the screen. `columns`: width of the terminal. */
  draw(simulator: Simulator, columns: number): string {
    const { board } = simulator;
    const { phase, radio, link, relay, lamp } = this.#observed;
    const live = phase === "LIVE";
    const on = board.position === "on";
    const paint = (good: boolean, text: string, width: number) =>
      `${good ? GREEN : RED}${text.padEnd(width)}${OFF}`;
    const cell = (label: string, value: string) => `  ${DIM}${label.padEnd(8)}${OFF}${value}`;
    const fault = [...board.faults].join(", ");
    const ago = this.#outcomeAt === 0 ? "" : `, ${seconds(simulator.now - this.#outcomeAt)} ago`;
    const { device, board: name, tier, broker, tryLine } = this.#head;
    const lines = [
      `${BOLD}killswitch${OFF}  device ${device}  board ${name} (${tier}, here simulated)  ${broker}`,
      "",
      cell("switch", paint(on, on ? "[    ON ]" : "[KILL   ]", 18)) +
        cell("gate", paint(live, phase, 18)) +
        cell("epoch", live ? this.#epoch : "none"),
      cell("radio", paint(radio === "on", radio, 18)) +
        cell("rail", paint(board.rail, board.rail ? "up" : "down, sensed", 18)) +
        cell("link", paint(link === "up", link, 18)),
      cell("relay", (relay === "on" ? "ENERGISED" : "released").padEnd(18)) +
        cell("lamp", (lamp === "on" ? "lit" : "dark").padEnd(18)) +
        cell("sensor", `${(board.temperature / 10).toFixed(1)} C`),
      cell("command", `${this.#outcome}${ago}`),
      fault === "" ? "" : cell("faults", `${YELLOW}${fault}${OFF}`),
      this.note === "" ? "" : `  ${YELLOW}${this.note}${OFF}`,
      "",
      `  ${BOLD}k${OFF} switch   ${BOLD}b${OFF} button   ${BOLD}f${OFF} fault   ${BOLD}q${OFF} quit`,
      "",
      "  From another terminal:",
      `    ${BOLD}${tryLine}${OFF}`,
      "",
      ...this.#recent.map((line) => `  ${DIM}${line.slice(0, Math.max(20, columns - 4))}${OFF}`),
    ];
    return `\x1b[H${lines.map((line) => `${line}\x1b[K`).join("\r\n")}\x1b[J`;
  }
}
