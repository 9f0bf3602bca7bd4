/**
 * Two sets of tests. `quick`: what a change most likely breaks; its verdicts depend on no deadline in real
 * time. `slow`: the rest. `npm test` runs the first, `npm run test:all` both. Firmware tests run under
 * as-pect (`npm run test:firmware`).
 */
import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Over 5 s each on two cores, or in real time. */
const SLOW = [
  "tests/boards/two-chip/proof.test.ts",
  "tests/cli/{first-hour,hostile-bytes,interrupt,live,package,prove-it,setup,socket-errors,verbs-table}.test.ts",
  "tests/flash/{flash,verify}.test.ts",
  "tests/mqtt/hostile-broker.test.ts",
  "tests/serial/serial.test.ts",
  "tests/prove/certificate.test.ts",
  "tests/prove/reproduce.test.ts",
  "tests/swarm/progress-file.test.ts",
  "tests/prove/controller.test.ts",
  "tests/gateway/{gateway,http,page,real-home-assistant,story}.test.ts",
  "tests/targets/hil/*.test.ts",
  "tests/targets/native/{attest,equivalence,fuzz,guests,hostile,stack}.test.ts",
  "tests/targets/rp2040/{controller,hostile-guests,scenarios,storage}.test.ts",
];
const ALL = "tests/**/*.test.ts";

/** Vitest's own choice leaves one core free, which on two cores is one worker. Tests wait a lot. */
const maxWorkers = Math.max(2, availableParallelism() - 1);

const common = { pool: "forks", testTimeout: 60_000, hookTimeout: 120_000, maxWorkers } as const;

export default defineConfig({
  test: {
    projects: [
      { test: { name: "quick", include: [ALL], exclude: SLOW, ...common } },
      { test: { name: "slow", include: SLOW, ...common, testTimeout: 180_000 } },
    ],
  },
});
