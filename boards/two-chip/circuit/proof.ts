/** Runs all experiments on a circuit and compares their figures with the claims. */
import { LIMITS, RADIO_AWAKE_A, RADIO_LOADS, SWITCH_TIMES } from "./circuit.ts";
import { judge } from "./claims.ts";
import type { Engine, Waves } from "./engine.ts";
import type { Curve, Experiments, Proof, ProofOptions } from "./experiments.ts";
import { contacts, lampAndRailSense } from "./inputs.ts";
import { type Conditions, MODELS } from "./models.ts";
import { NAIVE } from "./naive.ts";
import { backPowerBound } from "./network.ts";
import { REFUSED } from "./refused.ts";
import { brokenRules } from "./rules.ts";
import {
  allPins,
  faultLabel,
  faultsOf,
  netlist,
  nodeName,
  normalPins,
  type PinDrive,
  type Position,
  stateCount,
} from "./spice.ts";
import * as sweep from "./sweep.ts";
import { type Circuit, CircuitError, checkCircuit, netOf, onlyPart, partOf } from "./table.ts";

const POSITIONS = ["kill", "travel"] as const;
const PLOT_POINTS = 400;

/** A curve with at most about PLOT_POINTS points; x in ms. */
function curve(name: string, axis: readonly number[], wave: readonly number[], fromMs = 0): Curve {
  const stride = Math.max(1, Math.floor(axis.length / PLOT_POINTS));
  const keep = axis.map((_, index) => index).filter((index) => index % stride === 0);
  return {
    name,
    x: keep.map((index) => (axis[index] ?? 0) * 1000 - fromMs),
    y: keep.map((index) => wave[index] ?? 0),
  };
}

/** Time from the first opening until the radio's supply stays below a level, ms. */
function deadAfter(circuit: Circuit, waves: Waves, level: number): number {
  return sweep.lastAbove(waves.axis, sweep.radioSupply(circuit, waves), level) - sweep.LEAVES_MS;
}

async function restingSwitch(context: Experiments, position: Position): Promise<void> {
  const { engine, circuit, claim, step } = context;
  claim(`bound-${position === "kill" ? "kill" : "travel"}`, {
    value: backPowerBound(circuit, position, LIMITS.supplyMaxV),
    where: `${position}, every chip a dead short, ${LIMITS.supplyMaxV} V on every pin`,
  });
  step(`every pin state, ${position}`);
  const states = await sweep.worstState(engine, circuit, position, 3);
  claim(position === "kill" ? "states-kill" : "states-travel", states);
  if (position === "travel") addSorted(context, "shipped, in travel", states.supplies);
  else addSorted(context, "shipped, at KILL", states.supplies);
  step(`corners, ${position}`);
  claim(
    position === "kill" ? "corners-kill" : "corners-travel",
    await sweep.worstCorner(engine, circuit, position),
  );
}

/** Adds a plot of all supply voltages, in ascending order. */
function addSorted({ proof }: Experiments, name: string, supplies: readonly number[]): void {
  const sorted = [...supplies].sort((a, b) => a - b);
  const stride = Math.max(1, Math.floor(sorted.length / PLOT_POINTS));
  const keep = sorted.map((_, index) => index).filter((index) => index % stride === 0);
  proof.curves.backPower.push({
    name,
    x: keep.map((index) => (100 * index) / (sorted.length - 1)),
    y: keep.map((index) => sorted[index] ?? 0),
  });
}

async function regulatorEnable({ engine, circuit, claim, step }: Experiments): Promise<void> {
  step("regulator's enable");
  const net = nodeName(netOf(onlyPart(circuit, "regulator"), "EN"));
  const rows: sweep.Worst[] = [];
  for (const conditions of sweep.CORNERS) {
    const run = { position: "kill" as const, pins: allPins(circuit, 1) };
    const result = await engine(netlist(circuit, { conditions, run }));
    rows.push({
      value: result.of(net)[0] ?? Number.NaN,
      where: `kill, ${conditions.supplyV} V, all pins high`,
    });
  }
  claim("enable", sweep.greatest(rows));
}

