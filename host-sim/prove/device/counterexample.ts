/**
 * A violation as a scenario that `killswitch run` replays: the trace in terms of switch, button,
 * broker and commands, with what a sound device would have answered. Must not know how a violation
 * was found.
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
  SAFE,
} from "../../abi/abi.gen.ts";
import type { Scenario, Send, Step } from "../../scenario/grammar.ts";
import { COUNTDOWNS } from "./abstraction.ts";
import type { ModelEvent } from "./events.ts";
import type { DeviceViolation, TraceStep } from "./explorer.ts";
import type { Message } from "./messages.ts";

/** Time that ends each of COUNTDOWNS, and time that lets an event pass and ends none, in ms. */
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

/** What a sound device has, as far as a scenario can see it. */
class Sound {
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
  if (message.op === OP.JOURNAL_READ) return `${wire} ${given.map(([, value]) => value).join(" ")}`;
  if (message.op !== OP.CONFIG_SET) return wire;
  const names = ["", "safe", "telemetry", "hold"];
  const words = given.map(([key, value]) => {
    const text = key === 1 ? (value === SAFE.ON ? "on" : "off") : `${value}`;
    return `${names[key]}=${text}`;
  });
  return [wire, ...words].join(" ");
}

const TAMPERS = { tag: "tag", kid: "kid", envelope: "garbage", payload: "form" } as const;

/** The outcome that a sound device tells; "none" if it tells nothing. */
function outcome(sound: Sound, message: Message): string {
  if (!sound.live) return "none";
  if (message.broken === "payload") return "MALFORMED";
  if (message.broken !== undefined) return "none";
  if (message.epoch !== "current") return "STALE_EPOCH";
  if (message.seq !== "next") return "REPLAY";
  if (!message.permitted) return "FORBIDDEN";
  if (message.op === OP.RELAY_SET && sound.held) return "HOLD";
  return CODE_NAMES[0];
}

function sendStep(sound: Sound, message: Message): Step[] {
  const reply = outcome(sound, message);
  const send: Send = {
    as: PRINCIPAL_KIDS[message.principal] as Send["as"],
    op: opText(message),
    ...(message.epoch === "current" ? {} : { epoch: message.epoch }),
    ...(message.seq === "next" ? {} : { seq: message.seq === "last" ? "last" : 0 }),
    ...(message.broken === undefined ? {} : { tamper: TAMPERS[message.broken] }),
    ...(sound.live ? { reply } : {}),
  };
  if (reply === CODE_NAMES[0] && message.op === OP.RELAY_SET)
    sound.relay = message.args.get(1) === true;
  const holdS = message.args.get(3);
  if (reply === CODE_NAMES[0] && message.op === OP.CONFIG_SET && typeof holdS === "number")
    sound.holdS = holdS;
  return [{ send }, wait(EVENT_MS)];
}

function buttonSteps(sound: Sound, pressed: boolean): Step[] {
  const steps: Step[] = [];
  if (pressed && sound.down) steps.push({ button: "release" }, wait(EVENT_MS));
  if (pressed && !sound.quiet) {
    sound.relay = !sound.relay;
    sound.held ||= sound.holdS > 0;
  }
  sound.quiet = true;
  sound.down = pressed;
  return [...steps, { button: pressed ? "press" : "release" }, wait(EVENT_MS)];
}

function gateSteps(sound: Sound, phase: number, twice: boolean): Step[] {
  if (phase !== PHASE.LIVE) {
    sound.live = false;
    return [{ switch: "kill" }, wait(SESSION_MS)];
  }
  const on: Step[] = [{ switch: "on" }, wait(SESSION_MS)];
  sound.live = true;
  sound.quiet = false;
  // A previous epoch needs a session before this one.
  return twice ? [...on, { switch: "kill" }, wait(SESSION_MS), ...on] : on;
}

function eventSteps(sound: Sound, event: ModelEvent, twice: boolean): Step[] {
  const steps: Step[] = [];
  const ends = COUNTDOWNS.filter((_, index) => (event.ends >>> index) & 1).map(([name]) => name);
  if (ends.length > 0) {
    steps.push(wait(Math.max(...ends.map((name) => ENDS_MS[name] ?? EVENT_MS))));
    if (ends.includes("HOLD_MS")) sound.held = false;
    sound.quiet = false;
  }
  if (event.kind === EVENT.BUTTON) steps.push(...buttonSteps(sound, event.b !== 0));
  else if (event.kind === EVENT.GATE) steps.push(...gateSteps(sound, event.b, twice));
  else if (event.kind === EVENT.LINK)
    steps.push({ broker: event.b !== 0 ? "up" : "down" }, wait(SESSION_MS));
  else if (event.message !== null) steps.push(...sendStep(sound, event.message));
  else steps.push(wait(300));
  return steps;
}

function bootSteps(sound: Sound, step: TraceStep): Step[] {
  sound.live = false;
  sound.quiet = false;
  if (step.boot === null) return [wait(300)];
  const { found, readable, reason } = step.boot;
  const again: Step[] = [{ supply: "reset" }, wait(300)];
  const holds = readable && found.good && found.hold !== 0;
  if (!holds) return reason === BOOT.POWER_ON ? [wait(300)] : [wait(300), ...again];
  // A hold is taken by hand: once for the relay on, twice for off.
  const presses = found.relay === 1 ? 1 : 2;
  const taken = Array.from({ length: presses }, (): Step[] => [
    { button: "tap" },
    wait(500),
  ]).flat();
  sound.relay = found.relay === 1;
  sound.held = true;
  return [wait(300), ...taken, ...again];
}

/** The scenario of a violation. It passes on a sound device, and is meant to fail on this one. */
export function scenarioOf(violation: DeviceViolation): string {
  const sound = new Sound();
  const twice = violation.trace.some(({ event }) => event?.message?.epoch === "previous");
  const steps: Step[] = [];
  for (const step of violation.trace) {
    if (step.boot !== null) steps.push(...bootSteps(sound, step));
    else if (step.event !== null) steps.push(...eventSteps(sound, step.event, twice));
  }
  const last = violation.trace.at(-1);
  const scenario: Scenario = {
    name: "counterexample",
    about: `${violation.rule}. Broken by: ${last?.text ?? "the module's shape"}.`,
    start: { switch: "kill" },
    steps: [...steps, { expect: { relay: sound.relay ? "on" : "off" } }],
  };
  return stringify(scenario, { lineWidth: 100, aliasDuplicateObjects: false });
}
