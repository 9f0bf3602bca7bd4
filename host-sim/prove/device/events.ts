/**
 * The events of the model, as data; how a single one is fired at a guest; and how all of them are handed
 * to the recorder.
 */
import {
  EVENT,
  INPUT_TEMPERATURE_SHIFT,
  OP,
  PHASE,
  PHASE_NAMES,
  PRINCIPAL,
  RING,
} from "../../abi/abi.gen.ts";
import { replyTagOf } from "../../controller/command.ts";
import { OFFSET } from "./abstraction.ts";
import type { InstrumentedGuest } from "./instrumented-guest.ts";
import { DECISION_MARKS, isDuplicate, type Message, messageCatalogue } from "./messages.ts";
import { COUNTDOWNS, EPOCH_WORDS, STAND_IN } from "./model-values.ts";
import {
  ALL_WRITES_FAIL,
  VARIANT_NONE,
  VARIANT_SENDS,
  VARIANT_WRITES,
} from "./recorder/memory-map.ts";
import { HOLD, QUIET } from "./recorder/state-bits.ts";
import type { EventField } from "./recorder-memory.ts";

export interface ModelEvent {
  name: string;
  /** EVENT. */
  kind: number;
  b: number;
  /** Time since the event before, in ms: 0 or 1. */
  ms: number;
  /** Bit per COUNTDOWNS: it ends now. The event is fired only in states in which these run. */
  ends: number;
  message: Message | null;
  /** An EPOCH event comes first, as the host sends it before GATE LIVE. */
  epoch: boolean;
  /** Bit k: attempt k to write fails. */
  failWrites: number;
  /** Whether the network accepts messages. */
  netAccepts: boolean;
  /**
   * Not null for a variant of the last event before it that is not one. It can do something else only
   * where that event writes, or sends.
   */
  variantOf: "writes" | "sends" | null;
}

export const ALL_ENDS = (1 << COUNTDOWNS.length) - 1;
const TEMPERATURE = 215;

const PLAIN = {
  ms: 0,
  ends: 0,
  message: null,
  epoch: false,
  failWrites: 0,
  netAccepts: true,
  variantOf: null,
} as const;

/** Attempts to write that fail in a variant: all, or one of the first three. */
const FAILING = [ALL_WRITES_FAIL, 1, 2, 4] as const;

function nameOf(event: Omit<ModelEvent, "name">, what: string): string {
  const ends = COUNTDOWNS.filter((_, index) => (event.ends >>> index) & 1).map(([name]) => name);
  const failing = event.failWrites === FAILING[0] ? "all" : `${Math.log2(event.failWrites) + 1}`;
  const parts = [
    what,
    ends.length > 0 ? `ends=${ends.join("+")}` : "",
    event.failWrites !== 0 ? `failing-writes=${failing}` : "",
    event.netAccepts ? "" : "net=denied",
  ];
  return parts.filter((part) => part !== "").join(" ");
}

/** The event, and its variants: failing storage, and a network that accepts nothing. */
function withVariants(event: Omit<ModelEvent, "name">, what: string): ModelEvent[] {
  const variants = [
    event,
    ...FAILING.map((failWrites) => ({ ...event, failWrites, variantOf: "writes" as const })),
    { ...event, netAccepts: false, variantOf: "sends" as const },
  ];
  return variants.map((variant) => ({ ...variant, name: nameOf(variant, what) }));
}

function ticks(): ModelEvent[] {
  const tick = { ...PLAIN, kind: EVENT.TICK, b: TEMPERATURE << INPUT_TEMPERATURE_SHIFT, ms: 1 };
  const ends = [0, ...COUNTDOWNS.map((_, index) => 1 << index), ALL_ENDS];
  return ends.flatMap((bits) => withVariants({ ...tick, ends: bits }, "tick"));
}

function buttons(): ModelEvent[] {
  return [1, 0].flatMap((b) => {
    const edge = { ...PLAIN, kind: EVENT.BUTTON, b };
    const what = b === 1 ? "press" : "release";
    return [...withVariants(edge, what), ...withVariants({ ...edge, ms: 1, ends: ALL_ENDS }, what)];
  });
}