async function switchOff({ engine, circuit, proof, claim, step }: Experiments): Promise<void> {
  const pins = allPins(circuit, 1);
  const slow: sweep.Worst[] = [];
  for (const load of sweep.LOADS) {
    step(`switch-off, ${load}`);
    const radioA = RADIO_LOADS[load];
    const waves = await sweep.move(engine, circuit, sweep.openOnly(40, 0.04), pins, {
      conditions: { radioA },
    });
    const where = `${load}, all pins high, KILL throw never reached`;
    claim(`cut-${load}`, { value: deadAfter(circuit, waves, LIMITS.brownOutV), where });
    proof.figures[`${load}DeadMs`] = deadAfter(circuit, waves, LIMITS.deadV);
    proof.curves.cut.push(
      curve(load, waves.axis, sweep.radioSupply(circuit, waves), sweep.LEAVES_MS),
    );
    for (const temperatureC of [-40, 85]) {
      const conditions: Partial<Conditions> = { ...sweep.SLOWEST, radioA, temperatureC };
      const corner = await sweep.move(engine, circuit, sweep.openOnly(120, 0.2), pins, {
        conditions,
      });
      slow.push({
        value: deadAfter(circuit, corner, LIMITS.deadV),
        where: `${where}, ${LIMITS.supplyMaxV} V, ${temperatureC} C, C +20 % and 10 µF inside the module`,
      });
    }
  }
  claim("discharge", sweep.greatest(slow));
}

async function bouncingSwitchOff({
  engine,
  circuit,
  proof,
  claim,
  step,
}: Experiments): Promise<void> {
  const rows: sweep.Worst[] = [];
  for (const load of sweep.LOADS) {
    step(`bounce, ${load}`);
    const conditions = { radioA: RADIO_LOADS[load], capacitorScale: 0.5 };
    const waves = await sweep.move(engine, circuit, sweep.bouncyKill(), allPins(circuit, 1), {
      conditions,
    });
    const supply = sweep.radioSupply(circuit, waves);
    rows.push({
      value: deadAfter(circuit, waves, LIMITS.deadV),
      where: `${load}, ${SWITCH_TIMES.bounceMs} ms of bounce on each throw, 3 ms of travel`,
    });
    proof.figures[`${load}Recrossings`] = sweep.risesThrough(supply, LIMITS.brownOutV);
    if (load !== "tx") proof.curves.bounce.push(curve(load, waves.axis, supply, sweep.LEAVES_MS));
  }
  claim("bounce", sweep.greatest(rows));
}

async function switchOn({ engine, circuit, proof, claim, step }: Experiments): Promise<void> {
  step("switch-on");
  const radioA = RADIO_LOADS.tx;
  const conditions = { radioA, capacitorScale: 1.2, radioInternalF: 10e-6 };
  const waves = await sweep.move(engine, circuit, sweep.switchOn(), normalPins(circuit), {
    conditions,
  });
  const supply = sweep.radioSupply(circuit, waves);
  const own = waves.of("3v3");
  const up = supply.findIndex((volts) => volts >= LIMITS.radioMinV);
  const where = "switch-on into 22 µF, radio at 350 mA at once";
  claim("dip", { value: Math.min(...own), where });
  claim("on", { value: supply.at(-1) ?? Number.NaN, where });
  claim("control-on", { value: supply.at(-1) ?? Number.NaN, where });
  proof.figures.railUpMs = up < 0 ? Number.NaN : (waves.axis[up] ?? 0) * 1000 - sweep.LEAVES_MS;
  proof.curves.dip.push(curve("shipped", waves.axis, own, sweep.LEAVES_MS));
}

async function faults(
  { engine, circuit, proof, claim, step }: Experiments,
  full: boolean,
): Promise<void> {
  for (const position of POSITIONS) {
    const rows = await sweep.faultSupplies(engine, circuit, position, full, step);
    claim(position === "kill" ? "faults-kill" : "faults-travel", sweep.greatest(rows));
    proof.figures.faults = rows.length;
  }
  if (!full) return;
  const rows: sweep.Worst[] = [];
  const motion = { ...sweep.bouncyKill(), untilMs: 60, stepMs: 0.25 };
  for (const fault of faultsOf(circuit)) {
    const where = `switch-off with bounce, ${faultLabel(fault)}`;
    step(where);
    const waves = await sweep.move(engine, circuit, motion, allPins(circuit, 1), { fault });
    const supply = sweep.radioSupply(circuit, waves, fault);
    rows.push({
      value: sweep.lastAbove(waves.axis, supply, LIMITS.deadV) - sweep.LEAVES_MS,
      where,
    });
  }
  claim("faults-cut", sweep.greatest(rows));
}

