/** Schematic symbols: the positions of a unit's pins, and its drawing. */
import { circle, INK, type Point, path, polyline, rect, text } from "../../../host-sim/base/svg.ts";
import { type Part, pinTitle } from "./table.ts";

export type Shape =
  | { kind: "h" | "v"; body: "resistor" | "capacitor" | "led"; first: string; last: string }
  | { kind: "box"; w: number; h: number; left: Ports; right: Ports; bottom: Ports }
  | { kind: "buffer"; toward: "right" | "left" }
  | { kind: "pole"; pole: "A" | "B"; toward: "right" | "left" };

/** The pins on one side of a box: distance along that side, by pin name. */
export type Ports = Readonly<Record<string, number>>;

/** A part, or one pole of a switch, at a position. */
export interface Unit {
  ref: string;
  at: Point;
  shape: Shape;
}

const STUB = 20;
const LENGTH = { resistor: 60, capacitor: 40, led: 40 } as const;
const POLE = { reach: 110, spread: 30 } as const;

/** The points where wires connect to a unit's pins. */
export function pinPoints({ at: [x, y], shape }: Unit): Map<string, Point> {
  switch (shape.kind) {
    case "h":
      return new Map([
        [shape.first, [x, y]],
        [shape.last, [x + LENGTH[shape.body], y]],
      ]);
    case "v":
      return new Map([
        [shape.first, [x, y]],
        [shape.last, [x, y + LENGTH[shape.body]]],
      ]);
    case "box":
      return new Map<string, Point>([
        ...Object.entries(shape.left).map(([pin, d]): [string, Point] => [pin, [x - STUB, y + d]]),
        ...Object.entries(shape.right).map(([pin, d]): [string, Point] => [
          pin,
          [x + shape.w + STUB, y + d],
        ]),
        ...Object.entries(shape.bottom).map(([pin, d]): [string, Point] => [
          pin,
          [x + d, y + shape.h + STUB],
        ]),
      ]);
    case "buffer": {
      const sign = shape.toward === "right" ? 1 : -1;
      return new Map<string, Point>([
        ["A", [x - sign * 50, y]],
        ["Y", [x + sign * 50, y]],
        ["VCC", [x, y - 32]],
        ["GND", [x, y + 32]],
        ["OE", [x - sign * 22, y + 32]],
      ]);
    }
    case "pole": {
      const sign = shape.toward === "right" ? 1 : -1;
      return new Map<string, Point>([
        [`${shape.pole}_COM`, [x, y]],
        [`${shape.pole}_ON`, [x + sign * POLE.reach, y - POLE.spread]],
        [`${shape.pole}_KILL`, [x + sign * POLE.reach, y + POLE.spread]],
      ]);
    }
  }
}

function between(a: Point, b: Point, body: "resistor" | "capacitor" | "led"): string[] {
  const horizontal = a[1] === b[1];
  const [mx, my] = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  if (body === "resistor") {
    const [w, h] = horizontal ? [36, 14] : [14, 36];
    return [polyline([a, b]), rect(mx - w / 2, my - h / 2, w, h, "#fff", INK)];
  }
  const lead = (from: Point, gap: number): string => polyline([from, [mx, my + gap]]);
  if (body === "capacitor") {
    return [
      lead(a, -4),
      lead(b, 4),
      polyline(
        [
          [mx - 12, my - 4],
          [mx + 12, my - 4],
        ],
        INK,
        3,
      ),
      polyline(
        [
          [mx - 12, my + 4],
          [mx + 12, my + 4],
        ],
        INK,
        3,
      ),
    ];
  }
  return [
    polyline([a, b]),
    path(`M${mx - 10} ${my - 8}L${mx + 10} ${my - 8}L${mx} ${my + 8}Z`, INK, 2, "#d64545"),
    polyline(
      [
        [mx - 10, my + 8],
        [mx + 10, my + 8],
      ],
      INK,
      3,
    ),
    path(
      `M${mx + 14} ${my - 4}l8 -6m-5 0l5 0l0 5M${mx + 14} ${my + 4}l8 -6m-5 0l5 0l0 5`,
      "#d64545",
      1.5,
    ),
  ];
}

