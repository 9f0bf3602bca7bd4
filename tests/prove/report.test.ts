/** The text of a proof's report. */
import { expect, test } from "vitest";
import { MARK_NAMES } from "../../host-sim/abi/abi.gen.ts";
import { linesOf } from "../../host-sim/prove/report.ts";
import type { DeviceFigures, StageReport } from "../../host-sim/prove/stages.ts";

const device: DeviceFigures = {
  model: "small",
  states: 6064,
  transitions: 926_824,
  boots: 216,
  depth: 7,
  events: 282,
  closed: true,
  messages: 235,
  digest: 1,
  unseen: ["FAILED"],
  walk: null,
};
const report: StageReport = {
  part: "device",
  verdict: "proven",
  seconds: 1.5,
  device,
  counterexample: null,
};

test("says which coverage marks a model does not reach", () => {
  const count = MARK_NAMES.length;
  expect(linesOf(report)).toContain(
    `  coverage marks reached: ${count - 1} of ${count}; no event of the small model leads to "FAILED"`,
  );
  expect(linesOf({ ...report, device: { ...device, unseen: [] } })).toContain(
    `  coverage marks reached: ${count} of ${count}`,
  );
});

test("says whether every reachable state was explored", () => {
  expect(linesOf(report)).toContain("  every reachable state was explored");
  expect(linesOf({ ...report, device: { ...device, closed: false } })).toContain(
    "  NOT every reachable state was explored",
  );
});

test("prints the broken rule, the steps that lead to it, and the scenario", () => {
  const counterexample = {
    rule: "I6: a press toggles the relay in every state",
    trace: ["boot RESET: storage unreadable", "press"],
    scenario: "name: counterexample\n",
    replayed: true,
  };
  const lines = linesOf({ ...report, verdict: "refuted", counterexample });
  expect(lines.slice(-7)).toEqual([
    "  broken rule: I6: a press toggles the relay in every state",
    "  1. boot RESET: storage unreadable",
    "  2. press",
    "  the same steps as a scenario, which fails, as expected, on these modules:",
    "",
    "name: counterexample",
    "",
  ]);
});
