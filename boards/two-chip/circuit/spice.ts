/**
 * Writes a circuit as a SPICE netlist, for given conditions, a switch position or motion, and a
 * fault.
 */

import {
  type Conditions,
  drivenPins,
  MODELS,
  NOMINAL,
  type Scene,
  SHARED_MODELS,
} from "./models.ts";
import { NORMAL_PINS } from "./pico.ts";
import { type Circuit, CircuitError, onlyPart, type Part } from "./table.ts";

export type Position = "on" | "travel" | "kill";

/** A single fault of a part: an open pin, or two pins shorted. */
export type Fault = { ref: string } & ({ open: string } | { short: readonly [string, string] });

/** The state of a contact over time: [ms, closed]; the first entry is at 0 ms. */
export type ContactSteps = readonly (readonly [number, boolean])[];

export interface Motion {
  on: ContactSteps;
  kill: ContactSteps;
  /** Length of the simulation and its largest step, ms. */
  untilMs: number;
  stepMs: number;
}

/** The names of PinDrive's values. */
export const PIN_DRIVE_NAMES = ["0", "1", "up", "in", "down"] as const;
/** How the controller drives a pin: 0 low, 1 high, 2 pulled up, 3 an input, 4 pulled down. */
export type PinDrive = 0 | 1 | 2 | 3 | 4;

export interface Experiment {
  conditions?: Partial<Conditions>;
  fault?: Fault;
  /**
   * A resting switch with the pins swept through all states, or held; or a moving switch with the
   * pins held. `base` is the number of drives of each pin (2: low, high; 3: also pull-up). The
   * digits of a state's number in that base are the drives, the first pin in the lowest digit.
   */
  run:
    | { position: Position; base: 2 | 3 }
    | { position: Position; pins: readonly PinDrive[] }
    | { motion: Motion; pins: readonly PinDrive[] };
}

const CLOSED_OHM = 0.02;
const OPEN_OHM = 1e9;
const EDGE_MS = 1e-4;

/** A net's name in SPICE. */
export function nodeName(net: string): string {
  return net === "GND" ? "0" : net.replace("+", "p").toLowerCase();
}

/** The same drive for all pins of the controller. */
export function allPins(circuit: Circuit, drive: PinDrive): PinDrive[] {
  return drivenPins(onlyPart(circuit, "controller")).map(() => drive);
}

/** The pins as the normal firmware drives them while the radio is in use. */
export function normalPins(circuit: Circuit): PinDrive[] {
  const drives = { high: 1, "pulled up": 2, input: 3 } as const;
  return drivenPins(onlyPart(circuit, "controller")).map(
    (pin) => drives[NORMAL_PINS[pin] ?? "input"],
  );
}

/** How many states the controller's pins have. */
export function stateCount(circuit: Circuit, base: 2 | 3): number {
  return base ** drivenPins(onlyPart(circuit, "controller")).length;
}

/** A state's label, such as "TX=1 RX=0 NO=up". */
export function stateLabel(circuit: Circuit, base: 2 | 3, state: number): string {
  return drivenPins(onlyPart(circuit, "controller"))
    .map((pin, index) => `${pin}=${PIN_DRIVE_NAMES[Math.floor(state / base ** index) % base]}`)
    .join(" ");
}

/** All single faults: each pin open, each pair of pins of a part shorted. */
export function faultsOf(circuit: Circuit): Fault[] {
  const faults: Fault[] = [];
  for (const part of circuit.parts) {
    const pins = Object.keys(part.pins);
    for (const pin of pins.length === 2 ? pins.slice(0, 1) : pins) {
      faults.push({ ref: part.ref, open: pin });
    }
    pins.forEach((a, index) => {
      for (const b of pins.slice(index + 1)) {
        if (part.pins[a]?.[1] !== part.pins[b]?.[1]) faults.push({ ref: part.ref, short: [a, b] });
      }
    });
  }
  return faults;
}

export function faultLabel(fault: Fault): string {
  return "open" in fault
    ? `${fault.ref}.${fault.open} open`
    : `${fault.ref}.${fault.short[0]} shorted to ${fault.short[1]}`;
}

/** The resistance of a contact while the switch rests, ohm. */
function restingContact(position: Position, throwName: "ON" | "KILL"): number {
  const closed =
    (position === "on" && throwName === "ON") || (position === "kill" && throwName === "KILL");
  return closed ? CLOSED_OHM : OPEN_OHM;
}

