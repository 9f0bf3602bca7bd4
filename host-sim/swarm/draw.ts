/**
 * Draws a scenario from a seed: what hands, attackers, faults, supply and network do to a board within
 * a given time. A plain scenario, in the grammar of tests/scenarios: it holds no check of its own but
 * the journal's. Must not know how it runs, nor what is right.
 */
import { OP, OP_WIRES, PRINCIPAL, PRINCIPAL_KIDS } from "../abi.gen.ts";
import { Prng } from "../prng.ts";
import type { Scenario, Send, Step, Tamper } from "../scenario/grammar.ts";
import { FAULTS, type Fault } from "../virtual-board.ts";
import type { Delivery } from "../virtual-broker.ts";

/** What a drawing chooses from, besides chance. */
export interface Choices {
  /** Board names; the first is the usual one. */
  boards: readonly string[];
  /** Paths of guests in place of the device's own. */
  guests: readonly string[];
  /** Virtual time of a run. */
  timeMs: number;
}

/** Sets the draw apart from the run's physics, which take the same seed. */
const DRAW_STREAM = 0x2545f491;
/** One run in so many has another guest, and one in so many another board. */
const GUEST_ONE_IN = 30;
const BOARD_ONE_IN = 4;
/** One run in so many starts at KILL. */
const KILL_ONE_IN = 5;
/** Of the acts a run leaves out one in so many: what is rare beside everything is common beside less. */
const LEFT_OUT_ONE_IN = 4;
const TAP_MS = 100;

/** Least and most of a time, in ms, and how often. */
interface Span {
  least: number;
  most: number;
  often: number;
}

/** Between two acts: what is due in ms, in tens, in seconds. */
const WAITS: readonly Span[] = [
  { least: 1, most: 60, often: 5 },
  { least: 60, most: 600, often: 6 },
  { least: 600, most: 4000, often: 8 },
  { least: 4000, most: 20_000, often: 6 },
];
const STALLS: readonly Span[] = [
  { least: 1, most: 12, often: 3 },
  { least: 12, most: 300, often: 4 },
  { least: 300, most: 3000, often: 2 },
  { least: 5000, most: 20_000, often: 1 },
];
const oftenOf = (table: readonly { often: number }[]) =>
  table.reduce((sum, { often }) => sum + often, 0);

const FAULT_NAMES = Object.keys(FAULTS) as Fault[];
const COMMANDERS = PRINCIPAL_KIDS.filter((_, index) => index !== PRINCIPAL.DEVICE) as Send["as"][];
const TAMPERS: readonly Tamper[] = [
  "tag",
  "payload",
  "truncate",
  "kid",
  "device-kid",
  "form",
  "oversize",
  "garbage",
];
/** Operations, the relay's more often than the others. */
const OPS = [...Array(5).fill(OP.RELAY_SET), ...Object.values(OP), OP.CONFIG_SET] as number[];
const HOLDS_S = [0, 1, 2, 3, 5, 8, 60];
const TELEMETRIES_S = [0, 1, 2, 5, 10, 60];

class Drawing {
  readonly steps: Step[] = [];
  readonly #prng: Prng;
  readonly #saved: string[] = [];
  /** Virtual time that is left. */
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

  /** A row of the table, as often as it says. */
  weighed<T extends { often: number }>(table: readonly T[], often: number): T {
    let at = this.below(often);
    for (const row of table) {
      at -= row.often;
      if (at < 0) return row;
    }
    throw new RangeError("nothing to pick from");
  }

