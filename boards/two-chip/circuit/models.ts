/** The SPICE models by kind of part, each with its assumptions. None is a vendor's model. */
import { type Part, partValue } from "./table.ts";

/** The conditions of a simulation. */
export interface Conditions {
  /** The controller's supply and the regulator's output, V. */
  supplyV: number;
  temperatureC: number;
  /** Factor on the data sheet's Ioff. */
  ioffScale: number;
  /** -1, 0, 1: resistors to ground 1 % low, nominal, 1 % high; all others 1 % the opposite way. */
  tolerance: -1 | 0 | 1;
  /** Factor on every capacitor's value. */
  capacitorScale: number;
  /** Capacitance inside the radio's module, F. */
  radioInternalF: number;
  /** Current of the running radio, in addition to its deep-sleep load, A. */
  radioA: number;
  /** Current out of each of the controller's input pins, A. Negative: into the pin. */
  inputLeakA: number;
}

export const NOMINAL: Conditions = {
  supplyV: 3.3,
  temperatureC: 25,
  ioffScale: 1,
  tolerance: 0,
  capacitorScale: 1,
  radioInternalF: 0,
  radioA: 0,
  inputLeakA: 0,
};

/** The context in which a part's element lines are written. */
export interface Scene {
  conditions: Conditions;
  /** The node on a pin. An unconnected or open pin has a node of its own. */
  node: (part: Part, pin: string) => string;
  /** A contact of the switch: a fixed resistance in ohm, or the node that controls it. */
  contact: (pole: "A" | "B", throwName: "ON" | "KILL") => number | { control: string };
  /** The drive of the controller's pin `index`, as a SPICE expression (PinDrive of spice.ts). */
  drive: (index: number) => string;
}

interface Model {
  assumption: string;
  lines: (part: Part, scene: Scene) => string[];
}

const RESISTOR_TOLERANCE = 0.01;
/** The controller's strongest driver and its strongest pull-up or pull-down, ohm. */
const DRIVE_OHM = 20;
const PULL_OHM = 50e3;
/** A smooth step from 0 to 1 where `x` crosses 0, over about `width`. */
const step = (x: string, width: number): string => `(0.5*(1+tanh((${x})/${width})))`;

/** The pins that the controller can drive, in table order. */
export function drivenPins(controller: Part): string[] {
  return Object.keys(controller.pins).filter((pin) => !["V5", "V33", "GND"].includes(pin));
}

/** The radio's pins with ESD diodes to its supply, in table order. */
export function radioIo(radio: Part): string[] {
  return Object.keys(radio.pins).filter((pin) => !["VDD", "GND", "EPAD"].includes(pin));
}

function twoNodes(part: Part, scene: Scene, a = "a", b = "b"): string {
  return `${scene.node(part, a)} ${scene.node(part, b)}`;
}

function resistorLines(part: Part, scene: Scene): string[] {
  const grounded = Object.values(part.pins).some(([, net]) => net === "GND");
  const sign = grounded ? 1 : -1;
  const value = partValue(part) * (1 + sign * scene.conditions.tolerance * RESISTOR_TOLERANCE);
  return [`R${part.ref} ${twoNodes(part, scene)} ${value}`];
}

function controllerLines(part: Part, scene: Scene): string[] {
  const { ref } = part;
  const { supplyV } = scene.conditions;
  const [v5, v33, gnd] = ["V5", "V33", "GND"].map((pin) => scene.node(part, pin));
  const { inputLeakA } = scene.conditions;
  const lines = [
    `V${ref}u ${ref}usb ${gnd} 5`,
    `R${ref}u ${ref}usb ${v5} 0.25`,
    `C${ref}u ${v5} ${gnd} 10u`,
    // The Pico's buck-boost regulator behind its Schottky diode: full output down to 2.1 V of USB.
    `B${ref}r ${v5} ${v33} I=0.8*tanh(max(0, (min(${supplyV}, 4*(V(${v5},${gnd})-2.1))-V(${v33},${gnd}))/0.08))`,
    `C${ref}o ${v33} ${gnd} 22u`,
    `R${ref}l ${v33} ${gnd} 110`,
    `.nodeset V(${ref}usb)=5 V(${v5})=5 V(${v33})=${supplyV}`,
  ];
  drivenPins(part).forEach((pin, index) => {
    const node = scene.node(part, pin);
    const drive = scene.drive(index);
    const pulledDown = `(((${drive})<3.5) ? 0 : V(${node},${gnd})/${PULL_OHM})`;
    const pulledUp = `(((${drive})<2.5) ? V(${v33},${node})/${PULL_OHM} : 0)`;
    lines.push(
      `B${ref}${pin}l ${node} ${gnd} I=((${drive})<0.5) ? V(${node},${gnd})/${DRIVE_OHM} : ${pulledDown}`,
      `B${ref}${pin}h ${v33} ${node} I=((${drive})<0.5) ? 0 : (((${drive})<1.5) ? V(${v33},${node})/${DRIVE_OHM} : ${pulledUp})`,
    );
    if (inputLeakA !== 0) lines.push(`I${ref}${pin}k ${gnd} ${node} ${inputLeakA}`);
  });
  return lines;
}

