/**
 * Tests the proof in SPICE: the shipped circuit passes, bad circuits fail, engine errors are
 * reported.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { buildOutputs, type Outputs } from "../../../boards/two-chip/circuit/build.ts";
import { LIMITS, TWO_CHIP } from "../../../boards/two-chip/circuit/circuit.ts";
import { CLAIM_IDS, judge, verdict } from "../../../boards/two-chip/circuit/claims.ts";
import { checkResult, type Engine, startEngine } from "../../../boards/two-chip/circuit/engine.ts";
import { committedFiles } from "../../../boards/two-chip/circuit/generate.ts";
import { NAIVE } from "../../../boards/two-chip/circuit/naive.ts";
import { prove } from "../../../boards/two-chip/circuit/proof.ts";
import {
  allPins,
  type Experiment,
  faultsOf,
  netlist,
  stateCount,
} from "../../../boards/two-chip/circuit/spice.ts";
import { allHigh, worstState } from "../../../boards/two-chip/circuit/sweep.ts";
import { CircuitError } from "../../../boards/two-chip/circuit/table.ts";
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

/** Every claim but those of the full proof. */
const CLAIMS = CLAIM_IDS.filter((id) => id !== "faults-cut");

describe("the shipped circuit", () => {
  test("has every claim, negative controls included", () => {
    expect(outputs.proof.claims.map(({ id }) => id).sort()).toEqual([...CLAIMS].sort());
  });

  test.each(CLAIMS)("claim %s", (id) => {
    const claim = outputs.proof.claims.find((row) => row.id === id);
    expect(claim === undefined ? `no claim ${id}` : verdict(claim)).toMatch(/^holds/);
  });

  test("is tested in every pin state and under every fault", () => {
    expect(outputs.proof.figures.states).toBe(3 ** 9);
    expect(outputs.proof.figures.faults).toBe(faultsOf(TWO_CHIP).length);
  });

  test("is proven with progress reports up to the total", () => {
    expect(steps.at(-1)).toMatch(/^(\d+)\/\1$/);
  });

  test("has up-to-date generated files", () => {
    for (const [name, content] of committedFiles(outputs)) {
      const committed = readFileSync(
        join(import.meta.dirname, "../../../boards/two-chip/circuit", name),
        "utf8",
      );
      expect(
        committed === content,
        `${name} is out of date: run npx tsx boards/two-chip/circuit/generate.ts`,
      ).toBe(true);
    }
  });

  test("has the simulated discharge time in board.json", () => {
    const board = JSON.parse(outputs.texts["board.json"] ?? "{}");
    const discharge = outputs.proof.claims.find(({ id }) => id === "discharge")?.measured ?? 0;
    expect(board.dischargeMs).toBe(Math.ceil(discharge));
    expect(board.dischargeMs).toBeLessThan(LIMITS.dischargeMs);
  });
});

describe("a changed circuit", () => {
  test("fails claims if the bleed is 100k, each with its figure", async () => {
    const circuit = withPart(TWO_CHIP, "R2", { value: 100e3, mpn: "RC0603FR-07100KL" });
    const proof = await prove(engine, circuit, { full: false, progress: () => undefined });
    const failed = proof.claims.filter((claim) => !claim.holds);
    const ids = ["bound-travel", "corners-travel", "discharge", "faults-kill", "states-travel"];
    expect(failed.map(({ id }) => id).sort()).toEqual(ids);
    for (const claim of failed) {
      expect(verdict(claim)).toMatch(
        /^FAILED \S+: (misses its limit by [\d.]+ m?V: .* must be < |fails: beyond the simulated time)/,
      );
    }
    console.log(failed.map(verdict).join("\n"));
  }, 120_000);

  test("keeps the radio alive with a bridged pole A if pole B does not gate the enable", async () => {
    const circuit = withPin(TWO_CHIP, "U3", "EN", "+5V");
    const fault = { ref: "SW1", short: ["A_ON", "A_COM"] as const };
    expect(await allHigh(engine, circuit, "kill", { fault })).toBeGreaterThan(LIMITS.brownOutV);
    expect(await allHigh(engine, TWO_CHIP, "kill", { fault })).toBeLessThan(LIMITS.deadV);
  });

  test("powers the radio with a short between the poles if R7 is missing", async () => {
    const circuit = withPart(TWO_CHIP, "R7", { value: 1 });
    const fault = { ref: "SW1", short: ["A_COM", "B_COM"] as const };
    expect(await allHigh(engine, circuit, "travel", { fault })).toBeGreaterThan(LIMITS.brownOutV);
  });

  test("fails a claim whose figure is NaN", () => {
    expect(judge("on", { value: Number.NaN, where: "" }).holds).toBe(false);
    expect(judge("enable", { value: Number.NaN, where: "" }).holds).toBe(false);
  });
});

