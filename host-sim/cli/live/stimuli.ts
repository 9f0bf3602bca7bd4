/**
 * Parses stimuli: what a user does to the simulated board, one line of text each. Lines come from
 * standard input or from the keys of the live view.
 */
import { parseMs } from "../../base/clock.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { applyStimulus, type BoardStimulus } from "../../scenario/apply-stimulus.ts";
import { TAP_MS } from "../../scenario/grammar.ts";
import type { Simulator } from "../../sim/simulator.ts";
import { FAULTS, type Fault } from "../../sim/virtual-board.ts";

/** A parsed line: an action on the board, a wait in ms, or the end of the simulation. */
export type Stimulus =
  | { kind: "apply"; apply: (simulator: Simulator) => void }
  | { kind: "wait"; ms: number }
  | { kind: "quit" };

/** The forms of a line with their descriptions, for `--help` and for error messages. */
export const STIMULI = [
  ["switch on|kill", "move the slide switch"],
  ["button [press|release]", "tap the button; or press it; or release it"],
  [`fault ${Object.keys(FAULTS).join("|")}`, "set a fault on the board"],
  ["clear NAME", "clear a fault"],
  ["supply off|on|sag|reset", "switch the supply, cause a brown-out, or reset"],
  ["temperature DEGREES", "set the sensor temperature, in degrees Celsius"],
  ["attest NONCE", "ask for an attestation at the board's console: 32 hexadecimal digits"],
  ["wait N(ms|s|m|h)", "wait for a time"],
  ["quit", "end the simulation"],
] as const;

function faultOf(name: string | undefined): Fault | null {
  return name !== undefined && name in FAULTS ? (name as Fault) : null;
}

function apply(stimulus: BoardStimulus): Stimulus {
  return { kind: "apply", apply: (simulator) => applyStimulus(simulator, stimulus) };
}

/** Parses the argument of `supply`. Null if it is not valid. */
function supply(word: string | undefined): Stimulus | null {
  const known = word === "off" || word === "on" || word === "sag" || word === "reset";
  return known ? apply({ supply: word }) : null;
}

function wait(word: string | undefined): Stimulus | null {
  const ms = parseMs(word ?? "");
  return ms === undefined ? null : { kind: "wait", ms };
}

function temperature(word: string | undefined): Stimulus | null {
  const degrees = Number(word);
  if (word === undefined || !(Math.abs(Math.round(degrees * 10)) <= 0x7fff)) return null;
  return apply({ temperature: degrees });
}

function attest(word: string | undefined): Stimulus | null {
  if (word === undefined || !/^[0-9a-f]{32}$/i.test(word)) return null;
  const nonce = Buffer.from(word, "hex");
  return { kind: "apply", apply: (simulator) => simulator.board.askAttestation(nonce) };
}

function tap(simulator: Simulator): void {
  applyStimulus(simulator, { button: "press" });
  simulator.advance(simulator.now + TAP_MS);
  applyStimulus(simulator, { button: "release" });
}

function button(word: string | undefined): Stimulus | null {
  if (word === "press" || word === "release") {
    return apply({ button: word });
  }
  return word === undefined ? { kind: "apply", apply: tap } : null;
}

function parse(verb: string | undefined, word: string | undefined): Stimulus | null {
  if (verb === "switch" && (word === "on" || word === "kill")) {
    return apply({ switch: word });
  }
  if (verb === "button") return button(word);
  if (verb === "fault" || verb === "clear") {
    const fault = faultOf(word);
    return fault && apply({ fault: verb === "fault" ? { set: fault } : { clear: fault } });
  }
  if (verb === "supply") return supply(word);
  if (verb === "temperature") return temperature(word);
  if (verb === "attest") return attest(word);
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
