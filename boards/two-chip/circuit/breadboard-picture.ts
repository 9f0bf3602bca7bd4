/** Draws the breadboard build from its layout, with the list of its wires beneath. */
import {
  circle,
  type Point,
  polyline,
  rect,
  round,
  svg,
  text,
} from "../../../host-sim/base/svg.ts";
import { checkBreadboard, holeOf, moduleHoles, type Step, steps } from "./breadboard.ts";
import {
  COLUMNS,
  type HoleId,
  JUMPERS,
  type Jumper,
  MODULES,
  type Module,
  PARTS,
  RAILS,
  SWITCH_LEADS,
} from "./breadboard-layout.ts";
import { type Circuit, onlyPart, partOf, pinTitle } from "./table.ts";

const PITCH = 16;
const LEFT = 34;
/** Distance of each row from the top rail, in pitches. */
const ROW: Readonly<Record<string, number>> = {
  ...{ "+t": 0, "-t": 1, j: 3, i: 4, h: 5, g: 6, f: 7 },
  ...{ e: 10, d: 11, c: 12, b: 13, a: 14, "+b": 16, "-b": 17 },
};
const BOARD_HEIGHT = 17 * PITCH;
const LANE = 15;
const TOP: Readonly<Record<string, number>> = { A: 150, B: 150 + BOARD_HEIGHT + 11 * LANE + 30 };
const WIDTH = LEFT + (COLUMNS + 5) * PITCH;
/** The first lane of each channel. */
const CHANNEL = {
  above: 120,
  between: 150 + BOARD_HEIGHT + 26,
  below: (TOP.B ?? 0) + BOARD_HEIGHT + 26,
} as const;
const LIST_TOP = CHANNEL.below + 6 * LANE + 40;
const LIST_LINE = 15;
const LIST_COLUMNS = 3;

const COLOURS = ["#d0661b", "#1f6fb2", "#2c8a4b", "#8a4fbf", "#b08900", "#0f8b8d", "#c2417c"];
const SUPPLY_COLOURS: Readonly<Record<string, string>> = {
  RAIL: "#c62828",
  GND: "#37474f",
  "3V3": "#ef6c00",
  "+5V": "#6a1b9a",
};

function pointOf(id: HoleId): Point {
  const { board, row, column } = holeOf(id);
  return [LEFT + column * PITCH, (TOP[board] ?? 0) + (ROW[row] ?? 0) * PITCH];
}

/** A wire with a white edge, so that crossing wires stay apart, and its two ends. */
function wire(points: readonly Point[], colour: string): string[] {
  const [first, last] = [points[0], points.at(-1)];
  return [
    polyline(points, "#ffffff", 5),
    polyline(points, colour, 2.5),
    ...[first, last].flatMap((end) =>
      end === undefined ? [] : [circle(end[0], end[1], 3.2, colour)],
    ),
  ];
}

function jumperPoints({ from, to, route }: Jumper): Point[] {
  const [a, b] = [pointOf(from), pointOf(to)];
  if (route === undefined) return [a, b];
  const y = CHANNEL[route.lane[0]] + (route.lane[1] - 1) * LANE;
  if (route.column === undefined) return [a, [a[0], y], [b[0], y], b];
  const x = LEFT + route.column * PITCH;
  return [a, [a[0], y], [x, y], [x, b[1]], b];
}

/** A two-pin part: its leads, its body and its name, which turns with it. */
function drawPart(ref: string, kind: string, [from, to]: readonly [HoleId, HoleId]): string[] {
  const [a, b] = [pointOf(from), pointOf(to)];
  const [mx, my] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  const fill = { resistor: "#e8cfa6", capacitor: "#9fc5e8", led: "#e57373" }[kind] ?? "#ddd";
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
  const body = Math.min(34, length - 4);
  const turn = (Math.atan2(b[1] - a[1], b[0] - a[0]) * 180) / Math.PI;
  const angle = round(turn > 45 ? turn - 180 : turn < -135 ? turn + 180 : turn);
  const around = `transform="rotate(${angle} ${round(mx)} ${round(my)})"`;
  return [
    ...wire([a, b], "#7b8794"),
    `<g ${around}>`,
    `<rect x="${round(mx - body / 2)}" y="${round(my - 6)}" width="${round(body)}" height="12" rx="4" fill="${fill}" stroke="#1f2933" stroke-width="1"/>`,
    text(mx, my + 3.5, ref, { size: 9.5, anchor: "middle", bold: true }),
    "</g>",
  ];
}

