/**
 * The experiments: each runs netlists and returns one measured figure with the place of its worst
 * case. Must not know what figure is allowed: claims.ts does.
 */
import { LIMITS, type RADIO_LOADS, SWITCH_TIMES } from "./circuit.ts";
import type { Engine, Waves } from "./engine.ts";
import type { Conditions } from "./models.ts";
import {
  allPins,
  type ContactSteps,
  type Digit,
  type Fault,
  faultLabel,
  faultsOf,
  type Motion,
  netlist,
  type Position,
  pinNode,
  stateLabel,
} from "./spice.ts";
import { type Circuit, onlyPart } from "./table.ts";

/** A figure and where it was found. */
export interface Worst {
  value: number;
  where: string;
}

/** Greatest first of a list of figures; `-Infinity` of an empty one. */
export function greatest(rows: readonly Worst[]): Worst {
  return rows.reduce((a, b) => (b.value > a.value ? b : a), {
    value: Number.NEGATIVE_INFINITY,
    where: "",
  });
}

/** Voltage across the radio's supply pins, point by point, V. */
export function radioSupply(circuit: Circuit, result: Waves, fault?: Fault): number[] {
  const radio = onlyPart(circuit, "radio");
  const ground = result.of(pinNode(radio, "GND", fault));
  return result.of(pinNode(radio, "VDD", fault)).map((v, index) => v - (ground[index] ?? 0));
}

/** Greatest radio supply over every state of the controller's pins, switch still. */
export async function worstState(
  engine: Engine,
  circuit: Circuit,
  position: Position,
  base: 2 | 3,
  options: { fault?: Fault; conditions?: Partial<Conditions> } = {},
): Promise<Worst & { supplies: number[] }> {
  const result = await engine(netlist(circuit, { ...options, run: { position, base } }));
  const supplies = radioSupply(circuit, result, options.fault);
  const worst = greatest(
    supplies.map((value, state) => ({
      value,
      where: `${position}, ${stateLabel(circuit, base, state)}`,
    })),
  );
  return { ...worst, supplies };
}

/** Radio supply with every pin of the controller high, V. */
export async function allHigh(
  engine: Engine,
  circuit: Circuit,
  position: Position,
  options: { fault?: Fault; conditions?: Partial<Conditions> } = {},
): Promise<number> {
  const run = { position, pins: allPins(circuit, 1) };
  const result = await engine(netlist(circuit, { ...options, run }));
  return radioSupply(circuit, result, options.fault)[0] ?? Number.NaN;
}

/** Supply, temperature, four times the data sheet's Ioff, resistors against us. */
export const CORNERS: readonly Partial<Conditions>[] = [3.0, 3.6].flatMap((supplyV) =>
  [-40, 25, 85].flatMap((temperatureC) =>
    ([-1, 1] as const).map((tolerance) => ({ supplyV, temperatureC, tolerance, ioffScale: 4 })),
  ),
);

function cornerLabel(corner: Partial<Conditions>): string {
  return `${corner.supplyV} V, ${corner.temperatureC} C, Ioff x${corner.ioffScale}, R ${corner.tolerance === 1 ? "+" : "-"}1 %`;
}

/** Greatest radio supply over the corners, every pin high. */
export async function worstCorner(
  engine: Engine,
  circuit: Circuit,
  position: Position,
): Promise<Worst> {
  const rows: Worst[] = [];
  for (const conditions of CORNERS) {
    const value = await allHigh(engine, circuit, position, { conditions });
    rows.push({ value, where: `${position}, ${cornerLabel(conditions)}, all pins high` });
  }
  return greatest(rows);
}

/** Radio supply under each single fault: every pin high, or (full) every pin low or high. */
export async function faultSupplies(
  engine: Engine,
  circuit: Circuit,
  position: Position,
  full: boolean,
  step: (label: string) => void,
): Promise<Worst[]> {
  const rows: Worst[] = [];
  for (const fault of faultsOf(circuit)) {
    const where = `${position}, ${faultLabel(fault)}`;
    step(where);
    if (full) {
      const worst = await worstState(engine, circuit, position, 2, { fault });
      rows.push({ value: worst.value, where: `${faultLabel(fault)}, ${worst.where}` });
    } else {
      rows.push({
        value: await allHigh(engine, circuit, position, { fault }),
        where: `${where}, all pins high`,
      });
    }
  }
  return rows;
}

/** When the switch leaves its first contact in every motion below, ms. */
export const LEAVES_MS = 1;

/** One clean opening; the other throw is never reached. The slowest discharge there can be. */
export function openOnly(untilMs: number, stepMs: number): Motion {
  return {
    on: [
      [0, true],
      [LEAVES_MS, false],
    ],
    kill: [[0, false]],
    untilMs,
    stepMs,
  };
}

/** Openings and re-makes of a contact that bounces for `ms` from `start`, ending as `closed`. */
function bounce(start: number, ms: number, closed: boolean): ContactSteps {
  const marks = [0, 0.06, 0.1, 0.24, 0.28, 0.4, 0.48, 0.6, 0.64, 0.78, 0.84, 0.96, 1];
  return marks.map(
    (mark, index) => [start + mark * ms, index % 2 === 0 ? closed : !closed] as const,
  );
}

/** ON throw bounces open, 3 ms of travel, KILL throw bounces shut. */
export function bouncyKill(): Motion {
  const arrives = LEAVES_MS + SWITCH_TIMES.bounceMs + 3;
  return {
    on: [[0, true], ...bounce(LEAVES_MS, SWITCH_TIMES.bounceMs, false)],
    kill: [[0, false], ...bounce(arrives, SWITCH_TIMES.bounceMs, true)],
    untilMs: arrives + SWITCH_TIMES.bounceMs + 6,
    stepMs: 0.02,
  };
}

/** KILL throw opens, ON throw closes at LEAVES_MS. */
export function switchOn(): Motion {
  return {
    on: [
      [0, false],
      [LEAVES_MS, true],
    ],
    kill: [
      [0, true],
      [LEAVES_MS / 2, false],
    ],
    untilMs: LEAVES_MS + 3,
    stepMs: 0.002,
  };
}

/** Runs a motion with the pins held; the axis is in seconds. */
export async function move(
  engine: Engine,
  circuit: Circuit,
  motion: Motion,
  pins: readonly Digit[],
  options: { fault?: Fault; conditions?: Partial<Conditions> } = {},
): Promise<Waves> {
  return engine(netlist(circuit, { ...options, run: { motion, pins } }));
}

/** When a wave last stood at or above a level, ms: 0 if never, Infinity if it still does at its end. */
export function lastAbove(axis: readonly number[], wave: readonly number[], level: number): number {
  const last = wave.findLastIndex((volts) => volts >= level);
  if (last === wave.length - 1) return Number.POSITIVE_INFINITY;
  return last < 0 ? 0 : (axis[last + 1] ?? Number.NaN) * 1000;
}

/** How often a wave rises through a level. */
export function risesThrough(wave: readonly number[], level: number): number {
  return wave.filter((v, index) => v >= level && (wave[index - 1] ?? v) < level).length;
}

/** The corner with the most charge to lose and the weakest bleed. */
export const SLOWEST: Partial<Conditions> = {
  supplyV: LIMITS.supplyMaxV,
  tolerance: 1,
  capacitorScale: 1.2,
  radioInternalF: 10e-6,
};

export type Load = keyof typeof RADIO_LOADS;
export const LOADS: readonly Load[] = ["tx", "rx", "sleep"];
