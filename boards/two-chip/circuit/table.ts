/** The types of a circuit table, the checks of a table, and functions to look things up in it. */

/** A bad table or a failed engine. The message names the entry and the fix. */
export class CircuitError extends Error {
  override name = "CircuitError";
}

/** Ratings from a data sheet. Absent: not relevant on this board. */
export interface Ratings {
  /** Current of a contact, pin or output, A. */
  currentA?: number;
  /** Supply or working voltage, V. */
  voltageV?: number;
  /** Dissipation, W. */
  powerW?: number;
  /** Leakage of a pin while the part's supply is off, A at 5.5 V. */
  ioffA?: number;
}

/** What a part can transmit by radio, and the document that says so. */
export interface Radio {
  /** The transmitter, such as "Wi-Fi and Bluetooth LE"; "none" for a part without one. */
  transmits: string;
  source: string;
}

export interface Part {
  ref: string;
  /** Name of its model in models.ts. */
  kind: string;
  /** In ohm or farad; in volt for a regulator or LED. Absent for parts without a value. */
  value?: number;
  maker: string;
  mpn: string;
  /** The name by which people know the part, if its number does not say it. */
  label?: string;
  /** KiCad library footprint, `library:name`. */
  footprint: string;
  /** Indicative price of one piece, EUR, for 1 and for 1,000 pieces. */
  price: readonly [number, number];
  /** By pin name: [pad of the footprint, net]. An absent pin is not connected. */
  pins: Readonly<Record<string, readonly [string, string]>>;
  /** What is printed at a pin on the part or in its data sheet, where it differs from its name. */
  titles?: Readonly<Record<string, string>>;
  ratings: Ratings;
  /** Required for every part that contains a chip (rule `transmit`). */
  radio?: Radio;
  /** The data sheet with the ratings. */
  source: string;
  purpose: string;
}

export interface Circuit {
  name: string;
  /** Description of each net, by name. All nets that pins use must be listed. */
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

/** The part with a reference. Throws CircuitError if there is none. */
export function partOf(circuit: Circuit, ref: string): Part {
  const part = circuit.parts.find((row) => row.ref === ref);
  if (part === undefined) {
    throw new CircuitError(`${circuit.name}: there is no part ${ref}; add it to circuit.ts`);
  }
  return part;
}

/** Parts of a kind, in table order. */
export function partsOfKind(circuit: Circuit, kind: string): Part[] {
  return circuit.parts.filter((part) => part.kind === kind);
}

/** The only part of a kind. Throws CircuitError if there is none or more than one. */
export function onlyPart(circuit: Circuit, kind: string): Part {
  const [part, ...rest] = partsOfKind(circuit, kind);
  if (part === undefined || rest.length > 0) {
    throw new CircuitError(
      `${circuit.name}: ${rest.length + (part ? 1 : 0)} parts of kind "${kind}"; there must be exactly one`,
    );
  }
  return part;
}

/** The net on a part's pin. Throws CircuitError if the pin is not connected. */
export function netOf(part: Part, pin: string): string {
  const entry = part.pins[pin];
  if (entry === undefined) {
    throw new CircuitError(`${part.ref}: pin ${pin} is not connected; give it a pad and a net`);
  }
  return entry[1];
}

/** What is printed at a part's pin. */
export function pinTitle(part: Part, pin: string): string {
  return part.titles?.[pin] ?? pin;
}

/** The part's value. Throws CircuitError if it is not a positive number. */
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
        `${circuit.name}: reference ${part.ref} is used twice (${earlier.mpn} and ${part.mpn}); renumber one`,
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
          `${part.ref} pin ${pin}: net "${net}" is not in the table of nets; add it or correct the name`,
        );
      }
      const other = pads.get(pad);
      if (other !== undefined) {
        throw new CircuitError(
          `${part.ref}: pad ${pad} is both pin ${other} and pin ${pin}; correct one of them`,
        );
      }
      pads.set(pad, pin);
    }
  }
}

/** Returns the circuit. Throws CircuitError for the first invalid entry. */
export function checkCircuit(circuit: Circuit, models: readonly string[]): Circuit {
  checkParts(circuit, models);
  const pins = pinsOf(circuit);
  for (const net of Object.keys(circuit.nets)) {
    const on = pins.filter((pin) => pin.net === net);
    if (on.length < 2) {
      throw new CircuitError(
        `net "${net}" connects ${on.length === 0 ? "no pin" : `only ${on[0]?.part.ref}.${on[0]?.pin}`}; use it or delete it`,
      );
    }
  }
  return circuit;
}

/** A number with an SI prefix: 2200 is "2.2k", 1e-7 is "100n". */
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

/** The value as shown in the schematic: "2.2k", "10µF", "AP2112K-3.3TRG1". */
export function valueLabel(part: Part): string {
  if (part.kind === "resistor") return engineering(partValue(part));
  if (part.kind === "capacitor") return `${engineering(partValue(part))}F`;
  return part.label ?? part.mpn;
}
