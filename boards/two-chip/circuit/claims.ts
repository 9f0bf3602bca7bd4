/** The claims about the board. Each compares a measured figure with a limit. */
import { LIMITS } from "./circuit.ts";
import type { Worst } from "./sweep.ts";

export interface Claim {
  id: string;
  statement: string;
  measured: number;
  relation: "<" | ">";
  limit: number;
  unit: "V" | "A" | "ms";
  /** The models behind the figure. models.ts lists their assumptions. */
  basis: string;
  /** The worst case, in which `measured` was found. */
  where: string;
  /** A negative control: it holds if the experiment can detect a bad circuit. */
  control: boolean;
  holds: boolean;
}

type Row = Omit<Claim, "basis" | "measured" | "where" | "holds">;

const ROWS = [
  {
    id: "bound-kill",
    statement: "KILL: by Ohm's law alone, the radio is dead whatever the chips do",
    relation: "<",
    limit: LIMITS.deadV,
    unit: "V",
  },
  {
    id: "bound-travel",
    statement: "Travel: by Ohm's law alone, the radio is below brown-out whatever the chips do",
    relation: "<",
    limit: LIMITS.brownOutV,
    unit: "V",
  },
  {
    id: "states-kill",
    statement: "KILL: no state of the controller's pins powers the radio",
    relation: "<",
    limit: LIMITS.deadV,
    unit: "V",
  },
  {
    id: "states-travel",
    statement: "Travel: no state of the controller's pins powers the radio",
    relation: "<",
    limit: LIMITS.deadV,
    unit: "V",
  },
  {
    id: "corners-kill",
    statement:
      "KILL: all pins high do not power the radio at any corner of supply, temperature, leakage and tolerance",
    relation: "<",
    limit: LIMITS.deadV,
    unit: "V",
  },
  {
    id: "corners-travel",
    statement: "Travel: all pins high do not power the radio at any corner",
    relation: "<",
    limit: LIMITS.deadV,
    unit: "V",
  },
  {
    id: "faults-kill",
    statement: "KILL: with any one part open or shorted, the controller does not power the radio",
    relation: "<",
    limit: LIMITS.deadV,
    unit: "V",
  },
  {
    id: "faults-travel",
    statement: "Travel: with any one part open or shorted, the radio is below brown-out",
    relation: "<",
    limit: LIMITS.brownOutV,
    unit: "V",
  },
  {
    id: "enable",
    statement: "KILL: no state of the controller's pins enables the radio's regulator",
    relation: "<",
    limit: LIMITS.enableOffV,
    unit: "V",
  },
  {
    id: "cut-tx",
    statement: "Switch opened during transmission: below brown-out within 1 ms",
    relation: "<",
    limit: 1,
    unit: "ms",
  },
  {
    id: "cut-rx",
    statement: "Switch opened during reception: below brown-out within 1 ms",
    relation: "<",
    limit: 1,
    unit: "ms",
  },
  {
    id: "cut-sleep",
    statement: "Switch opened during deep sleep: below brown-out within 10 ms",
    relation: "<",
    limit: 10,
    unit: "ms",
  },
  {
    id: "discharge",
    statement: "Dead in time at the slowest corner and load, even if KILL is never reached",
    relation: "<",
    limit: LIMITS.dischargeMs,
    unit: "ms",
  },
  {
    id: "bounce",
    statement: "Dead in time with bounce on both throws, counted from the first opening",
    relation: "<",
    limit: LIMITS.dischargeMs,
    unit: "ms",
  },
  {
    id: "on",
    statement: "ON: the radio's supply is within its data sheet during transmission",
    relation: ">",
    limit: LIMITS.radioMinV,
    unit: "V",
  },
  {
    id: "dip",
    statement: "Switching on keeps the controller's supply within its data sheet",
    relation: ">",
    limit: LIMITS.controllerMinV,
    unit: "V",
  },
  {
    id: "lamp",
    statement: "The lamp is lit whenever the radio can run, at -40 C and at 85 C",
    relation: ">",
    limit: LIMITS.lampVisibleA,
    unit: "A",
  },
  {
    id: "sense-up",
    statement: "The rail sense reads up whenever the radio can run",
    relation: ">",
    limit: LIMITS.inputHighV,
    unit: "V",
  },
  {
    id: "sense-down",
    statement: "The rail sense reads down at KILL, in spite of its pull-up",
    relation: "<",
    limit: LIMITS.inputLowV,
    unit: "V",
  },
  {
    id: "contact-closed",
    statement: "A closed contact of the switch reads high",
    relation: ">",
    limit: LIMITS.inputHighV,
    unit: "V",
  },
  {
    id: "contact-open",
    statement: "An open contact of the switch reads low",
    relation: "<",
    limit: LIMITS.inputLowV,
    unit: "V",
  },
  {
    id: "faults-cut",
    statement: "Dead in time after a switch-off with bounce, under every single fault",
    relation: "<",
    limit: LIMITS.dischargeMs,
    unit: "ms",
  },
  {
    id: "control-one-pin",
    statement: "Control: in the naive circuit, one pin holds a sleeping radio above brown-out",
    relation: ">",
    limit: LIMITS.brownOutV,
    unit: "V",
  },
  {
    id: "control-all-pins",
    statement:
      "Control: in the naive circuit, eight pins keep the radio's processor above brown-out",
    relation: ">",
    limit: LIMITS.brownOutV,
    unit: "V",
  },
  {
    id: "control-on",
    statement: "Control: with the switch closed, 350 mA flow at more than 3.2 V",
    relation: ">",
    limit: 3.2,
    unit: "V",
  },
  {
    id: "control-dip",
    statement:
      "Control: in the naive circuit, switching on takes the controller's supply out of its data sheet",
    relation: "<",
    limit: LIMITS.controllerMinV,
    unit: "V",
  },
  {
    id: "control-lamp",
    statement: "Control: a blue lamp is dark while the radio can run",
    relation: "<",
    limit: LIMITS.lampVisibleA,
    unit: "A",
  },
  {
    id: "control-pull",
    statement: "Control: with the pads' own pull-downs on, a closed contact does not read high",
    relation: "<",
    limit: LIMITS.inputHighV,
    unit: "V",
  },
] as const;

