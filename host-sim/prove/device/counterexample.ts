/**
 * Writes a violation as a scenario for `killswitch run`: the trace as moves of the switch, button presses,
 * broker events and commands, with the outcomes that a correct device gives.
 */
import { stringify } from "yaml";
import {
  BOOT,
  CODE_NAMES,
  EVENT,
  OP,
  OP_WIRES,
  PHASE,
  PRINCIPAL_KIDS,
  RING,
  SAFE,
} from "../../abi/abi.gen.ts";
import type { Scenario, Send, Step } from "../../scenario/grammar.ts";
import { QUESTION_WIRE } from "../../scenario/remote.ts";
import type { ModelEvent } from "./events.ts";
import type { DeviceViolation, TraceStep } from "./explorer.ts";
import type { Message } from "./messages.ts";
import { COUNTDOWNS } from "./model-values.ts";

/** Time that ends each of COUNTDOWNS, in ms; and time for an event, which ends none of them. */
const ENDS_MS: Record<string, number> = {
  QUIET_MS: 50,
  IDENTIFY_MS: 6000,
  HOLD_MS: 61_000,
  REFUSED_MS: 61_000,
  TELEMETRY_MS: 11_000,
};
const EVENT_MS = 20;
/** From ON to a session. */
const SESSION_MS = 1000;
const wait = (ms: number): Step => ({ wait: `${ms}ms` });

/** The state of a correct device, as far as a scenario can see it. */
class CorrectDevice {
  live = false;
  fresh = true;
  relay = false;
  held = false;
  quiet = false;
  down = false;
  holdS = 60;
}

function opText(message: Message): string {
  const wire = OP_WIRES[message.op] ?? "";
  const given = [...message.args];
  if (message.op === OP.RELAY_SET) return `${wire} ${message.args.get(1) === true ? "on" : "off"}`;
  if (message.op === OP.JOURNAL_READ) {
    const [first, count, ring] = given.map(([, value]) => value);
    return `${wire} ${first} ${count} ${ring === RING.REMOTE ? "remote" : "local"}`;
  }
  if (message.op !== OP.CONFIG_SET) return wire;
  const names = ["", "safe", "telemetry", "hold"];
  const words = given.map(([key, value]) => {
    const text = key === 1 ? (value === SAFE.ON ? "on" : "off") : `${value}`;
    return `${names[key]}=${text}`;
  });
  return [wire, ...words].join(" ");
}

const DEADLINE_TEXTS = { ahead: "30s", past: "0ms", far: "61s" } as const;
const TAMPERS = { tag: "tag", kid: "kid", envelope: "garbage", payload: "form" } as const;

/** The outcome that a correct device reports; "none" if it does not answer. */
function outcome(correct: CorrectDevice, message: Message): string {
  if (!correct.live) return "none";
  if (message.broken === "payload") return "MALFORMED";
  if (message.broken !== undefined) return "none";
  if (message.question) return CODE_NAMES[0];
  if (message.epoch !== "current") return "STALE_EPOCH";
  if (message.seq !== "next") return "REPLAY";
  if (message.deadline === "past" || message.deadline === "far") return "EXPIRED";
  if (!message.permitted) return "FORBIDDEN";
  if (message.op === OP.RELAY_SET && correct.held) return "HOLD";
  return CODE_NAMES[0];
}

function sendStep(correct: CorrectDevice, message: Message): Step[] {
  const reply = outcome(correct, message);
  const send: Send = {
    as: PRINCIPAL_KIDS[message.principal] as Send["as"],
    op: message.question ? QUESTION_WIRE : opText(message),
    ...(message.epoch === "current" ? {} : { epoch: message.epoch }),
    ...(message.seq === "next" ? {} : { seq: message.seq === "last" ? "last" : 0 }),
    ...(message.deadline === undefined ? {} : { deadline: DEADLINE_TEXTS[message.deadline] }),
    ...(message.broken === undefined ? {} : { tamper: TAMPERS[message.broken] }),
    ...(correct.live ? { reply } : {}),
  };
  if (reply === CODE_NAMES[0] && !message.question && message.op === OP.RELAY_SET)
    correct.relay = message.args.get(1) === true;
  const holdS = message.args.get(3);
  if (reply === CODE_NAMES[0] && message.op === OP.CONFIG_SET && typeof holdS === "number")
    correct.holdS = holdS;
  return [{ send }, wait(EVENT_MS)];
}

