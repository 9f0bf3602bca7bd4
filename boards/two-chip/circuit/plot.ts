/** Draws line plots of voltages as SVG. */

import { INK, path, polyline, round, svg, text } from "../../../host-sim/base/svg.ts";
import type { Curve } from "./experiments.ts";

export interface Plot {
  title: string;
  subtitle: string;
  xLabel: string;
  x: readonly [number, number];
  xStep: number;
  y: readonly [number, number];
  curves: readonly Curve[];
  /** Horizontal lines: voltage and name. */
  levels: readonly (readonly [number, string])[];
}

const SIZE = { width: 900, height: 420, left: 62, right: 24, top: 74, bottom: 56 } as const;
const COLOURS = ["#1f6fb2", "#d0661b", "#2c8a4b", "#8a4fbf"];

/** Converts the horizontal unit and volts to pixels. */
interface Scale {
  px: (value: number) => number;
  py: (value: number) => number;
}

const INNER_RIGHT = SIZE.width - SIZE.right;

function scaleOf({ x: [x0, x1], y: [y0, y1] }: Plot): Scale {
  const { width, height, left, right, top, bottom } = SIZE;
  return {
    px: (v) => left + ((v - x0) / (x1 - x0)) * (width - left - right),
    py: (v) => height - bottom - ((v - y0) / (y1 - y0)) * (height - top - bottom),
  };
}

function line(from: [number, number], to: [number, number], colour: string, width: number): string {
  return polyline([from, to], colour, width);
}

function axes({ x, xStep, y, xLabel }: Plot, { px, py }: Scale): string[] {
  const { height, left } = SIZE;
  const [x0, x1] = x;
  const [y0, y1] = y;
  const body: string[] = [];
  for (let volts = Math.ceil(y0 * 2) / 2; volts <= y1 + 1e-9; volts += 0.5) {
    const at = py(volts);
    body.push(line([left, at], [INNER_RIGHT, at], "#e4e7eb", 1));
    body.push(text(left - 8, at + 5, `${volts.toFixed(1)} V`, { size: 13, anchor: "end" }));
  }
  for (let at = Math.ceil(x0 / xStep) * xStep; at <= x1 + 1e-9; at += xStep) {
    body.push(line([px(at), py(y0)], [px(at), py(y0) + 6], INK, 1));
    body.push(text(px(at), py(y0) + 22, `${round(at)}`, { size: 13, anchor: "middle" }));
  }
  body.push(line([left, py(y0)], [INNER_RIGHT, py(y0)], INK, 1.5));
  body.push(text((left + INNER_RIGHT) / 2, height - 12, xLabel, { size: 14, anchor: "middle" }));
  const assumed = { size: 11, anchor: "end", fill: "#7b8794" } as const;
  body.push(text(INNER_RIGHT, height - 12, "diode and Ioff models are assumed", assumed));
  return body;
}

function level([volts, name]: readonly [number, string], { py }: Scale): string[] {
  const at = round(py(volts));
  return [
    `<line x1="${SIZE.left}" y1="${at}" x2="${INNER_RIGHT}" y2="${at}" stroke="#b4232c" stroke-width="1.5" stroke-dasharray="6 5"/>`,
    text(INNER_RIGHT - 4, py(volts) - 6, name, { size: 13, anchor: "end", fill: "#b4232c" }),
  ];
}

/** A curve, cut at the plot's bounds, and its row in the legend. */
function trace({ x, curves }: Plot, index: number, { px, py }: Scale): string[] {
  const curve = curves[index];
  if (curve === undefined) return [];
  const colour = COLOURS[index % COLOURS.length] ?? INK;
  const [x0, x1] = x;
  const shown = curve.x
    .map((at, i) => [at, curve.y[i] ?? 0] as const)
    .filter(([at]) => at >= x0 && at <= x1);
  const d = shown
    .map(([at, v], i) => `${i === 0 ? "M" : "L"}${round(px(at))} ${round(py(v))}`)
    .join("");
  const column = INNER_RIGHT - 236;
  const row = SIZE.top + 14 + index * 21;
  return [
    path(d, colour, 2.5),
    line([column, row], [column + 28, row], colour, 4),
    text(column + 36, row + 5, curve.name, { size: 14 }),
  ];
}

/** The plot as SVG. */
export function plot(of: Plot): string {
  const { title, subtitle, curves, levels } = of;
  const scale = scaleOf(of);
  const body = [
    text(SIZE.left, 28, title, { size: 19, bold: true }),
    text(SIZE.left, 50, subtitle, { size: 14, fill: "#52606d" }),
    ...axes(of, scale),
    ...levels.flatMap((row) => level(row, scale)),
    ...curves.flatMap((_, index) => trace(of, index, scale)),
  ];
  return svg(SIZE.width, SIZE.height, title, body);
}
