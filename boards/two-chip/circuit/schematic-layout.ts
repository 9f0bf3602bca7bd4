/**
 * Positions of the schematic's symbols, wires and labels. The connections come from circuit.ts;
 * schematic.ts refuses a layout that draws other connections.
 */
import type { Point } from "../../../host-sim/base/svg.ts";
import type { Ports, Unit } from "./symbols.ts";

export interface Wire {
  net: string;
  points: readonly Point[];
}

export interface Label {
  net: string;
  at: Point;
  style: "ground" | "supply" | "left" | "right" | "over";
}

export interface Block {
  title: string;
  at: Point;
  size: Point;
  tint: string;
}

export interface Layout {
  size: Point;
  blocks: Block[];
  units: Unit[];
  wires: Wire[];
  labels: Label[];
}

const ROWS = { tx: 450, en: 575, boot: 700, rx: 825 } as const;

/** A wire through points, given as x, y, x, y ... */
function wire(net: string, ...xy: number[]): Wire {
  const points = xy.flatMap((x, index): Point[] =>
    index % 2 === 0 ? [[x, xy[index + 1] ?? x]] : [],
  );
  return { net, points };
}

function two(ref: string, kind: "h" | "v", x: number, y: number, first = "a", last = "b"): Unit {
  const body = ref.startsWith("C") ? "capacitor" : ref.startsWith("D") ? "led" : "resistor";
  return { ref, at: [x, y], shape: { kind, body, first, last } };
}

function box(ref: string, at: Point, size: Point, left: Ports, right: Ports, bottom: Ports): Unit {
  return { ref, at, shape: { kind: "box", w: size[0], h: size[1], left, right, bottom } };
}

/** A line from controller to radio at height y: series resistor, pull-down, buffer. */
function lineOut(
  y: number,
  name: string,
  radioNet: string,
  refs: readonly [string, string, string],
): Partial<Layout> {
  const [series, pull, buffer] = refs;
  return {
    units: [
      two(series, "h", 310, y),
      two(pull, "v", 400, y),
      { ref: buffer, at: [520, y], shape: { kind: "buffer", toward: "right" } },
    ],
    wires: [
      wire(`CTRL_${name}`, 270, y, 310, y),
      wire(`BUF_${name}`, 370, y, 400, y, 470, y),
      wire(radioNet, 570, y, 710, y),
      wire("GND", 498, y + 32, 520, y + 32),
    ],
    labels: [
      { net: "GND", at: [400, y + 60], style: "ground" },
      { net: "RAIL", at: [520, y - 32], style: "supply" },
      { net: "GND", at: [520, y + 32], style: "ground" },
      { net: radioNet, at: [640, y], style: "over" },
    ],
  };
}

const LINE_IN: Partial<Layout> = {
  units: [
    two("R15", "h", 310, ROWS.rx, "b", "a"),
    { ref: "U7", at: [520, ROWS.rx], shape: { kind: "buffer", toward: "left" } },
    two("R19", "v", 610, ROWS.rx),
  ],
  wires: [
    wire("CTRL_RX", 270, ROWS.rx, 310, ROWS.rx),
    wire("BUF_RX", 370, ROWS.rx, 470, ROWS.rx),
    wire("RADIO_TXD", 570, ROWS.rx, 610, ROWS.rx, 710, ROWS.rx),
    wire("GND", 520, ROWS.rx + 32, 542, ROWS.rx + 32),
  ],
  labels: [
    { net: "RAIL", at: [520, ROWS.rx - 32], style: "supply" },
    { net: "GND", at: [520, ROWS.rx + 32], style: "ground" },
    { net: "GND", at: [610, ROWS.rx + 60], style: "ground" },
    { net: "RADIO_TXD", at: [665, ROWS.rx], style: "over" },
  ],
};

