/** The table of exit codes against the code that uses them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { EXIT, EXIT_MEANINGS } from "../../host-sim/base/errors.ts";
import { packageRoot } from "../../host-sim/base/paths.ts";

test("lists every exit code that the program can end with", () => {
  const folder = join(packageRoot(), "host-sim");
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/gen\.ts$|generate\.ts$/.test(name))
    .map((name) => readFileSync(join(folder, name), "utf8"));
  const text = sources.join("\n");
  const used = new Set([...text.matchAll(/\bEXIT\.([A-Z_]+)/g)].map(([, name = ""]) => name));
  expect([...used].sort()).toEqual(Object.keys(EXIT).sort());
  expect(Object.keys(EXIT_MEANINGS).map(Number).sort()).toEqual(Object.values(EXIT).sort());
  // No code is written as a number.
  expect(text).not.toMatch(/process\.exit\(\d|exitCode = [1-9]|UserError\([^)]*, \d+\)/);
});
