/**
 * Checks that a fixture's wires are connected correctly: moves each one and reads the board's
 * trace, then compares the sensed outputs with the trace.
 */
import type { RealClock } from "../../base/clock.ts";
import { initialObserved, type Observed, updateObserved } from "../../scenario/observed.ts";
import type { BoardLine } from "../../serial/board-line.ts";
import type { FixtureWires, OptionalWire } from "./fixture.ts";
import type { OutputLevels } from "./wires.ts";

/** An effect on the board, named after the wire that should cause it. */
type Effect = "no" | "nc" | "button" | "reset";
type Output = "relay" | "lamp";

/** How long the board may take to report the effect of a wire, and to boot, in ms. */
const EFFECT_MS = 3_000;
const BOOT_MS = 8_000;
/** Further effects of one wire are reported within this time, in ms. */
const FURTHER_EFFECTS_MS = 200;
/** From a boot's first line until the guest reacts to the button, in ms. */
const SETTLE_MS = 500;
/**
 * How long an output may take to follow the trace, in ms. The lamp changes at the guest's next
 * tick.
 */
const FOLLOW_MS = 1_500;

const BOOT = /^@\d+ boot reason=(?!CUT$)/;
const POWERED = /^@\d+ boot reason=(?:POWER_ON|BROWN_OUT)$/;
const LIT = /^@\d+ gpio pin=LAMP level=1$/;

/** Trace lines that report an effect. Before a wire moves, both contacts are open. */
const EFFECT_LINES: readonly [Effect, RegExp][] = [
  ["no", /^@\d+ sense no=1/],
  ["nc", /^@\d+ sense no=[01] nc=1/],
  ["button", /^@\d+ gpio pin=RELAY/],
  ["reset", BOOT],
];

/** The outputs according to the trace, and as read on their wires. */
interface OutputSample {
  readonly traced: Record<Output, boolean>;
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
  #traced: Observed = initialObserved();

  constructor(options: WireCheckOptions) {
    this.#options = options;
  }

  /** Returns the problems found. The board must be running; its switch is left at KILL. */
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
    if (none)
      return [
        "no wire has any effect: check the ground wire, and that this is the board it goes to",
      ];
    const problems = [...found].flatMap(([wire, effects]) => inputProblems(wire, effects));
    return problems.length > 0 ? problems : this.#outputProblems();
  }

  /** Opens both contacts, releases the button, and waits until a cut that this causes is over. */
  async #rest(note: (text: string) => boolean = () => false): Promise<void> {
    const { wires } = this.#options;
    await wires.button(false);
    await wires.contacts(false, false, 0);
    const ended = (text: string) => note(text) || text.includes(" restart ");
    if (!(await this.#listen(FURTHER_EFFECTS_MS, ended))) return;
    await this.#listen(BOOT_MS, (text) => text.includes(" boot "));
    await this.#listen(SETTLE_MS, () => false);
  }

  /** Reads the trace for `ms`, or until `accepts` accepts a line. Returns whether it did. */
  async #listen(ms: number, accepts: (text: string) => boolean): Promise<boolean> {
    const { line, clock } = this.#options;
    const end = clock.now() + ms;
    for (let left = ms; left > 0; left = end - clock.now()) {
      const heard = await line.next(left);
      if (heard?.kind !== "trace") continue;
      const [, kind = "", detail = ""] = /^@\d+ ([a-z]+) (.*)$/.exec(heard.text) ?? [];
      // After a loss of supply the outputs are low; the trace does not report that.
      if (POWERED.test(heard.text)) this.#traced = initialObserved();
      updateObserved(this.#traced, kind, detail);
      if (accepts(heard.text)) return true;
    }
    return false;
  }

  async #effects(expected: Effect): Promise<ReadonlySet<Effect>> {
    const effects = new Set<Effect>();
    const note = (text: string): boolean => {
      // The lines after a boot are not the effect of one wire.
      if (effects.has("reset")) return true;
      for (const [effect, line] of EFFECT_LINES) if (line.test(text)) effects.add(effect);
      return effects.has(expected);
    };
    await this.#listen(expected === "reset" ? BOOT_MS : EFFECT_MS, note);
    if (effects.size === 0) {
      // A wire that is connected to the reset pin lets the board boot when it is released.
      await this.#rest(note);
      if (effects.size === 0) await this.#listen(EFFECT_MS, note);
    }
    await this.#listen(FURTHER_EFFECTS_MS, (text) => {
      note(text);
      return false;
    });
    return effects.has("reset") ? new Set(["reset"]) : effects;
  }

  /** Brings relay and lamp into each of their states and compares their wires with the trace. */
  async #outputProblems(): Promise<string[]> {
    const { wires, wired } = this.#options;
    const outputs = (["relay", "lamp"] as const).filter((name) => wired.has(name));
    const samples: OutputSample[] = [];
    const sample = async () => samples.push(await this.#sampleOutputs());
    await this.#rest();
    await wires.contacts(false, true, 0);
    for (let press = 0; press < 2; press++) {
      await this.#press();
      await sample();
    }
    await wires.contacts(true, false, 0);
    await this.#listen(BOOT_MS, (text) => LIT.test(text));
    await sample();
    await wires.contacts(false, true, 0);
    await this.#listen(BOOT_MS, (text) => /boot reason=CUT$/.test(text));
    return outputs.flatMap((output) => {
      const follows = (name: Output) =>
        samples.every(({ traced, wire }) => wire[output] === traced[name]);
      const other = output === "relay" ? "lamp" : "relay";
      if (follows(output)) return [];
      if (follows(other)) return [`${output} is connected to the board's ${other}`];
      return [`${output} does not follow the board's ${output}: check that it is connected`];
    });
  }

  async #press(): Promise<void> {
    const { wires } = this.#options;
    await wires.button(true);
    await this.#listen(EFFECT_MS, (text) => text.includes(" gpio pin=RELAY"));
    await wires.button(false);
    await this.#listen(FURTHER_EFFECTS_MS, () => false);
  }

  /** Samples the outputs once wires and trace agree, or after FOLLOW_MS if they do not. */
  async #sampleOutputs(): Promise<OutputSample> {
    const { wires, clock } = this.#options;
    const end = clock.now() + FOLLOW_MS;
    for (;;) {
      const wire = await wires.sense();
      // The line of a flashing lamp may come after the level was read, so read on before comparing.
      await this.#listen(FURTHER_EFFECTS_MS, () => false);
      const traced = { relay: this.#traced.relay === "on", lamp: this.#traced.lamp === "on" };
      const { relay = traced.relay, lamp = traced.lamp } = wire;
      const agree = relay === traced.relay && lamp === traced.lamp;
      if (agree || clock.now() >= end) return { traced, wire };
    }
  }
}

function inputProblems(wire: Effect, effects: ReadonlySet<Effect>): string[] {
  if (effects.size === 1 && effects.has(wire)) return [];
  if (effects.size === 0) return [`${wire} has no effect: check that it is connected`];
  const others = [...effects].filter((effect) => effect !== wire);
  if (!effects.has(wire)) return [`${wire} is connected to the board's ${others.join(" and ")}`];
  return [`${wire} also moves the board's ${others.join(" and ")}: check for a short`];
}