/** A box with the title of each pin inside it and the number of each pin at its stub. */
function drawBox(unit: Unit, shape: Extract<Shape, { kind: "box" }>, part: Part): string[] {
  const [x, y] = unit.at;
  const number = (pin: string, at: Point, anchor: "start" | "end"): string =>
    text(at[0], at[1], part.pins[pin]?.[0] ?? "", { size: 11, anchor, fill: "#52606d" });
  const out = [rect(x, y, shape.w, shape.h, "#fffbea", INK, 4)];
  const side = (ports: Ports, edge: number, s: 1 | -1): void => {
    for (const [pin, d] of Object.entries(ports)) {
      out.push(
        polyline([
          [edge + s * STUB, y + d],
          [edge, y + d],
        ]),
        text(edge - s * 6, y + d + 5, pinTitle(part, pin), {
          size: 14,
          anchor: s > 0 ? "end" : "start",
        }),
        number(pin, [edge + s * 3, y + d - 4], s > 0 ? "start" : "end"),
      );
    }
  };
  side(shape.left, x, -1);
  side(shape.right, x + shape.w, 1);
  for (const [pin, d] of Object.entries(shape.bottom)) {
    const end = y + shape.h;
    out.push(
      polyline([
        [x + d, end],
        [x + d, end + STUB],
      ]),
      text(x + d, end - 7, pinTitle(part, pin), { size: 14, anchor: "middle" }),
      number(pin, [x + d + 4, end + 13], "start"),
    );
  }
  return out;
}

function drawBuffer(unit: Unit, toward: "right" | "left"): string[] {
  const [x, y] = unit.at;
  const s = toward === "right" ? 1 : -1;
  return [
    polyline([
      [x - 50, y],
      [x + 50, y],
    ]),
    polyline([
      [x, y - 32],
      [x, y + 32],
    ]),
    polyline([
      [x - s * 22, y + 26],
      [x - s * 22, y + 32],
    ]),
    path(`M${x - s * 30} ${y - 28}L${x + s * 30} ${y}L${x - s * 30} ${y + 28}Z`, INK, 2, "#fffbea"),
    circle(x - s * 22, y + 27, 4, "#fff", INK),
  ];
}

/** Draws a pole of the switch at KILL. */
function drawPole(unit: Unit, pole: "A" | "B"): string[] {
  const points = pinPoints(unit);
  const [x, y] = unit.at;
  const [common, on, kill] = ["COM", "ON", "KILL"].map(
    (end) => points.get(`${pole}_${end}`) ?? unit.at,
  );
  if (common === undefined || on === undefined || kill === undefined) return [];
  const s = Math.sign(on[0] - x);
  const pivot: Point = [x + s * 24, y];
  const contact = ([cx, cy]: Point): Point => [cx - s * 24, cy];
  const [onEnd, killEnd] = [contact(on), contact(kill)];
  const ends = s > 0 ? ("end" as const) : ("start" as const);
  return [
    polyline([common, pivot]),
    polyline([on, onEnd]),
    polyline([kill, killEnd]),
    polyline([pivot, killEnd], "#b4232c", 4),
    ...[pivot, onEnd, killEnd].map(([cx, cy]) => circle(cx, cy, 5, "#fff", INK)),
    text(on[0] - s * 16, on[1] - 10, "ON", { size: 13, anchor: ends }),
    text(kill[0] - s * 16, kill[1] + 20, "KILL", {
      size: 13,
      anchor: ends,
      fill: "#b4232c",
      bold: true,
    }),
  ];
}

/** Draws a unit of a part without its reference and value. */
export function drawUnit(unit: Unit, part: Part): string[] {
  const { shape } = unit;
  const points = [...pinPoints(unit).values()];
  switch (shape.kind) {
    case "h":
    case "v":
      return between(points[0] ?? unit.at, points[1] ?? unit.at, shape.body);
    case "box":
      return drawBox(unit, shape, part);
    case "buffer":
      return drawBuffer(unit, shape.toward);
    case "pole":
      return drawPole(unit, shape.pole);
  }
}

/** Positions of the reference and of the value: anchor and two baselines. */
export function captions({ at: [x, y], shape }: Unit): {
  anchor: "start" | "middle" | "end";
  first: Point;
  second: Point;
} {
  switch (shape.kind) {
    case "h":
      return { anchor: "middle", first: [x + 30, y - 13], second: [x + 30, y + 23] };
    case "v": {
      const middle = y + LENGTH[shape.body] / 2;
      const offset = shape.body === "led" ? 27 : 16;
      return {
        anchor: "start",
        first: [x + offset, middle - 3],
        second: [x + offset, middle + 14],
      };
    }
    case "box":
      return { anchor: "start", first: [x, y - 25], second: [x, y - 8] };
    case "buffer":
      return shape.toward === "right"
        ? { anchor: "start", first: [x + 10, y - 17], second: [x, y] }
        : { anchor: "end", first: [x - 10, y - 17], second: [x, y] };
    case "pole":
      return {
        anchor: "middle",
        first: [x + (shape.toward === "right" ? 1 : -1) * 38, y - 46],
        second: [x, y],
      };
  }
}
