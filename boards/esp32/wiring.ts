/**
 * The wiring pictures, one for each chip, and the parts list of the hobby build, drawn from board.json.
 * `tsx boards/esp32/wiring.ts` writes them; a test compares the committed files.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { circle, INK, path, polyline, rect, svg, text } from "../../host-sim/base/svg.ts";

type Signal = "no" | "nc" | "button" | "relay" | "lamp";

interface Chip {
  summary: string;
  pins: Record<Signal, number>;
}

interface Part {
  what: string;
  value: string;
  quantity: number;
  eur: number;
  /** False if the kill switch works without this part. */
  needed: boolean;
}

interface Board {
  chips: Record<string, Chip>;
  parts: Part[];
}

const RED = "#c0392b";
const BLACK = "#2d3436";
const WIRE: Record<Signal, string> = {
  no: "#1e8449",
  nc: "#b9770e",
  button: "#2471a3",
  relay: "#7d3c98",
  lamp: "#a93226",
};
const ROW: Record<Signal, number> = { no: 170, nc: 270, button: 370, relay: 470, lamp: 570 };
const PAD = 250;
const SUPPLY = 90;
const BUS = 900;
const WIDTH = 960;
const HEIGHT = 720;

function resistor(x: number, y: number, label: string, upright: boolean): string {
  const [w, h] = upright ? [14, 34] : [44, 14];
  const at: [number, number] = upright ? [x + 13, y + 5] : [x, y - 13];
  return (
    rect(x - w / 2, y - h / 2, w, h, "#f7f3e8", INK, 2) +
    text(...at, label, { size: 13, anchor: upright ? "start" : "middle" })
  );
}

function ground(x: number, y: number): string {
  const bar = (half: number, down: number) =>
    polyline(
      [
        [x - half, y + down],
        [x + half, y + down],
      ],
      BLACK,
    );
  return bar(14, 0) + bar(9, 5) + bar(4, 10);
}

function dot(x: number, y: number, colour: string): string {
  return circle(x, y, 4, colour);
}

/** The wire of a signal from its pad to `x`. */
function wire(signal: Signal, x: number): string {
  const y = ROW[signal];
  return polyline(
    [
      [PAD, y],
      [x, y],
    ],
    WIRE[signal],
  );
}

/** The pull-down of a signal, for when nothing drives it: a loose wire, or a chip in reset. */
function pullDown(signal: Signal): string {
  const y = ROW[signal];
  const colour = WIRE[signal];
  return [
    dot(330, y, colour),
    polyline(
      [
        [330, y],
        [330, y + 68],
      ],
      BLACK,
    ),
    resistor(330, y + 36, "10k", true),
    ground(330, y + 68),
  ].join("");
}

function slideSwitch(): string {
  const middle = (ROW.no + ROW.nc) / 2;
  return [
    rect(500, ROW.no - 45, 250, ROW.nc - ROW.no + 90, "#eef4fb", "#9fb3c8", 8),
    text(515, ROW.no - 22, "slide switch, SPDT", { size: 14, bold: true }),
    dot(560, ROW.no, WIRE.no),
    dot(560, ROW.nc, WIRE.nc),
    text(574, ROW.no - 6, "ON throw (NO)", { size: 13 }),
    text(574, ROW.nc + 22, "KILL throw (NC)", { size: 13 }),
    dot(680, middle, RED),
    polyline(
      [
        [680, middle],
        [564, ROW.nc - 3],
      ],
      INK,
      4,
    ),
    text(688, middle - 10, "common", { size: 13 }),
    polyline(
      [
        [680, middle],
        [BUS, middle],
      ],
      RED,
    ),
    dot(BUS, middle, RED),
  ].join("");
}

function button(): string {
  const y = ROW.button;
  return [
    dot(600, y, WIRE.button),
    dot(680, y, RED),
    polyline(
      [
        [592, y - 14],
        [688, y - 14],
      ],
      INK,
      3,
    ),
    polyline(
      [
        [640, y - 14],
        [640, y - 28],
      ],
      INK,
      3,
    ),
    text(700, y - 12, "push button", { size: 14, bold: true }),
    polyline(
      [
        [680, y],
        [BUS, y],
      ],
      RED,
    ),
    dot(BUS, y, RED),
  ].join("");
}

