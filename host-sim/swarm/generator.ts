/**
 * Generates a random scenario from a seed: what users, attackers, faults, the supply and the
 * network do to a board within a given time. The result uses the grammar of tests/scenarios. Its
 * only check is that the journal verifies; the monitor and the oracle check the rest.
 */
import { OP, OP_WIRES, PRINCIPAL_KIDS } from "../abi/abi.gen.ts";
import { Prng } from "../base/prng.ts";
import { type Scenario, type Send, type Step, TAP_MS, type Tamper } from "../scenario/grammar.ts";
import { QUESTION_WIRE } from "../scenario/remote.ts";
import { FAULTS, type Fault } from "../sim/virtual-board.ts";
import type { Delivery } from "../sim/virtual-broker.ts";

export interface GeneratorOptions {
  /** Board names; the first is the default board. */
  boards: readonly string[];
  /** Paths of guests that replace device.wasm. */
  guests: readonly string[];
  /** Virtual time of a run, in ms. */
  timeMs: number;
}

/** Separates the generator's random numbers from the simulator's, which uses the same seed. */
const GENERATOR_STREAM = 0x2545f491;
/** One run in GUEST_ONE_IN has another guest; one in BOARD_ONE_IN another board. */
const GUEST_ONE_IN = 30;
const BOARD_ONE_IN = 4;
/** One run in KILL_ONE_IN starts at KILL. */
const KILL_ONE_IN = 5;
/**
 * A run leaves out each action with this probability (one in n), so that rare ones become common.
 */
const OMIT_ONE_IN = 4;

/** A range of times in ms, with its weight. */
interface WeightedTime {
  least: number;
  most: number;
  weight: number;
}

/** Waits between two actions, on the scale of debouncing, of arming, and of holds. */
const WAITS: readonly WeightedTime[] = [
  { least: 1, most: 60, weight: 5 },
  { least: 60, most: 600, weight: 6 },
  { least: 600, most: 4000, weight: 8 },
  { least: 4000, most: 20_000, weight: 6 },
];
const STALLS: readonly WeightedTime[] = [
  { least: 1, most: 12, weight: 3 },
  { least: 12, most: 300, weight: 4 },
  { least: 300, most: 3000, weight: 2 },
  { least: 5000, most: 20_000, weight: 1 },
];
const totalWeight = (table: readonly { weight: number }[]) =>
  table.reduce((sum, { weight }) => sum + weight, 0);

const FAULT_NAMES = Object.keys(FAULTS) as Fault[];
/** Deadlines around both limits. */
const DEADLINES = ["0ms", "1ms", "60s", "61s"] as const;
const TAMPERS: readonly Tamper[] = [
  "tag",
  "payload",
  "truncate",
  "kid",
  "reply-key",
  "form",
  "oversize",
  "garbage",
];
/** Operations, with relay.set and config.set more frequent than the others. */
const OPS = [...Array(5).fill(OP.RELAY_SET), ...Object.values(OP), OP.CONFIG_SET] as number[];
const HOLDS_S = [0, 1, 2, 3, 5, 8, 60];
const TELEMETRIES_S = [0, 1, 2, 5, 10, 60];

class ScenarioBuilder {
  readonly steps: Step[] = [];
  readonly #prng: Prng;
  readonly #saved: string[] = [];
  /** Remaining virtual time, in ms. */
  left: number;
  position: "on" | "kill";
  pressed = false;

  constructor(prng: Prng, timeMs: number, position: "on" | "kill") {
    this.#prng = prng;
    this.left = timeMs;
    this.position = position;
  }

  below(bound: number): number {
    return this.#prng.below(bound);
  }

  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(from: readonly T[]): T {
    const one = from[this.below(from.length)];
    if (one === undefined) throw new RangeError("nothing to pick from");
    return one;
  }

  /** Picks a row with probability row.weight / total. `total` is the sum of all weights. */
  pickWeighted<T extends { weight: number }>(table: readonly T[], total: number): T {
    let at = this.below(total);
    for (const row of table) {
      at -= row.weight;
      if (at < 0) return row;
    }
    throw new RangeError("nothing to pick from");
  }

