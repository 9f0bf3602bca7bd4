/**
 * Runs every scenario on the emulated controller, from its UF2. It must pass, and its trace must equal that of the
 * simulator, which is given the controller's epochs.
 */
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { notComparedReason, ownDifferenceLines } from "../../../host-sim/cli/verbs/conform.ts";
import { runOne } from "../../../host-sim/cli/verbs/run.ts";
import { scenarioFolder, scenarioPaths } from "../../../host-sim/scenario/files.ts";
import { loadScenario } from "../../../host-sim/scenario/load.ts";
import { BOARD, notRun } from "./support.ts";

/** Scenarios that the chip cannot run; each run gives the reason. */
const NOT_RUN = ["brown-out-loop", "journal-across-a-power-cut"];
/** Scenarios that must pass, and whose traces are not compared. */
const APART = [
  "hostile-image-on-copper",
  "hostile-image-on-one-chip",
  "storage-fails",
  "storage-fails-at-boot",
];
const TIMEOUT_MS = 120_000;

const names = scenarioPaths(scenarioFolder()).map(
  (path) => [basename(path, ".yaml"), path] as const,
);

describe.skipIf(notRun() !== null)("scenarios on the emulated controller", () => {
  test.each(names)(
    "%s",
    async (name, path) => {
      const file = loadScenario(path);
      const report = await runOne(file, { target: BOARD.target });
      const { outcome } = report;
      if (NOT_RUN.includes(name)) {
        expect(outcome.status).toBe("not-run");
        return;
      }
      expect(outcome.status === "failed" ? outcome.failure : null).toBeNull();
      expect(outcome.status).toBe("passed");
      const apart = notComparedReason(file) !== null;
      // In a fault a press of the button stores nothing that is read later.
      expect(apart && name !== "button-in-fault").toBe(APART.includes(name));
      if (!APART.includes(name)) expect(await ownDifferenceLines(file, report)).toBeNull();
    },
    TIMEOUT_MS,
  );

  test(
    "gives the same bytes twice, and others with another seed",
    async () => {
      const file = loadScenario(scenarioPaths("tests/scenarios/bounce.yaml")[0] ?? "");
      const trace = async (seed: number) =>
        (await runOne(file, { target: BOARD.target, seed })).outcome.trace.texts();
      const first = await trace(7);
      expect(await trace(7)).toEqual(first);
      expect(await trace(8)).not.toEqual(first);
    },
    TIMEOUT_MS,
  );
});
