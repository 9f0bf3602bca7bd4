/**
 * What a scenario is: its types, in the form of its file. schema.json says the same to a validator.
 * Must not know how a scenario runs.
 */
import type { ArgValue } from "../controller/operations.ts";
import type { Fault, Position } from "../virtual-board.ts";
import type { Delivery } from "../virtual-broker.ts";

export interface Scenario {
  name: string;
  /** What it shows, in a sentence. */
  about: string;
  /** An unsigned 32-bit integer; 1 if absent. */
  seed?: number;
  /** Its figures rest on a board's stated times: not for one in real time. */
  time?: "exact";
  /** `clock`: what the device's clock shows at the start, in ms; 0 if absent. */
  start: { switch: Position; board?: string; image?: Image; clock?: number };
  /** Path of a guest module in place of the device's, relative to the scenario. */
  guest?: string;
  steps: Step[];
}

/** The native image under the guest: the board's own, or one that ignores the gate and lies. */
export type Image = "own" | "hostile";

/** What reaches a board by wire or through the air's weather. */
export type Stimulus =
  | { switch: Position }
  | { button: "press" | "release" }
  | { fault: { set: Fault } | { clear: Fault } }
  | { supply: "off" | "on" | "sag" | "reset" }
  | { broker: "down" | "up" }
  | { storage: { "lose-power-after": number } }
  | { temperature: number };

/**
 * What an attacker does to a command: flips a bit of the tag or of the payload, cuts the end off,
 * signs with its own key under another's name or the device's, signs a payload that is no command,
 * sends more than a message may hold, or noise.
 */
export type Tamper =
  | "none"
  | "tag"
  | "payload"
  | "truncate"
  | "kid"
  | "device-kid"
  | "form"
  | "oversize"
  | "garbage";

/** CODE, or that nothing comes. */
export type ExpectedReply = string;

export interface Answered {
  via?: Delivery;
  /** Absent: the scenario does not wait for one. */
  reply?: ExpectedReply;
  /** How long a reply may take; 50ms if absent. */
  within?: string;
}

export interface Send extends Answered {
  as: "owner" | "provider" | "manufacturer";
  /** As on the command line: `relay.set on`. */
  op: string;
  /** `current` if absent: the one that the device last told. `told`: the same, or zero before any. */
  epoch?: "current" | "previous" | "zero" | "told";
  /** `next` if absent. */
  seq?: "next" | "last" | number;
  tamper?: Tamper;
  /** A name under which replay finds the message. */
  save?: string;
  /** Fields that the reply carries; null: does not carry. For a list: its length. */
  data?: Record<string, ArgValue | string | null>;
}

export interface Replay extends Answered {
  message: string;
}

/** Words to be found in a trace line or a journal record: all of them, in any place. */
export type Patterns = string | string[];

export interface Expect {
  supply?: "on" | "off";
  phase?: string;
  radio?: "on" | "off";
  rail?: "up" | "down";
  relay?: "on" | "off";
  lamp?: "on" | "off";
  link?: "up" | "down";
  /** Reason of the last boot. */
  boot?: string;
}

/** What instruments outside the board read: nothing here is the board's own word. */
export interface Witness {
  /** A meter on the rail. */
  rail?: "up" | "down";
  /** What the broker got from the device since the last step that did something. */
  heard?: "nothing" | "something";
}

export interface TraceCheck {
  has?: Patterns;
  lacks?: Patterns;
  /** How often each pattern of `has` is there, exactly; at least once if absent. */
  times?: number;
  /** From the start, or since the last step that did something; `step` if absent. */
  since?: "start" | "step";
}

export interface JournalCheck {
  verifies?: true;
  has?: Patterns;
  lacks?: Patterns;
}

export type Step =
  | Exclude<Stimulus, { button: unknown }>
  | { button: "press" | "release" | "tap" }
  | { wait: string }
  | { stall: string }
  | { send: Send }
  | { replay: Replay }
  | { expect: Expect }
  | { witness: Witness }
  | { trace: TraceCheck }
  | { journal: JournalCheck }
  | { repeat: { times: number; steps: Step[] } };

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** `200ms`, `2s`, `5m`, `1h` in ms. The schema has checked the form. */
export function durationMs(text: string): number {
  const [, digits, unit] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
  if (digits === undefined) throw new RangeError(`duration "${text}"`);
  return Number(digits) * UNITS[unit as keyof typeof UNITS];
}

/** Patterns as a list. */
export function listOf(patterns: Patterns | undefined): readonly string[] {
  return typeof patterns === "string" ? [patterns] : (patterns ?? []);
}
