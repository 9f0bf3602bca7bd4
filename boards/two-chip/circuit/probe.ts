/**
 * The commission test: the multimeter readings of a correct board, computed from its table of
 * parts.
 */
import { holeOfPin } from "./breadboard.ts";
import type { Engine } from "./engine.ts";
import type { Conditions } from "./models.ts";
import { ohmmeter } from "./network.ts";
import { allPins, netlist, nodeName, normalPins, type PinDrive, type Position } from "./spice.ts";
import { type Circuit, CircuitError, pinsOf } from "./table.ts";

/** Lowest and highest reading; null for no limit. */
export type Band = readonly [number | null, number | null];

export interface Probe {
  point: string;
  /** Where the red and the black probe go. */
  red: string;
  black: string;
  /**
   * Plugged into USB, or unplugged after the switch was moved twice to discharge the capacitors.
   */
  supply: "plugged" | "unplugged";
  unit: "V" | "ohm";
  on: Band;
  kill: Band;
  /** What a reading outside its band means. */
  otherwise: string;
}

export interface CommissionTable {
  board: string;
  tier: string;
  probes: Probe[];
}

interface Row {
  net: string;
  point: string;
  otherwise: string;
}

const VOLTAGES: readonly Row[] = [
  {
    net: "RAIL",
    point: "the radio's supply",
    otherwise: "up at KILL: the radio is powered around the switch; the board is not rail-cut",
  },
  {
    net: "VRADIO",
    point: "the regulator's output",
    otherwise: "up at KILL: pole B does not disable the regulator",
  },
  {
    net: "SW_ON",
    point: "the regulator's enable, sense contact NO",
    otherwise: "up at KILL: something other than the switch enables the regulator",
  },
  {
    net: "SW_KILL",
    point: "sense contact NC",
    otherwise: "the controller reads another position than that of the switch",
  },
  {
    net: "SENSE_NO",
    point: "contact NO at the controller's pin",
    otherwise:
      "far lower at ON: the pad's own pull-down is on, because no firmware runs or a wrong one",
  },
  {
    net: "SENSE_NC",
    point: "contact NC at the controller's pin",
    otherwise: "far lower at KILL: as for NO",
  },
  {
    net: "RAIL_SENSE",
    point: "the controller's rail sense",
    otherwise: "up at KILL while RAIL is down: the sense wire is open; down at ON: it is faked",
  },
];

const OHMS: readonly (Row & { black: string })[] = [
  {
    net: "RAIL",
    black: "GND",
    point: "bleed and clamp",
    otherwise:
      "far too high at KILL: the clamp R1 is missing; far too high at ON: the bleed R2 is missing",
  },
  {
    net: "RAIL",
    black: "VRADIO",
    point: "the switch itself",
    otherwise: "low at KILL: the contact is bridged or welded",
  },
  {
    net: "RAIL",
    black: "3V3",
    point: "a bypass from the controller's supply",
    otherwise: "low: the radio is fed from the controller",
  },
  {
    net: "RAIL",
    black: "+5V",
    point: "a bypass from USB",
    otherwise: "low: a second regulator or a wire bypasses the switch",
  },
];

const METER = { share: 0.02, volts: 0.03 } as const;
/**
 * A reading above this means no copper between the probes, ohm. Chips may lower an open circuit to
 * it.
 */
const OPEN_OHM = 500;

const CONDITIONS: readonly Partial<Conditions>[] = [3.2, 3.4].flatMap((supplyV) =>
  ([-1, 1] as const).flatMap((tolerance) =>
    [0.01, 4].map((ioffScale) => ({ supplyV, tolerance, ioffScale })),
  ),
);

/**
 * A pad where a probe can touch a net, and its hole on the breadboard build, such as "RAIL (C3 pad
 * 1; breadboard B h57)". Prefers capacitors, then others.
 */
function probePoint(circuit: Circuit, net: string): string {
  const pins = pinsOf(circuit).filter((pin) => pin.net === net);
  const order = ["capacitor", "regulator", "resistor", "switch", "controller"];
  const best = order
    .map((kind) => pins.find(({ part }) => part.kind === kind))
    .find((pin) => pin !== undefined);
  if (best === undefined)
    throw new CircuitError(
      `commission: net ${net} has no pad that a probe can touch; use another net in probe.ts`,
    );
  const hole = holeOfPin(circuit, best.part.ref, best.pin);
  const where = hole === undefined ? "" : `; breadboard ${hole}`;
  return `${net} (${best.part.ref} pad ${best.part.pins[best.pin]?.[0]}${where})`;
}

