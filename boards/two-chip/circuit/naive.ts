/**
 * The naive two-chip circuit: lines connected directly, one supply, a plain switch in the radio's
 * feed. It is a negative control: the experiments must refute it. It is never built.
 */
import { TWO_CHIP } from "./circuit.ts";
import { type Circuit, type Part, partOf } from "./table.ts";

const LINES = ["TX", "RX", "EN", "BOOT", "RTS", "CTS", "IRQ", "WAKE"] as const;
const RADIO_PINS = ["RXD", "TXD", "EN", "IO9", "IO4", "IO5", "IO6", "IO7"] as const;

function rewired(ref: string, pins: Part["pins"]): Part {
  return { ...partOf(TWO_CHIP, ref), pins };
}

const lineNets = Object.fromEntries(
  LINES.map((line) => [`LINE_${line}`, "controller pin to radio pin"]),
);

export const NAIVE: Circuit = {
  name: "naive",
  nets: { GND: "shared", "3V3": "shared supply", RAIL: "behind the switch", ...lineNets },
  parts: [
    rewired("U1", {
      V33: ["2", "3V3"],
      GND: ["3", "GND"],
      ...Object.fromEntries(
        LINES.map((line, index) => [line, [`${index + 4}`, `LINE_${line}`] as const]),
      ),
    }),
    rewired("U2", {
      VDD: ["1", "RAIL"],
      GND: ["9", "GND"],
      ...Object.fromEntries(
        RADIO_PINS.map((pin, index) => [pin, [`${index + 10}`, `LINE_${LINES[index]}`] as const]),
      ),
    }),
    rewired("SW1", { A_ON: ["1", "3V3"], A_COM: ["3", "RAIL"] }),
    rewired("C3", { a: ["1", "RAIL"], b: ["2", "GND"] }),
    rewired("C4", { a: ["1", "RAIL"], b: ["2", "GND"] }),
  ],
};
