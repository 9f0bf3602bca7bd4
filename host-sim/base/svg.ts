/**
 * SVG primitives for the drawings of the boards. Each function returns SVG text.
 */

export const INK = "#1f2933";
export const PAPER = "#ffffff";
export const FONT = "DejaVu Sans, Verdana, Arial, sans-serif";

/** Escapes text for element content and attribute values. */
export function escapeText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** Rounds a coordinate to two decimals, so that a drawing has the same bytes on every machine. */
export function round(value: number): number {
  return Math.round(value * 100) / 100 + 0;
}

export interface TextStyle {
  size?: number;
  anchor?: "start" | "middle" | "end";
  fill?: string;
  bold?: boolean;
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 15, anchor = "start", fill = INK, bold = false } = style;
  const weight = bold ? ' font-weight="bold"' : "";
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" text-anchor="${anchor}" fill="${fill}"${weight}>${escapeText(content)}</text>`;
}

export type Point = readonly [number, number];

export function path(d: string, stroke = INK, width = 2, fill = "none"): string {
  return `<path d="${d}" stroke="${stroke}" stroke-width="${width}" fill="${fill}" stroke-linejoin="round" stroke-linecap="round"/>`;
}

export function polyline(points: readonly Point[], stroke = INK, width = 2): string {
  const d = points
    .map(([x, y], index) => `${index === 0 ? "M" : "L"}${round(x)} ${round(y)}`)
    .join("");
  return path(d, stroke, width);
}

export function rect(
  x: number,
  y: number,
  w: number,
  h: number,
  fill: string,
  stroke = "none",
  radius = 0,
): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(w)}" height="${round(h)}" rx="${radius}" fill="${fill}" stroke="${stroke}" stroke-width="2"/>`;
}

export function circle(x: number, y: number, r: number, fill: string, stroke = "none"): string {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="${r}" fill="${fill}" stroke="${stroke}" stroke-width="2"/>`;
}

/** A complete SVG document with a white background. */
export function svg(width: number, height: number, title: string, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="${FONT}" role="img">`,
    `<title>${escapeText(title)}</title>`,
    rect(0, 0, width, height, PAPER),
    ...body,
    "</svg>",
    "",
  ].join("\n");
}
