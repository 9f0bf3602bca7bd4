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

/** Heights of the six lines between the chips. */
const ROWS = { tx: 450, rts: 575, en: 700, boot: 825, rx: 950, cts: 1075 } as const;
/** Top of the switch's second pole. */
const POLE_B = 1215;

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

/** A line from radio to controller at height y: pull-down, buffer, series resistor. */
function lineIn(
  y: number,
  name: string,
  radioNet: string,
  refs: readonly [string, string, string],
): Partial<Layout> {
  const [series, pull, buffer] = refs;
  return {
    units: [
      two(series, "h", 310, y, "b", "a"),
      { ref: buffer, at: [520, y], shape: { kind: "buffer", toward: "left" } },
      two(pull, "v", 610, y),
    ],
    wires: [
      wire(`CTRL_${name}`, 270, y, 310, y),
      wire(`BUF_${name}`, 370, y, 470, y),
      wire(radioNet, 570, y, 610, y, 710, y),
      wire("GND", 520, y + 32, 542, y + 32),
    ],
    labels: [
      { net: "RAIL", at: [520, y - 32], style: "supply" },
      { net: "GND", at: [520, y + 32], style: "ground" },
      { net: "GND", at: [610, y + 60], style: "ground" },
      { net: radioNet, at: [640, y], style: "over" },
    ],
  };
}

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
      [100, 695],
      { V5: 80, V33: 120, NO: 215, NC: 255, RAIL: 345, GND: 595 },
      { TX: 30, RTS: 155, EN: 280, BOOT: 405, RX: 530, CTS: 655 },
      {},
    ),
    box(
      "U2",
      [730, 420],
      [120, 695],
      { IO6: 30, IO5: 155, EN: 280, IO9: 405, IO7: 530, IO4: 655 },
      { VDD: 30, IO8: 155, IO2: 280 },
      { GND: 35, EPAD: 85 },
    ),
    two("R20", "v", 910, 515),
    two("R21", "v", 910, 640),
  ],
  wires: [wire("STRAP_IO8", 870, 575, 910, 575), wire("STRAP_IO2", 870, 700, 910, 700)],
  labels: [
    { net: "+5V", at: [130, 500], style: "left" },
    { net: "3V3", at: [130, 540], style: "left" },
    { net: "SENSE_NO", at: [130, 635], style: "left" },
    { net: "SENSE_NC", at: [130, 675], style: "left" },
    { net: "RAIL_SENSE", at: [130, 765], style: "left" },
    { net: "GND", at: [130, 1015], style: "ground" },
    { net: "RAIL", at: [870, 450], style: "right" },
    { net: "RAIL", at: [910, 515], style: "supply" },
    { net: "RAIL", at: [910, 640], style: "supply" },
    { net: "GND", at: [765, 1135], style: "ground" },
    { net: "GND", at: [815, 1135], style: "ground" },
  ],
};

const DECOUPLING_X = [1012, 1092] as const;
/** The buffers' capacitors and the radio's second one, two in a row. */
const DECOUPLING_REFS = ["C4", "C5", "C6", "C7", "C8", "C9", "C10"];
const decouplingY = (index: number): number => 470 + Math.floor(index / 2) * 120;
const DECOUPLING: Partial<Layout> = {
  units: DECOUPLING_REFS.map((ref, index) =>
    two(ref, "v", DECOUPLING_X[index % 2] ?? 0, decouplingY(index)),
  ),
  wires: DECOUPLING_REFS.filter((_, index) => index % 2 === 0).map((_, row): Wire => {
    const y = decouplingY(2 * row);
    const second = 2 * row + 1 < DECOUPLING_REFS.length;
    return wire("RAIL", DECOUPLING_X[0], y, 1052, y, ...(second ? [DECOUPLING_X[1], y] : []));
  }),
  labels: DECOUPLING_REFS.flatMap((_, index): Label[] => {
    const [x, y] = [DECOUPLING_X[index % 2] ?? 0, decouplingY(index)];
    const ground: Label = { net: "GND", at: [x, y + 40], style: "ground" };
    return index % 2 === 0 ? [{ net: "RAIL", at: [1052, y], style: "supply" }, ground] : [ground];
  }),
};

