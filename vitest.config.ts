/**
 * Two sets of tests. `quick`: what a change most likely breaks; its verdicts depend on no deadline in real
 * time. `slow`: the rest. `npm test` runs the first, `npm run test:all` both. Firmware tests run under
 * as-pect (`npm run test:firmware`).
 */
import { defineConfig } from "vitest/config";

/** Over 5 s each on two cores, or in real time. */
const SLOW = [
  "tests/boards/two-chip/proof.test.ts",
  "tests/prove/certificate.test.ts",
  "tests/prove/reproduce.test.ts",
  "tests/swarm/progress-file.test.ts",
  "tests/prove/controller.test.ts",
  "tests/targets/hil/*.test.ts",
  "tests/targets/native/{attest,equivalence,fuzz,hostile,stack}.test.ts",
  "tests/targets/rp2040/{controller,hostile-guests,scenarios,storage}.test.ts",
];
const ALL = "tests/**/*.test.ts";

const common = { pool: "forks", testTimeout: 60_000 } as const;

export default defineConfig({
  test: {
    projects: [
      { test: { name: "quick", include: [ALL], exclude: SLOW, ...common } },
      { test: { name: "slow", include: SLOW, ...common } },
    ],
  },
});