const SUPPLY: Partial<Layout> = {
  units: [
    two("C1", "v", 66, 130),
    box("U3", [160, 100], [110, 130], { VIN: 30, EN: 100 }, { VOUT: 30 }, { GND: 55 }),
    two("C2", "v", 312, 130),
    two("R22", "v", 366, 130),
    { ref: "SW1", at: [580, 160], shape: { kind: "pole", pole: "A", toward: "left" } },
    two("R1", "v", 445, 215),
  ],
  wires: [
    wire("+5V", 40, 130, 66, 130, 140, 130),
    wire("VRADIO", 290, 130, 312, 130, 366, 130, 470, 130),
    wire("CLAMP", 470, 190, 445, 190, 445, 215),
  ],
  labels: [
    { net: "+5V", at: [40, 130], style: "supply" },
    { net: "GND", at: [66, 170], style: "ground" },
    { net: "SW_ON", at: [140, 200], style: "left" },
    { net: "GND", at: [215, 250], style: "ground" },
    { net: "GND", at: [312, 170], style: "ground" },
    { net: "GND", at: [366, 190], style: "ground" },
    { net: "VRADIO", at: [440, 130], style: "over" },
    { net: "GND", at: [445, 275], style: "ground" },
  ],
};

const RAIL: Partial<Layout> = {
  units: [
    two("C3", "v", 630, 160),
    two("R2", "v", 705, 160),
    two("R3", "v", 780, 160),
    two("D1", "v", 780, 220, "A", "K"),
    two("R4", "v", 940, 160),
    two("R5", "v", 940, 220),
    two("R6", "v", 1010, 220),
  ],
  wires: [
    wire("RAIL", 580, 160, 630, 160, 705, 160, 780, 160, 940, 160, 1060, 160),
    wire("RAIL_SENSE", 940, 280, 1010, 280, 1035, 280),
  ],
  labels: [
    { net: "RAIL", at: [1060, 160], style: "right" },
    { net: "GND", at: [630, 200], style: "ground" },
    { net: "GND", at: [705, 220], style: "ground" },
    { net: "GND", at: [780, 260], style: "ground" },
    { net: "3V3", at: [1010, 220], style: "supply" },
    { net: "RAIL_SENSE", at: [1035, 280], style: "right" },
  ],
};

const CHIPS: Partial<Layout> = {
  units: [
    box(
      "U1",
      [150, 420],
      [100, 445],
      { V5: 30, V33: 80, NO: 180, NC: 230, RAIL: 280, GND: 405 },
      { TX: 30, EN: 155, BOOT: 280, RX: 405 },
      {},
    ),
    box(
      "U2",
      [730, 420],
      [120, 445],
      { RXD: 30, EN: 155, IO9: 280, TXD: 405 },
      { VDD: 30, IO8: 155, IO2: 280 },
      { GND: 35, EPAD: 85 },
    ),
    two("R20", "v", 910, 515),
    two("R21", "v", 910, 640),
  ],
  wires: [wire("STRAP_IO8", 870, 575, 910, 575), wire("STRAP_IO2", 870, 700, 910, 700)],
  labels: [
    { net: "+5V", at: [130, 450], style: "left" },
    { net: "3V3", at: [130, 500], style: "left" },
    { net: "SENSE_NO", at: [130, 600], style: "left" },
    { net: "SENSE_NC", at: [130, 650], style: "left" },
    { net: "RAIL_SENSE", at: [130, 700], style: "left" },
    { net: "GND", at: [130, 825], style: "ground" },
    { net: "RAIL", at: [870, 450], style: "right" },
    { net: "RAIL", at: [910, 515], style: "supply" },
    { net: "RAIL", at: [910, 640], style: "supply" },
    { net: "GND", at: [765, 885], style: "ground" },
    { net: "GND", at: [815, 885], style: "ground" },
  ],
};

