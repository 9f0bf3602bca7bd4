/**
 * Draws the wiring of a breadboard build. This file contains only positions. The wires are derived
 * from the table: the strips of a net are chained, and two-pin parts bridge the strips of their
 * nets.
 */
import { circle, type Point, rect, round, svg, text } from "../../../host-sim/base/svg.ts";
import { type Circuit, CircuitError, partOf } from "./table.ts";

/** A column in the top (t) or bottom (b) half: five connected holes. */
type Strip = readonly [number, "t" | "b"];

const COLUMNS = 63;
const PITCH = 14;
const LEFT = 24;
/** Vertical positions of the four supply rails and of the nearest hole of each half. */
const Y = {
  railTop: 122,
  groundTop: 138,
  t: 162,
  b: 260,
  railBottom: 340,
  groundBottom: 356,
} as const;

/** Modules on the board or wired to it: the strip of each pin. */
const PLACES: Readonly<Record<string, Readonly<Record<string, Strip>>>> = {
  U1: {
    V5: [2, "b"],
    V33: [3, "b"],
    GND: [4, "b"],
    TX: [5, "b"],
    EN: [6, "b"],
    BOOT: [7, "b"],
    RX: [8, "b"],
    NO: [9, "b"],
    NC: [10, "b"],
    RAIL: [11, "b"],
  },
  U3: { VIN: [14, "b"], GND: [15, "b"], EN: [16, "b"], VOUT: [14, "t"] },
  SW1: {
    A_ON: [19, "t"],
    A_COM: [20, "t"],
    A_KILL: [21, "t"],
    B_ON: [22, "t"],
    B_COM: [23, "t"],
    B_KILL: [24, "t"],
  },
  ...Object.fromEntries(
    ["U4", "U5", "U6", "U7"].map((ref, index) => {
      const c = 30 + 5 * index;
      const pins: Record<string, Strip> = {
        OE: [c, "b"],
        A: [c + 1, "b"],
        GND: [c + 2, "b"],
        VCC: [c, "t"],
        Y: [c + 2, "t"],
      };
      return [ref, pins];
    }),
  ),
  U2: {
    VDD: [51, "b"],
    EN: [52, "b"],
    IO8: [57, "b"],
    IO9: [58, "b"],
    GND: [59, "b"],
    IO2: [53, "t"],
    TXD: [57, "t"],
    RXD: [58, "t"],
  },
};

/** Strips that connect only two-pin parts and jumpers: net and strip. */
const FREE: readonly (readonly [string, Strip])[] = [
  ["LAMP", [28, "t"]],
  ["RAIL_MID", [10, "t"]],
  ["3V3", [13, "b"]],
  ["3V3", [17, "t"]],
  ["SENSE_NO", [19, "b"]],
  ["SENSE_NC", [24, "b"]],
  ["CTRL_TX", [28, "b"]],
  ["CTRL_EN", [33, "b"]],
  ["CTRL_BOOT", [38, "b"]],
  ["CTRL_RX", [50, "t"]],
];

const COLOURS = ["#d0661b", "#1f6fb2", "#2c8a4b", "#8a4fbf", "#b08900", "#0f8b8d", "#c2417c"];
const SUPPLY_COLOURS: Readonly<Record<string, string>> = { RAIL: "#c62828", GND: "#37474f" };

interface Hole {
  at: Point;
  /** Which of the strip's five holes, 0 the innermost. */
  row: number;
}

/** Allocates holes, five in each strip, and records the net of each strip. */
class Board {
  readonly strips = new Map<string, { strip: Strip; net: string; used: number }>();

  constructor(circuit: Circuit) {
    for (const [ref, pins] of Object.entries(PLACES)) {
      const part = partOf(circuit, ref);
      for (const [pin, strip] of Object.entries(pins))
        this.claim(strip, part.pins[pin]?.[1] ?? "", `${ref}.${pin}`, 1);
    }
    for (const [net, strip] of FREE) this.claim(strip, net, net, 1);
  }

  private claim(strip: Strip, net: string, who: string, used: number): void {
    const key = strip.join("");
    if (net === "" || this.strips.has(key)) {
      throw new CircuitError(
        `breadboard: ${who} on strip ${key}: ${net === "" ? "the pin has no net" : "the strip is in use"}; correct breadboard.ts`,
      );
    }
    this.strips.set(key, { strip, net, used });
  }

  /** Strips of a net, left to right. */
  of(net: string): Strip[] {
    return [...this.strips.values()]
      .filter((entry) => entry.net === net)
      .map(({ strip }) => strip)
      .sort((a, b) => a[0] - b[0]);
  }

  /** The next free hole of a strip. */
  hole(strip: Strip): Hole {
    const entry = this.strips.get(strip.join(""));
    if (entry === undefined || entry.used > 4) {
      throw new CircuitError(
        `breadboard: strip ${strip.join("")} has no free hole; give its net a second strip`,
      );
    }
    const [column, half] = strip;
    const y = half === "t" ? Y.t + (4 - entry.used) * PITCH : Y.b + entry.used * PITCH;
    entry.used += 1;
    return { at: [LEFT + column * PITCH, y], row: entry.used - 1 };
  }
}

