/**
 * Converts an SVG drawing to PNG, with fonts from an npm package so that it is the same everywhere.
 */
import { createRequire } from "node:module";
import { Resvg } from "@resvg/resvg-js";

const FAMILY = "DejaVu Sans";
const FACES = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];

/** The SVG as PNG, `width` pixels wide. */
export function png(svg: string, width: number): Uint8Array {
  const { resolve } = createRequire(import.meta.url);
  const font = {
    loadSystemFonts: false,
    defaultFontFamily: FAMILY,
    fontFiles: FACES.map((face) => resolve(`dejavu-fonts-ttf/ttf/${face}`)),
  };
  return new Resvg(svg, { font, fitTo: { mode: "width", value: width } }).render().asPng();
}
