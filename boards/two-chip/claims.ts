/**
 * What the board claims, each a measured figure against a limit. Must not know how a figure is
 * measured.
 */
import { LIMITS } from "./circuit.ts";
import type { Worst } from "./sweep.ts";

export interface Claim {
  id: string;
  statement: string;
  measured: number;
  relation: "<" | ">";
  limit: number;
  unit: "V" | "A" | "ms";
  /** The models that the figure rests on; models.ts says what each assumes. */
  basis: string;
  /** The case in which `measured` was found. */
  where: string;
  /** A control: it holds when the experiment is able to see a bad circuit. */
  control: boolean;
  holds: boolean;
}

type Row = Omit<Claim, "basis" | "measured" | "where" | "holds">;

const ROWS = [
  {
    id: "bound-kill",
    statement: "KILL: whatever the chips do, by Ohm's law alone, the radio is dead",
    relation: "<",
    limit: LIMITS.deadV,
    unit: "V",
  },
  {
    id: "bound-travel",
    statement: "Switch between its contacts: whatever the chips do, the radio is browned out",
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
    statement: "Switch between its contacts: no state of the controller's pins powers the radio",
    relation: "<",
    limit: LIMITS.deadV,
    unit: "V",
  },
  {
    id: "corners-kill",
    statement: "KILL: nor at any corner of supply, temperature, leakage and tolerance",
    relation: "<",
    limit: LIMITS.deadV,
    unit: "V",
  },
  {
    id: "corners-travel",
    statement: "Switch between its contacts: nor at any corner",
    relation: "<",
    limit: LIMITS.deadV,
    unit: "V",
  },
  {
    id: "faults-kill",
    statement: "KILL: nor with any one part open or shorted",
    relation: "<",
    limit: LIMITS.deadV,
    unit: "V",
  },
  {
    id: "faults-travel",
    statement:
      "Switch between its contacts: with any one part open or shorted the radio is browned out",
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
    statement: "Opened while it transmits: browned out within a millisecond",
    relation: "<",
    limit: 1,
    unit: "ms",
  },
  {
    id: "cut-rx",
    statement: "Opened while it receives: browned out within a millisecond",
    relation: "<",
    limit: 1,
    unit: "ms",
  },
  {
    id: "cut-sleep",
    statement: "Opened in deep sleep: browned out within 10 ms",
    relation: "<",
    limit: 10,
    unit: "ms",
  },
  {
    id: "discharge",
    statement: "Dead in time even if the KILL throw is never reached, slowest corner and load",
    relation: "<",
    limit: LIMITS.dischargeMs,
    unit: "ms",
  },
  {
    id: "bounce",
    statement: "With bounce on both throws: dead in time, counted from the first opening",
    relation: "<",
    limit: LIMITS.dischargeMs,
    unit: "ms",
  },
  {
    id: "on",
    statement: "ON: the radio's supply is within its data sheet while it transmits",
    relation: ">",
    limit: LIMITS.radioMinV,
    unit: "V",
  },
  {
    id: "dip",
    statement: "Switching on leaves the controller's supply within its data sheet",
    relation: ">",
    limit: LIMITS.controllerMinV,
    unit: "V",
  },
  {
    id: "lamp",
    statement: "The lamp is lit as long as the radio can run, -40 C included",
    relation: ">",
    limit: LIMITS.lampVisibleA,
    unit: "A",
  },
  {
    id: "sense-up",
    statement: "The rail sense reads up as long as the radio can run",
    relation: ">",
    limit: LIMITS.inputHighV,
    unit: "V",
  },
  {
    id: "sense-down",
    statement: "The rail sense reads down at KILL, its own pull-up included",
    relation: "<",
    limit: LIMITS.inputLowV,
    unit: "V",
  },
  {
    id: "faults-cut",
    statement: "Every single fault: dead in time after a bouncing switch-off",
    relation: "<",
    limit: LIMITS.dischargeMs,
    unit: "ms",
  },
  {
    id: "control-one-pin",
    statement: "Control: in the naive circuit one pin holds a sleeping radio above brown-out",
    relation: ">",
    limit: LIMITS.brownOutV,
    unit: "V",
  },
  {
    id: "control-all-pins",
    statement:
      "Control: in the naive circuit eight pins keep the radio's processor running above brown-out",
    relation: ">",
    limit: LIMITS.brownOutV,
    unit: "V",
  },
  {
    id: "control-on",
    statement: "Control: the switch closed, 350 mA flow at over 3.2 V",
    relation: ">",
    limit: 3.2,
    unit: "V",
  },
  {
    id: "control-dip",
    statement: "Control: in the naive circuit switching on resets the controller",
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
] as const;

export type ClaimId = (typeof ROWS)[number]["id"];

/** What a figure rests on, by the first word of its claim's id. */
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
  sense: "SPICE: Ioff (assumed)",
  control: "SPICE: as the claim that it is the control of",
};

/** Holds a figure against its claim. A figure that is not a number never holds. */
export function judge(id: ClaimId, { value, where }: Worst): Claim {
  const row: Omit<Row, "control"> | undefined = ROWS.find((entry) => entry.id === id);
  if (row === undefined) throw new RangeError(`no claim "${id}"`);
  const holds = row.relation === "<" ? value < row.limit : value > row.limit;
  const basis = BASES[id.split("-")[0] ?? ""] ?? "";
  return { ...row, control: id.startsWith("control-"), basis, measured: value, where, holds };
}

/** "0.0721 V", "1.85 ms", "0.94 mA". */
export function quantity(value: number, unit: Claim["unit"]): string {
  if (!Number.isFinite(value)) return "past the end of the run";
  const [scaled, shown] =
    unit === "A" || (unit === "V" && Math.abs(value) < 0.1)
      ? [value * 1000, `m${unit}`]
      : [value, unit];
  return `${Number(scaled.toPrecision(3))} ${shown}`;
}

/** One line: which claim fell, by how much, in which case. */
export function verdict(claim: Claim): string {
  const { id, statement, measured, relation, limit, unit, where, holds } = claim;
  const found = `${quantity(measured, unit)}, must be ${relation} ${quantity(limit, unit)}`;
  if (holds) return `holds  ${id}: ${found}`;
  const by = Math.abs(measured - limit);
  const fell = Number.isFinite(by) ? `fell by ${quantity(by, unit)}` : "fell";
  const worse = claim.control ? "the experiment no longer sees a bad circuit" : fell;
  return `FELL   ${id}: ${worse}: ${found} (${where}). Claim: ${statement}`;
}
