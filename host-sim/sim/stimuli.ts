/**
 * Parses stimuli: what a user does to the simulated board, one line of text each. Lines come from
 * standard input or from the keys of the live view.
 */
import { parseMs } from "../clock.ts";
import { EXIT, UserError } from "../errors.ts";
import type { Simulator } from "../simulator.ts";
import { FAULTS, type Fault } from "../virtual-board.ts";

/** A parsed line: an action on the board, a wait in ms, or the end of the simulation. */
export type Stimulus =
  | { kind: "apply"; apply: (simulator: Simulator) => void }
  | { kind: "wait"; ms: number }
  | { kind: "quit" };

/** How long a tap presses the button, in ms. */
export const TAP_MS = 100;

/** The forms of a line with their descriptions, for `--help` and for error messages. */
export const STIMULI = [
  ["switch on|kill", "move the slide switch"],
  ["button [press|release]", "tap the button, or press and release it"],
  [`fault ${Object.keys(FAULTS).join("|")}`, "set a fault on the board"],
  ["mend NAME", "clear a fault"],
  ["supply off|on|sag|reset", "switch the supply, cause a brown-out, or reset"],
  ["temperature DEGREES", "set the sensor temperature, in degrees Celsius"],
  ["wait N(ms|s|m|h)", "wait for a time"],
  ["quit", "end the simulation"],
] as const;

function faultOf(name: string | undefined): Fault | null {
  return name !== undefined && name in FAULTS ? (name as Fault) : null;
}

function apply(action: (simulator: Simulator) => void): Stimulus {
  return { kind: "apply", apply: action };
}

/** Parses the argument of `supply`. Null if it is not valid. */
function supply(word: string | undefined): Stimulus | null {
  if (word === "off") return apply((simulator) => simulator.powerOff());
  if (word === "sag") return apply((simulator) => simulator.powerOff(true));
  if (word === "on") return apply((simulator) => simulator.powerOn());
  return word === "reset" ? apply((simulator) => simulator.reset()) : null;
}

function wait(word: string | undefined): Stimulus | null {
  const ms = parseMs(word ?? "");
  return ms === undefined ? null : { kind: "wait", ms };
}

function temperature(word: string | undefined): Stimulus | null {
  const tenths = Math.round(Number(word) * 10);
  if (word === undefined || !Number.isFinite(tenths) || Math.abs(tenths) > 0x7fff) return null;
  return apply((simulator) => {
    simulator.board.temperature = tenths;
  });
}

function button(word: string | undefined): Stimulus | null {
  if (word === "press" || word === "release") {
    return apply((simulator) => simulator.board.press(word === "press"));
  }
  if (word !== undefined) return null;
  return apply((simulator) => {
    simulator.board.press(true);
    simulator.advance(simulator.now + TAP_MS);
    simulator.board.press(false);
  });
}

function parse(verb: string | undefined, word: string | undefined): Stimulus | null {
  if (verb === "switch" && (word === "on" || word === "kill")) {
    return apply((simulator) => simulator.board.flick(word));
  }
  if (verb === "button") return button(word);
  if (verb === "fault" || verb === "mend") {
    const fault = faultOf(word);
    return fault && apply((simulator) => simulator.board.setFault(fault, verb === "fault"));
  }
  if (verb === "supply") return supply(word);
  if (verb === "temperature") return temperature(word);
  if (verb === "wait") return wait(word);
  return verb === "quit" && word === undefined ? { kind: "quit" } : null;
}

/**
 * Parses one line. Returns null for an empty line and for a comment (#). Throws a UserError for a
 * line that is not a stimulus.
 */
export function parseStimulus(line: string, lineNumber: number): Stimulus | null {
  const words = line.trim().split(/\s+/);
  if (words[0] === "" || words[0]?.startsWith("#")) return null;
  const stimulus = words.length <= 2 ? parse(words[0], words[1]) : null;
  if (stimulus !== null) return stimulus;
  const forms = STIMULI.map(([form]) => form).join("; ");
  throw new UserError(
    `line ${lineNumber}: "${line.trim()}" is not a stimulus: use ${forms}`,
    EXIT.USAGE,
  );
}