/**
 * Pin states of an idle and of an active controller, so that the bands do not depend on the
 * firmware.
 */
function pinSets(circuit: Circuit): PinDrive[][] {
  const idle = normalPins(circuit);
  return [idle, idle.map((drive): PinDrive => (drive === 1 ? 0 : drive)), allPins(circuit, 3)];
}

async function voltages(
  engine: Engine,
  circuit: Circuit,
  position: Position,
): Promise<Map<string, Band>> {
  const seen = new Map<string, number[]>(VOLTAGES.map(({ net }) => [net, []]));
  for (const conditions of CONDITIONS) {
    for (const pins of pinSets(circuit)) {
      const result = await engine(netlist(circuit, { conditions, run: { position, pins } }));
      for (const [net, values] of seen) values.push(result.of(nodeName(net))[0] ?? Number.NaN);
    }
  }
  const band = (values: number[]): Band => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    const least = low * (1 - METER.share) - METER.volts;
    const most = high * (1 + METER.share) + METER.volts;
    return [Math.max(0, Math.floor(least * 20) / 20), Math.ceil(most * 20) / 20];
  };
  return new Map([...seen].map(([net, values]) => [net, band(values)]));
}

/** Rounds a limit to two significant digits, away from the band. */
function outward(ohm: number, up: boolean): number {
  const scale = 10 ** (Math.floor(Math.log10(ohm)) - 1);
  return Math.round((up ? Math.ceil(ohm / scale) : Math.floor(ohm / scale)) * scale * 1000) / 1000;
}

/** The band of a resistance. Unpowered chips can only lower a reading, so it is wider below. */
function ohmBand(ohm: number): Band {
  if (ohm < 1) return [null, 1];
  if (ohm > 5000) return [OPEN_OHM, null];
  return [outward(ohm * 0.8, false), outward(ohm * 1.05, true)];
}

/** The commission table of a circuit. */
export async function probeTable(engine: Engine, circuit: Circuit): Promise<CommissionTable> {
  const on = await voltages(engine, circuit, "on");
  const kill = await voltages(engine, circuit, "kill");
  const plugged = VOLTAGES.map(({ net, point, otherwise }): Probe => {
    const bands = { on: on.get(net) ?? [null, null], kill: kill.get(net) ?? [null, null] } as const;
    return {
      point,
      red: probePoint(circuit, net),
      black: "GND",
      supply: "plugged",
      unit: "V",
      ...bands,
      otherwise,
    };
  });
  const unplugged = OHMS.map(({ net, black, point, otherwise }): Probe => {
    const bands = {
      on: ohmBand(ohmmeter(circuit, "on", net, black)),
      kill: ohmBand(ohmmeter(circuit, "kill", net, black)),
    };
    const other = black === "GND" ? "GND" : probePoint(circuit, black);
    return {
      point,
      red: probePoint(circuit, net),
      black: other,
      supply: "unplugged",
      unit: "ohm",
      ...bands,
      otherwise,
    };
  });
  return { board: circuit.name, tier: "rail-cut", probes: [...unplugged, ...plugged] };
}

/** "3.05 to 3.55 V", "under 1 ohm", "over 500 ohm". */
export function bandLabel([low, high]: Band, unit: Probe["unit"]): string {
  if (low === null || (low === 0 && high !== null)) return `under ${high} ${unit}`;
  return high === null ? `over ${low} ${unit}` : `${low} to ${high} ${unit}`;
}

/** The table as text for a terminal. */
export function commissionText({ board, probes }: CommissionTable): string {
  const lines = [`Commission test of the ${board} board, with a plain multimeter:`];
  for (const supply of ["unplugged", "plugged"] as const) {
    lines.push(
      "",
      supply === "plugged"
        ? "USB plugged in, voltage:"
        : "USB unplugged, switch moved to KILL and back, resistance:",
    );
    for (const probe of probes.filter((row) => row.supply === supply)) {
      lines.push(
        `  ${probe.point}`,
        `    red ${probe.red}, black ${probe.black}`,
        `    ON ${bandLabel(probe.on, probe.unit)}    KILL ${bandLabel(probe.kill, probe.unit)}`,
        `    if it differs: ${probe.otherwise}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}
