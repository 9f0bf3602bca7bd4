/**
 * The events of the model, as data, and how one is fired at a guest. Must not know what a sound
 * device does with any of them.
 */
import {
  EVENT,
  INPUT_TEMPERATURE_SHIFT,
  OP,
  PHASE,
  PHASE_NAMES,
  PRINCIPAL,
} from "../../abi/abi.gen.ts";
import { at, COUNTDOWNS, EPOCH_WORDS, STAND_IN } from "./abstraction.ts";
import type { Machine } from "./instrumented-guest.ts";
import { ALL_FAIL, type EventField, TABLE, TWIN } from "./layout.ts";
import { DECISION_MARKS, type Message, messageCatalogue, SEQ } from "./messages.ts";

export interface ModelEvent {
  name: string;
  /** EVENT. */
  kind: number;
  b: number;
  /** Time since the last event, in ms: 0 or 1. */
  ms: number;
  /** Bit per COUNTDOWNS: those that end now. An event is tried only where they run. */
  ends: number;
  message: Message | null;
  /** An epoch comes first, as the host sends it before GATE LIVE. */
  epoch: boolean;
  /** Bit k: attempt k to write fails. */
  failWrites: number;
  mayNet: boolean;
  /** Of the last event that is no twin; tells from it only where that one writes, or sends. */
  twinOf: "writes" | "sends" | null;
}

export const ALL_ENDS = (1 << COUNTDOWNS.length) - 1;
const TEMPERATURE = 215;

const PLAIN = {
  ms: 0,
  ends: 0,
  message: null,
  epoch: false,
  failWrites: 0,
  mayNet: true,
  twinOf: null,
} as const;

/** Which attempts to write fail together: all; or one, the first to the third. */
const FAILING = [ALL_FAIL, 1, 2, 4] as const;

function nameOf(event: Omit<ModelEvent, "name">, what: string): string {
  const ends = COUNTDOWNS.filter((_, index) => (event.ends >>> index) & 1).map(([name]) => name);
  const failing = event.failWrites === FAILING[0] ? "all" : `${Math.log2(event.failWrites) + 1}`;
  const parts = [
    what,
    ends.length > 0 ? `ends=${ends.join("+")}` : "",
    event.failWrites !== 0 ? `failing-writes=${failing}` : "",
    event.mayNet ? "" : "net=denied",
  ];
  return parts.filter((part) => part !== "").join(" ");
}

/** The event, and its twins under failing storage and a network that takes nothing. */
function withTwins(event: Omit<ModelEvent, "name">, what: string): ModelEvent[] {
  const twins = [
    event,
    ...FAILING.map((failWrites) => ({ ...event, failWrites, twinOf: "writes" as const })),
    { ...event, mayNet: false, twinOf: "sends" as const },
  ];
  return twins.map((twin) => ({ ...twin, name: nameOf(twin, what) }));
}

function ticks(): ModelEvent[] {
  const tick = { ...PLAIN, kind: EVENT.TICK, b: TEMPERATURE << INPUT_TEMPERATURE_SHIFT, ms: 1 };
  const ends = [0, ...COUNTDOWNS.map((_, index) => 1 << index), ALL_ENDS];
  return ends.flatMap((bits) => withTwins({ ...tick, ends: bits }, "tick"));
}

function buttons(): ModelEvent[] {
  return [1, 0].flatMap((b) => {
    const edge = { ...PLAIN, kind: EVENT.BUTTON, b };
    const what = b === 1 ? "press" : "release";
    return [...withTwins(edge, what), ...withTwins({ ...edge, ms: 1, ends: ALL_ENDS }, what)];
  });
}

function receptions(messages: readonly Message[]): ModelEvent[] {
  return messages.flatMap((message) => {
    const rx = { ...PLAIN, kind: EVENT.RX, b: message.bytes.length, message };
    const plain = withTwins(rx, message.name);
    const depends =
      message.broken === undefined && message.epoch === "current" && message.permitted;
    return depends
      ? [...plain, ...withTwins({ ...rx, ms: 1, ends: ALL_ENDS }, message.name)]
      : plain;
  });
}

function gates(): ModelEvent[] {
  const gate = { ...PLAIN, kind: EVENT.GATE };
  const told = PHASE_NAMES.flatMap((name, phase) =>
    withTwins({ ...gate, b: phase, epoch: phase === PHASE.LIVE }, `gate ${name}`),
  );
  return [...told, ...withTwins({ ...gate, b: PHASE.LIVE }, "gate LIVE without an epoch")];
}

/** Every event of the model. */
export function eventList(messages: readonly Message[] = messageCatalogue()): ModelEvent[] {
  const link = { ...PLAIN, kind: EVENT.LINK };
  return [
    ...ticks(),
    ...buttons(),
    ...withTwins({ ...link, b: 1 }, "link up"),
    ...withTwins({ ...link, b: 0 }, "link down"),
    ...gates(),
    ...receptions(messages),
  ];
}

/** The countdowns that run in a region, a bit each. */
export function runningIn(region: Uint8Array): number {
  const view = new DataView(region.buffer, region.byteOffset);
  let running = 0;
  for (const [index, [name]] of COUNTDOWNS.entries())
    if (view.getInt32(at[name], true) !== 0) running |= 1 << index;
  return running;
}

/** Whether `event` says something in a state where `running` countdowns run that no other event does. */
export function applies(event: ModelEvent, running: number): boolean {
  if (event.ends === 0) return true;
  if (event.ends === ALL_ENDS) return running !== 0;
  return (event.ends & running) === event.ends && event.ends !== running;
}