const ON_Y = POLE_B + 60;
const KILL_Y = ON_Y + 60;
const CONTACTS: Partial<Layout> = {
  units: [
    two("R7", "h", 70, ON_Y + 30),
    { ref: "SW1", at: [170, ON_Y + 30], shape: { kind: "pole", pole: "B", toward: "right" } },
    two("R9", "v", 340, KILL_Y),
    two("R11", "h", 400, KILL_Y),
    two("R28", "v", 520, KILL_Y),
    two("R8", "v", 700, ON_Y),
    two("R10", "h", 760, ON_Y),
    two("R27", "v", 880, ON_Y),
  ],
  wires: [
    wire("3V3", 50, ON_Y + 30, 70, ON_Y + 30),
    wire("SW_FEED", 130, ON_Y + 30, 170, ON_Y + 30),
    wire("SW_ON", 280, ON_Y, 700, ON_Y, 760, ON_Y),
    wire("SW_KILL", 280, KILL_Y, 340, KILL_Y, 400, KILL_Y),
    wire("SENSE_NC", 460, KILL_Y, 520, KILL_Y, 570, KILL_Y),
    wire("SENSE_NO", 820, ON_Y, 880, ON_Y, 930, ON_Y),
  ],
  labels: [
    { net: "3V3", at: [50, ON_Y + 30], style: "supply" },
    { net: "SW_ON", at: [450, ON_Y], style: "over" },
    { net: "SW_KILL", at: [355, KILL_Y], style: "over" },
    { net: "GND", at: [340, KILL_Y + 60], style: "ground" },
    { net: "GND", at: [520, KILL_Y + 60], style: "ground" },
    { net: "GND", at: [700, ON_Y + 60], style: "ground" },
    { net: "GND", at: [880, ON_Y + 60], style: "ground" },
    { net: "SENSE_NC", at: [570, KILL_Y], style: "right" },
    { net: "SENSE_NO", at: [930, ON_Y], style: "right" },
  ],
};

const SECTIONS: readonly Partial<Layout>[] = [
  SUPPLY,
  RAIL,
  CHIPS,
  lineOut(ROWS.tx, "TX", "RADIO_RXD", ["R12", "R16", "U4"]),
  lineOut(ROWS.rts, "RTS", "RADIO_CTS", ["R23", "R25", "U8"]),
  lineOut(ROWS.en, "EN", "RADIO_EN", ["R13", "R17", "U5"]),
  lineOut(ROWS.boot, "BOOT", "RADIO_BOOT", ["R14", "R18", "U6"]),
  lineIn(ROWS.rx, "RX", "RADIO_TXD", ["R15", "R19", "U7"]),
  lineIn(ROWS.cts, "CTS", "RADIO_RTS", ["R24", "R26", "U9"]),
  DECOUPLING,
  CONTACTS,
];

export const LAYOUT: Layout = {
  size: [1180, 1520],
  blocks: [
    { title: "Radio supply", at: [16, 40], size: [394, 270], tint: "#eef4fb" },
    { title: "SW1 pole A", at: [420, 40], size: [180, 270], tint: "#fdecec" },
    { title: "RAIL: bulk, bleed, lamp, sense", at: [610, 40], size: [554, 270], tint: "#eef8ef" },
    { title: "Controller", at: [16, 330], size: [274, 865], tint: "#f4f1fa" },
    { title: "Buffers, powered from RAIL", at: [300, 330], size: [385, 865], tint: "#eef8ef" },
    { title: "Radio, bare module", at: [695, 330], size: [275, 865], tint: "#eef8ef" },
    { title: "Decoupling", at: [980, 330], size: [184, 865], tint: "#eef8ef" },
    {
      title: "SW1 pole B: reports the position and gates the regulator's enable",
      at: [16, POLE_B],
      size: [1148, 205],
      tint: "#fdecec",
    },
  ],
  units: SECTIONS.flatMap((section) => section.units ?? []),
  wires: SECTIONS.flatMap((section) => section.wires ?? []),
  labels: SECTIONS.flatMap((section) => section.labels ?? []),
};
