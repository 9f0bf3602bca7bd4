/**
 * The controller's pins. Their GPIO numbers come from board.json, from which the firmware is built
 * as well.
 */
import board from "../board.json" with { type: "json" };

/** How the controller's firmware uses its pins while the radio is on, by pin name. */
export const NORMAL_PINS: Readonly<Record<string, "high" | "pulled up" | "input">> = {
  TX: "high",
  RX: "pulled up",
  CTS: "pulled up",
  RTS: "high",
  EN: "high",
  BOOT: "high",
  NO: "input",
  NC: "input",
  RAIL: "input",
};

/** Functions of the controller's pins in board.json (`image.pins`), by pin name. */
export const PIN_FUNCTIONS = {
  TX: "modem-tx",
  RX: "modem-rx",
  CTS: "modem-cts",
  RTS: "modem-rts",
  EN: "radio",
  BOOT: "modem-boot",
  NO: "no",
  NC: "nc",
  RAIL: "rail",
} as const;

/** Pins of the Pico's edge by GPIO number, 0 to 22 (Pico data sheet, pinout). */
const PICO_GPIO = [
  1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 19, 20, 21, 22, 24, 25, 26, 27, 29,
] as const;

/** The number of the Pico's pin that carries a function of board.json. */
export function picoPin(name: keyof typeof board.image.pins): number {
  const gpio = board.image.pins[name];
  const pin = PICO_GPIO[gpio];
  if (pin === undefined)
    throw new RangeError(`board.json: image.pins.${name} is GPIO${gpio}, which is not on the edge`);
  return pin;
}

/** A pin of the controller: its pad, from board.json, and its net. */
export function controllerPin(
  name: keyof typeof PIN_FUNCTIONS,
  net: string,
): readonly [string, string] {
  return [`${picoPin(PIN_FUNCTIONS[name])}`, net];
}

/** What is printed at the controller's pins: the Pico's name, and the function of a GPIO. */
export const PICO_TITLES: Readonly<Record<string, string>> = {
  V5: "VBUS",
  V33: "3V3",
  ...Object.fromEntries(
    Object.entries(PIN_FUNCTIONS).map(([pin, name]) => [pin, `GP${board.image.pins[name]} ${pin}`]),
  ),
};
