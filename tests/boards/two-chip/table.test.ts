/** Tests the checks of a circuit table: valid tables pass, bad entries are named. */
import { describe, expect, test } from "vitest";
import board from "../../../boards/two-chip/board.json" with { type: "json" };
import { TWO_CHIP } from "../../../boards/two-chip/circuit/circuit.ts";
import { MODELS } from "../../../boards/two-chip/circuit/models.ts";
import { NAIVE } from "../../../boards/two-chip/circuit/naive.ts";
import { NORMAL_PINS, PIN_FUNCTIONS, picoPin } from "../../../boards/two-chip/circuit/pico.ts";
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

describe("the controller's pads", () => {
  test("are the Pico's pins of the firmware's GPIOs", () => {
    const pads = Object.entries(partOf(TWO_CHIP, "U1").pins).map(([pin, [pad]]) => [pin, pad]);
    // Numbers of the Pico's data sheet: GP4 is pin 6, GP5 7, GP6 9, GP7 10, GP8 11, GP9 12, GP10
    // 14, GP11 15, GP15 20.
    expect(Object.fromEntries(pads)).toEqual({
      ...{ V5: "40", V33: "36", GND: "38" },
      ...{ TX: "6", RX: "7", CTS: "9", RTS: "10", EN: "11", BOOT: "12" },
      ...{ NO: "14", NC: "15", RAIL: "20" },
    });
  });

  test("follow board.json, from which the firmware is built", () => {
    const gpio = Object.values(PIN_FUNCTIONS).map((name) => board.image.pins[name]);
    expect(gpio).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 15]);
    expect(Object.keys(NORMAL_PINS)).toEqual(Object.keys(PIN_FUNCTIONS));
    expect(picoPin("console-tx")).toBe(1);
    expect(() => picoPin("lamp-too")).toThrow(/lamp-too is GPIO25, which is not on the edge/);
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
