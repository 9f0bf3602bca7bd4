/** Writes the circuit as a KiCad netlist (S-expressions, version E) for KiCad's board editor. */
import { type Circuit, CircuitError, pinsOf, valueLabel } from "./table.ts";

function quoted(content: string): string {
  if (/["\\\n]/.test(content))
    throw new CircuitError(
      `${JSON.stringify(content)} is not allowed in a KiCad netlist; remove quotes, backslashes and line breaks`,
    );
  return `"${content}"`;
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
