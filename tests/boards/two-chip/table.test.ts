/** Tests the checks of a circuit table: valid tables pass, bad entries are named. */
import { describe, expect, test } from "vitest";
import { TWO_CHIP } from "../../../boards/two-chip/circuit/circuit.ts";
import { MODELS } from "../../../boards/two-chip/circuit/models.ts";
import { NAIVE } from "../../../boards/two-chip/circuit/naive.ts";
import { netlist } from "../../../boards/two-chip/circuit/spice.ts";
import {
  type Circuit,
  CircuitError,
  checkCircuit,
  partOf,
} from "../../../boards/two-chip/circuit/table.ts";
import { withPart, withPin } from "./fixtures/edit.ts";

const kinds = Object.keys(MODELS);
const check = (circuit: Circuit) => () => checkCircuit(circuit, kinds);

describe("a valid table", () => {
  test.each([TWO_CHIP, NAIVE])("passes: $name", (circuit) => {
    expect(checkCircuit(circuit, kinds)).toBe(circuit);
  });
});

describe("a bad table causes an error that names the entry", () => {
  const twice = { ...TWO_CHIP, parts: [...TWO_CHIP.parts, partOf(TWO_CHIP, "R7")] };
  const cases: [string, Circuit, RegExp][] = [
    [
      "unknown net",
      withPin(TWO_CHIP, "R2", "a", "RIAL"),
      /R2 pin a: net "RIAL" is not in the table/,
    ],
    ["duplicate reference", twice, /reference R7 is used twice/],
    [
      "part without a model",
      withPart(TWO_CHIP, "D1", { kind: "varistor" }),
      /D1: kind "varistor" has no model/,
    ],
    [
      "net with one pin",
      withPin(TWO_CHIP, "R5", "a", "RAIL"),
      /net "RAIL_MID" connects only R4\.b/,
    ],
    [
      "net with no pin",
      { ...TWO_CHIP, nets: { ...TWO_CHIP.nets, SPARE: "" } },
      /net "SPARE" connects no pin/,
    ],
    [
      "pad used twice",
      withPart(TWO_CHIP, "R2", { pins: { a: ["1", "RAIL"], b: ["1", "GND"] } }),
      /R2: pad 1 is both pin a and pin b/,
    ],
  ];
  test.each(cases)("%s", (_name, circuit, message) => {
    expect(check(circuit)).toThrow(CircuitError);
    expect(check(circuit)).toThrow(message);
  });

  test.each([undefined, 0, -1, Number.NaN])("resistor with the value %s", (value) => {
    const { value: _, ...bare } = partOf(TWO_CHIP, "R2");
    const part = value === undefined ? bare : { ...bare, value };
    const parts = TWO_CHIP.parts.map((row) => (row.ref === "R2" ? part : row));
    const run = { position: "kill" as const, base: 2 as const };
    expect(() => netlist({ ...TWO_CHIP, parts }, { run })).toThrow(
      /R2: value .* is not a positive number/,
    );
  });
});