test("refutes the naive circuit", async () => {
  const worst = await worstState(engine, NAIVE, "kill", 2);
  expect(worst.value).toBeGreaterThan(LIMITS.brownOutV);
  expect(worst.supplies.length).toBe(stateCount(NAIVE, 2));
});

describe("the engine", () => {
  const bad: [string, string][] = [
    ["an unknown model", "bad\nq1 a b c nosuchmodel\nv1 a 0 1\n.dc v1 0 1 1\n.end\n"],
    ["an incomplete line", "bad\nr1 a b\nv1 a 0 1\nr2 a 0 1\n.dc v1 0 1 1\n.end\n"],
    ["no analysis", "bad\nv1 a 0 1\nr2 a 0 1\n.end\n"],
    ["a sweep of a missing source", "bad\nv1 a 0 1\nr2 a 0 1\n.dc v9 0 1 1\n.end\n"],
    ["a loop of voltage sources", "bad\nv1 a 0 1\nv2 a 0 2\n.dc v1 0 1 1\n.end\n"],
  ];
  test.each(bad)("refuses a netlist with %s", async (_name, text) => {
    await expect(engine(text)).rejects.toThrow(CircuitError);
  });

  test("runs a netlist after it refused another", async () => {
    const waves = await engine("good\nv1 a 0 1\nr1 a b 1k\nr2 b 0 1k\n.dc v1 0 2 1\n.end\n");
    expect(waves.of("b")).toEqual([0, 0.5, 1].map((v) => expect.closeTo(v, 9)));
    expect(() => waves.of("c")).toThrow(/no node "c"/);
  });

  const whole = { header: "Plotname: DC transfer characteristic", axis: [0, 1], errors: [] };
  const SWEEP = "x\n.dc Vstate 0 1 1\n";

  test("accepts a complete result", () => {
    expect(() => checkResult(SWEEP, whole)).not.toThrow();
  });

  const short: [string, string, Partial<typeof whole>, RegExp][] = [
    [
      "only the table of constants",
      SWEEP,
      { header: "Plotname: constants" },
      /refused the netlist/,
    ],
    ["too few points", SWEEP, { axis: [0] }, /stopped after 1 points/],
    ["no point", "x\n", { axis: [] }, /stopped after 0 points/],
    ["too short a time", "x\n.tran 1m 10m 0 1m\n", { axis: [0, 0.004] }, /requested: .* 0\.01 s/],
  ];
  test.each(short)("refuses a result with %s", (_name, text, part, message) => {
    expect(() => checkResult(text, { ...whole, ...part })).toThrow(message);
  });
});

const native = spawnSync("ngspice", ["--version"]).status === 0;
if (!native) console.log("NOT RUN comparison with a native ngspice: ngspice is not installed");

/** Runs a netlist in the native ngspice. Returns a node's voltages from its ASCII raw file. */
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

describe("the native ngspice agrees within 1 mV", () => {
  const cases: [string, Experiment][] = [
    ["every pin state at KILL", { run: { position: "kill", base: 3 } }],
    ["every pin state in travel", { run: { position: "travel", base: 3 } }],
    [
      "the clamp open",
      { fault: { ref: "R1", open: "a" }, run: { position: "kill", pins: allPins(TWO_CHIP, 1) } },
    ],
  ];
  test.skipIf(!native).each(cases)("on %s", async (_name, experiment) => {
    const text = netlist(TWO_CHIP, experiment);
    const ours = (await engine(text)).of("rail");
    const theirs = nativeRun(text, "rail");
    expect(theirs.length).toBe(ours.length);
    const apart = Math.max(...ours.map((v, index) => Math.abs(v - (theirs[index] ?? Number.NaN))));
    expect(apart).toBeLessThan(1e-3);
    console.log(
      `native ngspice: largest difference ${apart.toExponential(1)} V over ${ours.length} points`,
    );
  });
});