function receptions(messages: readonly Message[]): ModelEvent[] {
  return messages.flatMap((message) => {
    const rx = { ...PLAIN, kind: EVENT.RX, b: message.bytes.length, message };
    const plain = withVariants(rx, message.name);
    const depends =
      message.broken === undefined && message.epoch === "current" && message.permitted;
    return depends
      ? [...plain, ...withVariants({ ...rx, ms: 1, ends: ALL_ENDS }, message.name)]
      : plain;
  });
}

function gates(): ModelEvent[] {
  const gate = { ...PLAIN, kind: EVENT.GATE };
  const phases = PHASE_NAMES.flatMap((name, phase) =>
    withVariants({ ...gate, b: phase, epoch: phase === PHASE.LIVE }, `gate ${name}`),
  );
  return [...phases, ...withVariants({ ...gate, b: PHASE.LIVE }, "gate LIVE without an epoch")];
}

/** Every event of the model. */
export function eventList(messages: readonly Message[] = messageCatalogue()): ModelEvent[] {
  const link = { ...PLAIN, kind: EVENT.LINK };
  return [
    ...ticks(),
    ...buttons(),
    ...withVariants({ ...link, b: 1 }, "link up"),
    ...withVariants({ ...link, b: 0 }, "link down"),
    ...gates(),
    ...receptions(messages),
  ];
}

/** The countdowns that run in a state region, a bit each. */
export function runningIn(region: Uint8Array): number {
  const view = new DataView(region.buffer, region.byteOffset);
  let running = 0;
  for (const [index, [name]] of COUNTDOWNS.entries())
    if (view.getInt32(OFFSET[name], true) !== 0) running |= 1 << index;
  return running;
}

/**
 * Whether to fire `event` in a state in which the countdowns `running` run. Of events that do the same
 * there, only one is fired.
 */
export function applies(event: ModelEvent, running: number): boolean {
  if (event.ends === 0) return true;
  if (event.ends === ALL_ENDS) return running !== 0;
  return (event.ends & running) === event.ends && event.ends !== running;
}

/**
 * Whether the small model has an event. It leaves out accepted config.set commands, identify, the
 * manufacturer, and writes that fail one at a time.
 */
export function isSmall({ message, failWrites }: ModelEvent): boolean {
  if (failWrites !== 0 && failWrites !== FAILING[0]) return false;
  if (message === null || message.broken !== undefined || message.epoch !== "current") return true;
  if (message.op === OP.CONFIG_SET && message.permitted) return false;
  return message.op !== OP.IDENTIFY && message.principal !== PRINCIPAL.MANUFACTURER;
}

/** Fires `event` at the guest, from the state that startFrom() set. */
export function fire(guest: InstrumentedGuest, event: ModelEvent): void {
  const { words, statePtr, exports } = guest;
  guest.begin();
  guest.failWrites = event.failWrites;
  guest.netAccepts = event.netAccepts;
  for (const [index, [name]] of COUNTDOWNS.entries()) {
    const word = (statePtr + OFFSET[name]) >> 2;
    if ((event.ends >>> index) & 1 && words[word] !== 0) words[word] = event.ms;
  }
  if (event.epoch) exports.on_event(EVENT.EPOCH, EPOCH_WORDS[0], EPOCH_WORDS[1]);
  if (event.message === null) guest.setSigned(null);
  else guest.deliver(event.message.bytes, event.message.signed);
  exports.on_event(event.kind, STAND_IN.now + event.ms, event.b);
}

/**
 * What the checks may know of an event. Events with the same facts are one to the checks, so the memo
 * needs one entry for them.
 */
export interface EventFacts {
  kind: number;
  /** 0 for messages and ticks. */
  b: number;
  ms: number;
  /** Bit per COUNTDOWNS that the checks read: it ends now. */
  ends: number;
  /** Any countdown ends now. */
  endsAny: boolean;
  epoch: boolean;
  /** An attempt to write fails. */
  fails: boolean;
  /** `op` is OTHER_OP, and `args` are empty, for an operation that the checks do not distinguish. */
  message:
    | (Pick<Message, "principal" | "op" | "args" | "epoch" | "seq" | "permitted"> & {
        broken: Message["broken"] | undefined;
        expired: boolean;
        question: boolean;
        duplicate: boolean;
      })
    | null;
}

