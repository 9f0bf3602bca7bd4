/**
 * Valid guests, made from seeds, in V8 and in the boards' interpreter under sanitizers. A long run is
 * GUESTS_SECONDS=3600 GUESTS_SEED=1000000 npx vitest run tests/targets/native/guests.test.ts.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { fuzzTool } from "../../../host-sim/build/fuzz.ts";
import { toolTrouble } from "../../../host-sim/build/tools.ts";
import { buildDiffer, buildTranslated, runNative, runV8, type Variant } from "./differ.ts";
import { makeGuest } from "./guest-maker.ts";

const SECONDS = Number(process.env.GUESTS_SECONDS ?? (process.env.CI === undefined ? 10 : 120));
const FIRST = Number(process.env.GUESTS_SEED ?? 1);
const BATCH = 100;
/** Share of the time for each. */
const SHARES: readonly [Variant, number][] = [
  ["sanitized", 0.6],
  ["edge", 0.2],
  ["loop", 0.1],
  ["plain", 0.1],
];
/** Seeds that found something once: see the file. */
const FOUND = join(packageRoot(), "tests", "hostile", "corpus", "guests.txt");

const trouble = toolTrouble(fuzzTool());
if (trouble !== null) process.stderr.write(`NOT RUN guests: ${trouble}\n`);

/** Operations of the interpreter so far. */
let operations = 0;

/** The first of the seeds on which the engines differ; null if there is none. */
function difference(program: string, variant: Variant, seeds: readonly number[]): string | null {
  const recursive = variant === "edge";
  const guests = seeds.map((seed) => makeGuest(seed, recursive));
  for (const [index, ran] of runNative(program, guests).entries()) {
    const bytes = guests[index];
    operations += ran.operations;
    // A small stack ends where V8's does not: there the sanitizers alone judge.
    if (recursive || bytes === undefined) continue;
    const v8 = runV8(bytes);
    if (v8 !== ran.outcome) return `seed ${seeds[index]}: V8 ${v8}, interpreter ${ran.outcome}`;
  }
  return null;
}

describe.skipIf(trouble !== null)("valid guests", () => {
  test("that found something once", () => {
    const rows = readFileSync(FOUND, "utf8").split("\n");
    const seeds = rows.filter((row) => /^\d/.test(row)).map((row) => Number.parseInt(row, 10));
    expect(seeds.length).toBeGreaterThan(0);
    expect(difference(buildDiffer("sanitized"), "sanitized", seeds)).toBeNull();
  }, 120_000);

  // A compiler run each, so few; further seeds than the others' have their turn here.
  test(
    "translated",
    () => {
      const end = performance.now() + SECONDS * 300;
      for (let seed = FIRST + 500_000; performance.now() < end; seed++) {
        const guest = makeGuest(seed);
        const v8 = runV8(guest);
        if (!v8.startsWith("ran")) continue;
        const [ran] = runNative(buildTranslated(guest), [guest]);
        expect(`seed ${seed}: ${ran?.outcome}`).toBe(`seed ${seed}: ${v8}`);
      }
    },
    (SECONDS + 240) * 1000,
  );

  test.each(SHARES)(
    "%s",
    (variant, share) => {
      const program = buildDiffer(variant);
      const end = performance.now() + SECONDS * 1000 * share;
      const before = operations;
      let seed = FIRST;
      for (; performance.now() < end || seed === FIRST; seed += BATCH) {
        const seeds = Array.from({ length: BATCH }, (_, index) => seed + index);
        expect(difference(program, variant, seeds)).toBeNull();
      }
      const executed = operations - before;
      expect(executed).toBeGreaterThan(0);
      process.stderr.write(`${variant}: ${seed - FIRST} guests, ${executed} operations\n`);
    },
    (SECONDS + 240) * 1000,
  );
});
