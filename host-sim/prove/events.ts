/**
 * The events of the model, as data, and how one is fired at a guest. Must not know what a sound
 * device does with any of them.
 */
import { EVENT, INPUT_TEMPERATURE_SHIFT, OP, PHASE, PHASE_NAMES, PRINCIPAL } from "../abi.gen.ts";
import type { Machine } from "./machine.ts";
import { DECISION_MARKS, type Message, messageCatalogue } from "./messages.ts";
import { at, COUNTDOWNS, EPOCH_WORDS, STAND_IN } from "./model.ts";

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
const FAILING = [0xffff, 1, 2, 4] as const;

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
export function runningIn(words: Int32Array, w: number): number {
  let running = 0;
  for (let index = 0; index < COUNTDOWNS.length; index++) {
    const row = COUNTDOWNS[index];
    if (row !== undefined && words[w + (at[row[0]] >> 2)] !== 0) running |= 1 << index;
  }
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

/** Whether a twin differs from the event before, which made so many attempts to write and to send. */
export function differs(twin: ModelEvent, attempts: number, sends: number): boolean {
  if (twin.twinOf === "sends") return sends > 0;
  // One attempt that fails is all that fail.
  return twin.failWrites === FAILING[0]
    ? attempts > 0
    : attempts > 1 && twin.failWrites < 1 << attempts;
}

/** Fires `event` at the guest that `machine` has settled; memory beyond the state is poisoned first. */
export function fire(machine: Machine, event: ModelEvent): void {
  const { words, statePtr, guest } = machine;
  const w = statePtr >> 2;
  machine.poison();
  machine.clear();
  machine.failWrites = event.failWrites;
  machine.mayNet = event.mayNet;
  if (event.ends !== 0) {
    for (let index = 0; index < COUNTDOWNS.length; index++) {
      const row = COUNTDOWNS[index];
      if (((event.ends >>> index) & 1) === 0 || row === undefined) continue;
      const word = w + (at[row[0]] >> 2);
      if (words[word] !== 0) words[word] = event.ms;
    }
  }
  if (event.epoch) guest.on_event(EVENT.EPOCH, EPOCH_WORDS[0], EPOCH_WORDS[1]);
  machine.signed = null;
  if (event.message !== null) {
    machine.deliver(event.message.bytes);
    machine.signed = event.message.signed;
  }
  guest.on_event(event.kind, STAND_IN.now + event.ms, event.b);
}

/** The decision that the guest told by its marks, if it told exactly one. */
export function decisionOf(marks: number): number {
  const told = marks & DECISION_MARKS;
  return told !== 0 && (told & (told - 1)) === 0 ? 31 - Math.clz32(told) : -1;
}