/** What the check of a reply may know of the message that it answers. */
export interface AnsweredMessage {
  principal: number;
  op: number;
  /** RING of a journal.read; 0 for any other. */
  ring: number;
  /** In hexadecimal: what binds the reply to the message. */
  replyTag: string;
}

const OBSERVED_ENDS = (1 << QUIET) | (1 << HOLD);
const DISTINGUISHED_OPS: readonly number[] = [OP.RELAY_SET, OP.CONFIG_SET, OP.IDENTIFY];
const OTHER_OP = -1;

function factsOf(event: ModelEvent): EventFacts {
  const { kind, ms, ends, epoch, failWrites, message } = event;
  const b = kind === EVENT.RX || kind === EVENT.TICK ? 0 : event.b;
  const facts = { kind, b, ms, ends: ends & OBSERVED_ENDS, endsAny: ends !== 0, epoch };
  const fails = failWrites !== 0;
  if (message === null) return { ...facts, fails, message };
  const { principal, seq, broken, permitted } = message;
  const distinguished = DISTINGUISHED_OPS.includes(message.op);
  const op = distinguished ? message.op : OTHER_OP;
  const args: Message["args"] = distinguished ? message.args : new Map();
  return {
    ...facts,
    fails,
    message: {
      principal,
      op,
      args,
      epoch: message.epoch,
      seq,
      broken,
      permitted,
      expired: message.deadline !== undefined && message.deadline !== "ahead",
      question: message.question === true,
      duplicate: seq === "last" && isDuplicate(message),
    },
  };
}

/** Numbers values. Equal values have the same number. */
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

/** What the numbers mean that the recorder hands to the checks. */
export interface EventNumbers {
  facts: readonly EventFacts[];
  answered: readonly AnsweredMessage[];
}

const VARIANTS = { writes: VARIANT_WRITES, sends: VARIANT_SENDS } as const;

/** Copies events to the recorder of `guest`, in their order. */
export function loadEvents(guest: InstrumentedGuest, events: readonly ModelEvent[]): EventNumbers {
  const loaded = new Map<Message, Partial<Record<EventField, number>>>();
  const facts = new Numbered<EventFacts>();
  const answered = new Numbered<AnsweredMessage>();
  for (const [index, event] of events.entries()) {
    const { kind, b, ms, ends, message, failWrites, variantOf } = event;
    let fields = message === null ? {} : loaded.get(message);
    if (message !== null && fields === undefined) {
      const { principal, op, args, bytes, signed } = message;
      fields = {
        message: guest.addBytes(bytes),
        ...(signed === null ? {} : guest.signedFields(signed)),
        answered: answered.number({
          principal,
          op,
          ring: op === OP.JOURNAL_READ && args.get(3) === RING.REMOTE ? RING.REMOTE : RING.LOCAL,
          replyTag: Buffer.from(replyTagOf(bytes)).toString("hex"),
        }),
      };
      loaded.set(message, fields);
    }
    guest.setEvent(index, {
      answered: -1,
      ...fields,
      facts: facts.number(factsOf(event)),
      kind,
      a: STAND_IN.now + ms,
      b,
      ends,
      ms,
      epoch: event.epoch ? 1 : 0,
      failWrites,
      netAccepts: event.netAccepts ? 1 : 0,
      variantOf: variantOf === null ? VARIANT_NONE : VARIANTS[variantOf],
    });
  }
  return { facts: facts.values, answered: answered.values };
}

/** The decision on a message, as the guest reported it by its marks; -1 unless it reported exactly one. */
export function decisionOf(marks: number): number {
  const decisions = marks & DECISION_MARKS;
  const exactlyOne = decisions !== 0 && (decisions & (decisions - 1)) === 0;
  return exactlyOne ? 31 - Math.clz32(decisions) : -1;
}