function buttonSteps(correct: CorrectDevice, pressed: boolean): Step[] {
  const steps: Step[] = [];
  if (pressed && correct.down) steps.push({ button: "release" }, wait(EVENT_MS));
  if (pressed && !correct.quiet) {
    correct.relay = !correct.relay;
    correct.held ||= correct.holdS > 0;
  }
  correct.quiet = true;
  correct.down = pressed;
  return [...steps, { button: pressed ? "press" : "release" }, wait(EVENT_MS)];
}

function gateSteps(correct: CorrectDevice, phase: number, twice: boolean): Step[] {
  if (phase !== PHASE.LIVE) {
    correct.live = false;
    return [{ switch: "kill" }, wait(SESSION_MS)];
  }
  const on: Step[] = [{ switch: "on" }, wait(SESSION_MS)];
  correct.live = true;
  correct.quiet = false;
  // An earlier epoch needs a session before this one.
  return twice ? [...on, { switch: "kill" }, wait(SESSION_MS), ...on] : on;
}

function eventSteps(correct: CorrectDevice, event: ModelEvent, twice: boolean): Step[] {
  const steps: Step[] = [];
  const ends = COUNTDOWNS.filter((_, index) => (event.ends >>> index) & 1).map(([name]) => name);
  if (ends.length > 0) {
    steps.push(wait(Math.max(...ends.map((name) => ENDS_MS[name] ?? EVENT_MS))));
    if (ends.includes("HOLD_MS")) correct.held = false;
    correct.quiet = false;
  }
  if (event.kind === EVENT.BUTTON) steps.push(...buttonSteps(correct, event.b !== 0));
  else if (event.kind === EVENT.GATE) steps.push(...gateSteps(correct, event.b, twice));
  else if (event.kind === EVENT.LINK)
    steps.push({ broker: event.b !== 0 ? "up" : "down" }, wait(SESSION_MS));
  else if (event.message !== null) steps.push(...sendStep(correct, event.message));
  else steps.push(wait(300));
  return steps;
}

function bootSteps(correct: CorrectDevice, step: TraceStep): Step[] {
  correct.live = false;
  correct.quiet = false;
  if (step.boot === null) return [wait(300)];
  const { storage, readable, reason } = step.boot;
  const again: Step[] = [{ supply: "reset" }, wait(300)];
  const holds = readable && storage.good && storage.hold !== 0;
  if (!holds) return reason === BOOT.POWER_ON ? [wait(300)] : [wait(300), ...again];
  // A press begins a hold: one for the relay on, two for off.
  const presses = storage.relay === 1 ? 1 : 2;
  const taken = Array.from({ length: presses }, (): Step[] => [
    { button: "tap" },
    wait(500),
  ]).flat();
  correct.relay = storage.relay === 1;
  correct.held = true;
  return [wait(300), ...taken, ...again];
}

/** The scenario of a violation, as YAML. It passes on a correct device and should fail on this one. */
export function scenarioOf(violation: DeviceViolation): string {
  const correct = new CorrectDevice();
  const twice = violation.trace.some(({ event }) => event?.message?.epoch === "previous");
  const steps: Step[] = [];
  for (const step of violation.trace) {
    if (step.boot !== null) steps.push(...bootSteps(correct, step));
    else if (step.event !== null) steps.push(...eventSteps(correct, step.event, twice));
  }
  const last = violation.trace.at(-1);
  const scenario: Scenario = {
    name: "counterexample",
    about: `Breaks: ${violation.rule}. Last step: ${last?.text ?? "none, the module itself breaks it"}.`,
    start: { switch: "kill" },
    steps: [...steps, { expect: { relay: correct.relay ? "on" : "off" } }],
  };
  return stringify(scenario, { lineWidth: 100, aliasDuplicateObjects: false });
}
