/**
 * The shape of a circuit table and the checks that make one usable.
 * Must not know this board, SPICE or any output format.
 */

/** Bad input or a failed tool: the message names the entry and the mend. */
export class CircuitError extends Error {
  override name = "CircuitError";
}

/** What a data sheet allows. Absent: the figure has no bearing on this board. */
export interface Ratings {
  /** Current: contact, pin or output, A. */
  currentA?: number;
  /** Supply or working voltage, V. */
  voltageV?: number;
  /** Dissipation, W. */
  powerW?: number;
  /** Leakage of a pin while the part's supply is off, A at 5.5 V. */
  ioffA?: number;
}

export interface Part {
  ref: string;
  /** Names the model in models.ts. */
  kind: string;
  /** Ohm, farad, or volt of a fixed part; absent where a value means nothing. */
  value?: number;
  maker: string;
  mpn: string;
  /** KiCad library footprint, `library:name`. */
  footprint: string;
  /** Indicative price each, EUR, at 1 and at 1,000 pieces. */
  price: readonly [number, number];
  /** Pin name -> [pad of the footprint, net]. A pin left out is not connected. */
  pins: Readonly<Record<string, readonly [string, string]>>;
  ratings: Ratings;
  /** The data sheet that the ratings are from. */
  source: string;
  purpose: string;
}

export interface Circuit {
  name: string;
  /** Net -> what it is. Every net that a pin names stands here. */
  nets: Readonly<Record<string, string>>;
  parts: readonly Part[];
}

/** One pin of one part. */
export interface PinRef {
  part: Part;
  pin: string;
  net: string;
}

/** Every connected pin, in table order. */
export function pinsOf(circuit: Circuit): PinRef[] {
  return circuit.parts.flatMap((part) =>
    Object.entries(part.pins).map(([pin, [, net]]) => ({ part, pin, net })),
  );
}

/** The part; throws CircuitError where the table has none of that name. */
export function partOf(circuit: Circuit, ref: string): Part {
  const part = circuit.parts.find((row) => row.ref === ref);
  if (part === undefined) {
    throw new CircuitError(`${circuit.name}: no part ${ref}; add it to circuit.ts`);
  }
  return part;
}

/** Parts of a kind, in table order. */
export function partsOfKind(circuit: Circuit, kind: string): Part[] {
  return circuit.parts.filter((part) => part.kind === kind);
}

/** The one part of a kind; throws CircuitError where there is none or more than one. */
export function onlyPart(circuit: Circuit, kind: string): Part {
  const [part, ...rest] = partsOfKind(circuit, kind);
  if (part === undefined || rest.length > 0) {
    throw new CircuitError(
      `${circuit.name}: ${rest.length + (part ? 1 : 0)} parts of kind "${kind}", exactly one is needed`,
    );
  }
  return part;
}

/** The net on a part's pin; throws CircuitError where the pin is not connected. */
export function netOf(part: Part, pin: string): string {
  const entry = part.pins[pin];
  if (entry === undefined) {
    throw new CircuitError(`${part.ref}: pin ${pin} is not connected; give it a pad and a net`);
  }
  return entry[1];
}

/** The part's value; throws CircuitError where it has none or it is not a positive number. */
export function partValue(part: Part): number {
  if (part.value === undefined || !Number.isFinite(part.value) || part.value <= 0) {
    throw new CircuitError(
      `${part.ref}: value ${part.value} of a ${part.kind} is not a positive number; give it in SI units`,
    );
  }
  return part.value;
}

function checkParts(circuit: Circuit, models: readonly string[]): void {
  const seen = new Map<string, Part>();
  for (const part of circuit.parts) {
    const earlier = seen.get(part.ref);
    if (earlier !== undefined) {
      throw new CircuitError(
        `${circuit.name}: reference ${part.ref} stands twice (${earlier.mpn} and ${part.mpn}); renumber one`,
      );
    }
    seen.set(part.ref, part);
    if (!models.includes(part.kind)) {
      throw new CircuitError(
        `${part.ref}: kind "${part.kind}" has no model; add one to models.ts or use ${models.join(", ")}`,
      );
    }
    const pads = new Map<string, string>();
    for (const [pin, [pad, net]] of Object.entries(part.pins)) {
      if (!Object.hasOwn(circuit.nets, net)) {
        throw new CircuitError(
          `${part.ref} pin ${pin}: net "${net}" is not in the table of nets; declare it or correct the name`,
        );
      }
      const other = pads.get(pad);
      if (other !== undefined) {
        throw new CircuitError(`${part.ref}: pad ${pad} is both pin ${other} and pin ${pin}`);
      }
      pads.set(pad, pin);
    }
  }
}

/** Returns the circuit, or throws CircuitError naming the first entry that does not hold. */
export function checkCircuit(circuit: Circuit, models: readonly string[]): Circuit {
  checkParts(circuit, models);
  const pins = pinsOf(circuit);
  for (const net of Object.keys(circuit.nets)) {
    const on = pins.filter((pin) => pin.net === net);
    if (on.length < 2) {
      throw new CircuitError(
        `net "${net}" joins ${on.length === 0 ? "no pin" : `only ${on[0]?.part.ref}.${on[0]?.pin}`}; connect it or delete it`,
      );
    }
  }
  return circuit;
}

/** 2200 -> "2.2k", 1e-7 -> "100n". */
export function engineering(value: number): string {
  const steps: [number, string][] = [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
    [1, ""],
    [1e-3, "m"],
    [1e-6, "µ"],
    [1e-9, "n"],
    [1e-12, "p"],
  ];
  const [scale, letter] = steps.find(([step]) => Math.abs(value) >= step * 0.9999) ?? [1e-12, "p"];
  return `${Number((value / scale).toPrecision(3))}${letter}`;
}

/** The value as a schematic shows it: "2.2k", "10µF", "AP2112K-3.3TRG1". */
export function valueLabel(part: Part): string {
  if (part.kind === "resistor") return engineering(partValue(part));
  if (part.kind === "capacitor") return `${engineering(partValue(part))}F`;
  return part.mpn;
}