function pwl(name: string, steps: ContactSteps): string {
  const points: string[] = [];
  steps.forEach(([ms, closed], index) => {
    const before = index === 0 ? closed : steps[index - 1]?.[1];
    if (index > 0) points.push(`${ms}m ${before ? 1 : 0}`);
    points.push(`${(index === 0 ? 0 : ms + EDGE_MS).toFixed(4)}m ${closed ? 1 : 0}`);
  });
  return `V${name} ${name} 0 PWL(${points.join(" ")})`;
}

/**
 * The node on a pin: its net, or a node of its own if it is not connected or opened by the fault.
 */
export function pinNode(part: Part, pin: string, fault?: Fault): string {
  const net = part.pins[pin]?.[1];
  const broken =
    fault !== undefined && "open" in fault && fault.ref === part.ref && fault.open === pin;
  return net === undefined || broken ? `open_${part.ref}_${pin}`.toLowerCase() : nodeName(net);
}

/** A pin's drive as an expression: a constant, or a digit of the swept state. */
function driveOf({ run }: Experiment): Scene["drive"] {
  if ("pins" in run) return (index) => `${run.pins[index] ?? 3}`;
  const { base } = run;
  const shifted = (index: number): string => `floor(V(state)/${base ** index}+1e-6)`;
  return (index) => `(${shifted(index)}-${base}*${shifted(index + 1)})`;
}

/**
 * The lines of a fault. An open pin gets 1 Tohm to ground, without which SPICE finds no solution.
 */
function faultLines(circuit: Circuit, fault: Fault | undefined): string[] {
  if (fault === undefined) return [];
  if ("open" in fault) return [`Ropen open_${fault.ref}_${fault.open} 0 1e12`.toLowerCase()];
  const part = circuit.parts.find((row) => row.ref === fault.ref);
  const [a, b] = fault.short.map((pin) => part?.pins[pin]?.[1]);
  if (a === undefined || b === undefined) {
    throw new CircuitError(`fault ${faultLabel(fault)}: ${circuit.name} has no such pins`);
  }
  return [`Rshort ${nodeName(a)} ${nodeName(b)} 1m`];
}

/**
 * Initial guess for the solver with the switch at ON: every net up. It makes the solver ten times
 * faster and does not change the results.
 */
function startLines(circuit: Circuit, { run, conditions }: Experiment): string[] {
  const on = "motion" in run ? run.motion.on[0]?.[1] : run.position === "on";
  if (!on) return [];
  const nets = Object.keys(circuit.nets).filter((net) => !["GND", "+5V", "CLAMP"].includes(net));
  const supplyV = conditions?.supplyV ?? NOMINAL.supplyV;
  return [`.nodeset ${nets.map((net) => `V(${nodeName(net)})=${supplyV}`).join(" ")}`];
}

/** The netlist of an experiment. Throws CircuitError for a part without a model. */
export function netlist(circuit: Circuit, experiment: Experiment): string {
  const conditions: Conditions = { ...NOMINAL, ...experiment.conditions };
  const { run, fault } = experiment;
  const scene: Scene = {
    conditions,
    node: (part, pin) => pinNode(part, pin, fault),
    contact: (_pole, throwName) =>
      "motion" in run
        ? { control: `move_${throwName.toLowerCase()}` }
        : restingContact(run.position, throwName),
    drive: driveOf(experiment),
  };
  const body = circuit.parts.flatMap((part) => {
    const model = Object.hasOwn(MODELS, part.kind) ? MODELS[part.kind] : undefined;
    if (model === undefined) {
      throw new CircuitError(`${part.ref}: kind "${part.kind}" has no model; add one to models.ts`);
    }
    return model.lines(part, scene);
  });
  const last = "base" in run ? stateCount(circuit, run.base) - 1 : 0;
  const drive =
    "motion" in run
      ? [
          pwl("move_on", run.motion.on),
          pwl("move_kill", run.motion.kill),
          `.tran ${run.motion.stepMs}m ${run.motion.untilMs}m 0 ${run.motion.stepMs}m`,
        ]
      : ["Vstate state 0 0", "Rstate state 0 1", `.dc Vstate 0 ${last} 1`];
  return [
    `${circuit.name}${fault === undefined ? "" : `, ${faultLabel(fault)}`}`,
    ...body,
    ...faultLines(circuit, fault),
    ...startLines(circuit, experiment),
    ...SHARED_MODELS,
    `.temp ${conditions.temperatureC}`,
    ".options gmin=1e-12 itl1=500 itl2=500",
    ...drive,
    ".end",
    "",
  ].join("\n");
}
