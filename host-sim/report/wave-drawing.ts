/** Draws waveforms as SVG. */
import { INK, path, svg, text } from "../base/svg.ts";
import type { Change, Wave } from "./waves.ts";

const LABEL_PX = 110;
const ROW_PX = 26;
const HIGH_PX = 14;
const TOP_PX = 30;
/** Widths in px: of the shortest step of time, and of a tenfold one on top. */
const STEP_PX = 8;
const DECADE_PX = 24;
/** Space that the label of a time needs, in px. */
const TICK_PX = 64;
const FONT_PX = 11;
const CHARACTER_PX = 7;
/** The most moments that are drawn. */
const MOMENTS_MAX = 300;

const FAINT = "#cbd2d9";
const UNKNOWN = "#b44d12";
const LINE = "#0b6e4f";

/** Positions of moments on the time axis. */
interface Axis {
  moments: readonly number[];
  x: (at: number) => number;
  width: number;
}

/**
 * The axis for the moments at which something changes. A distance grows with the logarithm of the
 * time, so that milliseconds of bounce and hours of waiting fit one picture.
 */
function axisOf(waves: readonly Wave[], endMs: number): Axis {
  const all = new Set(waves.flatMap(({ changes }) => changes.map(({ at }) => at)));
  const moments = [...all.add(endMs)].sort((a, b) => a - b).slice(-MOMENTS_MAX);
  const places = new Map<number, number>();
  let x = LABEL_PX;
  for (const [index, at] of moments.entries()) {
    const gap = at - (moments[index - 1] ?? at);
    x += gap === 0 ? 0 : STEP_PX + DECADE_PX * Math.log10(gap);
    places.set(at, x);
  }
  return { moments, x: (at) => places.get(at) ?? LABEL_PX, width: x + TICK_PX };
}

/** The spans of a wave within the axis: from, to, value. */
function spansOf(changes: readonly Change[], { moments }: Axis): [number, number, string][] {
  const [first = 0] = moments;
  const end = moments.at(-1) ?? 0;
  return changes.flatMap(({ at, value }, index): [number, number, string][] => {
    const until = changes[index + 1]?.at ?? end;
    return until <= first && at !== end ? [] : [[Math.max(at, first), until, value]];
  });
}

function bitRow(wave: Wave, axis: Axis, y: number): string[] {
  let line = "";
  const unknown: string[] = [];
  for (const [from, to, value] of spansOf(wave.changes, axis)) {
    const x1 = axis.x(from);
    const x2 = axis.x(to);
    const level = y - (value === "1" ? HIGH_PX : 0);
    if (value === "x") unknown.push(path(`M${x1} ${y - HIGH_PX / 2}H${x2}`, UNKNOWN, 1));
    const joined = line !== "" && value !== "x" && !line.endsWith(" ");
    line += value === "x" ? " " : joined ? `V${level}H${x2}` : `M${x1} ${level}H${x2}`;
  }
  return [...unknown, path(line.trim(), LINE, 1.5)];
}

/** A row of named values: a frame for each, with the name where there is room. */
function namedRow(wave: Wave, axis: Axis, y: number): string[] {
  return spansOf(wave.changes, axis).flatMap(([from, to, value]) => {
    const x1 = axis.x(from);
    const x2 = axis.x(to);
    if (value === "x") return [path(`M${x1} ${y - HIGH_PX / 2}H${x2}`, UNKNOWN, 1)];
    const frame = path(`M${x1} ${y}V${y - HIGH_PX}H${x2}V${y}Z`, LINE, 1);
    const room = Math.floor((x2 - x1 - 4) / CHARACTER_PX);
    const fits = room >= Math.min(4, value.length);
    return fits ? [frame, text(x1 + 3, y - 3, value.slice(0, room), { size: FONT_PX })] : [frame];
  });
}

function timeLabel(ms: number): string {
  return ms < 10_000 ? `${ms} ms` : `${ms / 1000} s`;
}

/** Labels of the times, with a line down the picture, where there is room for them. */
function ticks(axis: Axis, height: number): string[] {
  let free = 0;
  return axis.moments.flatMap((at) => {
    const x = axis.x(at);
    if (x < free) return [];
    free = x + TICK_PX;
    return [
      path(`M${x} ${TOP_PX - 8}V${height}`, FAINT, 1),
      text(x + 2, TOP_PX - 12, timeLabel(at), { size: FONT_PX }),
    ];
  });
}

/**
 * The drawing, and whether its beginning was left out because there are too many moments. `title`
 * names it for screen readers.
 */
export function waveDrawing(
  title: string,
  waves: readonly Wave[],
  endMs: number,
): { svg: string; cut: boolean } {
  const axis = axisOf(waves, endMs);
  const height = TOP_PX + waves.length * ROW_PX + 8;
  const rows = waves.flatMap((wave, index) => {
    const y = TOP_PX + (index + 1) * ROW_PX - 6;
    const row = wave.kind === "bit" ? bitRow(wave, axis, y) : namedRow(wave, axis, y);
    return [text(4, y - 3, wave.name, { size: FONT_PX, fill: INK }), ...row];
  });
  const drawing = svg(Math.ceil(axis.width), height, title, [...ticks(axis, height), ...rows]);
  return { svg: drawing, cut: axis.moments[0] !== 0 };
}