/** Whether the small model has an event: no command configures, identifies, or is the manufacturer's. */
export function isSmall({ message, failWrites }: ModelEvent): boolean {
  if (failWrites !== 0 && failWrites !== FAILING[0]) return false;
  if (message === null || message.broken !== undefined || message.epoch !== "current") return true;
  if (message.op === OP.CONFIG_SET && message.permitted) return false;
  return message.op !== OP.IDENTIFY && message.principal !== PRINCIPAL.MANUFACTURER;
}

/** Fires `event` at the guest that `machine` has settled; memory beyond the state is poisoned first. */
export function fire(machine: Machine, event: ModelEvent): void {
  const { words, statePtr, guest } = machine;
  const w = statePtr >> 2;
  machine.poison();
  machine.clear();
  machine.failWrites = event.failWrites;
  machine.mayNet = event.mayNet;
  for (const [index, [name]] of COUNTDOWNS.entries()) {
    const word = w + (at[name] >> 2);
    if ((event.ends >>> index) & 1 && words[word] !== 0) words[word] = event.ms;
  }
  if (event.epoch) guest.on_event(EVENT.EPOCH, EPOCH_WORDS[0], EPOCH_WORDS[1]);
  if (event.message === null) machine.expect(null);
  else machine.deliver(event.message.bytes, event.message.signed);
  guest.on_event(event.kind, STAND_IN.now + event.ms, event.b);
}

/** What the checks may know of an event: many events are one to them. */
export interface Asks {
  kind: number;
  b: number;
  ms: number;
  /** Bit per COUNTDOWNS, of those that checks ask of; and whether any at all ends. */
  ends: number;
  endsAny: boolean;
  epoch: boolean;
  /** Some attempt to write fails. */
  fails: boolean;
  message:
    | (Pick<Message, "principal" | "op" | "args" | "epoch" | "seq" | "permitted"> & {
        broken: Message["broken"] | undefined;
      })
    | null;
}

/** What the check of a reply may know of the message that it answers. */
export interface Answers {
  principal: number;
  op: number;
  seq: number;
}

const ENDS_ASKED = COUNTDOWNS.reduce(
  (bits, [name], index) => (name === "QUIET_MS" || name === "HOLD_MS" ? bits | (1 << index) : bits),
  0,
);
/** Operations that checks tell apart; all others are one. */
const OPS_ASKED: readonly number[] = [OP.RELAY_SET, OP.CONFIG_SET, OP.IDENTIFY];
const OTHER_OP = -1;

function asksOf(event: ModelEvent): Asks {
  const { kind, ms, ends, epoch, failWrites, message } = event;
  const b = kind === EVENT.RX || kind === EVENT.TICK ? 0 : event.b;
  const asks = { kind, b, ms, ends: ends & ENDS_ASKED, endsAny: ends !== 0, epoch };
  const fails = failWrites !== 0;
  if (message === null) return { ...asks, fails, message };
  const { principal, seq, broken, permitted } = message;
  const known = OPS_ASKED.includes(message.op);
  const op = known ? message.op : OTHER_OP;
  const args: Message["args"] = known ? message.args : new Map();
  return {
    ...asks,
    fails,
    message: { principal, op, args, epoch: message.epoch, seq, broken, permitted },
  };
}

/** Values of which equal ones have one number. */
class Numbered<T> {
  readonly values: T[] = [];
  readonly #numbers = new Map<string, number>();

  number(value: T): number {
    const key = JSON.stringify(value, (_, part) => (part instanceof Map ? [...part] : part));
    const number = this.#numbers.get(key) ?? this.values.push(value) - 1;
    this.#numbers.set(key, number);
    return number;
  }
}

/** What the recorder's loop fires: what the checks are told for the numbers that it gives. */
export interface Program {
  asks: readonly Asks[];
  answers: readonly Answers[];
}

/** Hands the recorder of `machine` the events that its loop fires, in their order. */
export function program(machine: Machine, events: readonly ModelEvent[]): Program {
  const placed = new Map<Message, Partial<Record<EventField, number>>>();
  const asks = new Numbered<Asks>();
  const answers = new Numbered<Answers>();
  for (const [index, event] of events.entries()) {
    const { kind, b, ms, ends, message, failWrites } = event;
    let fields = message === null ? {} : placed.get(message);
    if (message !== null && fields === undefined) {
      const place = TABLE.length + placed.size;
      const signed = message.signed === null ? {} : machine.signedFields(message.signed);
      const { principal, op } = message;
      const answered = answers.number({ principal, op, seq: SEQ[message.seq] });
      fields = { message: place, ...signed, answers: answered };
      placed.set(message, fields);
    }
    machine.setEvent(index, {
      answers: -1,
      ...fields,
      asks: asks.number(asksOf(event)),
      kind,
      a: STAND_IN.now + ms,
      b,
      ends,
      ms,
      epoch: event.epoch ? 1 : 0,
      failWrites,
      mayNet: event.mayNet ? 1 : 0,
      twin: event.twinOf === null ? TWIN.none : TWIN[event.twinOf],
    });
  }
  machine.addMessages([...placed.keys()].map(({ bytes }) => bytes));
  return { asks: asks.values, answers: answers.values };
}

/** The decision that the guest told by its marks, if it told exactly one. */
export function decisionOf(marks: number): number {
  const told = marks & DECISION_MARKS;
  return told !== 0 && (told & (told - 1)) === 0 ? 31 - Math.clz32(told) : -1;
}
