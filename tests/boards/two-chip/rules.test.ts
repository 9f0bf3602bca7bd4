/**
 * Tests the electrical rules: the shipped circuit fulfils them, and each detects a broken circuit.
 */
import { describe, expect, test } from "vitest";
import { LIMITS, TWO_CHIP } from "../../../boards/two-chip/circuit/circuit.ts";
import { NAIVE } from "../../../boards/two-chip/circuit/naive.ts";
import { backPowerBound, ohmmeter, solve } from "../../../boards/two-chip/circuit/network.ts";
import { checkBoard } from "../../../boards/two-chip/circuit/proof.ts";
import { REFUSED } from "../../../boards/two-chip/circuit/refused.ts";
import { brokenRules, RULES } from "../../../boards/two-chip/circuit/rules.ts";
import { type Circuit, partOf } from "../../../boards/two-chip/circuit/table.ts";
import { withoutPart, withPart, withPin } from "./fixtures/edit.ts";

test("the shipped circuit violates no rule", () => {
  expect(brokenRules(TWO_CHIP)).toEqual([]);
});

const BROKEN: [rule: string, what: string, circuit: Circuit][] = [
  ["transmit", "the radio powered from 3V3", withPin(TWO_CHIP, "U2", "VDD", "3V3")],
  [
    "shared",
    "the radio's strap wired to the controller",
    withPin(TWO_CHIP, "U2", "IO8", "CTRL_TX"),
  ],
  ["rail", "the regulator's output on RAIL", withPin(TWO_CHIP, "U3", "VOUT", "RAIL")],
  ["rail-feed", "a pull-up from 3V3 onto RAIL", withPin(TWO_CHIP, "R7", "b", "RAIL")],
  ["supplies", "a buffer on 3V3", withPin(TWO_CHIP, "U4", "VCC", "3V3")],
  ["series", "a buffer directly on the controller", withPin(TWO_CHIP, "U4", "A", "CTRL_TX")],
  [
    "buffered",
    "a resistor from the radio's line to the controller's",
    withPin(TWO_CHIP, "R19", "b", "CTRL_RX"),
  ],
  ["series-ohm", "47 ohm in series", withPart(TWO_CHIP, "R12", { value: 47 })],
  [
    "ioff",
    "a buffer without a specified Ioff",
    withPart(TWO_CHIP, "U5", { ratings: { voltageV: 5.5 } }),
  ],
  ["currents", "a 300 mA switch", withPart(TWO_CHIP, "SW1", { ratings: { currentA: 0.3 } })],
  ["clamp", "a KILL throw without a resistor", withoutPart(TWO_CHIP, "R1")],
  ["enable", "a controller pin on the enable", withPin(TWO_CHIP, "U1", "NO", "SW_ON")],
  ["power", "a 100 mW clamp", withPart(TWO_CHIP, "R1", { ratings: { powerW: 0.1 } })],
  ["voltage", "a 4 V capacitor on RAIL", withPart(TWO_CHIP, "C3", { ratings: { voltageV: 4 } })],
  ["usb", "the radio's USB wired", withPin(TWO_CHIP, "U2", "IO18", "GND")],
  ["mpn", "a value that differs from its part number", withPart(TWO_CHIP, "R2", { value: 100e3 })],
];

describe("the rules", () => {
  test("have one broken circuit each in this test", () => {
    expect(BROKEN.map(([rule]) => rule)).toEqual(RULES.map(({ id }) => id));
  });

  test.each(BROKEN)("%s detects %s", (rule, _what, circuit) => {
    expect(brokenRules(circuit).map((line) => line.split(":")[0])).toContain(rule);
  });

  test.each(Object.entries(REFUSED))("refuse %s as the controller", (name, circuit) => {
    const broken = brokenRules(circuit);
    expect(broken.length).toBe(1);
    expect(broken[0]).toMatch(
      new RegExp(`^transmit: U1 \\(${name}\\) can transmit .* powered from \\+5V and 3V3`),
    );
    expect(() => checkBoard(circuit)).toThrow(/transmit: U1/);
  });

  test("refuse a chip that does not state its radio", () => {
    const { radio: _, ...bare } = partOf(TWO_CHIP, "U4");
    const parts = TWO_CHIP.parts.map((part) => (part.ref === "U4" ? bare : part));
    expect(brokenRules({ ...TWO_CHIP, parts })).toEqual([
      "transmit: U4 (SN74LVC1G125DBVR) does not state whether it contains a radio",
    ]);
  });

  test("cause an error that names the part", () => {
    const circuit = withPart(TWO_CHIP, "SW1", { ratings: { currentA: 0.3 } });
    expect(() => checkBoard(circuit)).toThrow(
      /currents: SW1 is rated 0\.3 A, the radio peaks at 0\.35 A/,
    );
  });
});

describe("the calculations by Ohm's law", () => {
  test("solve a voltage divider", () => {
    const volts = solve(
      [
        ["top", "mid", 1000],
        ["mid", "0", 3000],
      ],
      new Map([
        ["top", 4],
        ["0", 0],
      ]),
    );
    expect(volts.get("mid")).toBeCloseTo(3, 6);
  });

  test("bound the radio's supply below dead at KILL and below brown-out in travel", () => {
    expect(backPowerBound(TWO_CHIP, "kill", LIMITS.supplyMaxV)).toBeLessThan(LIMITS.deadV);
    expect(backPowerBound(TWO_CHIP, "travel", LIMITS.supplyMaxV)).toBeLessThan(LIMITS.brownOutV);
  });

  test("give the bound of a manual calculation: seven paths against the bleed", () => {
    const up = 6 / (3300 * 0.99) + 1 / (94e3 * 0.99);
    const down = 6 / (100e3 * 1.01) + 1 / (1000 * 1.01);
    const expected = (3.6 * up) / (up + down);
    expect(backPowerBound(TWO_CHIP, "travel", 3.6)).toBeCloseTo(expected, 3);
  });

  test("give no useful bound for the naive circuit", () => {
    expect(backPowerBound(NAIVE, "kill", 3.6)).toBeGreaterThan(3.5);
  });

  test("give the ohmmeter's readings of clamp and bleed", () => {
    expect(ohmmeter(TWO_CHIP, "kill", "RAIL", "GND")).toBeCloseTo(1 / (1 / 22.02 + 1 / 1000), 1);
    expect(ohmmeter(TWO_CHIP, "on", "RAIL", "VRADIO")).toBeCloseTo(0.02, 3);
    expect(ohmmeter(TWO_CHIP, "kill", "RAIL", "VRADIO")).toBeGreaterThan(5000);
  });
});
