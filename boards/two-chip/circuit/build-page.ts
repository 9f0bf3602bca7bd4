/** The generated page docs/BUILD_TWO_CHIP.md: parts, wiring, flashing and commissioning. */
import board from "../board.json" with { type: "json" };
import { bomRows, bomTotal } from "./bom.ts";
import { steps } from "./breadboard.ts";
import { SWITCH_LEADS } from "./breadboard-layout.ts";
import { EXTRAS, extrasTotal } from "./extras.ts";
import { picoPin } from "./pico.ts";
import {
  type Circuit,
  onlyPart,
  type Part,
  partsOfKind,
  pinsOf,
  pinTitle,
  valueLabel,
} from "./table.ts";

const COPPER = "../boards/two-chip/circuit";

/** The pin of a part that is on a net. */
function pinOn(part: Part, net: string | undefined): string | undefined {
  return Object.keys(part.pins).find((pin) => part.pins[pin]?.[1] === net);
}

/** One row for each line between the chips, followed from the controller through its buffer. */
function lineRows(circuit: Circuit): string[] {
  const [controller, radio] = [onlyPart(circuit, "controller"), onlyPart(circuit, "radio")];
  return partsOfKind(circuit, "buffer").map((part) => {
    const radioPin = pinOn(radio, part.pins.A?.[1]) ?? pinOn(radio, part.pins.Y?.[1]) ?? "";
    const toRadio = pinOn(radio, part.pins.Y?.[1]) !== undefined;
    const side = part.pins[toRadio ? "A" : "Y"]?.[1];
    const series = partsOfKind(circuit, "resistor").find(
      (row) => row.purpose === "series" && pinOn(row, side) !== undefined,
    );
    const other = Object.values(series?.pins ?? {}).find(([, net]) => net !== side)?.[1];
    const pin = pinOn(controller, other) ?? "";
    const arrow = toRadio ? "to" : "from";
    return `| ${pinTitle(controller, pin)} | ${controller.pins[pin]?.[0]} | ${series?.ref} (${series === undefined ? "" : valueLabel(series)}), ${part.ref} | ${arrow} | ${pinTitle(radio, radioPin)} | ${radio.pins[radioPin]?.[0]} |`;
  });
}

/** The controller's other pins and what is on their nets. */
function pinRows(circuit: Circuit, part: Part, skip: (net: string) => boolean): string[] {
  return Object.entries(part.pins)
    .filter(([, [, net]]) => !skip(net))
    .map(([pin, [pad, net]]) => {
      const others = pinsOf(circuit)
        .filter((row) => row.net === net && row.part !== part)
        .map((row) => `${row.part.ref}.${row.pin}`);
      const to = ["GND", "RAIL", "3V3"].includes(net) ? net : `${net}: ${others.join(", ")}`;
      return `| ${part.ref} ${pinTitle(part, pin)} | ${pad} | ${to} |`;
    });
}

function localRows(): string[] {
  const row = (what: string, name: Parameters<typeof picoPin>[0], to: string): string =>
    `| ${what} | GP${board.image.pins[name]} | ${picoPin(name)} | ${to} |`;
  return [
    row("button", "button", "push button, its other side to 3V3"),
    row(
      "relay",
      "relay",
      "input of the relay module (high: energised); its supply to VBUS and GND",
    ),
    row(
      "lamp of the controller",
      "lamp",
      "red LED with 680 ohm to GND; the Pico's own LED shows the same",
    ),
    row("console TX", "console-tx", "RX of the serial adapter, 115200 8N1"),
    row("console RX", "console-rx", "TX of the serial adapter"),
  ];
}

function parts(circuit: Circuit): string[] {
  return [
    "## 1. Parts",
    "",
    `Parts of the circuit: about EUR ${bomTotal(circuit, 1).toFixed(2)}. For a breadboard, EUR ${extrasTotal().toFixed(2)} more. Prices are indicative. [bom.csv](${COPPER}/bom.csv) has part numbers, footprints and data sheets.`,
    "",
    "| references | number | value | part | EUR each |",
    "| --- | --- | --- | --- | --- |",
    ...bomRows(circuit).map(
      ({ refs, part }) =>
        `| ${refs.join(" ")} | ${refs.length} | ${valueLabel(part)} | ${part.maker} ${part.mpn} | ${part.price[0].toFixed(2)} |`,
    ),
    "",
    "| for a breadboard | number | EUR each | use |",
    "| --- | --- | --- | --- |",
    ...EXTRAS.map(
      ({ what, count, price, use }) => `| ${what} | ${count} | ${price.toFixed(2)} | ${use} |`,
    ),
    "",
    "Two parts may not be replaced by similar ones. U1 is a Raspberry Pi Pico or Pico H: **not a Pico W**, whose radio would be outside the switch. U2 is a bare module: a development board has a USB socket and a regulator of its own, which bypass the switch.",
  ];
}

