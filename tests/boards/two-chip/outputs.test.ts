/**
 * Tests the outputs that need no SPICE: drawings, bill of materials, KiCad netlist, probe table.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { bomCsv, bomRows, bomTotal } from "../../../boards/two-chip/circuit/bom.ts";
import { checkBreadboard, steps } from "../../../boards/two-chip/circuit/breadboard.ts";
import { JUMPERS, SWITCH_LEADS } from "../../../boards/two-chip/circuit/breadboard-layout.ts";
import { breadboard } from "../../../boards/two-chip/circuit/breadboard-picture.ts";
import { TWO_CHIP } from "../../../boards/two-chip/circuit/circuit.ts";
import { extrasTotal } from "../../../boards/two-chip/circuit/extras.ts";
import {
  kicadNetlist,
  PICO_FOOTPRINT,
  picoFootprint,
} from "../../../boards/two-chip/circuit/kicad.ts";
import { png } from "../../../boards/two-chip/circuit/png.ts";
import { bandLabel } from "../../../boards/two-chip/circuit/probe.ts";
import { checkLayout, schematic } from "../../../boards/two-chip/circuit/schematic.ts";
import { LAYOUT } from "../../../boards/two-chip/circuit/schematic-layout.ts";
import { engineering, partOf, pinsOf } from "../../../boards/two-chip/circuit/table.ts";
import { renderCommission, runCommission } from "../../../boards/two-chip/commands.ts";
import { withPin } from "./fixtures/edit.ts";
import { atom, children, parseSexpr } from "./fixtures/sexpr.ts";

describe("schematic", () => {
  test("draws every part of the table with its name", () => {
    const drawing = schematic(TWO_CHIP);
    for (const { ref } of TWO_CHIP.parts) expect(drawing).toContain(`>${ref}</text>`);
  });

  test("refuses a table with other connections", () => {
    expect(() => schematic(withPin(TWO_CHIP, "R2", "a", "3V3"))).toThrow(
      /R2\.a touches wire RAIL of another net/,
    );
  });

  test("refuses a layout without one of the parts", () => {
    const units = LAYOUT.units.filter((unit) => unit.ref !== "C7");
    expect(() => checkLayout(TWO_CHIP, { ...LAYOUT, units })).toThrow(/C7\.a is not drawn/);
  });

  test("refuses a layout with a missing wire", () => {
    const wires = LAYOUT.wires.filter(({ net }) => net !== "CTRL_EN");
    expect(() => checkLayout(TWO_CHIP, { ...LAYOUT, wires })).toThrow(
      /not connected to the rest of net CTRL_EN/,
    );
  });

  test("refuses a layout with a short between two nets", () => {
    const first = LAYOUT.labels[0]?.at ?? [0, 0];
    const labels = [...LAYOUT.labels, { net: "RAIL", at: first, style: "over" as const }];
    expect(() => checkLayout(TWO_CHIP, { ...LAYOUT, labels })).toThrow(/of another net/);
  });
});

test("converts a drawing to a PNG of the requested width", () => {
  const image = png(schematic(TWO_CHIP), 900);
  expect(Buffer.from(image.subarray(1, 4)).toString()).toBe("PNG");
  expect(new DataView(image.buffer, image.byteOffset).getUint32(16)).toBe(900);
});

describe("breadboard", () => {
  test("draws every part with its name", () => {
    const drawing = breadboard(TWO_CHIP);
    for (const { ref } of TWO_CHIP.parts)
      expect(drawing).toMatch(new RegExp(`>${ref}\\b[\\w ,]*</text>`));
  });

  test("lists every part, wire and lead once, in the picture as well", () => {
    const items = steps(TWO_CHIP).flatMap((step) => step.items);
    expect(items.length).toBe(TWO_CHIP.parts.length - 1 + JUMPERS.length + SWITCH_LEADS.length);
    const drawing = breadboard(TWO_CHIP);
    for (const { what, from, to } of items)
      expect(drawing).toContain(`>${what}: ${from} to ${to}</text>`);
  });

  test("refuses a table with other connections", () => {
    expect(() => checkBreadboard(withPin(TWO_CHIP, "R2", "a", "3V3"))).toThrow(
      /\(3V3\) is connected with .* \(RAIL\)|\(RAIL\) is connected with .* \(3V3\)/,
    );
  });

  test("refuses a layout without one of its wires", () => {
    for (const missing of JUMPERS) {
      const jumpers = JUMPERS.filter((jumper) => jumper !== missing);
      expect(() => checkBreadboard(TWO_CHIP, jumpers)).toThrow(/is in 2 pieces/);
    }
  });

  test.each([
    ["joins two nets", { from: "Aa44", to: "Bb57" }, /are both in|is connected with/],
    ["uses a hole twice", { from: "Aa6", to: "Bj2" }, /are both in A a6/],
    ["ends at a pin that the table does not connect", { from: "Aa1", to: "A-b1" }, /unconnected/],
    ["ends in no hole", { from: "Ak1", to: "A-b1" }, /"Ak1" is not a hole/],
  ])("refuses a wire that %s", (_what, jumper, message) => {
    expect(() => checkBreadboard(TWO_CHIP, [...JUMPERS, jumper])).toThrow(message);
  });

  test("refuses a part without a place", () => {
    const parts = [...TWO_CHIP.parts, { ...partOf(TWO_CHIP, "R2"), ref: "R99" }];
    expect(() => checkBreadboard({ ...TWO_CHIP, parts })).toThrow(/R99\.a is not placed/);
  });
});

describe("bill of materials", () => {
  test("contains every part once, with correct totals", () => {
    const refs = bomRows(TWO_CHIP).flatMap((row) => row.refs);
    expect(refs.sort()).toEqual(TWO_CHIP.parts.map(({ ref }) => ref).sort());
    const sum = bomRows(TWO_CHIP).reduce(
      (total, { refs: r, part }) => total + r.length * part.price[1],
      0,
    );
    expect(bomTotal(TWO_CHIP, 1000)).toBeCloseTo(sum, 9);
    expect(bomTotal(TWO_CHIP, 1000)).toBeLessThan(bomTotal(TWO_CHIP, 1));
  });

  test("lists the adapters of a breadboard build, with their total", () => {
    const lines = bomCsv(TWO_CHIP).trim().split("\n");
    expect(lines.find((line) => /^breadboard build,7,"adapter SOT-23-6/.test(line))).toBeDefined();
    const total = (bomTotal(TWO_CHIP, 1) + extrasTotal()).toFixed(2);
    expect(lines.at(-1)).toBe(`"Total, one board on breadboards",,,,,,${total},,`);
  });

  test("has the same number of columns in every CSV line", () => {
    const widths = bomCsv(TWO_CHIP)
      .trim()
      .split("\n")
      .map((line) => line.replace(/"[^"]*"/g, "").split(",").length);
    expect(new Set(widths).size).toBe(1);
  });

  test.each([
    [2200, "2.2k"],
    [1e-7, "100n"],
    [22, "22"],
    [1e6, "1M"],
    [47e3, "47k"],
  ])("formats %s as %s", (value, label) => {
    expect(engineering(value)).toBe(label);
  });
});

test("every test that the board's README names exists", () => {
  const readme = readFileSync("boards/two-chip/README.md", "utf8");
  const named = [...readme.matchAll(/`(tests\/[^`:]+)(?:: ([^`]+))?`/g)];
  expect(named.length).toBeGreaterThan(10);
  for (const [, file = "", title = ""] of named) {
    const literal = title.replace(/^claim [\w-]+$/, "claim %s");
    expect(readFileSync(file, "utf8")).toContain(literal);
  }
});

const KICAD = { python: "/usr/bin/python3", libraries: "/usr/share/kicad/footprints" };
const kicad =
  existsSync(KICAD.libraries) && spawnSync(KICAD.python, ["-c", "import pcbnew"]).status === 0;
if (!kicad)
  console.log("NOT RUN KiCad check of two-chip.net: pcbnew or kicad-footprints is not installed");

describe("KiCad netlist", () => {
  test("parses to the same connections as the table", () => {
    const root = parseSexpr(kicadNetlist(TWO_CHIP));
    const nets = children(root, "nets").flatMap((list) => children(list, "net"));
    const read = nets.flatMap((net) =>
      children(net, "node").map(
        (node) => `${atom(net, "name")} ${atom(node, "ref")} ${atom(node, "pin")}`,
      ),
    );
    const table = pinsOf(TWO_CHIP).map(
      ({ part, pin, net }) => `${net} ${part.ref} ${part.pins[pin]?.[0]}`,
    );
    expect(read.sort()).toEqual(table.sort());
  });

  test.skipIf(!kicad)("builds a board in pcbnew, with every footprint and pad", () => {
    const folder = mkdtempSync(join(tmpdir(), "two-chip-"));
    const file = join(folder, "two-chip.net");
    writeFileSync(file, kicadNetlist(TWO_CHIP));
    mkdirSync(dirname(join(folder, PICO_FOOTPRINT)));
    writeFileSync(join(folder, PICO_FOOTPRINT), picoFootprint());
    const script = join(import.meta.dirname, "fixtures/kicad_board.py");
    const args = [script, file, KICAD.libraries, folder, join(folder, "board.kicad_pcb")];
    const out = execFileSync(KICAD.python, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    rmSync(folder, { recursive: true });
    const expected = [
      TWO_CHIP.parts.length,
      Object.keys(TWO_CHIP.nets).length,
      pinsOf(TWO_CHIP).length,
    ];
    expect(out.trim().split("\n").at(-1)).toBe(expected.join(" "));
  });
});

describe("commission table", () => {
  const table = runCommission({ json: false });

  test("distinguishes ON from KILL at the rail, by resistance and by voltage", () => {
    for (const supply of ["plugged", "unplugged"] as const) {
      const rail = table.probes.find(
        (probe) => probe.supply === supply && probe.red.startsWith("RAIL "),
      );
      expect(rail?.kill[1]).toBeLessThan(rail?.on[0] ?? 0);
    }
  });

  test("has ordered bands, and an explanation of a wrong reading for each point", () => {
    for (const { on, kill, otherwise } of table.probes) {
      for (const [low, high] of [on, kill]) {
        if (low !== null && high !== null) expect(low).toBeLessThan(high);
        expect(low ?? high).not.toBeNull();
      }
      expect(otherwise.length).toBeGreaterThan(10);
    }
  });

  test("renders as text and as JSON", () => {
    expect(renderCommission(table, { json: false })).toContain("KILL under");
    expect(JSON.parse(renderCommission(table, { json: true }))).toEqual(table);
  });

  test.each([
    [[null, 1], "under 1 V"],
    [[0, 0.05], "under 0.05 V"],
    [[3, null], "over 3 V"],
    [[1, 2], "1 to 2 V"],
  ] as const)("formats %j as %s", (band, label) => {
    expect(bandLabel(band, "V")).toBe(label);
  });
});
