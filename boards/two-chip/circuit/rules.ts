/**
 * The electrical rules. Each checks the table's connections and ratings, without simulation.
 * Calculations by Ohm's law are in network.ts.
 */
import { LIMITS, RADIO_LOADS } from "./circuit.ts";
import { drivenPins, radioIo } from "./models.ts";
import {
  type Circuit,
  onlyPart,
  type Part,
  type PinRef,
  partsOfKind,
  partValue,
  pinsOf,
  valueLabel,
} from "./table.ts";

export interface Rule {
  id: string;
  statement: string;
  /** The violations of the rule, each naming the part or net. */
  violations: (circuit: Circuit) => string[];
}

const SERIES_MIN_OHM = 1000;

function pinsOn(circuit: Circuit, net: string): PinRef[] {
  return pinsOf(circuit).filter((pin) => pin.net === net);
}

function netsOf(part: Part): Set<string> {
  return new Set(Object.values(part.pins).map(([, net]) => net));
}

/** The net at the other end of a two-pin part. */
function otherEnd(part: Part, net: string): string {
  return Object.values(part.pins).find(([, end]) => end !== net)?.[1] ?? net;
}

function named(pin: PinRef): string {
  return `${pin.part.ref}.${pin.pin} (${pin.part.kind})`;
}

function sharedNets(circuit: Circuit): string[] {
  const radio = netsOf(onlyPart(circuit, "radio"));
  return [...netsOf(onlyPart(circuit, "controller"))]
    .filter((net) => radio.has(net) && net !== "GND")
    .map((net) => `net ${net} joins controller and radio`);
}

function onRail(circuit: Circuit): string[] {
  const allowed = ["switch", "resistor", "capacitor", "buffer", "led", "radio"];
  return pinsOn(circuit, "RAIL")
    .filter((pin) => !allowed.includes(pin.part.kind))
    .map((pin) => `${named(pin)} is connected to RAIL`);
}

function railResistors(circuit: Circuit): string[] {
  return partsOfKind(circuit, "resistor")
    .filter((part) => netsOf(part).has("RAIL"))
    .filter((part) => ["3V3", "+5V", "VRADIO"].includes(otherEnd(part, "RAIL")))
    .map((part) => `${part.ref} feeds RAIL from ${otherEnd(part, "RAIL")}`);
}

function controllerLines(circuit: Circuit): string[] {
  const controller = onlyPart(circuit, "controller");
  return drivenPins(controller).flatMap((pin) => {
    const net = controller.pins[pin]?.[1] ?? "";
    return pinsOn(circuit, net)
      .filter(({ part }) => part !== controller && part.kind !== "resistor")
      .map((other) => `${named(other)} is on ${net} without a series resistor`);
  });
}

function radioLines(circuit: Circuit): string[] {
  const radio = onlyPart(circuit, "radio");
  return radioIo(radio).flatMap((pin) => {
    const net = radio.pins[pin]?.[1] ?? "";
    return pinsOn(circuit, net)
      .filter(({ part }) => part !== radio && part.kind !== "buffer")
      .filter(
        ({ part }) => part.kind !== "resistor" || !["RAIL", "GND"].includes(otherEnd(part, net)),
      )
      .map((other) => `${named(other)} is on the radio's ${net} and is not a buffer`);
  });
}

function seriesResistors(circuit: Circuit): string[] {
  const controllerNets = netsOf(onlyPart(circuit, "controller"));
  const radioNets = netsOf(onlyPart(circuit, "radio"));
  return partsOfKind(circuit, "buffer").flatMap((part) => {
    const side = [part.pins.A?.[1], part.pins.Y?.[1]].find(
      (net) => net !== undefined && !radioNets.has(net),
    );
    if (side === undefined) return [`${part.ref} has both signal pins on the radio`];
    const series = pinsOn(circuit, side).filter(
      (pin) => pin.part.kind === "resistor" && otherEnd(pin.part, side) !== "GND",
    );
    const [only, ...more] = series;
    if (only === undefined || more.length > 0)
      return [`${part.ref} has ${series.length} series resistors instead of 1`];
    if (!controllerNets.has(otherEnd(only.part, side)))
      return [`${only.part.ref} is not connected to the controller`];
    return partValue(only.part) < SERIES_MIN_OHM
      ? [`${only.part.ref} is below ${SERIES_MIN_OHM} ohm`]
      : [];
  });
}