/** Vertical position of a supply net's rail next to a half; undefined for a signal. */
function railY(net: string, half: "t" | "b"): number | undefined {
  if (net === "GND") return half === "t" ? Y.groundTop : Y.groundBottom;
  if (net === "RAIL") return half === "t" ? Y.railTop : Y.railBottom;
  return undefined;
}

function wire(a: Point, b: Point, colour: string, bow: number): string {
  const [mx, my] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2 + bow];
  return [
    `<path d="M${a[0]} ${a[1]}Q${round(mx)} ${round(my)} ${b[0]} ${b[1]}" stroke="${colour}" stroke-width="3" fill="none" stroke-linecap="round"/>`,
    circle(a[0], a[1], 3, colour),
    circle(b[0], b[1], 3, colour),
  ].join("");
}

/** A two-pin part with its leads and its name. */
function bridge(a: Point, b: Point, ref: string, kind: string): string {
  const [mx, my] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const fill = { resistor: "#e8cfa6", capacitor: "#9fc5e8", led: "#e57373" }[kind] ?? "#ddd";
  const angle = round((Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI);
  return [
    wire(a, b, "#7b8794", 0),
    `<rect x="${round(mx - 15)}" y="${round(my - 7)}" width="30" height="14" rx="6" fill="${fill}" stroke="#1f2933" stroke-width="1" transform="rotate(${angle} ${round(mx)} ${round(my)})"/>`,
    text(mx, my + 4, ref, { size: 10.5, anchor: "middle", bold: true }),
  ].join("");
}

/**
 * Jumpers: from each strip of a supply to its rail, and between neighbouring strips of a signal.
 */
function jumpers(circuit: Circuit, board: Board): string[] {
  return Object.keys(circuit.nets).flatMap((net, index) => {
    const strips = board.of(net);
    const supply = SUPPLY_COLOURS[net];
    if (supply !== undefined) {
      return strips.map((strip) => {
        const { at } = board.hole(strip);
        return wire(at, [at[0], railY(net, strip[1]) ?? at[1]], supply, 0);
      });
    }
    const colour = COLOURS[index % COLOURS.length] ?? "#000";
    return strips.slice(1).map((strip, row) => {
      const from = board.hole(strips[row] ?? strip).at;
      const to = board.hole(strip).at;
      const bow = Math.min(60, 12 + Math.abs(to[0] - from[0]) * 0.14);
      return wire(from, to, colour, strip[1] === "t" ? -bow : bow);
    });
  });
}

/** The ends of a two-pin part: on the strips of its signals, or on a supply rail. */
function ends(board: Board, nets: readonly [string, string], slot: number): [Point, Point] {
  const [first, second] = nets;
  const supplyEnds = nets.filter((net) => SUPPLY_COLOURS[net] !== undefined);
  if (supplyEnds.length === 2) {
    const x = LEFT + slot * PITCH;
    return [
      [x, railY(first, "t") ?? 0],
      [x, railY(second, "t") ?? 0],
    ];
  }
  const signal = SUPPLY_COLOURS[first] === undefined ? first : second;
  const other = signal === first ? second : first;
  const starts = board.of(signal);
  const targets = board.of(other);
  const pairs = starts.flatMap((start) => targets.map((target) => ({ start, target })));
  const length = (pair: { start: Strip; target: Strip }): number =>
    Math.abs(pair.start[0] - pair.target[0]);
  const [nearest] = pairs.sort((a, b) => length(a) - length(b));
  const supply = SUPPLY_COLOURS[other] !== undefined;
  const start = supply ? starts[0] : nearest?.start;
  if (start === undefined || (!supply && nearest === undefined)) {
    throw new CircuitError(
      `breadboard: nets ${signal} and ${other} have no strips; place them in breadboard.ts`,
    );
  }
  const { at, row } = board.hole(start);
  const rail = railY(other, start[1]);
  if (rail !== undefined) return [at, [at[0] + (row % 2 ? 21 : -21), rail]];
  return [at, board.hole(nearest?.target ?? start).at];
}

/** Columns on the top rails for parts between RAIL and GND. */
const RAIL_SLOTS = [31, 36, 41, 46, 49, 55, 60] as const;

function bridges(circuit: Circuit, board: Board): string[] {
  let slot = 0;
  return circuit.parts
    .filter((part) => Object.keys(part.pins).length === 2)
    .map((part) => {
      const [a, b] = Object.values(part.pins).map(([, net]) => net);
      if (a === undefined || b === undefined) return "";
      const onRails = SUPPLY_COLOURS[a] !== undefined && SUPPLY_COLOURS[b] !== undefined;
      const [from, to] = ends(board, [a, b], RAIL_SLOTS[slot % RAIL_SLOTS.length] ?? 31);
      if (!onRails) return bridge(from, to, part.ref, part.kind);
      slot += 1;
      // The rails are only 16 apart, so the part is drawn above them.
      return (
        bridge([from[0], from[1] - 26], [from[0], from[1] - 27], part.ref, part.kind) +
        wire([from[0] - 6, from[1] - 20], [from[0] - 6, from[1]], "#7b8794", 0) +
        wire([from[0] + 6, from[1] - 20], [from[0] + 6, to[1]], "#7b8794", 0)
      );
    });
}

function base(): string[] {
  const width = COLUMNS * PITCH + 2 * PITCH;
  const out = [
    rect(LEFT - 14, 108, width, 262, "#fbfaf5", "#cbd2d9", 8),
    rect(LEFT - 4, 232, width - 20, 14, "#ece9df"),
  ];
  for (let column = 1; column <= COLUMNS; column += 1) {
    for (let row = 0; row < 5; row += 1) {
      for (const y of [Y.t + row * PITCH, Y.b + row * PITCH])
        out.push(circle(LEFT + column * PITCH, y, 1.8, "#b8bec5"));
    }
    if (column % 5 === 0)
      out.push(
        text(LEFT + column * PITCH, 243, `${column}`, {
          size: 10,
          anchor: "middle",
          fill: "#7b8794",
        }),
      );
  }
  const rails: [number, string][] = [
    [Y.railTop, "RAIL"],
    [Y.groundTop, "GND"],
    [Y.railBottom, "RAIL"],
    [Y.groundBottom, "GND"],
  ];
  for (const [y, net] of rails) {
    out.push(
      `<line x1="${LEFT}" y1="${y}" x2="${LEFT + (COLUMNS + 1) * PITCH - 24}" y2="${y}" stroke="${SUPPLY_COLOURS[net]}" stroke-width="2" opacity="0.55"/>`,
    );
    out.push(
      text(LEFT + (COLUMNS + 1) * PITCH - 20, y + 4, net, {
        size: 11,
        bold: true,
        fill: SUPPLY_COLOURS[net] ?? "#000",
      }),
    );
  }
  return out;
}

/** The modules, with their pin names at the strips. */
function bodies(circuit: Circuit): string[] {
  return Object.entries(PLACES).flatMap(([ref, pins]) => {
    const columns = Object.values(pins).map(([column]) => column);
    const [from, to] = [Math.min(...columns), Math.max(...columns)];
    const halves = new Set(Object.values(pins).map(([, half]) => half));
    const straddles = halves.size === 2;
    const top = halves.has("t");
    const y = straddles ? 206 : top ? 8 : 424;
    const height = straddles ? 66 : 28;
    const x = LEFT + from * PITCH - 9;
    const width = Math.max((to - from) * PITCH + 18, 40);
    const names = Object.entries(pins).map(([pin, [column, half]]) => {
      const px = LEFT + column * PITCH;
      const hole = half === "t" ? Y.t + 4 * PITCH : Y.b;
      const lead = straddles
        ? ""
        : `<line x1="${px}" y1="${top ? 36 : 424}" x2="${px}" y2="${hole}" stroke="#90a4ae" stroke-width="1.5"/>`;
      const py = straddles ? (half === "t" ? 209 : 269) : top ? 84 : 420;
      const anchor = straddles && half === "t" ? "end" : "start";
      const fill = straddles ? "#ffffff" : "#1f2933";
      return `${lead}<text x="${px}" y="${py}" font-size="9.5" text-anchor="${anchor}" transform="rotate(-90 ${px} ${py})" fill="${fill}" dy="${straddles ? 3.5 : -3}">${pin.replace("_", " ")}</text>`;
    });
    const label = width > 110 ? `${ref} ${partOf(circuit, ref).kind}` : ref;
    return [
      rect(x, y, width, height, straddles ? "#26323f" : "#3d4f63", "none", 4),
      text(x + width / 2, y + height / 2 + 5, label, {
        size: 11,
        anchor: "middle",
        fill: "#ffd54f",
        bold: true,
      }),
      ...names,
    ];
  });
}

/** The wiring picture as SVG. Throws CircuitError if the breadboard has no strip for some net. */
export function breadboard(circuit: Circuit): string {
  const board = new Board(circuit);
  const bridged = bridges(circuit, board);
  const wired = jumpers(circuit, board);
  const legend = [
    "U3 to U7 on SOT-23-5 adapters, U2 on an 18-pin adapter (EPAD to GND). Through-hole R and C of the same values. SW1 and U1 on wires.",
    "Connect the two GND rails, and the two RAIL rails. Only SW1 A_COM may feed RAIL: no supply or USB socket of a module.",
  ];
  return svg(COLUMNS * PITCH + 62, 510, `Breadboard wiring of the ${circuit.name} board`, [
    ...base(),
    ...bodies(circuit),
    ...wired,
    ...bridged,
    ...legend.map((line, index) => text(LEFT - 10, 478 + index * 20, line, { size: 12 })),
  ]);
}
