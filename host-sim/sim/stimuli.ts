/**
 * What a person does to the board, as one line of text each: the keys of the live view and the lines
 * on standard input are the same stimuli. Must not know where lines come from.
 */
import { EXIT, UserError } from "../errors.ts";
import type { Simulator } from "../simulator.ts";
import { FAULTS, type Fault } from "../virtual-board.ts";

/** A parsed line: something done to the board at once, or time to let pass. */
export type Stimulus =
  | { kind: "apply"; apply: (simulator: Simulator) => void }
  | { kind: "wait"; ms: number }
  | { kind: "quit" };

/** How long a tapped button stays down, in ms. */
export const TAP_MS = 100;

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Grammar, for help and for error messages. */
export const STIMULI = [
  ["switch on|kill", "moves the slide switch"],
  ["button [press|release]", "taps the button, or holds it"],
  [`fault ${Object.keys(FAULTS).join("|")}`, "puts a fault on the board"],
  ["mend NAME", "takes it off again"],
  ["supply off|on|sag|reset", "the supply, or the reset pin"],
  ["temperature DEGREES", "what the sensor measures, in degrees Celsius"],
  ["wait N(ms|s|m|h)", "lets time pass"],
  ["quit", "ends the simulation"],
] as const;

function faultOf(name: string | undefined): Fault | null {
  return name !== undefined && name in FAULTS ? (name as Fault) : null;
}

function apply(action: (simulator: Simulator) => void): Stimulus {
  return { kind: "apply", apply: action };
}

/** The supply, by word; null for a word that is none. */
function supply(word: string | undefined): Stimulus | null {
  if (word === "off") return apply((simulator) => simulator.powerOff());
  if (word === "sag") return apply((simulator) => simulator.powerOff(true));
  if (word === "on") return apply((simulator) => simulator.powerOn());
  return word === "reset" ? apply((simulator) => simulator.reset()) : null;
}

function wait(word: string | undefined): Stimulus | null {
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(word ?? "");
  const unit = UNITS[match?.[2] ?? ""];
  return unit === undefined ? null : { kind: "wait", ms: Number(match?.[1]) * unit };
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

/** Parses one line. Empty lines and lines that start with # are null. Throws a UserError. */
export function parseStimulus(line: string, lineNumber: number): Stimulus | null {
  const words = line.trim().split(/\s+/);
  if (words[0] === "" || words[0]?.startsWith("#")) return null;
  const stimulus = words.length <= 2 ? parse(words[0], words[1]) : null;
  if (stimulus !== null) return stimulus;
  const forms = STIMULI.map(([form]) => form).join("; ");
  throw new UserError(
    `line ${lineNumber}: "${line.trim()}" is no stimulus: use ${forms}`,
    EXIT.USAGE,
  );
}
