/**
 * The live view: one screen that shows what the board does, drawn from its trace and its pins. Must
 * not know how keys reach the board, nor anything that the device keeps secret.
 */
import { fold, unobserved } from "../scenario/observed.ts";
import { field } from "../scenario/trace.ts";
import type { Simulator } from "../simulator.ts";

/** What does not change while the view runs. */
export interface ViewHead {
  device: string;
  board: string;
  tier: string;
  broker: string;
  tryLine: string;
}

const RECENT = 10;
/** Outcomes that end a command's story, by mark. */
const FATES: Record<string, string> = {
  ACCEPTED: "done",
  STALE_EPOCH: "refused STALE_EPOCH",
  REPLAY: "refused REPLAY",
  FORBIDDEN: "refused FORBIDDEN",
  HOLD: "refused HOLD",
  MALFORMED_PAYLOAD: "refused MALFORMED",
  FAILED: "refused FAILED",
  BAD_MAC: "dropped: no key made its tag",
  MALFORMED_ENVELOPE: "dropped: not a command",
  KILLED: "dropped: killed",
};

const BOLD = "\x1b[1m";
const DIM = "\x1b[2m";
const RED = "\x1b[31m";
const GREEN = "\x1b[32m";
const YELLOW = "\x1b[33m";
const OFF = "\x1b[0m";
/** Cursor home, clear; and back to a normal screen. */
export const SCREEN_OPEN = "\x1b[?1049h\x1b[?25l";
export const SCREEN_CLOSE = "\x1b[?25h\x1b[?1049l";

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export class View {
  readonly #head: ViewHead;
  readonly #recent: string[] = [];
  #fate = "none yet";
  #fateAt = 0;
  readonly #observed = unobserved();
  #epoch = "none";
  /** One line under the state: the fault menu, or why the broker is out of reach. */
  note = "";

  constructor(head: ViewHead) {
    this.#head = head;
  }

  /** Takes in a trace line. */
  trace(at: number, kind: string, detail: string): void {
    fold(this.#observed, kind, detail);
    if (kind === "epoch") this.#epoch = field(detail, "value") ?? "none";
    const fate = kind === "mark" ? FATES[detail.slice("name=".length)] : undefined;
    if (fate !== undefined) {
      this.#fate = fate;
      this.#fateAt = at;
    }
    this.#recent.push(`@${at} ${kind} ${detail}`);
    if (this.#recent.length > RECENT) this.#recent.shift();
  }

  /** The whole screen. `columns`: width of the terminal. */
  draw(simulator: Simulator, columns: number): string {
    const { board } = simulator;
    const { phase, radio, link, relay, lamp } = this.#observed;
    const live = phase === "LIVE";
    const on = board.position === "on";
    const paint = (good: boolean, text: string, width: number) =>
      `${good ? GREEN : RED}${text.padEnd(width)}${OFF}`;
    const cell = (label: string, value: string) => `  ${DIM}${label.padEnd(8)}${OFF}${value}`;
    const fault = [...board.faults].join(", ");
    const ago = this.#fateAt === 0 ? "" : `, ${seconds(simulator.now - this.#fateAt)} ago`;
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
      cell("command", `${this.#fate}${ago}`),
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
