/**
 * The experiments. Each runs netlists and returns its worst figure with the case in which it was
 * found.
 */
import { LIMITS, type RADIO_LOADS, SWITCH_TIMES } from "./circuit.ts";
import type { Engine, Waves } from "./engine.ts";
import type { Conditions } from "./models.ts";
import {
  allPins,
  type ContactSteps,
  type Fault,
  faultLabel,
  faultsOf,
  type Motion,
  netlist,
  type PinDrive,
  type Position,
  pinNode,
  stateLabel,
} from "./spice.ts";
import { type Circuit, onlyPart } from "./table.ts";

/** A figure, and the case in which it was found. */
export interface Worst {
  value: number;
  where: string;
}

/** The greatest of the figures; `-Infinity` for an empty list. */
export function greatest(rows: readonly Worst[]): Worst {
  return rows.reduce((a, b) => (b.value > a.value ? b : a), {
    value: Number.NEGATIVE_INFINITY,
    where: "",
  });
}

/** The voltage across the radio's supply pins at each point, V. */
export function radioSupply(circuit: Circuit, result: Waves, fault?: Fault): number[] {
  const radio = onlyPart(circuit, "radio");
  const ground = result.of(pinNode(radio, "GND", fault));
  return result.of(pinNode(radio, "VDD", fault)).map((v, index) => v - (ground[index] ?? 0));
}

/** The highest radio supply over all states of the controller's pins, with the switch at rest. */
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

/** The radio's supply with all pins of the controller high, V. */
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

/**
 * The corners: lowest and highest supply, temperature, resistor tolerance, and 4 times the Ioff
 * limit.
 */
export const CORNERS: readonly Partial<Conditions>[] = [3.0, LIMITS.supplyMaxV].flatMap((supplyV) =>
  [-40, 25, 85].flatMap((temperatureC) =>
    ([-1, 1] as const).map((tolerance) => ({ supplyV, temperatureC, tolerance, ioffScale: 4 })),
  ),
);

function cornerLabel(corner: Partial<Conditions>): string {
  return `${corner.supplyV} V, ${corner.temperatureC} C, Ioff x${corner.ioffScale}, R ${corner.tolerance === 1 ? "+" : "-"}1 %`;
}

/** The highest radio supply over the corners, with all pins high. */
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

/**
 * The radio's supply under each single fault: with all pins high, or (`full`) the worst pin state.
 */
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

/** The time at which the switch leaves its first contact in all motions below, ms. */
export const LEAVES_MS = 1;

/** One clean opening; the other throw is never reached. This gives the slowest discharge. */
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

/** A contact that bounces for `ms` from `start` and ends as `closed`. */
function bounce(start: number, ms: number, closed: boolean): ContactSteps {
  const marks = [0, 0.06, 0.1, 0.24, 0.28, 0.4, 0.48, 0.6, 0.64, 0.78, 0.84, 0.96, 1];
  return marks.map(
    (mark, index) => [start + mark * ms, index % 2 === 0 ? closed : !closed] as const,
  );
}

/** The ON throw opens with bounce, 3 ms of travel, the KILL throw closes with bounce. */
export function bouncyKill(): Motion {
  const arrives = LEAVES_MS + SWITCH_TIMES.bounceMs + 3;
  return {
    on: [[0, true], ...bounce(LEAVES_MS, SWITCH_TIMES.bounceMs, false)],
    kill: [[0, false], ...bounce(arrives, SWITCH_TIMES.bounceMs, true)],
    untilMs: arrives + SWITCH_TIMES.bounceMs + 6,
    stepMs: 0.02,
  };
}

/** The KILL throw opens, then the ON throw closes at LEAVES_MS. */
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

/** Simulates a motion with the pins held. The result's axis is in seconds. */
export async function move(
  engine: Engine,
  circuit: Circuit,
  motion: Motion,
  pins: readonly PinDrive[],
  options: { fault?: Fault; conditions?: Partial<Conditions> } = {},
): Promise<Waves> {
  return engine(netlist(circuit, { ...options, run: { motion, pins } }));
}

/** When a wave was last at or above a level, ms: 0 if never, Infinity if it is at its end. */
export function lastAbove(axis: readonly number[], wave: readonly number[], level: number): number {
  const last = wave.findLastIndex((volts) => volts >= level);
  if (last === wave.length - 1) return Number.POSITIVE_INFINITY;
  return last < 0 ? 0 : (axis[last + 1] ?? Number.NaN) * 1000;
}

/** How many times a wave rises through a level. */
export function risesThrough(wave: readonly number[], level: number): number {
  return wave.filter((v, index) => v >= level && (wave[index - 1] ?? v) < level).length;
}

/** The corner with the slowest discharge: the most charge and the weakest bleed. */
export const SLOWEST: Partial<Conditions> = {
  supplyV: LIMITS.supplyMaxV,
  tolerance: 1,
  capacitorScale: 1.2,
  radioInternalF: 10e-6,
};

export type Load = keyof typeof RADIO_LOADS;
export const LOADS: readonly Load[] = ["tx", "rx", "sleep"];