export type ClaimId = (typeof ROWS)[number]["id"];

export const CLAIM_IDS: readonly ClaimId[] = ROWS.map(({ id }) => id);

/** The basis of a figure, by the first word of its claim's id. */
const BASES: Readonly<Record<string, string>> = {
  bound: "resistors and Ohm's law, no model",
  states: "SPICE: drivers, ESD diodes, Ioff (assumed)",
  corners: "SPICE: drivers, ESD diodes, Ioff (assumed)",
  faults: "SPICE: drivers, ESD diodes, Ioff (assumed)",
  enable: "SPICE: drivers, regulator's EN (assumed)",
  cut: "SPICE: radio's load, ESD diodes, Ioff (assumed)",
  discharge: "SPICE: radio's load and inner capacitance (assumed)",
  bounce: "SPICE: bounce, radio's load (assumed)",
  on: "SPICE: regulator (assumed)",
  dip: "SPICE: both regulators, USB (assumed)",
  lamp: "SPICE: LED (fitted)",
  sense: "SPICE: Ioff (assumed), the pins' leakage",
  contact: "SPICE: the pins' leakage",
  control: "SPICE: the models of the claim it controls",
};

/** Compares a figure with its claim's limit. The claim does not hold for NaN. */
export function judge(id: ClaimId, { value, where }: Worst): Claim {
  const row: Omit<Row, "control"> | undefined = ROWS.find((entry) => entry.id === id);
  if (row === undefined) throw new RangeError(`no claim "${id}"`);
  const holds = row.relation === "<" ? value < row.limit : value > row.limit;
  const basis = BASES[id.split("-")[0] ?? ""] ?? "";
  return { ...row, control: id.startsWith("control-"), basis, measured: value, where, holds };
}

/** A value with its unit: "0.0721 V", "1.85 ms", "0.94 mA". */
export function quantity(value: number, unit: Claim["unit"], digits = 3): string {
  if (!Number.isFinite(value)) return "beyond the simulated time";
  const [scaled, shown] =
    unit === "A" || (unit === "V" && Math.abs(value) < 0.1)
      ? [value * 1000, `m${unit}`]
      : [value, unit];
  return `${Number(scaled.toPrecision(digits))} ${shown}`;
}

/** One line: whether a claim holds; if not, by how much and in which case it fails. */
export function verdict(claim: Claim): string {
  const { id, statement, measured, relation, limit, unit, where, holds } = claim;
  const found = `${quantity(measured, unit)}, must be ${relation} ${quantity(limit, unit, 4)}`;
  if (holds) return `holds  ${id}: ${found}`;
  const by = Math.abs(measured - limit);
  const missed = Number.isFinite(by) ? `misses its limit by ${quantity(by, unit)}` : "fails";
  const problem = claim.control ? "the experiment no longer detects a bad circuit" : missed;
  return `FAILED ${id}: ${problem}: ${found} (${where}). Claim: ${statement}`;
}
