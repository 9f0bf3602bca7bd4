/** The types of a scenario, as in its YAML file. schema.json describes the same for validation. */
import { parseMs } from "../base/clock.ts";
import type { ArgValue } from "../controller/operations.ts";
import type { Fault, Position } from "../sim/virtual-board.ts";
import type { Delivery } from "../sim/virtual-broker.ts";

export interface Scenario {
  name: string;
  /** What it shows, in one sentence. */
  about: string;
  /** An unsigned 32-bit integer. Default: 1. */
  seed?: number;
  /** `exact`: it counts on the board's exact times, so it does not run on a target in real time. */
  time?: "exact";
  /** `clock`: what the device's clock shows at the start, in ms; 0 if absent. */
  start: { switch: Position; board?: string; image?: Image; clock?: number };
  /** Path of a guest that replaces device.wasm, relative to the scenario. */
  guest?: string;
  steps: Step[];
}

/** The native image: the board's own, or one that ignores the gate and reports false states. */
export type Image = "own" | "hostile";

/** What is done to a board by wire, and to its broker. */
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
 * signs with its own key under another's name, or with the key for the device's replies, signs a payload that is no command,
 * sends more than a message may hold, or noise.
 */
export type Tamper =
  | "none"
  | "tag"
  | "payload"
  | "truncate"
  | "kid"
  | "reply-key"
  | "form"
  | "oversize"
  | "garbage";

/** The name of a CODE, or `none` if no reply may come. */
export type ExpectedReply = string;

export interface Answered {
  via?: Delivery;
  /** Absent: the step does not wait for a reply. */
  reply?: ExpectedReply;
  /** How long a reply may take. Default: 50ms. */
  within?: string;
}

export interface Send extends Answered {
  as: "owner" | "provider" | "manufacturer";
  /** The operation as on the command line: `relay.set on`. */
  op: string;
  /**
   * Default `current`: the epoch that the device reported last. `told`: the same, or `zero` if the
   * device has not reported any.
   */
  epoch?: "current" | "previous" | "zero" | "told";
  /** From the device's session clock on; `5s` if absent. */
  deadline?: string;
  /** `next` if absent. */
  seq?: "next" | "last" | number;
  tamper?: Tamper;
  /** A name for the message, for `replay`. */
  save?: string;
  /** Expected fields of the reply. null: the field is absent. For a list: its length. */
  data?: Record<string, ArgValue | string | null>;
}

export interface Replay extends Answered {
  message: string;
}

/**
 * Each pattern is a set of words that a trace line or journal record must contain, in any order.
 */
export type Patterns = string | string[];

export interface Expect {
  supply?: "on" | "off";
  phase?: string;
  radio?: "on" | "off";
  rail?: "up" | "down";
  relay?: "on" | "off";
  lamp?: "on" | "off";
  link?: "up" | "down";
  /** The reason of the last boot. */
  boot?: string;
}

/** What instruments outside the board measure, independently of the board's trace. */
export interface Witness {
  /** The level that a meter on the rail shows. */
  rail?: "up" | "down";
  /** Whether the broker received messages of the device since the last action step. */
  heard?: "nothing" | "something";
}

export interface TraceCheck {
  has?: Patterns;
  lacks?: Patterns;
  /** How often each pattern of `has` must occur. Default: at least once. */
  times?: number;
  /** `start`: the whole trace; `step` (default): the lines since the last action step. */
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

/** How long a tap presses the button, in ms. */
export const TAP_MS = 100;

/** Parses `200ms`, `2s`, `5m` or `1h` into ms. The schema has already checked the format. */
export function durationMs(text: string): number {
  const ms = parseMs(text);
  if (ms === undefined) throw new RangeError(`duration "${text}"`);
  return ms;
}

/** Patterns as a list. */
export function listOf(patterns: Patterns | undefined): readonly string[] {
  return typeof patterns === "string" ? [patterns] : (patterns ?? []);
}
