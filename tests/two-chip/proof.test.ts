/** The proof in SPICE: what holds, what an edit does to it, and what the engine may not hide. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { buildOutputs, type Outputs } from "../../boards/two-chip/build.ts";
import { LIMITS, TWO_CHIP } from "../../boards/two-chip/circuit.ts";
import { judge, verdict } from "../../boards/two-chip/claims.ts";
import { checkAnswer, type Engine, startEngine } from "../../boards/two-chip/engine.ts";
import { committedFiles } from "../../boards/two-chip/generate.ts";
import { NAIVE } from "../../boards/two-chip/naive.ts";
import { prove } from "../../boards/two-chip/proof.ts";
import {
  allPins,
  type Experiment,
  faultsOf,
  netlist,
  stateCount,
} from "../../boards/two-chip/spice.ts";
import { allHigh, worstState } from "../../boards/two-chip/sweep.ts";
import { CircuitError } from "../../boards/two-chip/table.ts";
import { withPart, withPin } from "./fixtures/edit.ts";

let engine: Engine;
let outputs: Outputs;
const steps: string[] = [];

beforeAll(async () => {
  engine = await startEngine();
  outputs = await buildOutputs(engine, TWO_CHIP, {
    full: false,
    progress: (done, total) => steps.push(`${done}/${total}`),
  });
}, 120_000);

describe("the shipped circuit", () => {
  test("every claim holds, controls included", () => {
    expect(outputs.proof.claims.filter((claim) => !claim.holds).map(verdict)).toEqual([]);
    expect(outputs.proof.claims.length).toBe(24);
  });

  test("every state and every fault was tried", () => {
    expect(outputs.proof.figures.states).toBe(3 ** 7);
    expect(outputs.proof.figures.faults).toBe(faultsOf(TWO_CHIP).length);
  });

  test("progress runs to its end", () => {
    expect(steps.at(-1)).toMatch(/^(\d+)\/\1$/);
  });

  test("generated files are those of the table", () => {
    for (const [name, content] of committedFiles(outputs)) {
      const committed = readFileSync(
        join(import.meta.dirname, "../../boards/two-chip", name),
        "utf8",
      );
      expect(
        committed === content,
        `${name} has drifted: run npx tsx boards/two-chip/generate.ts`,
      ).toBe(true);
    }
  });

  test("board.json carries the times that SPICE gave", () => {
    const board = JSON.parse(outputs.texts["board.json"] ?? "{}");
    const discharge = outputs.proof.claims.find(({ id }) => id === "discharge")?.measured ?? 0;
    expect(board.dischargeMs).toBe(Math.ceil(discharge));
    expect(board.dischargeMs).toBeLessThan(LIMITS.dischargeMs);
  });
});

describe("an edit turns the proof red", () => {
  test("bleed 1k -> 100k: which claim fell, and by how much", async () => {
    const circuit = withPart(TWO_CHIP, "R2", { value: 100e3, mpn: "RC0603FR-07100KL" });
    const proof = await prove(engine, circuit, { full: false, progress: () => undefined });
    const fallen = proof.claims.filter((claim) => !claim.holds);
    const ids = ["bound-travel", "corners-travel", "discharge", "faults-kill", "states-travel"];
    expect(fallen.map(({ id }) => id).sort()).toEqual(ids);
    for (const claim of fallen) {
      expect(verdict(claim)).toMatch(
        /^FELL {3}\S+: fell by [\d.]+ m?V: .* must be < |discharge: fell: past the end of the run/,
      );
    }
    console.log(fallen.map(verdict).join("\n"));
  }, 120_000);

  test("without pole B on the enable a bridged pole A keeps the radio alive", async () => {
    const circuit = withPin(TWO_CHIP, "U3", "EN", "+5V");
    const fault = { ref: "SW1", short: ["A_ON", "A_COM"] as const };
    expect(await allHigh(engine, circuit, "kill", { fault })).toBeGreaterThan(LIMITS.brownOutV);
    expect(await allHigh(engine, TWO_CHIP, "kill", { fault })).toBeLessThan(LIMITS.deadV);
  });

  test("without R7 a short between the poles powers the radio", async () => {
    const circuit = withPart(TWO_CHIP, "R7", { value: 1 });
    const fault = { ref: "SW1", short: ["A_COM", "B_COM"] as const };
    expect(await allHigh(engine, circuit, "travel", { fault })).toBeGreaterThan(LIMITS.brownOutV);
  });

  test("a figure that is not a number never holds", () => {
    expect(judge("on", { value: Number.NaN, where: "" }).holds).toBe(false);
    expect(judge("enable", { value: Number.NaN, where: "" }).holds).toBe(false);
  });
});

test("the naive circuit is refuted", async () => {
  const worst = await worstState(engine, NAIVE, "kill", 2);
  expect(worst.value).toBeGreaterThan(LIMITS.brownOutV);
  expect(worst.supplies.length).toBe(stateCount(NAIVE, 2));
});

describe("the engine may not hide a refusal", () => {
  const bad: [string, string][] = [
    ["an unknown element", "bad\nq1 a b c nosuchmodel\nv1 a 0 1\n.dc v1 0 1 1\n.end\n"],
    ["a line that it ignores", "bad\nr1 a b\nv1 a 0 1\nr2 a 0 1\n.dc v1 0 1 1\n.end\n"],
    ["no analysis", "bad\nv1 a 0 1\nr2 a 0 1\n.end\n"],
    ["a source that is not there", "bad\nv1 a 0 1\nr2 a 0 1\n.dc v9 0 1 1\n.end\n"],
    ["a loop of sources", "bad\nv1 a 0 1\nv2 a 0 2\n.dc v1 0 1 1\n.end\n"],
  ];
  test.each(bad)("%s", async (_name, text) => {
    await expect(engine(text)).rejects.toThrow(CircuitError);
  });

  test("it runs on after a refusal", async () => {
    const waves = await engine("good\nv1 a 0 1\nr1 a b 1k\nr2 b 0 1k\n.dc v1 0 2 1\n.end\n");
    expect(waves.of("b")).toEqual([0, 0.5, 1].map((v) => expect.closeTo(v, 9)));
    expect(() => waves.of("c")).toThrow(/no node "c"/);
  });

  const whole = { header: "Plotname: DC transfer characteristic", axis: [0, 1], complaints: [] };
  const SWEEP = "x\n.dc Vstate 0 1 1\n";

  test("a whole answer passes", () => {
    expect(() => checkAnswer(SWEEP, whole)).not.toThrow();
  });

  const short: [string, string, Partial<typeof whole>, RegExp][] = [
    ["its table of constants", SWEEP, { header: "Plotname: constants" }, /refused the netlist/],
    ["too few points", SWEEP, { axis: [0] }, /stopped after 1 points/],
    ["no point", "x\n", { axis: [] }, /stopped after 0 points/],
    [
      "a run that ends early",
      "x\n.tran 1m 10m 0 1m\n",
      { axis: [0, 0.004] },
      /asked for .* 0\.01 s/,
    ],
  ];
  test.each(short)("%s", (_name, text, part, message) => {
    expect(() => checkAnswer(text, { ...whole, ...part })).toThrow(message);
  });
});

const native = spawnSync("ngspice", ["--version"]).status === 0;
if (!native) console.log("NOT RUN: cross-check with a native ngspice: it is not installed");

/** Voltages of a node from the native ngspice, by its ASCII raw file. */
function nativeRun(text: string, node: string): number[] {
  const folder = mkdtempSync(join(tmpdir(), "two-chip-"));
  const [circuit, raw] = [join(folder, "a.cir"), join(folder, "a.raw")];
  writeFileSync(circuit, text);
  const env = { ...process.env, SPICE_ASCIIRAWFILE: "1" };
  spawnSync("ngspice", ["-b", "-r", raw, circuit], { env });
  const [head, body] = readFileSync(raw, "utf8").split("Values:\n");
  rmSync(folder, { recursive: true });
  const names = [...(head ?? "").matchAll(/^\t(\d+)\t(\S+)\t/gm)].map((match) => match[2]);
  const column = names.indexOf(`v(${node})`);
  const rows = (body ?? "").trim().split(/\n\s*\n|\n(?=\s*\d+\t)/);
  return rows.map((row) => Number(row.trim().split(/\s+/)[column + 1]));
}

describe("native ngspice agrees", () => {
  const cases: [string, Experiment][] = [
    ["every pin state at KILL", { run: { position: "kill", base: 3 } }],
    ["every pin state between contacts", { run: { position: "travel", base: 3 } }],
    [
      "the clamp open",
      { fault: { ref: "R1", open: "a" }, run: { position: "kill", pins: allPins(TWO_CHIP, 1) } },
    ],
  ];
  test.skipIf(!native).each(cases)("%s, within 1 mV", async (_name, experiment) => {
    const text = netlist(TWO_CHIP, experiment);
    const ours = (await engine(text)).of("rail");
    const theirs = nativeRun(text, "rail");
    expect(theirs.length).toBe(ours.length);
    const apart = Math.max(...ours.map((v, index) => Math.abs(v - (theirs[index] ?? Number.NaN))));
    expect(apart).toBeLessThan(1e-3);
    console.log(
      `native ngspice: at most ${apart.toExponential(1)} V apart over ${ours.length} points`,
    );
  });
});
