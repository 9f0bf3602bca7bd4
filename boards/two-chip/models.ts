/**
 * SPICE models by kind of part, each with the assumption it rests on. None is a vendor's model.
 * Must not know this board's nets or what is claimed of it.
 */
import { type Part, partValue } from "./table.ts";

/** Conditions under which a netlist is written. */
export interface Conditions {
  /** The controller's supply and the regulator's output, V. */
  supplyV: number;
  temperatureC: number;
  /** Multiple of the data sheet's Ioff. */
  ioffScale: number;
  /** -1, 0, 1: resistors to ground low, nominal, high; all others the other way, by 1 %. */
  tolerance: -1 | 0 | 1;
  /** Multiple of every capacitor's value. */
  capacitorScale: number;
  /** Capacitance inside the radio's module, F. */
  radioInternalF: number;
  /** What the radio draws while it runs, A, besides its deep-sleep load. */
  radioA: number;
}

export const NOMINAL: Conditions = {
  supplyV: 3.3,
  temperatureC: 25,
  ioffScale: 1,
  tolerance: 0,
  capacitorScale: 1,
  radioInternalF: 0,
  radioA: 0,
};

/** How a part is written: its element lines, given the node on each of its pins. */
export interface Scene {
  conditions: Conditions;
  /** Node on a pin. A pin that is not connected or is open has a node of its own. */
  node: (part: Part, pin: string) => string;
  /** Contact of a switch: a fixed resistance in ohm, or the node that controls it. */
  contact: (pole: "A" | "B", throwName: "ON" | "KILL") => number | { control: string };
  /** Drive of the controller's pin number `index`, as an expression (Digit of spice.ts). */
  drive: (index: number) => string;
}

interface Model {
  assumption: string;
  lines: (part: Part, scene: Scene) => string[];
}

const RESISTOR_TOLERANCE = 0.01;
/** Smooth step from 0 to 1 as `x` passes 0 within about `width`. */
const step = (x: string, width: number): string => `(0.5*(1+tanh((${x})/${width})))`;

/** Pins of a controller that it can drive, in table order. */
export function drivenPins(controller: Part): string[] {
  return Object.keys(controller.pins).filter((pin) => !["V5", "V33", "GND"].includes(pin));
}

/** Pins of a radio that carry ESD diodes to its supply, in table order. */
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
  const lines = [
    `V${ref}u ${ref}usb ${gnd} 5`,
    `R${ref}u ${ref}usb ${v5} 0.25`,
    `C${ref}u ${v5} ${gnd} 10u`,
    // Its own regulator: 1.1 V of drop-out, 1 A, 0.1 ohm, 22 uF at the output.
    `B${ref}r ${v5} ${v33} I=tanh(max(0, (min(${supplyV}, V(${v5},${gnd})-1.1)-V(${v33},${gnd}))/0.1))`,
    `C${ref}o ${v33} ${gnd} 22u`,
    `R${ref}l ${v33} ${gnd} 110`,
    `.nodeset V(${ref}usb)=5 V(${v5})=5 V(${v33})=${supplyV}`,
  ];
  drivenPins(part).forEach((pin, index) => {
    const node = scene.node(part, pin);
    const drive = scene.drive(index);
    lines.push(
      `B${ref}${pin}l ${node} ${gnd} I=((${drive})<0.5) ? V(${node},${gnd})/20 : 0`,
      `B${ref}${pin}h ${v33} ${node} I=((${drive})<0.5) ? 0 : (((${drive})<1.5) ? V(${v33},${node})/20 : (((${drive})<2.5) ? V(${v33},${node})/45k : 0))`,
    );
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
  // Is from the forward voltage at 2 mA, emission coefficient 2, 10 ohm.
  const saturation = 2e-3 / Math.exp((partValue(part) - 0.02) / (2 * 0.02585));
  return [
    `D${part.ref} ${twoNodes(part, scene, "A", "K")} DLED${part.ref}`,
    `.model DLED${part.ref} D(IS=${saturation.toExponential(3)} N=2 RS=10 TNOM=25)`,
  ];
}

/** Models that more than one part uses. */
export const SHARED_MODELS = [
  ".model DESD D(IS=1e-15 N=1 RS=2 TNOM=25)",
  ".model CONTACT SW(VT=0.5 VH=0 RON=0.02 ROFF=1e9)",
];

export const MODELS: Readonly<Record<string, Model>> = {
  resistor: { assumption: "linear, 1 %", lines: resistorLines },
  capacitor: {
    assumption: "ideal; the value is scaled in the corners (-50 % for DC bias, +20 %)",
    lines: (part, scene) => [
      `C${part.ref} ${twoNodes(part, scene)} ${partValue(part) * scene.conditions.capacitorScale}`,
    ],
  },
  led: { assumption: "junction fitted to its forward voltage at 2 mA, N = 2", lines: ledLines },
  controller: {
    assumption:
      "every pin driven through 20 ohm (the strong end of 20 to 40), or pulled up by 45 kohm; USB 5 V through 0.25 ohm; its regulator 1.1 V drop-out, 1 A, 22 uF",
    lines: controllerLines,
  },
  radio: {
    assumption:
      "deep sleep 330 kohm; TX or RX a constant current above 2.5 V and none below; each pin an ESD diode to its supply and one from ground (Is 1 fA, 2 ohm)",
    lines: radioLines,
  },
  buffer: {
    assumption:
      "supply off: the data sheet's Ioff limit (10 uA) as a resistor from each signal pin into the supply pin, so that all of it lifts the rail; supply on (1.3 V): push-pull, 30 ohm",
    lines: bufferLines,
  },
  regulator: {
    assumption:
      "on as soon as EN passes 0.45 V, though the data sheet promises on only from 1.5 V; 1 A limit; passes its input through when its ground is open",
    lines: regulatorLines,
  },
  switch: { assumption: "20 mohm closed, 1 Gohm open; bounce is prescribed", lines: switchLines },
};
