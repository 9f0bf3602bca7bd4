/** The proof of the gate: the shipped gate, and gates broken by hand. */
import { expect, test } from "vitest";
import { enumerateInC, noCompiler } from "../../host-sim/prove/gate/c-translation.ts";
import { compareGates, sameFromPowerOn } from "../../host-sim/prove/gate/compare.ts";
import { proveGate } from "../../host-sim/prove/gate/proof.ts";
import { readerOf } from "../../host-sim/prove/gate/word-reader.ts";
import { mutantOf, sitesOf } from "../../host-sim/prove/mutation/mutator.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";
import { buildPatched } from "./build.ts";

const file = "firmware/gate/gate.ts";
const gate = readModule(firmwarePath("gate"));

test("the shipped gate: one word permits, nothing near it does, and only ARM_MS of clean ON leads to it", () => {
  const report = proveGate(gate, { depth: "near" });
  expect(report.violations).toEqual([]);
  expect(report.permitting).toBe(1);
  expect(report.steps).toBe(65_536 * 2048);
  expect(report.distance).toBeGreaterThanOrEqual(3);
});

test.each([
  ["ARM_MS: u32 = 50", "ARM_MS: u32 = 49", /^LIVE only after 50 ms of clean ON/],
  ["if (payload === LIVE) return LIVE;", "if (code >= ARMING) return LIVE;", /^LIVE only after/],
  ["elapsed > GAP_MS) return ARMING", "elapsed > 255) return ARMING", /^LIVE only after/],
  ["if (rail === 0) return KILLED;", "return KILLED;", /^a rail up for 100 ms/],
  [
    "return position === 2 ? KILLED : FAULT_CONTACT;",
    "return position === 0 ? FAULT_CONTACT : KILLED;",
    /^FAULT_CONTACT clears only/,
  ],
  [
    "if (position !== 2) {\n    if (code !== TRAVEL)",
    "if (position !== 2) {\n    if (payload === LIVE) return LIVE;\n    if (code !== TRAVEL)",
    /^a sample that is not cleanly ON never permits/,
  ],
  [
    "return w === LIVE_WORD;",
    "return (w & 0xffff) === LIVE;",
    /^a reachable word with one bit flipped never permits/,
  ],
  ["const CODE_ARMING: u32 = 0x33;", "const CODE_ARMING: u32 = 0xff;", /^at least 3 bit flips/],
])("refutes a gate with %j -> %j", async (find, replace, rule) => {
  const broken = await buildPatched({ file, find, replace }, "gate");
  const [violation] = proveGate(broken, { depth: "near" }).violations;
  expect(violation?.rule).toMatch(rule);
});

test("finds the words on which two gates differ", async () => {
  const patch = { file, find: "return code === FAULT_RAIL ? 5 : 0;", replace: "return 0;" };
  const other = await buildPatched(patch, "gate");
  expect(compareGates(gate, other, null).words.length).toBeGreaterThan(0);
  expect(compareGates(gate, gate, null).words).toEqual([]);
  expect(sameFromPowerOn(gate, other)).toBe(false);
  expect(sameFromPowerOn(gate, gate)).toBe(true);
});

test("finds the expression through which step() reads its word, if there is only one", async () => {
  const reader = readerOf(gate);
  expect(reader?.(0x1234_5678, 0)).toBe(0);
  expect(reader?.(0x55aa_aa55, 0)).toBe(0xaa55);
  const find = "const payload = next(payloadOf(w), inputs);";
  const replace = "const payload = next(payloadOf(w), inputs) ^ (w === 1 ? inputs >>> 31 : 0);";
  expect(readerOf(await buildPatched({ file, find, replace }, "gate"))).toBeNull();
});

const why = noCompiler();
if (why !== null) process.stderr.write(`NOT RUN the gate in C: ${why}\n`);

test.skipIf(why !== null)(
  "the gate in C gives the same results as the module, and a mutant does not",
  () => {
    const report = proveGate(gate, { depth: "near" });
    expect(enumerateInC(gate, report).differs).toEqual([]);
    const site = sitesOf(gate).findLast(({ place }) => place.endsWith(": 21760 -> 21761"));
    expect(site).toBeDefined();
    if (site === undefined) return;
    expect(enumerateInC(mutantOf(gate, site), report).differs.join()).toMatch(
      /^digest of step\(\)/,
    );
  },
  120_000,
);