function bufferSupplies(circuit: Circuit): string[] {
  return partsOfKind(circuit, "buffer").flatMap((part) => {
    const out: string[] = [];
    if (part.pins.VCC?.[1] !== "RAIL") out.push(`${part.ref} is not powered from RAIL`);
    if (part.ratings.ioffA === undefined)
      out.push(`${part.ref} (${part.mpn}) has no specified Ioff`);
    if ((part.ratings.voltageV ?? 0) < LIMITS.supplyMaxV)
      out.push(`${part.ref} is not rated for ${LIMITS.supplyMaxV} V`);
    return out;
  });
}

function currents(circuit: Circuit): string[] {
  const radio = onlyPart(circuit, "radio");
  const peak = Math.max(radio.ratings.currentA ?? 0, ...Object.values(RADIO_LOADS));
  return ["switch", "regulator"]
    .flatMap((kind) => partsOfKind(circuit, kind))
    .filter((part) => (part.ratings.currentA ?? 0) <= peak)
    .map(
      (part) =>
        `${part.ref} is rated ${part.ratings.currentA ?? 0} A, the radio peaks at ${peak} A`,
    );
}

function clamp(circuit: Circuit): string[] {
  const part = onlyPart(circuit, "switch");
  const net = part.pins.A_KILL?.[1];
  const resistor = partsOfKind(circuit, "resistor").find(
    (row) => net !== undefined && netsOf(row).has(net) && netsOf(row).has("GND"),
  );
  if (resistor === undefined) return [`${part.ref}.A_KILL has no resistor to GND`];
  const peak = LIMITS.supplyMaxV / partValue(resistor);
  return peak > (part.ratings.currentA ?? 0)
    ? [`${resistor.ref} allows ${peak.toFixed(2)} A through ${part.ref}, more than its rating`]
    : [];
}

/** Computes each resistor's power with the chips' highest supply across it. */
function dissipation(circuit: Circuit): string[] {
  return partsOfKind(circuit, "resistor").flatMap((part) => {
    const watts = LIMITS.supplyMaxV ** 2 / partValue(part);
    const rated = part.ratings.powerW ?? 0;
    return watts > rated
      ? [`${part.ref} may dissipate ${watts.toFixed(3)} W but is rated ${rated} W`]
      : [];
  });
}

function capacitorVoltages(circuit: Circuit): string[] {
  return partsOfKind(circuit, "capacitor")
    .filter(
      (part) =>
        (part.ratings.voltageV ?? 0) < (netsOf(part).has("+5V") ? 5.5 : LIMITS.supplyMaxV) * 1.5,
    )
    .map(
      (part) =>
        `${part.ref} is rated ${part.ratings.voltageV ?? 0} V, less than 1.5 times its supply`,
    );
}

function radioUsb(circuit: Circuit): string[] {
  return ["IO18", "IO19"]
    .filter((pin) => onlyPart(circuit, "radio").pins[pin] !== undefined)
    .map(
      (pin) =>
        `the radio's USB pin ${pin} is connected: a USB host would power the radio around the switch`,
    );
}

function regulatorEnable(circuit: Circuit): string[] {
  const enable = onlyPart(circuit, "regulator").pins.EN?.[1];
  const contact = onlyPart(circuit, "switch").pins.B_ON?.[1];
  if (enable === undefined || enable !== contact) return ["the regulator's EN is not on SW1.B_ON"];
  const feeds = pinsOn(circuit, enable).filter(
    ({ part }) => !["regulator", "switch", "resistor"].includes(part.kind),
  );
  return feeds.map((pin) => `${named(pin)} can enable the regulator`);
}

/** Kinds of part that contain no chip. */
const PASSIVE = ["resistor", "capacitor", "switch", "led"];
const OTHER_SUPPLIES = ["+5V", "3V3", "VRADIO"];

function transmitters(circuit: Circuit): string[] {
  return circuit.parts.flatMap((part) => {
    const { ref, radio } = part;
    if (radio === undefined)
      return PASSIVE.includes(part.kind)
        ? []
        : [`${ref} (${part.mpn}) does not state whether it contains a radio`];
    if (radio.transmits === "none") return [];
    const nets = netsOf(part);
    const feeds = OTHER_SUPPLIES.filter((net) => nets.has(net));
    if (nets.has("RAIL") && feeds.length === 0) return [];
    const from = feeds.join(" and ") || "no supply of the table";
    return [
      `${ref} (${valueLabel(part)}) can transmit (${radio.transmits}) and is powered from ${from}, not from RAIL alone`,
    ];
  });
}

