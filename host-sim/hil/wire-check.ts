/**
 * Whether a fixture's wires go where they should: moves one after the other and looks what the board says
 * of it, and what comes back. Must not know what the wires are made of, nor any scenario.
 */
import type { RealClock } from "../clock.ts";
import { initialObserved, type Observed, updateObserved } from "../scenario/observed.ts";
import type { BoardLine } from "../serial/board-line.ts";
import type { FixtureWires, OptionalWire } from "./fixture.ts";
import type { OutputLevels } from "./wires.ts";

/** What a wire does to the board, by the wire that should. */
type Effect = "no" | "nc" | "button" | "reset";
type Output = "relay" | "lamp";

/** How long the board may take to say what a wire has done, in ms; a boot included. */
const EFFECT_MS = 3_000;
const BOOT_MS = 8_000;
/** What one wire does besides comes within this, in ms. */
const BESIDES_MS = 200;
/** From a boot's first line to a guest that hears its button, in ms. */
const SETTLE_MS = 500;
/** The lamp follows its phase at the next tick; an output is read until then, in ms. */
const FOLLOW_MS = 1_500;

const BOOT = /^@\d+ boot reason=(?!CUT$)/;
const POWERED = /^@\d+ boot reason=(?:POWER_ON|BROWN_OUT)$/;
const LIT = /^@\d+ gpio pin=LAMP level=1$/;

/** Lines that tell of an effect. Until a wire moves, both contacts stand open. */
const TOLD: readonly [Effect, RegExp][] = [
  ["no", /^@\d+ sense no=1/],
  ["nc", /^@\d+ sense no=[01] nc=1/],
  ["button", /^@\d+ gpio pin=RELAY/],
  ["reset", BOOT],
];

/** The outputs as the board has told them, and as they are on their wires. */
interface State {
  readonly told: Record<Output, boolean>;
  readonly wire: OutputLevels;
}

export interface WireCheckOptions {
  readonly line: BoardLine;
  readonly wires: FixtureWires;
  readonly wired: ReadonlySet<OptionalWire>;
  readonly clock: RealClock;
}

export class WireCheck {
  readonly #options: WireCheckOptions;
  #told: Observed = initialObserved();

  constructor(options: WireCheckOptions) {
    this.#options = options;
  }

