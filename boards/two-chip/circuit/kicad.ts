/**
 * Writes the circuit as a KiCad netlist (S-expressions, version E) for KiCad's board editor, and the
 * one footprint that KiCad 6 lacks: the Raspberry Pi Pico.
 */
import { type Circuit, CircuitError, pinsOf, valueLabel } from "./table.ts";

function quoted(content: string): string {
  if (/["\\\n]/.test(content))
    throw new CircuitError(
      `${JSON.stringify(content)} is not allowed in a KiCad netlist; remove quotes, backslashes and line breaks`,
    );
  return `"${content}"`;
}

/** The footprint's file, below the folder of the netlist. Add that folder to KiCad as a library. */
export const PICO_FOOTPRINT = "killswitch.pretty/RaspberryPi_Pico_THT.kicad_mod";

const PICO = { pitch: 2.54, rows: 17.78, width: 21, length: 51, pins: 20 } as const;

/** The Pico on pin headers (Pico data sheet, mechanical specification), in mm around its centre. */
export function picoFootprint(): string {
  const { pitch, rows, width, length, pins } = PICO;
  const pads = Array.from({ length: 2 * pins }, (_, index) => {
    const left = index < pins;
    const row = left ? index : 2 * pins - 1 - index;
    const [x, y] = [left ? -rows / 2 : rows / 2, (row - (pins - 1) / 2) * pitch];
    const shape = index === 0 ? "rect" : "circle";
    return `  (pad "${index + 1}" thru_hole ${shape} (at ${x} ${y.toFixed(2)}) (size 1.7 1.7) (drill 1.02) (layers *.Cu *.Mask))`;
  });
  const [x, y] = [width / 2, length / 2];
  const corners: [number, number][] = [
    [-x, -y],
    [x, -y],
    [x, y],
    [-x, y],
  ];
  const outline = corners.map(([ax, ay], index) => {
    const [bx, by] = corners[(index + 1) % 4] ?? [ax, ay];
    return `  (fp_line (start ${ax} ${ay}) (end ${bx} ${by}) (layer "F.SilkS") (width 0.12))`;
  });
  const font = "(effects (font (size 1 1) (thickness 0.15)))";
  return [
    '(footprint "RaspberryPi_Pico_THT" (version 20211014) (generator killswitch) (layer "F.Cu")',
    '  (descr "Raspberry Pi Pico on two rows of 20 pins, 17.78 mm apart")',
    "  (attr through_hole)",
    `  (fp_text reference "REF**" (at 0 ${-y - 1.5}) (layer "F.SilkS") ${font})`,
    `  (fp_text value "RaspberryPi_Pico_THT" (at 0 ${y + 1.5}) (layer "F.Fab") ${font})`,
    ...outline,
    ...pads,
    ")",
    "",
  ].join("\n");
}

/** The netlist: all parts with their footprints, all nets with their pads. */
export function kicadNetlist(circuit: Circuit): string {
  const components = circuit.parts.map((part) =>
    [
      `    (comp (ref ${quoted(part.ref)})`,
      `      (value ${quoted(valueLabel(part))})`,
      `      (footprint ${quoted(part.footprint)})`,
      `      (fields (field (name "MPN") ${quoted(part.mpn)}) (field (name "Manufacturer") ${quoted(part.maker)}))`,
      `      (libsource (lib "killswitch") (part ${quoted(part.kind)}) (description ${quoted(part.purpose)})))`,
    ].join("\n"),
  );
  const pins = pinsOf(circuit);
  const nets = Object.keys(circuit.nets).map((net, index) => {
    const nodes = pins
      .filter((pin) => pin.net === net)
      .map(
        ({ part, pin }) =>
          `      (node (ref ${quoted(part.ref)}) (pin ${quoted(part.pins[pin]?.[0] ?? "")}) (pinfunction ${quoted(pin)}))`,
      );
    return [`    (net (code "${index + 1}") (name ${quoted(net)})`, `${nodes.join("\n")})`].join(
      "\n",
    );
  });
  return [
    '(export (version "E")',
    `  (design (source ${quoted(`${circuit.name}/circuit.ts`)}) (tool "killswitch board"))`,
    "  (components",
    `${components.join("\n")})`,
    "  (nets",
    `${nets.join("\n")}))`,
    "",
  ].join("\n");
}