function drawBase(board: string): string[] {
  const top = TOP[board] ?? 0;
  const x = (column: number): number => LEFT + column * PITCH;
  const out = [
    rect(
      LEFT - 20,
      top - 14,
      (COLUMNS + 3) * PITCH + 30,
      BOARD_HEIGHT + 28,
      "#fbfaf5",
      "#cbd2d9",
      8,
    ),
    rect(LEFT - 8, top + 8 * PITCH, (COLUMNS + 2) * PITCH, PITCH, "#ece9df"),
  ];
  for (const [rail, net] of Object.entries(RAILS)) {
    if (!rail.startsWith(board)) continue;
    const y = top + (ROW[rail.slice(1)] ?? 0) * PITCH;
    const colour = SUPPLY_COLOURS[net] ?? "#000";
    out.push(
      `<line x1="${x(0.4)}" y1="${y}" x2="${x(COLUMNS + 0.6)}" y2="${y}" stroke="${colour}" stroke-width="9" opacity="0.16"/>`,
      text(x(COLUMNS + 0.9), y + 4, net, { size: 11, bold: true, fill: colour }),
    );
  }
  for (let column = 1; column <= COLUMNS; column += 1) {
    for (const row of Object.values(ROW))
      out.push(circle(x(column), top + row * PITCH, 1.7, "#b8bec5"));
    if (column % 5 === 0 || column === 1)
      for (const at of [2.2, 15.3])
        out.push(
          text(x(column), top + at * PITCH, `${column}`, {
            size: 9,
            anchor: "middle",
            fill: "#52606d",
          }),
        );
  }
  for (const row of "abcdefghij") {
    const y = top + (ROW[row] ?? 0) * PITCH + 4;
    for (const at of [0.1, COLUMNS + 0.9])
      out.push(text(x(at), y, row, { size: 11, anchor: "middle", fill: "#52606d", bold: true }));
  }
  out.push(
    text(
      x(board === "A" ? 30 : 43.5),
      top - 20,
      `Board ${board}: red rails are ${RAILS[`${board}+t`]}`,
      {
        size: 14,
        bold: true,
      },
    ),
  );
  return out;
}

/** A module's body between or over its rows of pins, with the titles of the connected pins on it. */
function drawModule(circuit: Circuit, module: Module): string[] {
  const part = partOf(circuit, module.ref);
  const [upper, lower] = module.rows.map(
    (row) => (TOP[module.board] ?? 0) + (ROW[row] ?? 0) * PITCH,
  );
  if (upper === undefined || lower === undefined) return [];
  const x = LEFT + module.column * PITCH;
  const width = (module.columns - 1) * PITCH;
  const small = module.columns === 3;
  const size = small ? 7.5 : 9.5;
  const out = [rect(x - 7, upper - 7, width + 14, lower - upper + 14, "#26323f", "none", 4)];
  const holes = moduleHoles(module);
  for (const [pad, hole] of holes) {
    const [px, py] = pointOf(hole);
    const pin = Object.entries(part.pins).find(([, [number]]) => number === pad)?.[0];
    out.push(circle(px, py, 3, pin === undefined ? "#7b8794" : "#ffd54f"));
    if (pin === undefined) continue;
    const top = py === upper;
    const ty = top ? py + 6 : py - 6;
    const title = pinTitle(part, pin);
    out.push(
      `<text x="${px}" y="${ty}" font-size="${size}" text-anchor="${top ? "end" : "start"}" transform="rotate(-90 ${px} ${ty})" fill="#ffffff" dy="3">${title}</text>`,
    );
  }
  const label = small ? module.ref : `${module.ref} ${part.label ?? part.kind}`;
  // A small module's name stands at the end whose middle pin has no pad.
  const free = [...holes].find(([pad]) => pad.startsWith("none"))?.[1];
  const freeY = free === undefined ? (upper + lower) / 2 : pointOf(free)[1];
  const ly = small ? (freeY === upper ? upper + 15 : lower - 7) : upper + 32;
  out.push(
    text(x + width / 2, ly, label, {
      size: small ? 9 : 12,
      anchor: "middle",
      fill: "#ffd54f",
      bold: true,
    }),
  );
  return out;
}