/** The value that a maker's part number encodes; undefined if the scheme is not known. */
function encodedValue(part: Part): number | undefined {
  const yageo = /^RC0603FR-07(\d+)([RKM])(\d*)L$/.exec(part.mpn);
  if (yageo !== null) {
    const scale = { R: 1, K: 1e3, M: 1e6 }[yageo[2] ?? "R"] ?? 1;
    return Number(`${yageo[1]}.${yageo[3] || 0}`) * scale;
  }
  const panasonic = /^ERJ-P08F(\d+)R(\d+)V$/.exec(part.mpn);
  if (panasonic !== null) return Number(`${panasonic[1]}.${panasonic[2]}`);
  const murata = /^GRM\w{7}(\d\d)(\d)[KM]\w+$/.exec(part.mpn);
  return murata === null ? undefined : Number(murata[1]) * 10 ** Number(murata[2]) * 1e-12;
}

function partNumbers(circuit: Circuit): string[] {
  return circuit.parts
    .filter((part) => ["resistor", "capacitor"].includes(part.kind))
    .filter((part) => Math.abs((encodedValue(part) ?? 0) / partValue(part) - 1) > 1e-6)
    .map(
      (part) =>
        `${part.ref}: ${part.mpn} encodes ${encodedValue(part) ?? "no known value"}, but the table has ${part.value}`,
    );
}

/** Finds pins on supply nets that those nets should not feed. */
function supplies(circuit: Circuit): string[] {
  const allowed: Record<string, string[]> = {
    "+5V": ["controller", "regulator", "capacitor"],
    "3V3": ["controller", "resistor"],
    VRADIO: ["regulator", "capacitor", "resistor", "switch"],
  };
  return Object.entries(allowed).flatMap(([net, kinds]) =>
    pinsOn(circuit, net)
      .filter(({ part }) => !kinds.includes(part.kind))
      .map((pin) => `${named(pin)} is on ${net}`),
  );
}

export const RULES: readonly Rule[] = [
  {
    id: "transmit",
    statement:
      "No part outside RAIL can transmit: every part with a radio is powered from RAIL alone",
    violations: transmitters,
  },
  {
    id: "shared",
    statement: "Controller and radio share no net except GND",
    violations: sharedNets,
  },
  {
    id: "rail",
    statement: "RAIL connects only to the switch, resistors, capacitors, buffers, lamp and radio",
    violations: onRail,
  },
  {
    id: "rail-feed",
    statement: "No resistor feeds RAIL from another supply",
    violations: railResistors,
  },
  {
    id: "supplies",
    statement: "Each supply connects only to the parts that it feeds",
    violations: supplies,
  },
  {
    id: "series",
    statement: "Every driven controller pin connects only to resistors",
    violations: controllerLines,
  },
  {
    id: "buffered",
    statement: "Every radio pin connects only to a buffer, or to a resistor to RAIL or GND",
    violations: radioLines,
  },
  {
    id: "series-ohm",
    statement: `Every buffer has one series resistor of at least ${SERIES_MIN_OHM} ohm on the controller's side`,
    violations: seriesResistors,
  },
  {
    id: "ioff",
    statement: "Every buffer is powered from RAIL and has a specified Ioff",
    violations: bufferSupplies,
  },
  {
    id: "currents",
    statement: "Contacts and regulator are rated above the radio's peak current",
    violations: currents,
  },
  {
    id: "clamp",
    statement:
      "The KILL throw shorts RAIL through a resistor that keeps the contact within its rating",
    violations: clamp,
  },
  {
    id: "enable",
    statement: "Only the switch enables the radio's regulator",
    violations: regulatorEnable,
  },
  {
    id: "power",
    statement: "Every resistor is rated for the highest supply across it",
    violations: dissipation,
  },
  {
    id: "voltage",
    statement: "Every capacitor is rated for 1.5 times its supply",
    violations: capacitorVoltages,
  },
  { id: "usb", statement: "The radio's USB pins are not connected", violations: radioUsb },
  {
    id: "mpn",
    statement: "The part number of every resistor and capacitor encodes its value",
    violations: partNumbers,
  },
];

/** All violations of all rules, each with the rule's id. */
export function brokenRules(circuit: Circuit): string[] {
  return RULES.flatMap(({ id, violations }) => violations(circuit).map((what) => `${id}: ${what}`));
}
