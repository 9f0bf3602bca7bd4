/**
 * Runs each fuzz target for a few seconds. For a long run:
 * FUZZ_SECONDS=3600 npx vitest run tests/targets/native/fuzz.test.ts
 */
import { describe, expect, test } from "vitest";
import { FUZZ_TARGETS, fuzzTool, runFuzz } from "../../../host-sim/build/fuzz.ts";
import { toolTrouble } from "../../../host-sim/build/tools.ts";

const SECONDS = Number(process.env.FUZZ_SECONDS ?? 5);
const trouble = toolTrouble(fuzzTool());
if (trouble !== null) process.stderr.write(`NOT RUN fuzz: ${trouble}\n`);

describe.skipIf(trouble !== null)("fuzz", () => {
  test.each(FUZZ_TARGETS)(
    "finds nothing in %s",
    (target) => {
      const { runs, finding } = runFuzz(target, SECONDS);
      expect(finding).toBeNull();
      expect(runs).toBeGreaterThan(100);
    },
    (SECONDS + 120) * 1000,
  );
});