function programRadio(circuit: Circuit): string[] {
  const radio = onlyPart(circuit, "radio");
  return [
    "## 2. Program the radio, before it is on the board",
    "",
    `U2 runs Espressif's ESP-AT v4.1.1.0 for the ESP32-C3, unchanged ([downloads](https://docs.espressif.com/projects/esp-at/en/latest/esp32c3/AT_Binary_Lists/index.html)). It takes AT commands on UART1 and is programmed over UART0, which this board does not connect. Do it on the adapter, off the breadboard:`,
    "",
    "- 3V3 (pad 1) and EN (pad 2) to a 3.3 V supply of at least 0.5 A, GND (pad 9) to its ground;",
    `- RXD0 (pad 11) to the serial adapter's TX, TXD0 (pad 12) to its RX; IO9 (pad ${radio.pins.IO9?.[0]}) to GND while the supply comes on; IO8 (pad ${radio.pins.IO8?.[0]}) and IO2 (pad ${radio.pins.IO2?.[0]}) through 10k to 3V3;`,
    "- `esptool.py --chip esp32c3 --port PORT write_flash 0x0 FILE`, with the `factory_*.bin` of the download.",
    "",
    "This step was not tried on a module.",
  ];
}

function wiring(circuit: Circuit): string[] {
  const [controller, radio] = [onlyPart(circuit, "controller"), onlyPart(circuit, "radio")];
  const line = (net: string): boolean => /^(CTRL|RADIO)_/.test(net);
  return [
    "## 3. Wiring",
    "",
    `![Schematic](${COPPER}/schematic.svg)`,
    "",
    `The lines between the chips. GPIO numbers are those of the firmware: both come from \`image.pins\` in [board.json](../boards/two-chip/board.json).`,
    "",
    "| Pico | its pin | through | | module | its pad |",
    "| --- | --- | --- | --- | --- | --- |",
    ...lineRows(circuit),
    "",
    "The other pins of both:",
    "",
    "| pin | number | to |",
    "| --- | --- | --- |",
    ...pinRows(circuit, controller, line),
    ...pinRows(circuit, radio, line),
    "",
    "All other pads of U2 stay unconnected. On the Pico, these are free of the circuit; no wire may lead from them to board B:",
    "",
    "| what | GPIO | pin | to |",
    "| --- | --- | --- | --- |",
    ...localRows(),
  ];
}

function assembly(circuit: Circuit): string[] {
  const list = steps(circuit);
  return [
    "## 4. Assemble",
    "",
    "Two breadboards, A and B. Rows are a to j, columns 1 to 63. The red rails of A are 3V3, those of B are RAIL: never join them. Follow the steps in order and leave USB unplugged. A test holds picture and list equal to the circuit.",
    "",
    `![Breadboard wiring](${COPPER}/breadboard.svg)`,
    "",
    ...list.flatMap(({ title, items }, index) => [
      `<details><summary>Step ${index + 1}: ${title} (${items.length})</summary>`,
      "",
      "| what | from | to |",
      "| --- | --- | --- |",
      ...items.map(({ what, from, to }) => `| ${what} | ${from} | ${to} |`),
      "",
      "</details>",
      "",
    ]),
    `SW1 is wired last, with ${SWITCH_LEADS.length} leads. Find its terminals with the ohmmeter: with the slide at ON, A_COM and A_ON are connected, and B_COM and B_ON; at KILL, A_COM and A_KILL, and B_COM and B_KILL; nothing else.`,
  ];
}

/** docs/BUILD_TWO_CHIP.md. */
export function buildPage(circuit: Circuit, generated: string): string {
  return [
    generated,
    "",
    "# Build the two-chip board",
    "",
    "Terms of our own are in the [glossary](GLOSSARY.md). The one-chip [ESP32](FIRST_FLASH.md) is quicker to build and is the place to start. This board is for those who do not want to trust the firmware of either chip: the switch cuts the radio's supply in copper ([why, and with which figures](../boards/two-chip/README.md)).",
    "",
    "**What exists today.** The circuit and its simulation; the [controller's firmware](../boards/two-chip/firmware/README.md), which runs in an emulator of the chip. Nobody has built this board or measured it yet. The driver for the radio's AT commands does not exist: button, relay, lamp, journal and console work, and the radio is switched on and off, but it joins no network.",
    "",
    ...parts(circuit),
    "",
    ...programRadio(circuit),
    "",
    ...wiring(circuit),
    "",
    ...assembly(circuit),
    "",
    "## 5. Measure, unplugged",
    "",
    "[PROBE](PROBE.md), section 1, or `./killswitch commission --board two-chip`: four resistances at ON and at KILL. Do not plug in USB while one is outside its band.",
    "",
    "## 6. Flash the controller",
    "",
    "Put the switch to KILL.",
    "",
    "```sh",
    "apt-get install gcc-arm-none-eabi picolibc-arm-none-eabi",
    "./killswitch build --board two-chip     # one .uf2: firmware and guest",
    "./killswitch flash --board two-chip     # BOOTSEL held while the Pico is plugged in",
    "```",
    "",
    "The Pico appears as a USB drive; flashing copies the file to it. With `--device`, `--broker` and `--ssid`, the owner's settings go into the same file ([firmware](../boards/two-chip/firmware/README.md)).",
    "",
    "## 7. Commission",
    "",
    "With the switch still at KILL, measure the voltages of [PROBE](PROBE.md), section 2, at KILL and at ON. Then look: the lamp D1 is dark at KILL and lit at ON. The console (115200 8N1) answers `status` with the phase of the gate: KILLED at KILL, LIVE 50 ms after ON.",
    "",
  ].join("\n");
}