function relay(): string {
  const y = ROW.relay;
  return [
    rect(560, y - 42, 250, 84, "#eef7ee", "#8fb996", 8),
    text(575, y - 18, "relay module, 3.3 V input,", { size: 14, bold: true }),
    text(575, y + 2, "closes when IN is high", { size: 13 }),
    text(575, y + 26, "VCC: 3V3 or 5V (see module); GND", { size: 12 }),
    text(552, y - 6, "IN", { size: 12, anchor: "end" }),
  ].join("");
}

function lamp(): string {
  const y = ROW.lamp;
  return [
    resistor(560, y, "680", false),
    path(`M640 ${y - 12}L640 ${y + 12}L664 ${y}Z`, INK, 2, "#f5b7b1"),
    path(`M664 ${y - 12}L664 ${y + 12}`),
    polyline(
      [
        [664, y],
        [720, y],
        [720, y + 18],
      ],
      BLACK,
    ),
    ground(720, y + 18),
    text(640, y - 20, "red LED", { size: 14, bold: true }),
  ].join("");
}

const LABEL: Record<Signal, string> = {
  no: "contact NO",
  nc: "contact NC",
  button: "button",
  relay: "relay",
  lamp: "lamp",
};

function pad(y: number, name: string, role: string): string {
  return (
    rect(PAD - 22, y - 11, 22, 22, "#d4ac0d", INK, 3) +
    text(PAD - 30, y + 5, name, { size: 15, anchor: "end", bold: true }) +
    text(52, y + 5, role, { size: 13 })
  );
}

/** The wiring picture of a chip: the same wires for all chips, with the chip's own pins. */
export function drawing(name: string, chip: Chip): string {
  const signals = Object.keys(ROW) as Signal[];
  const ends: Record<Signal, number> = { no: 560, nc: 560, button: 600, relay: 560, lamp: 640 };
  const held = signals.filter((signal) => signal !== "lamp");
  return svg(WIDTH, HEIGHT, `Wiring of the ${name} board`, [
    text(30, 34, `Wiring: ${name}`, { size: 20, bold: true }),
    text(WIDTH - 30, 34, chip.summary, { size: 13, anchor: "end" }),
    rect(40, 56, PAD - 40, HEIGHT - 90, "#eaf0f6", INK, 10),
    pad(SUPPLY, "3V3", "supply out"),
    ...signals.map((signal) => pad(ROW[signal], `GPIO${chip.pins[signal]}`, LABEL[signal])),
    pad(HEIGHT - 60, "GND", "ground"),
    polyline(
      [
        [PAD, SUPPLY],
        [BUS, SUPPLY],
        [BUS, ROW.button],
      ],
      RED,
      3,
    ),
    polyline(
      [
        [PAD, HEIGHT - 60],
        [330, HEIGHT - 60],
      ],
      BLACK,
      3,
    ),
    text(340, HEIGHT - 66, "all ground symbols connect to this pin", { size: 13 }),
    ground(330, HEIGHT - 60),
    slideSwitch(),
    ...signals.map((signal) => wire(signal, ends[signal])),
    ...held.map(pullDown),
    button(),
    relay(),
    lamp(),
    text(500, ROW.nc + 66, "A loose wire reads low, and low means off.", { size: 13 }),
  ]);
}

/** The parts list as CSV, with the totals of the needed parts and of all parts. */
export function billOfMaterials(parts: readonly Part[]): string {
  const line = (cells: readonly (string | number)[]) =>
    cells.map((cell) => (String(cell).includes(",") ? `"${cell}"` : String(cell))).join(",");
  const total = (of: readonly Part[]) =>
    of.reduce((sum, { quantity, eur }) => sum + quantity * eur, 0).toFixed(2);
  return `${[
    line(["Part", "Value", "Quantity", "EUR each", "Needed for the kill switch"]),
    ...parts.map(({ what, value, quantity, eur, needed }) =>
      line([what, value, quantity, eur.toFixed(2), needed ? "yes" : "no"]),
    ),
    line(["Total of the needed parts", "", "", total(parts.filter(({ needed }) => needed)), ""]),
    line(["Total", "", "", total(parts), ""]),
  ].join("\n")}\n`;
}

/** The committed files: name in this folder, and content. */
export function committedFiles(): Map<string, string> {
  const board: Board = JSON.parse(readFileSync(new URL("./board.json", import.meta.url), "utf8"));
  return new Map([
    ...Object.entries(board.chips).map(([name, chip]): [string, string] => [
      `wiring-${name}.svg`,
      drawing(name, chip),
    ]),
    ["bom.csv", billOfMaterials(board.parts)],
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, content] of committedFiles())
    writeFileSync(new URL(name, import.meta.url), content);
}