  #time(table: readonly WeightedTime[]): number {
    const { least, most } = this.pickWeighted(table, totalWeight(table));
    return Math.min(this.left, least + this.below(most - least));
  }

  do(step: Step): void {
    this.steps.push(step);
  }

  wait(ms = this.#time(WAITS)): void {
    const spent = Math.min(ms, this.left);
    if (spent <= 0) return;
    this.left -= spent;
    this.do({ wait: `${spent}ms` });
  }

  stall(): void {
    const ms = this.#time(STALLS);
    if (ms <= 0) return;
    this.left -= ms;
    this.do({ stall: `${ms}ms` });
  }

  flick(): void {
    this.position = this.position === "on" ? "kill" : "on";
    this.do({ switch: this.position });
  }

  tap(): void {
    if (this.left < TAP_MS) return;
    this.left -= TAP_MS;
    this.pressed = false;
    this.do({ button: "tap" });
  }

  #op(op: number): string {
    const wire = OP_WIRES[op] ?? "";
    if (op === OP.RELAY_SET) return `${wire} ${this.pick(["on", "off"])}`;
    if (op === OP.JOURNAL_READ)
      return `${wire} ${this.below(40)} ${1 + this.below(8)} ${this.below(2) ? "local" : "remote"}`;
    if (op !== OP.CONFIG_SET) return wire;
    const words = [`hold=${this.pick(HOLDS_S)}`];
    if (this.oneIn(2)) words.push(`telemetry=${this.pick(TELEMETRIES_S)}`);
    if (this.oneIn(2)) words.push(`safe=${this.pick(["on", "off"])}`);
    return [wire, ...words.slice(this.oneIn(4) && words.length > 1 ? 1 : 0)].join(" ");
  }

  /** How the network delivers a message, mostly directly. replay() may deliver a lost one later. */
  #via(): Delivery {
    const roll = this.below(20);
    if (roll < 16) return "direct";
    return roll === 16 ? "retained" : roll === 17 ? "held" : "lost";
  }

  /** A command: `genuine`, or as an attacker would change it. */
  send(genuine: boolean, op = this.pick(OPS)): void {
    const via = this.#via();
    const as = this.oneIn(3) ? this.pick(PRINCIPAL_KIDS) : "owner";
    const question = genuine && this.oneIn(8);
    const send: Send = { as, op: question ? QUESTION_WIRE : this.#op(op), epoch: "told" };
    if (!genuine) {
      const how = this.below(12);
      if (how < 6) send.tamper = this.pick(TAMPERS);
      else if (how < 8) send.deadline = this.pick(DEADLINES);
      else if (how < 10) send.seq = this.oneIn(2) ? "last" : this.below(20);
      else send.epoch = "zero";
    }
    if (via !== "direct") send.via = via;
    if (via === "lost" || this.oneIn(4)) {
      send.save = `m${this.#saved.length + 1}`;
      this.#saved.push(send.save);
    }
    this.do({ send });
  }

  /** Replays an earlier message: one of the last three, or any. */
  replay(): void {
    if (this.#saved.length === 0) return;
    const recent = this.oneIn(2) ? this.#saved.slice(-3) : this.#saved;
    const via = this.oneIn(6) ? this.pick(["retained", "held"] as const) : "direct";
    this.do({ replay: { message: this.pick(recent), ...(via === "direct" ? {} : { via }) } });
  }
}

/** The actions on a board, with their weights. */
const ACTIONS: readonly { weight: number; act: (builder: ScenarioBuilder) => void }[] = [
  { weight: 26, act: (builder) => builder.send(true) },
  { weight: 8, act: (builder) => builder.send(false) },
  { weight: 7, act: (builder) => builder.replay() },
  { weight: 5, act: burst },
  { weight: 9, act: kill },
  { weight: 2, act: chatter },
  { weight: 9, act: (builder) => builder.tap() },
  { weight: 2, act: press },
  { weight: 4, act: fault },
  { weight: 4, act: supply },
  { weight: 2, act: powerLoss },
  { weight: 4, act: broker },
  { weight: 2, act: (builder) => builder.do({ temperature: (builder.below(1200) - 400) / 10 }) },
  { weight: 3, act: (builder) => builder.stall() },
];

/** Messages with no time between them, sometimes more than the receive queue holds. */
function burst(builder: ScenarioBuilder): void {
  for (let count = 2 + builder.below(6); count > 0; count--) {
    if (builder.oneIn(4)) builder.replay();
    else builder.send(!builder.oneIn(4));
  }
}

function kill(builder: ScenarioBuilder): void {
  builder.flick();
  builder.wait();
  if (!builder.oneIn(6) || builder.position === "kill") builder.flick();
}

/** Moves the switch repeatedly, faster than its contacts settle. */
function chatter(builder: ScenarioBuilder): void {
  for (let count = 2 + builder.below(5); count > 0; count--) {
    builder.flick();
    builder.wait(1 + builder.below(90));
  }
  if (builder.position === "kill") builder.flick();
}

/** A press of random length. Its edges may come while the button already has that state. */
function press(builder: ScenarioBuilder): void {
  builder.do({ button: "press" });
  builder.wait(builder.oneIn(2) ? 1 + builder.below(60) : undefined);
  builder.do({ button: "release" });
}

function fault(builder: ScenarioBuilder): void {
  const name = builder.pick(FAULT_NAMES);
  builder.do({ fault: { set: name } });
  builder.wait();
  if (builder.oneIn(3)) builder.tap();
  if (builder.oneIn(3)) builder.send(true);
  if (builder.oneIn(3)) kill(builder);
  builder.wait();
  if (!builder.oneIn(5)) builder.do({ fault: { clear: name } });
  // A contact fault clears only at a clean KILL position.
  if (builder.oneIn(2)) kill(builder);
}

function supply(builder: ScenarioBuilder): void {
  const how = builder.pick(["off", "sag", "reset"] as const);
  builder.do({ supply: how });
  if (how === "reset") return;
  builder.wait();
  builder.do({ supply: "on" });
}

/** The supply fails during one of the next writes to storage. */
function powerLoss(builder: ScenarioBuilder): void {
  const block = builder.oneIn(3);
  builder.do({ storage: { "lose-power-after": builder.below(block ? 40 : 240) } });
  if (block) builder.send(true, OP.CONFIG_SET);
  for (let count = builder.below(3); count > 0; count--) {
    if (builder.oneIn(2)) builder.tap();
    else builder.send(true);
  }
  builder.wait();
  builder.do({ supply: "on" });
}

function broker(builder: ScenarioBuilder): void {
  builder.do({ broker: "down" });
  builder.wait();
  if (builder.oneIn(3)) builder.tap();
  builder.do({ broker: "up" });
}

/** Generates the scenario of a seed, an unsigned 32-bit integer. */
export function generateScenario(
  seed: number,
  { boards, guests, timeMs }: GeneratorOptions,
): Scenario {
  const prng = new Prng(seed ^ GENERATOR_STREAM);
  const position = prng.below(KILL_ONE_IN) === 0 ? "kill" : "on";
  const other = boards.length > 1 && prng.below(BOARD_ONE_IN) === 0;
  const board = boards[other ? 1 + prng.below(boards.length - 1) : 0];
  const guest =
    guests.length > 0 && prng.below(GUEST_ONE_IN) === 0
      ? guests[prng.below(guests.length)]
      : undefined;
  const builder = new ScenarioBuilder(prng, timeMs, position);
  const actions = ACTIONS.filter(() => prng.below(OMIT_ONE_IN) !== 0);
  const total = totalWeight(actions);
  while (builder.left > 0) {
    if (total > 0) builder.pickWeighted(actions, total).act(builder);
    builder.wait();
  }
  return {
    name: `swarm-${seed}`,
    about: "Generated by the swarm.",
    seed,
    start: { switch: position, ...(other && board !== undefined ? { board } : {}) },
    ...(guest === undefined ? {} : { guest }),
    steps: [...builder.steps, { journal: { verifies: true } }],
  };
}