  /** What is wrong, a line each; empty if nothing is. The board runs; it is left at KILL. */
  async run(): Promise<string[]> {
    const { wires, wired } = this.#options;
    const moved: [Effect, () => Promise<unknown>][] = [
      ["no", () => wires.contacts(true, false, 0)],
      ["nc", () => wires.contacts(false, true, 0)],
      ["button", () => wires.button(true)],
      ...(wired.has("reset") ? [["reset", () => wires.reset()] as const] : []),
    ] as [Effect, () => Promise<unknown>][];
    const found = new Map<Effect, ReadonlySet<Effect>>();
    for (const [wire, move] of moved) {
      await this.#rest();
      await move();
      found.set(wire, await this.#effects(wire));
    }
    const none = [...found.values()].every((effects) => effects.size === 0);
    if (none) return ["no wire has any effect: is ground wired to ground, and is this its board?"];
    const wrong = [...found].flatMap(([wire, effects]) => troubleOf(wire, effects));
    return wrong.length > 0 ? wrong : this.#outputs();
  }

  /** Both contacts open, the button up, and nothing more to be said of that: a cut is over. */
  async #rest(note: (text: string) => boolean = () => false): Promise<void> {
    const { wires } = this.#options;
    await wires.button(false);
    await wires.contacts(false, false, 0);
    const ended = (text: string) => note(text) || text.includes(" restart ");
    if (!(await this.#listen(BESIDES_MS, ended))) return;
    await this.#listen(BOOT_MS, (text) => text.includes(" boot "));
    await this.#listen(SETTLE_MS, () => false);
  }

  /** Reads on for so long, or until a line is the one; whether it came. */
  async #listen(ms: number, isIt: (text: string) => boolean): Promise<boolean> {
    const { line, clock } = this.#options;
    const end = clock.now() + ms;
    for (let left = ms; left > 0; left = end - clock.now()) {
      const heard = await line.next(left);
      if (heard?.kind !== "trace") continue;
      const [, kind = "", detail = ""] = /^@\d+ ([a-z]+) (.*)$/.exec(heard.text) ?? [];
      // Without a supply, pins fall, and the board does not say so.
      if (POWERED.test(heard.text)) this.#told = initialObserved();
      updateObserved(this.#told, kind, detail);
      if (isIt(heard.text)) return true;
    }
    return false;
  }

  async #effects(expected: Effect): Promise<ReadonlySet<Effect>> {
    const effects = new Set<Effect>();
    const note = (text: string): boolean => {
      // A board that boots says more than one wire does.
      if (effects.has("reset")) return true;
      for (const [effect, told] of TOLD) if (told.test(text)) effects.add(effect);
      return effects.has(expected);
    };
    await this.#listen(expected === "reset" ? BOOT_MS : EFFECT_MS, note);
    if (effects.size === 0) {
      // One that goes to the reset pin lets the board boot when it is let go.
      await this.#rest(note);
      if (effects.size === 0) await this.#listen(EFFECT_MS, note);
    }
    await this.#listen(BESIDES_MS, (text) => {
      note(text);
      return false;
    });
    return effects.has("reset") ? new Set(["reset"]) : effects;
  }

  /** Relay and lamp in each of their states, on their wires and as the board has them. */
  async #outputs(): Promise<string[]> {
    const { wires, wired } = this.#options;
    const outputs = (["relay", "lamp"] as const).filter((name) => wired.has(name));
    const states: State[] = [];
    const look = async () => states.push(await this.#follow());
    await this.#rest();
    await wires.contacts(false, true, 0);
    for (let press = 0; press < 2; press++) {
      await this.#press();
      await look();
    }
    await wires.contacts(true, false, 0);
    await this.#listen(BOOT_MS, (text) => LIT.test(text));
    await look();
    await wires.contacts(false, true, 0);
    await this.#listen(BOOT_MS, (text) => /boot reason=CUT$/.test(text));
    return outputs.flatMap((output) => {
      const same = (name: Output) => states.every(({ told, wire }) => wire[output] === told[name]);
      const other = output === "relay" ? "lamp" : "relay";
      if (same(output)) return [];
      if (same(other)) return [`${output} comes from the board's ${other}`];
      return [`${output} does not follow the board's ${output}: not connected?`];
    });
  }

  async #press(): Promise<void> {
    const { wires } = this.#options;
    await wires.button(true);
    await this.#listen(EFFECT_MS, (text) => text.includes(" gpio pin=RELAY"));
    await wires.button(false);
    await this.#listen(BESIDES_MS, () => false);
  }

  /** As soon as the outputs' wires are as told; else as they are after FOLLOW_MS. */
  async #follow(): Promise<State> {
    const { wires, clock } = this.#options;
    const end = clock.now() + FOLLOW_MS;
    for (;;) {
      const wire = await wires.sense();
      // A lamp that flashes is told of late: what is said meanwhile counts.
      await this.#listen(BESIDES_MS, () => false);
      const told = { relay: this.#told.relay === "on", lamp: this.#told.lamp === "on" };
      const { relay = told.relay, lamp = told.lamp } = wire;
      if ((relay === told.relay && lamp === told.lamp) || clock.now() >= end) return { told, wire };
    }
  }
}

function troubleOf(wire: Effect, effects: ReadonlySet<Effect>): string[] {
  if (effects.size === 1 && effects.has(wire)) return [];
  if (effects.size === 0) return [`${wire} has no effect: not connected?`];
  const others = [...effects].filter((effect) => effect !== wire);
  if (!effects.has(wire)) return [`${wire} goes to the board's ${others.join(" and ")}`];
  return [`${wire} moves the board's ${others.join(" and ")} as well: do they touch?`];
}
