/**
 * Ohm's law on the table, without any semiconductor model: node voltages of a resistor network, the
 * bound on back-power that holds whatever the chips do, and what an ohmmeter reads.
 * Must not know SPICE.
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

/** Voltage of every net, given some that are held. Gaussian elimination on the nodal equations. */
export function solve(
  edges: readonly Edge[],
  held: ReadonlyMap<string, number>,
): Map<string, number> {
  const nets = new Set(edges.map(([a]) => a).concat(edges.map(([, b]) => b)));
  const free = [...nets].filter((net) => !held.has(net));
  const index = new Map(free.map((net, row) => [net, row]));
  // A leak of 1 Tohm to ground keeps an isolated net solvable.
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

/** Reduces [A | b] in place until its last column is the solution. A is diagonally dominant. */
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

/** Resistors of the table; `tolerance` 1 takes those to ground 1 % high and all others 1 % low. */
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

/** Closed contacts of the switch. */
export function contactEdges(circuit: Circuit, position: Position): Edge[] {
  const part = onlyPart(circuit, "switch");
  const throwName = position === "on" ? "ON" : "KILL";
  if (position === "travel") return [];
  return ["A", "B"].flatMap((pole) => {
    const [common, end] = [part.pins[`${pole}_COM`]?.[1], part.pins[`${pole}_${throwName}`]?.[1]];
    return common === undefined || end === undefined ? [] : [[common, end, CLOSED_OHM] as const];
  });
}

/** Every net of the part but ground, joined: the worst a broken or hostile chip can be. */
function joined(part: Part): Edge[] {
  const nets = Object.values(part.pins)
    .map(([, net]) => net)
    .filter((net) => net !== "GND");
  return nets.slice(1).map((net) => [nets[0] ?? net, net, JOINED_OHM] as const);
}

/**
 * The highest voltage that RAIL can take with the switch off its ON throw, V, if every buffer and
 * the radio were solid shorts between their pins and the lamp were absent: only resistors, the
 * switch and ground hold it down. `supplyV`: every controller pin and its 3V3 at once.
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
    ...chips.flatMap(joined),
  ];
  const rail = solve(edges, held).get("RAIL");
  if (rail === undefined)
    throw new CircuitError(`${circuit.name}: no net RAIL; name the radio's supply RAIL`);
  return rail;
}

/** What an ohmmeter too weak to turn on a junction (under 0.3 V) reads between two nets, ohm. */
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
