/** Tells a device's current report from old ones that a broker repeats. */
import { expect, test } from "vitest";
import { freshnessOf } from "../../host-sim/controller/report-order.ts";

const EPOCH = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const OTHER = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 9);
const report = { epoch: EPOCH, counter: 7, clock: 1_000 };

test.each([
  ["the last report of the current epoch is verified", { epoch: EPOCH, counter: 7 }, "verified"],
  ["an earlier report of the epoch is not current", { epoch: EPOCH, counter: 8 }, "as-of"],
  ["a report of another epoch is stale", { epoch: OTHER, counter: 7 }, "stale"],
  ["a report of another epoch is stale, if later", { epoch: OTHER, counter: 1 }, "stale"],
  ["without an answer nothing is known", null, "unconfirmed"],
  // The report was sent after the answer, and both crossed.
  ["a report that is later than the answer is verified", { epoch: EPOCH, counter: 6 }, "verified"],
] as const)("%s", (_, answer, freshness) => {
  expect(freshnessOf(report, answer)).toBe(freshness);
});