async function negativeControls(context: Experiments): Promise<void> {
  const { engine, proof, claim, step } = context;
  step("controls: the naive circuit");
  const [first, ...others] = allPins(NAIVE, 1);
  const onePin = {
    position: "kill" as const,
    pins: [first ?? 1, ...others.map((): PinDrive => 3)],
  };
  const one = await engine(netlist(NAIVE, { run: onePin }));
  claim("control-one-pin", {
    value: sweep.radioSupply(NAIVE, one)[0] ?? Number.NaN,
    where: "naive, TX high, all others inputs, deep sleep",
  });
  const conditions = { radioA: RADIO_AWAKE_A };
  const states = await sweep.worstState(engine, NAIVE, "kill", 2, { conditions });
  claim("control-all-pins", {
    value: states.value,
    where: `naive, awake at ${RADIO_AWAKE_A * 1000} mA, ${states.where}`,
  });
  const asleep = await sweep.worstState(engine, NAIVE, "kill", 3);
  proof.figures.naiveStates = asleep.supplies.length;
  proof.figures.naiveWorstV = asleep.value;
  proof.figures.naiveAlive = asleep.supplies.filter((volts) => volts > LIMITS.brownOutV).length;
  addSorted(context, "naive", asleep.supplies);
  const waves = await sweep.move(engine, NAIVE, sweep.switchOn(), allPins(NAIVE, 3));
  claim("control-dip", {
    value: Math.min(...waves.of("3v3")),
    where: "naive, switch-on into 10 µF",
  });
  proof.curves.dip.push(curve("naive", waves.axis, waves.of("3v3"), sweep.LEAVES_MS));
}

/** Throws CircuitError if the table is malformed or violates an electrical rule. */
export function checkBoard(circuit: Circuit): void {
  checkCircuit(circuit, Object.keys(MODELS));
  for (const ref of ["U1", "U2", "U3", "SW1"]) partOf(circuit, ref);
  const broken = brokenRules(circuit);
  if (broken.length > 0)
    throw new CircuitError(
      `${circuit.name} violates ${broken.length} electrical rules: ${broken.join("; ")}`,
    );
}

/** Throws CircuitError unless rule `transmit`, and no other, refuses each controller with a radio. */
export function checkRefused(): void {
  for (const [name, circuit] of Object.entries(REFUSED)) {
    const broken = brokenRules(circuit);
    if (broken.length !== 1 || broken[0]?.startsWith("transmit: U1 ") !== true)
      throw new CircuitError(
        `control: ${name} as U1 must violate rule transmit alone, but violates: ${broken.join("; ") || "none"}`,
      );
  }
}

/** Values of the series resistors for which the README lists the bound in travel, ohm. */
export const SERIES_TRIED = [1000, 2200, 2700, 3300, 4700] as const;

/** `bound-travel` with other series resistors, V, by figure name. */
function seriesBounds(circuit: Circuit): Record<string, number> {
  const bound = (ohm: number): number => {
    const parts = circuit.parts.map((part) =>
      part.purpose === "series" ? { ...part, value: ohm } : part,
    );
    return backPowerBound({ ...circuit, parts }, "travel", LIMITS.supplyMaxV);
  };
  return Object.fromEntries(SERIES_TRIED.map((ohm) => [`boundTravel${ohm}`, bound(ohm)]));
}

/**
 * Evaluates all claims about a circuit. Throws CircuitError for a bad table or a refused netlist.
 */
export async function prove(
  engine: Engine,
  circuit: Circuit,
  options: ProofOptions,
): Promise<Proof> {
  checkBoard(circuit);
  checkRefused();
  const total = 15 + faultsOf(circuit).length * (options.full ? 3 : 2);
  let done = 0;
  const proof: Proof = {
    claims: [],
    figures: {
      states: stateCount(circuit, 3),
      ...seriesBounds(circuit),
    },
    curves: { cut: [], bounce: [], backPower: [], dip: [] },
  };
  const context: Experiments = {
    engine,
    circuit,
    proof,
    step: (label) => {
      options.progress(done, total, label);
      done += 1;
    },
    claim: (id, worst) => {
      proof.claims.push(judge(id, worst));
    },
  };
  for (const position of POSITIONS) await restingSwitch(context, position);
  await regulatorEnable(context);
  await switchOff(context);
  await bouncingSwitchOff(context);
  await switchOn(context);
  await lampAndRailSense(context);
  await contacts(context);
  await negativeControls(context);
  await faults(context, options.full);
  options.progress(total, total, "done");
  if (done !== total)
    throw new CircuitError(
      `the proof ran ${done} steps, but its progress total is ${total}; correct it in proof.ts`,
    );
  return proof;
}
