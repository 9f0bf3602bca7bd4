/**
 * Turns a drawing into PNG, with fonts from a package: the same picture on every machine. Must not know
 * what it shows.
 */
import { createRequire } from "node:module";
import { Resvg } from "@resvg/resvg-js";

const FAMILY = "DejaVu Sans";
const FACES = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];

/** PNG of an SVG, `width` pixels wide. */
export function png(svg: string, width: number): Uint8Array {
  const { resolve } = createRequire(import.meta.url);
  const font = {
    loadSystemFonts: false,
    defaultFontFamily: FAMILY,
    fontFiles: FACES.map((face) => resolve(`dejavu-fonts-ttf/ttf/${face}`)),
  };
  return new Resvg(svg, { font, fitTo: { mode: "width", value: width } }).render().asPng();
}
