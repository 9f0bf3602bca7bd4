/** Bill of materials: one row for each part number, with quantities, prices and totals. */
import { EXTRAS, extrasTotal } from "./extras.ts";
import { type Circuit, type Part, valueLabel } from "./table.ts";

export interface BomRow {
  refs: string[];
  part: Part;
}

/** The rows, in table order. */
export function bomRows(circuit: Circuit): BomRow[] {
  const rows = new Map<string, BomRow>();
  for (const part of circuit.parts) {
    const row = rows.get(part.mpn);
    if (row === undefined) rows.set(part.mpn, { refs: [part.ref], part });
    else row.refs.push(part.ref);
  }
  return [...rows.values()];
}

/** Price of one board's parts, in EUR, at a quantity of 1 or of 1,000 boards. */
export function bomTotal(circuit: Circuit, boards: 1 | 1000): number {
  return circuit.parts.reduce((sum, part) => sum + part.price[boards === 1 ? 0 : 1], 0);
}

function cell(value: string | number): string {
  const content = String(value);
  return /[",\n]/.test(content) ? `"${content.replaceAll('"', '""')}"` : content;
}

/** The bill of materials and the additions for a breadboard as CSV (RFC 4180, with LF line endings). */
export function bomCsv(circuit: Circuit): string {
  const head = ["References", "Quantity", "Value", "Manufacturer", "Part number", "Footprint"];
  const money = ["EUR each at 1", "EUR each at 1000", "Data sheet"];
  const lines = bomRows(circuit).map(({ refs, part }) => [
    refs.join(" "),
    refs.length,
    valueLabel(part),
    part.maker,
    part.mpn,
    part.footprint,
    part.price[0].toFixed(3),
    part.price[1].toFixed(3),
    part.source,
  ]);
  const totals = [
    [
      "Total, one board of 1",
      circuit.parts.length,
      "",
      "",
      "",
      "",
      bomTotal(circuit, 1).toFixed(2),
      "",
      "",
    ],
    [
      "Total, one board of 1000",
      circuit.parts.length,
      "",
      "",
      "",
      "",
      "",
      bomTotal(circuit, 1000).toFixed(2),
      "",
    ],
  ];
  const extras = EXTRAS.map(({ what, count, price, use }) => [
    "breadboard build",
    count,
    what,
    ...["", "", ""],
    price.toFixed(3),
    "",
    use,
  ]);
  const withExtras = bomTotal(circuit, 1) + extrasTotal();
  extras.push([
    "Total, one board on breadboards",
    "",
    ...["", "", "", ""],
    withExtras.toFixed(2),
    "",
    "",
  ]);
  return `${[[...head, ...money], ...lines, ...totals, ...extras].map((row) => row.map(cell).join(",")).join("\n")}\n`;
}