const DECOUPLING_X = [1012, 1092] as const;
const DECOUPLING: Partial<Layout> = {
  units: ["C4", "C5", "C6", "C7", "C8"].map((ref, index) =>
    two(ref, "v", DECOUPLING_X[index % 2] ?? 0, 470 + Math.floor(index / 2) * 120),
  ),
  wires: [470, 590, 710].map(
    (y, row): Wire => ({
      net: "RAIL",
      points:
        row < 2
          ? [
              [1012, y],
              [1052, y],
              [1092, y],
            ]
          : [
              [1012, y],
              [1052, y],
            ],
    }),
  ),
  labels: [470, 590, 710].flatMap((y, row): Label[] => [
    { net: "RAIL", at: [1052, y], style: "supply" },
    { net: "GND", at: [1012, y + 40], style: "ground" },
    ...(row < 2 ? [{ net: "GND", at: [1092, y + 40] as const, style: "ground" as const }] : []),
  ]),
};

const CONTACTS: Partial<Layout> = {
  units: [
    two("R7", "h", 70, 1055),
    { ref: "SW1", at: [170, 1055], shape: { kind: "pole", pole: "B", toward: "right" } },
    two("R9", "v", 340, 1085),
    two("R11", "h", 400, 1085),
    two("R8", "v", 630, 1025),
    two("R10", "h", 690, 1025),
  ],
  wires: [
    wire("3V3", 50, 1055, 70, 1055),
    wire("SW_FEED", 130, 1055, 170, 1055),
    wire("SW_ON", 280, 1025, 630, 1025, 690, 1025),
    wire("SW_KILL", 280, 1085, 340, 1085, 400, 1085),
    wire("SENSE_NC", 460, 1085, 480, 1085),
    wire("SENSE_NO", 750, 1025, 770, 1025),
  ],
  labels: [
    { net: "3V3", at: [50, 1055], style: "supply" },
    { net: "SW_ON", at: [400, 1025], style: "over" },
    { net: "SW_KILL", at: [370, 1085], style: "over" },
    { net: "GND", at: [340, 1145], style: "ground" },
    { net: "GND", at: [630, 1085], style: "ground" },
    { net: "SENSE_NC", at: [480, 1085], style: "right" },
    { net: "SENSE_NO", at: [770, 1025], style: "right" },
  ],
};

const SECTIONS: readonly Partial<Layout>[] = [
  SUPPLY,
  RAIL,
  CHIPS,
  lineOut(ROWS.tx, "TX", "RADIO_RXD", ["R12", "R16", "U4"]),
  lineOut(ROWS.en, "EN", "RADIO_EN", ["R13", "R17", "U5"]),
  lineOut(ROWS.boot, "BOOT", "RADIO_BOOT", ["R14", "R18", "U6"]),
  LINE_IN,
  DECOUPLING,
  CONTACTS,
];

export const LAYOUT: Layout = {
  size: [1180, 1185],
  blocks: [
    { title: "Radio supply", at: [16, 40], size: [394, 270], tint: "#eef4fb" },
    { title: "SW1 pole A", at: [420, 40], size: [180, 270], tint: "#fdecec" },
    { title: "RAIL: bulk, bleed, lamp, sense", at: [610, 40], size: [554, 270], tint: "#eef8ef" },
    { title: "Controller", at: [16, 330], size: [274, 615], tint: "#f4f1fa" },
    { title: "Buffers, powered from RAIL", at: [300, 330], size: [385, 615], tint: "#eef8ef" },
    { title: "Radio, bare module", at: [695, 330], size: [275, 615], tint: "#eef8ef" },
    { title: "Decoupling", at: [980, 330], size: [184, 615], tint: "#eef8ef" },
    {
      title: "SW1 pole B: reports the position and gates the regulator's enable",
      at: [16, 965],
      size: [870, 205],
      tint: "#fdecec",
    },
  ],
  units: SECTIONS.flatMap((section) => section.units ?? []),
  wires: SECTIONS.flatMap((section) => section.wires ?? []),
  labels: SECTIONS.flatMap((section) => section.labels ?? []),
};
