/**
 * Calculations on the table by Ohm's law alone, without semiconductor models: node voltages of a
 * resistor network, an upper bound of back-power that holds whatever the chips do, and ohmmeter
 * readings.
 */
import type { Position } from "./spice.ts";
import {
  type Circuit,
  CircuitError,
  onlyPart,
  type Part,
  partsOfKind,
  partValue,
} from "./table.ts";

/** A resistance between two nets, ohm. */
export type Edge = readonly [string, string, number];

const CLOSED_OHM = 0.02;
const JOINED_OHM = 0.001;
const TOLERANCE = 0.01;

/**
 * The voltage of every net, given those of some nets. Gaussian elimination on the nodal equations.
 */
export function solve(
  edges: readonly Edge[],
  held: ReadonlyMap<string, number>,
): Map<string, number> {
  const nets = new Set(edges.map(([a]) => a).concat(edges.map(([, b]) => b)));
  const free = [...nets].filter((net) => !held.has(net));
  const index = new Map(free.map((net, row) => [net, row]));
  // 1 Tohm from each net to ground keeps an isolated net solvable.
  const matrix: number[][] = free.map((_, row) =>
    [...free, ""].map((__, column) => (row === column ? 1e-12 : 0)),
  );
  const stamp = (net: string, other: string, siemens: number): void => {
    const row = matrix[index.get(net) ?? -1];
    if (row === undefined) return;
    const self = index.get(net) ?? 0;
    row[self] = (row[self] ?? 0) + siemens;
    const column = index.get(other) ?? free.length;
    const volts = held.get(other);
    row[column] = (row[column] ?? 0) + (volts === undefined ? -siemens : siemens * volts);
  };
  for (const [a, b, ohm] of edges) {
    stamp(a, b, 1 / ohm);
    stamp(b, a, 1 / ohm);
  }
  eliminate(matrix);
  const result = new Map(held);
  free.forEach((net, row) => {
    result.set(net, matrix[row]?.[free.length] ?? Number.NaN);
  });
  return result;
}

/** Reduces [A | b] in place so that the last column is the solution. A is diagonally dominant. */
function eliminate(matrix: number[][]): void {
  for (const [pivot, row] of matrix.entries()) {
    const scale = row[pivot] ?? 0;
    for (let column = 0; column < row.length; column += 1) row[column] = (row[column] ?? 0) / scale;
    for (const other of matrix) {
      const factor = other === row ? 0 : (other[pivot] ?? 0);
      if (factor === 0) continue;
      for (let column = 0; column < row.length; column += 1) {
        other[column] = (other[column] ?? 0) - factor * (row[column] ?? 0);
      }
    }
  }
}

/** The resistors. With `tolerance` 1, those to ground are 1 % high and all others 1 % low. */
export function resistorEdges(circuit: Circuit, tolerance: 0 | 1): Edge[] {
  return partsOfKind(circuit, "resistor").map((part) => {
    const [a, b] = Object.values(part.pins).map(([, net]) => net);
    if (a === undefined || b === undefined) {
      throw new CircuitError(`${part.ref}: a resistor has two pins, a and b; connect both`);
    }
    const sign = a === "GND" || b === "GND" ? 1 : -1;
    return [a, b, partValue(part) * (1 + sign * tolerance * TOLERANCE)] as const;
  });
}

/** The closed contacts of the switch. */
export function contactEdges(circuit: Circuit, position: Position): Edge[] {
  const part = onlyPart(circuit, "switch");
  const throwName = position === "on" ? "ON" : "KILL";
  if (position === "travel") return [];
  return ["A", "B"].flatMap((pole) => {
    const [common, end] = [part.pins[`${pole}_COM`]?.[1], part.pins[`${pole}_${throwName}`]?.[1]];
    return common === undefined || end === undefined ? [] : [[common, end, CLOSED_OHM] as const];
  });
}

/**
 * Shorts between all nets of a part except ground: the worst that a broken or hostile chip can be.
 */
function shortedNets(part: Part): Edge[] {
  const nets = Object.values(part.pins)
    .map(([, net]) => net)
    .filter((net) => net !== "GND");
  return nets.slice(1).map((net) => [nets[0] ?? net, net, JOINED_OHM] as const);
}

/**
 * Upper bound of the voltage on RAIL with the switch not at ON, V. It assumes that every buffer and
 * the radio are dead shorts between all their pins and that the lamp is absent, so that only
 * resistors, the switch and ground pull RAIL down. `supplyV` is on 3V3 and on every controller pin
 * at once.
 */
export function backPowerBound(circuit: Circuit, position: Position, supplyV: number): number {
  const controller = onlyPart(circuit, "controller");
  const held = new Map<string, number>();
  for (const [pin, [, net]] of Object.entries(controller.pins)) {
    held.set(net, pin === "GND" ? 0 : pin === "V5" ? 5.25 : supplyV);
  }
  const chips = [...partsOfKind(circuit, "buffer"), ...partsOfKind(circuit, "radio")];
  const edges = [
    ...resistorEdges(circuit, 1),
    ...contactEdges(circuit, position),
    ...chips.flatMap(shortedNets),
  ];
  const rail = solve(edges, held).get("RAIL");
  if (rail === undefined)
    throw new CircuitError(`${circuit.name}: no net RAIL; name the radio's supply RAIL`);
  return rail;
}

/** The reading of an ohmmeter whose test voltage (below 0.3 V) turns on no junction, ohm. */
export function ohmmeter(circuit: Circuit, position: Position, red: string, black: string): number {
  const edges = [...resistorEdges(circuit, 0), ...contactEdges(circuit, position)];
  const volts = solve(
    [...edges, ["meter", red, 1]],
    new Map([
      [black, 0],
      ["meter", 1],
    ]),
  );
  const atRed = volts.get(red) ?? 1;
  return atRed / (1 - atRed);
}