  #time(table: readonly Span[]): number {
    const { least, most } = this.weighed(table, oftenOf(table));
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
    if (op === OP.JOURNAL_READ) return `${wire} ${this.below(40)} ${1 + this.below(8)}`;
    if (op !== OP.CONFIG_SET) return wire;
    const words = [`hold=${this.pick(HOLDS_S)}`];
    if (this.oneIn(2)) words.push(`telemetry=${this.pick(TELEMETRIES_S)}`);
    if (this.oneIn(2)) words.push(`safe=${this.pick(["on", "off"])}`);
    return [wire, ...words.slice(this.oneIn(4) && words.length > 1 ? 1 : 0)].join(" ");
  }

  /** The network's weather: mostly fair. What is lost is kept, to come late or twice. */
  #via(): Delivery {
    const weather = this.below(20);
    if (weather < 16) return "direct";
    return weather === 16 ? "retained" : weather === 17 ? "held" : "lost";
  }

  /** A command, `sound` or whatever an attacker makes of it. */
  send(sound: boolean, op = this.pick(OPS)): void {
    const via = this.#via();
    const as = this.oneIn(3) ? this.pick(COMMANDERS) : "owner";
    const send: Send = { as, op: this.#op(op), epoch: "told" };
    if (!sound) {
      const how = this.below(10);
      if (how < 6) send.tamper = this.pick(TAMPERS);
      else if (how < 8) send.seq = this.oneIn(2) ? "last" : this.below(20);
      else send.epoch = "zero";
    }
    if (via !== "direct") send.via = via;
    if (via === "lost" || this.oneIn(4)) {
      send.save = `m${this.#saved.length + 1}`;
      this.#saved.push(send.save);
    }
    this.do({ send });
  }

  /** A message of before, captured or late: one of the last few, or any. */
  replay(): void {
    if (this.#saved.length === 0) return;
    const recent = this.oneIn(2) ? this.#saved.slice(-3) : this.#saved;
    const via = this.oneIn(6) ? this.pick(["retained", "held"] as const) : "direct";
    this.do({ replay: { message: this.pick(recent), ...(via === "direct" ? {} : { via }) } });
  }
}

/** What can be done to a board, and how often. */
const ACTS: readonly { often: number; act: (draw: Drawing) => void }[] = [
  { often: 26, act: (draw) => draw.send(true) },
  { often: 8, act: (draw) => draw.send(false) },
  { often: 7, act: (draw) => draw.replay() },
  { often: 5, act: burst },
  { often: 9, act: kill },
  { often: 2, act: chatter },
  { often: 9, act: (draw) => draw.tap() },
  { often: 2, act: press },
  { often: 4, act: fault },
  { often: 4, act: supply },
  { often: 2, act: powerLoss },
  { often: 4, act: broker },
  { often: 2, act: (draw) => draw.do({ temperature: (draw.below(1200) - 400) / 10 }) },
  { often: 3, act: (draw) => draw.stall() },
];

/** Messages with no time between them: more than the device has room for, at times. */
function burst(draw: Drawing): void {
  for (let count = 2 + draw.below(6); count > 0; count--) {
    if (draw.oneIn(4)) draw.replay();
    else draw.send(!draw.oneIn(4));
  }
}

function kill(draw: Drawing): void {
  draw.flick();
  draw.wait();
  if (!draw.oneIn(6) || draw.position === "kill") draw.flick();
}

/** The switch, again and again, faster than it settles. */
function chatter(draw: Drawing): void {
  for (let count = 2 + draw.below(5); count > 0; count--) {
    draw.flick();
    draw.wait(1 + draw.below(90));
  }
  if (draw.position === "kill") draw.flick();
}

/** A press of its own length; or one that comes while the button is down, or up, already. */
function press(draw: Drawing): void {
  draw.do({ button: "press" });
  draw.wait(draw.oneIn(2) ? 1 + draw.below(60) : undefined);
  draw.do({ button: "release" });
}

function fault(draw: Drawing): void {
  const name = draw.pick(FAULT_NAMES);
  draw.do({ fault: { set: name } });
  draw.wait();
  if (draw.oneIn(3)) draw.tap();
  if (draw.oneIn(3)) draw.send(true);
  if (draw.oneIn(3)) kill(draw);
  draw.wait();
  if (!draw.oneIn(5)) draw.do({ fault: { clear: name } });
  // A fault of the contacts clears at a clean KILL position alone.
  if (draw.oneIn(2)) kill(draw);
}

function supply(draw: Drawing): void {
  const how = draw.pick(["off", "sag", "reset"] as const);
  draw.do({ supply: how });
  if (how === "reset") return;
  draw.wait();
  draw.do({ supply: "on" });
}

/** The supply fails in the middle of what the next writes write: a block, or one of a few. */
function powerLoss(draw: Drawing): void {
  const block = draw.oneIn(3);
  draw.do({ storage: { "lose-power-after": draw.below(block ? 40 : 240) } });
  if (block) draw.send(true, OP.CONFIG_SET);
  for (let count = draw.below(3); count > 0; count--) {
    if (draw.oneIn(2)) draw.tap();
    else draw.send(true);
  }
  draw.wait();
  draw.do({ supply: "on" });
}

function broker(draw: Drawing): void {
  draw.do({ broker: "down" });
  draw.wait();
  if (draw.oneIn(3)) draw.tap();
  draw.do({ broker: "up" });
}

/** The scenario of a seed, an unsigned 32-bit integer. */
export function draw(seed: number, { boards, guests, timeMs }: Choices): Scenario {
  const prng = new Prng(seed ^ DRAW_STREAM);
  const position = prng.below(KILL_ONE_IN) === 0 ? "kill" : "on";
  const other = boards.length > 1 && prng.below(BOARD_ONE_IN) === 0;
  const board = boards[other ? 1 + prng.below(boards.length - 1) : 0];
  const guest =
    guests.length > 0 && prng.below(GUEST_ONE_IN) === 0
      ? guests[prng.below(guests.length)]
      : undefined;
  const drawing = new Drawing(prng, timeMs, position);
  const acts = ACTS.filter(() => prng.below(LEFT_OUT_ONE_IN) !== 0);
  const often = oftenOf(acts);
  while (drawing.left > 0) {
    if (often > 0) drawing.weighed(acts, often).act(drawing);
    drawing.wait();
  }
  return {
    name: `swarm-${seed}`,
    about: "Drawn by the swarm.",
    seed,
    start: { switch: position, ...(other && board !== undefined ? { board } : {}) },
    ...(guest === undefined ? {} : { guest }),
    steps: [...drawing.steps, { journal: { verifies: true } }],
  };
}
