/** Which files vitest runs. Firmware tests run under as-pect (`npm run test:firmware`). */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    pool: "forks",
    testTimeout: 60_000,
  },
});
