/** The experiments on what shows the state: the lamp, the rail sense and the switch's contacts. */
import { LIMITS } from "./circuit.ts";
import type { Engine } from "./engine.ts";
import type { Experiments } from "./experiments.ts";
import type { Conditions } from "./models.ts";
import { allPins, netlist, nodeName, normalPins, type PinDrive, type Position } from "./spice.ts";
import * as sweep from "./sweep.ts";
import { type Circuit, CircuitError, netOf, onlyPart, partValue } from "./table.ts";

/** Lowest value of `wave` while the radio's supply is at or above brown-out. */
function leastWhileAlive(supply: readonly number[], wave: readonly number[]): number {
  return Math.min(...wave.filter((_, index) => (supply[index] ?? 0) >= LIMITS.brownOutV));
}

async function lampCurrent(
  engine: Engine,
  circuit: Circuit,
  temperatureC: number,
): Promise<sweep.Worst> {
  const lamp = onlyPart(circuit, "led");
  const anode = netOf(lamp, "A");
  const series = circuit.parts.find(
    (part) => part.kind === "resistor" && part.pins.b?.[1] === anode,
  );
  if (series === undefined)
    throw new CircuitError(
      `${lamp.ref}: its anode has no series resistor; add one on net ${anode}`,
    );
  const conditions = { temperatureC };
  const waves = await sweep.move(engine, circuit, sweep.openOnly(10, 0.02), normalPins(circuit), {
    conditions,
  });
  const supply = sweep.radioSupply(circuit, waves);
  const drop = waves.of(nodeName(anode)).map((volts, index) => (supply[index] ?? 0) - volts);
  return {
    value: leastWhileAlive(supply, drop) / partValue(series),
    where: `radio supply falling through ${LIMITS.brownOutV} V, ${temperatureC} C`,
  };
}

export async function lampAndRailSense({
  engine,
  circuit,
  claim,
  step,
}: Experiments): Promise<void> {
  step("lamp and rail sense");
  const cold = await lampCurrent(engine, circuit, -40);
  const hot = await lampCurrent(engine, circuit, 85);
  claim("lamp", cold.value < hot.value ? cold : hot);
  const blue: Circuit = {
    ...circuit,
    parts: circuit.parts.map((part) => (part.kind === "led" ? { ...part, value: 2.9 } : part)),
  };
  claim("control-lamp", await lampCurrent(engine, blue, 25));
  const sense = nodeName(netOf(onlyPart(circuit, "controller"), "RAIL"));
  const waves = await sweep.move(engine, circuit, sweep.openOnly(10, 0.02), normalPins(circuit), {
    conditions: { inputLeakA: -LIMITS.inputLeakA },
  });
  claim("sense-up", {
    value: leastWhileAlive(sweep.radioSupply(circuit, waves), waves.of(sense)),
    where: `radio supply falling through ${LIMITS.brownOutV} V, 1 µA into the pin`,
  });
  const run = { position: "kill" as const, pins: normalPins(circuit) };
  const conditions = { supplyV: LIMITS.supplyMaxV, inputLeakA: LIMITS.inputLeakA };
  const down = await engine(netlist(circuit, { conditions, run }));
  claim("sense-down", {
    value: down.of(sense)[0] ?? Number.NaN,
    where: `kill, ${LIMITS.supplyMaxV} V, 1 µA out of the pin`,
  });
}

/** The voltages of the sense contacts at a position, V. */
async function contactVolts(
  { engine, circuit }: Experiments,
  position: Position,
  drive: PinDrive,
  conditions: Partial<Conditions>,
): Promise<{ no: number; nc: number }> {
  const controller = onlyPart(circuit, "controller");
  const run = { position, pins: allPins(circuit, drive) };
  const result = await engine(netlist(circuit, { conditions, run }));
  const volts = (pin: string): number =>
    result.of(nodeName(netOf(controller, pin)))[0] ?? Number.NaN;
  return { no: volts("NO"), nc: volts("NC") };
}

/**
 * The voltages of the closed contacts and of the open ones, with the controller's pins as inputs
 * that leak in the worse direction; and of the closed ones with the pads' own pull-downs on.
 */
export async function contacts(context: Experiments): Promise<void> {
  const { claim, step } = context;
  step("contacts");
  const [input, pulledDown] = [3, 4] as const;
  const low = { supplyV: LIMITS.controllerMinV, inputLeakA: -LIMITS.inputLeakA };
  const high = { supplyV: LIMITS.supplyMaxV, inputLeakA: LIMITS.inputLeakA };
  const closed: sweep.Worst[] = [];
  const open: sweep.Worst[] = [];
  const hidden: sweep.Worst[] = [];
  for (const tolerance of [-1, 1] as const) {
    const on = await contactVolts(context, "on", input, { ...low, tolerance });
    const kill = await contactVolts(context, "kill", input, { ...low, tolerance });
    const where = `${LIMITS.controllerMinV} V, 1 µA into the pin, R ${tolerance === 1 ? "+" : "-"}1 %`;
    closed.push({ value: -on.no, where: `NO at on, ${where}` });
    closed.push({ value: -kill.nc, where: `NC at kill, ${where}` });
    const pulled = await contactVolts(context, "on", pulledDown, { supplyV: LIMITS.supplyMaxV });
    hidden.push({ value: pulled.no, where: `NO at on, ${LIMITS.supplyMaxV} V, pads pull down` });
    for (const position of ["on", "kill", "travel"] as const) {
      const { no, nc } = await contactVolts(context, position, input, { ...high, tolerance });
      const at = `at ${position}, ${LIMITS.supplyMaxV} V, 1 µA out of the pin`;
      if (position !== "on") open.push({ value: no, where: `NO ${at}` });
      if (position !== "kill") open.push({ value: nc, where: `NC ${at}` });
    }
  }
  const least = sweep.greatest(closed);
  claim("contact-closed", { ...least, value: -least.value });
  claim("contact-open", sweep.greatest(open));
  claim("control-pull", sweep.greatest(hidden));
}