/** The switch in the panel, and its leads. */
function drawSwitch(circuit: Circuit, colourOf: (net: string) => string): string[] {
  const part = onlyPart(circuit, "switch");
  const y = 66;
  const columns = SWITCH_LEADS.map(([, column]) => column);
  const [from, to] = [Math.min(...columns), Math.max(...columns)];
  const x = LEFT + (from - 1) * PITCH;
  const leads = SWITCH_LEADS.flatMap(([pin, column, hole]) => {
    const px = LEFT + column * PITCH;
    const end = pointOf(hole);
    const corner: Point[] = px === end[0] ? [] : [[px, end[1]]];
    return wire([[px, y], ...corner, end], colourOf(part.pins[pin]?.[1] ?? ""));
  });
  const names = SWITCH_LEADS.map(([pin, column]) => {
    const px = LEFT + column * PITCH;
    return `<text x="${px}" y="${y - 8}" font-size="9.5" fill="#ffffff" transform="rotate(-90 ${px} ${y - 8})" dy="3">${pin.replace("_", " ")}</text>`;
  });
  return [
    ...leads,
    rect(x, 4, (to - from + 2) * PITCH, y - 4, "#3d4f63", "none", 4),
    ...names,
    text(x - 8, 30, `${part.ref}, in the panel`, { size: 12, bold: true, anchor: "end" }),
  ];
}

/** The list of holes, in columns. */
function drawList(list: readonly Step[]): { lines: string[]; height: number } {
  const rows = list.flatMap(({ title, items }, index) => [
    { head: `${index + 1}. ${title}`, item: "" },
    ...items.map(({ what, from, to }) => ({ head: "", item: `${what}: ${from} to ${to}` })),
  ]);
  const each = Math.ceil(rows.length / LIST_COLUMNS);
  const lines = rows.map(({ head, item }, index) => {
    const x = LEFT - 14 + Math.floor(index / each) * ((WIDTH - 20) / LIST_COLUMNS);
    const y = LIST_TOP + (index % each) * LIST_LINE;
    return head === ""
      ? text(x + 10, y, item, { size: 11 })
      : text(x, y, head, { size: 12, bold: true, fill: "#8a1c1c" });
  });
  return { lines, height: each * LIST_LINE };
}

/** The picture as SVG. Throws CircuitError if the layout and the table differ. */
export function breadboard(circuit: Circuit): string {
  const { netOf } = checkBreadboard(circuit);
  const nets = Object.keys(circuit.nets);
  const colourOf = (net: string): string =>
    SUPPLY_COLOURS[net] ?? COLOURS[nets.indexOf(net) % COLOURS.length] ?? "#000";
  const list = drawList(steps(circuit));
  const wires = JUMPERS.flatMap((entry) => wire(jumperPoints(entry), colourOf(netOf(entry.from))));
  const parts = Object.entries(PARTS).flatMap(([ref, holes]) =>
    drawPart(ref, partOf(circuit, ref).kind, holes),
  );
  return svg(WIDTH, LIST_TOP + list.height + 10, `Breadboard wiring of the ${circuit.name} board`, [
    ...Object.keys(TOP).flatMap(drawBase),
    ...MODULES.flatMap((module) => drawModule(circuit, module)),
    ...wires,
    ...drawSwitch(circuit, colourOf),
    ...parts,
    ...list.lines,
  ]);
}