function radioLines(part: Part, scene: Scene): string[] {
  const { ref } = part;
  const { radioA, radioInternalF } = scene.conditions;
  const [vdd, gnd] = ["VDD", "GND"].map((pin) => scene.node(part, pin));
  const lines = [`R${ref} ${vdd} ${gnd} 330k`];
  if (radioA > 0)
    lines.push(`B${ref} ${vdd} ${gnd} I=${radioA}*${step(`V(${vdd},${gnd})-2.5`, 0.02)}`);
  if (radioInternalF > 0) lines.push(`C${ref} ${vdd} ${gnd} ${radioInternalF}`);
  if (part.pins.EPAD !== undefined) lines.push(`R${ref}e ${scene.node(part, "EPAD")} ${gnd} 0.01`);
  for (const pin of radioIo(part)) {
    const node = scene.node(part, pin);
    lines.push(`D${ref}${pin}h ${node} ${vdd} DESD`, `D${ref}${pin}l ${gnd} ${node} DESD`);
  }
  return lines;
}

function bufferLines(part: Part, scene: Scene): string[] {
  const { ref } = part;
  const [a, y, vcc, gnd] = ["A", "Y", "VCC", "GND"].map((pin) => scene.node(part, pin));
  const leak = 3.3 / ((part.ratings.ioffA ?? 0) * scene.conditions.ioffScale);
  const on = step(`V(${vcc},${gnd})-1.3`, 0.15);
  const high = step(`V(${a},${gnd})-0.5*V(${vcc},${gnd})`, 0.05);
  return [
    `R${ref}a ${a} ${vcc} ${leak}`,
    `R${ref}y ${y} ${vcc} ${leak}`,
    `D${ref}a ${gnd} ${a} DESD`,
    `B${ref}h ${vcc} ${y} I=${on}*${high}*V(${vcc},${y})/30`,
    `B${ref}l ${y} ${gnd} I=${on}*(1-${high})*V(${y},${gnd})/30`,
    `R${ref}o ${scene.node(part, "OE")} ${gnd} 1meg`,
  ];
}

function regulatorLines(part: Part, scene: Scene): string[] {
  const { ref } = part;
  const [vin, gnd, en, out] = ["VIN", "GND", "EN", "VOUT"].map((pin) => scene.node(part, pin));
  const target = partValue(part) * (scene.conditions.supplyV / 3.3);
  return [
    `B${ref} ${vin} ${out} I=${step(`V(${en},${gnd})-0.45`, 0.01)}*tanh(max(0, (min(${target}, V(${vin},${gnd})-0.25)-V(${out},${gnd}))/0.1))`,
    `R${ref}q ${vin} ${gnd} 91k`,
    `R${ref}o ${vin} ${out} 5meg`,
    `R${ref}e ${en} ${gnd} 10meg`,
  ];
}

function switchLines(part: Part, scene: Scene): string[] {
  const lines: string[] = [];
  for (const pole of ["A", "B"] as const) {
    for (const throwName of ["ON", "KILL"] as const) {
      if ([`${pole}_COM`, `${pole}_${throwName}`].some((pin) => part.pins[pin] === undefined))
        continue;
      const nodes = `${scene.node(part, `${pole}_COM`)} ${scene.node(part, `${pole}_${throwName}`)}`;
      const contact = scene.contact(pole, throwName);
      const name = `${part.ref}${pole}${throwName}`;
      lines.push(
        typeof contact === "number"
          ? `R${name} ${nodes} ${contact}`
          : `S${name} ${nodes} ${contact.control} 0 CONTACT`,
      );
    }
  }
  return lines;
}

function ledLines(part: Part, scene: Scene): string[] {
  // The saturation current follows from the forward voltage at 2 mA, with N = 2 and 10 ohm in
  // series.
  const saturation = 2e-3 / Math.exp((partValue(part) - 0.02) / (2 * 0.02585));
  return [
    `D${part.ref} ${twoNodes(part, scene, "A", "K")} DLED${part.ref}`,
    `.model DLED${part.ref} D(IS=${saturation.toExponential(3)} N=2 RS=10 TNOM=25)`,
  ];
}

/** Models used by more than one part. */
export const SHARED_MODELS = [
  ".model DESD D(IS=1e-15 N=1 RS=2 TNOM=25)",
  ".model CONTACT SW(VT=0.5 VH=0 RON=0.02 ROFF=1e9)",
];

export const MODELS: Readonly<Record<string, Model>> = {
  resistor: { assumption: "linear, 1 %", lines: resistorLines },
  capacitor: {
    assumption: "ideal; in the corners the value is scaled (-50 % for DC bias, +20 %)",
    lines: (part, scene) => [
      `C${part.ref} ${twoNodes(part, scene)} ${partValue(part) * scene.conditions.capacitorScale}`,
    ],
  },
  led: { assumption: "a junction fitted to its forward voltage at 2 mA, N = 2", lines: ledLines },
  controller: {
    assumption:
      "each pin is driven through 20 ohm (assumed; the RP2040's data sheet guarantees only 2.62 V at 12 mA, 57 ohm), or pulled up or down by 50 kohm (the strongest of 50 to 80), or an input that leaks 1 uA; USB is 5 V through 0.25 ohm; the Pico's regulator gives 3.3 V, 0.8 A, from 22 uF",
    lines: controllerLines,
  },
  radio: {
    assumption:
      "deep sleep is 330 kohm; TX or RX is a constant current above 2.5 V and none below; each pin has an ESD diode to the supply and one from ground (Is 1 fA, 2 ohm)",
    lines: radioLines,
  },
  buffer: {
    assumption:
      "without supply: the data sheet's Ioff limit (10 uA) as a resistor from each signal pin to the supply pin, so that all of it raises the rail; with supply (from 1.3 V): push-pull, 30 ohm",
    lines: bufferLines,
  },
  regulator: {
    assumption:
      "on from 0.45 V at EN, although the data sheet guarantees on only from 1.5 V; 1 A limit; passes its input through if its ground is open",
    lines: regulatorLines,
  },
  switch: { assumption: "20 mohm closed, 1 Gohm open; bounce is prescribed", lines: switchLines },
};
