/**
 * Controllers with a radio. They are negative controls: rule `transmit` must refuse them, because
 * hostile code on them would transmit with the switch at KILL.
 */
import { TWO_CHIP } from "./circuit.ts";
import type { Circuit, Part, Radio } from "./table.ts";

function withController(mpn: string, label: string, radio: Radio): Circuit {
  const change: Partial<Part> = { mpn, label, radio };
  return {
    ...TWO_CHIP,
    parts: TWO_CHIP.parts.map((part) => (part.ref === "U1" ? { ...part, ...change } : part)),
  };
}

/** The shipped circuit with another controller, by the controller's name. */
export const REFUSED: Readonly<Record<string, Circuit>> = {
  "ESP32-C3-DevKitM-1": withController("ESP32-C3-DevKitM-1", "ESP32-C3-DevKitM-1", {
    transmits: "Wi-Fi and Bluetooth LE, 2.4 GHz",
    source: "Espressif ESP32-C3 data sheet",
  }),
  "Raspberry Pi Pico W": withController("SC0918", "Raspberry Pi Pico W", {
    transmits: "Wi-Fi and Bluetooth (CYW43439), 2.4 GHz",
    source: "Pico W data sheet",
  }),
};
