/** Draws the schematic. Refuses a layout whose connections differ from the table's. */

import {
  circle,
  INK,
  type Point,
  path,
  polyline,
  rect,
  svg,
  text,
} from "../../../host-sim/base/svg.ts";
import { LAYOUT, type Label, type Layout, type Wire } from "./schematic-layout.ts";
import { captions, drawUnit, pinPoints } from "./symbols.ts";
import { type Circuit, CircuitError, partOf, pinsOf, valueLabel } from "./table.ts";

/** A drawn element of a net: a pin, a wire or a label, with its points. */
interface Item {
  net: string;
  name: string;
  points: readonly Point[];
  wire: boolean;
  named: boolean;
}

function onSegment([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): boolean {
  const cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
  const within = (v: number, a: number, b: number): boolean =>
    v >= Math.min(a, b) && v <= Math.max(a, b);
  return cross === 0 && within(x, ax, bx) && within(y, ay, by);
}

function touches(point: Point, item: Item): boolean {
  if (!item.wire) return item.points.some(([x, y]) => x === point[0] && y === point[1]);
  return item.points.some((end, index) => {
    const next = item.points[index + 1];
    return next !== undefined && onSegment(point, end, next);
  });
}

function meet(a: Item, b: Item): boolean {
  return a.points.some((point) => touches(point, b)) || b.points.some((point) => touches(point, a));
}

function itemsOf(circuit: Circuit, layout: Layout): Item[] {
  const items: Item[] = [];
  for (const unit of layout.units) {
    const part = partOf(circuit, unit.ref);
    for (const [pin, point] of pinPoints(unit)) {
      const net = part.pins[pin]?.[1];
      if (net === undefined)
        throw new CircuitError(
          `schematic: pin ${pin} of ${unit.ref} is not connected in the table; correct its symbol`,
        );
      items.push({ net, name: `${unit.ref}.${pin}`, points: [point], wire: false, named: false });
    }
  }
  for (const { net, points } of layout.wires)
    items.push({ net, name: `wire ${net}`, points, wire: true, named: false });
  for (const { net, at } of layout.labels) {
    items.push({ net, name: `label ${net}`, points: [at], wire: false, named: true });
  }
  return items;
}

/** Groups of items that are connected with each other. */
function groupsOf(items: readonly Item[]): Item[][] {
  const left = new Set(items);
  const groups: Item[][] = [];
  for (const seed of items) {
    if (!left.delete(seed)) continue;
    const group = [seed];
    for (const member of group) {
      for (const other of [...left]) {
        if (other.net === member.net && meet(other, member)) {
          left.delete(other);
          group.push(other);
        }
      }
    }
    groups.push(group);
  }
  return groups;
}

/** Throws CircuitError unless the drawing has exactly the table's connections. */
export function checkLayout(circuit: Circuit, layout: Layout): void {
  const items = itemsOf(circuit, layout);
  const drawn = new Set(items.map((item) => item.name));
  for (const { part, pin } of pinsOf(circuit)) {
    if (!drawn.has(`${part.ref}.${pin}`)) {
      throw new CircuitError(
        `schematic: ${part.ref}.${pin} is not drawn; place it in schematic-layout.ts`,
      );
    }
  }
  items.forEach((a, index) => {
    for (const b of items.slice(index + 1)) {
      if (a.net !== b.net && meet(a, b)) {
        throw new CircuitError(
          `schematic: ${a.name} touches ${b.name} of another net; move one in schematic-layout.ts`,
        );
      }
    }
  });
  for (const net of Object.keys(circuit.nets)) {
    const groups = groupsOf(items.filter((item) => item.net === net));
    const loose =
      groups.length > 1 ? groups.find((group) => !group.some((item) => item.named)) : undefined;
    if (loose !== undefined) {
      throw new CircuitError(
        `schematic: ${loose[0]?.name} is not connected to the rest of net ${net}; draw a wire or a label`,
      );
    }
  }
}

function drawLabel({ net, at: [x, y], style }: Label): string[] {
  const width = net.length * 9.1 + 8;
  switch (style) {
    case "ground":
      return [
        polyline([
          [x, y],
          [x, y + 8],
        ]),
        ...[12, 7, 2].map((half, index) =>
          polyline([
            [x - half, y + 8 + index * 5],
            [x + half, y + 8 + index * 5],
          ]),
        ),
      ];
    case "supply":
      return [
        polyline([
          [x, y],
          [x, y - 8],
        ]),
        polyline(
          [
            [x - 12, y - 8],
            [x + 12, y - 8],
          ],
          INK,
          3,
        ),
        text(x, y - 13, net, { size: 14, anchor: "middle", bold: true, fill: "#8a1c1c" }),
      ];
    case "over":
      return [text(x, y - 7, net, { size: 13, anchor: "middle", fill: "#35507a" })];
    default: {
      const s = style === "right" ? 1 : -1;
      return [
        path(
          `M${x} ${y}l${s * 8} -11l${s * width} 0l0 22l${-s * width} 0Z`,
          "#35507a",
          1.5,
          "#fff",
        ),
        text(x + s * (8 + width / 2), y + 5, net, { size: 14, anchor: "middle", fill: "#35507a" }),
      ];
    }
  }
}

/** Points where three or more conductors of a net meet. */
function junctions(wires: readonly Wire[], units: Layout["units"]): Point[] {
  const pins = units.flatMap((unit) => [...pinPoints(unit).values()]);
  const out: Point[] = [];
  for (const { points } of wires) {
    points.slice(1, -1).forEach((point, index) => {
      const [before, after] = [points[index], points[index + 2]];
      const straight =
        before !== undefined && after !== undefined && onSegment(point, before, after);
      if (straight && pins.some(([x, y]) => x === point[0] && y === point[1])) out.push(point);
    });
  }
  return out;
}

function drawCaptions(circuit: Circuit, layout: Layout): string[] {
  return layout.units.flatMap((unit) => {
    const part = partOf(circuit, unit.ref);
    const { anchor, first, second } = captions(unit);
    const reference = text(first[0], first[1], unit.ref, { anchor, bold: true });
    if (unit.shape.kind === "buffer" || unit.shape.kind === "pole") return [reference];
    const size = unit.shape.kind === "box" ? 13 : 14;
    return [reference, text(second[0], second[1], valueLabel(part), { anchor, size })];
  });
}

/** The schematic as SVG. Throws CircuitError if the layout and the table differ. */
export function schematic(circuit: Circuit, layout: Layout = LAYOUT): string {
  checkLayout(circuit, layout);
  const [width, height] = layout.size;
  const buffers = circuit.parts.filter((part) => part.kind === "buffer");
  const notes = [
    "SW1 is one slide, drawn at KILL. Green: behind the switch. Only GND, the buffered lines and the sense (R4, R5) leave it.",
    `${buffers.map(({ ref }) => ref).join(", ")}: ${buffers[0]?.mpn ?? ""}. Resistors in ohm, 1 %.`,
    "Small numbers at U1, U2 and U3: the pins of the module or package. Pins that are not drawn are not connected.",
  ];
  return svg(width, height, `Schematic of the ${circuit.name} board`, [
    text(16, 26, `Killswitch ${circuit.name}: the radio's supply passes through the switch`, {
      size: 19,
      bold: true,
    }),
    ...layout.blocks.flatMap(({ title, at: [x, y], size: [w, h], tint }) => [
      rect(x, y, w, h, tint, "none", 8),
      text(x + 12, y + 23, title, { size: 16, bold: true, fill: "#52606d" }),
    ]),
    ...layout.wires.map(({ points }) => polyline(points)),
    ...layout.units.flatMap((unit) => drawUnit(unit, partOf(circuit, unit.ref))),
    ...junctions(layout.wires, layout.units).map(([x, y]) => circle(x, y, 4.5, INK)),
    ...layout.labels.flatMap(drawLabel),
    ...drawCaptions(circuit, layout),
    ...notes.map((line, index) => text(16, height - 68 + index * 24, line, { size: 15 })),
  ]);
}
