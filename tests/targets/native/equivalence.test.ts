/**
 * Compares every scenario's trace on each native board and engine with the simulator's, byte for
 * byte.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import type { BuildOptions } from "../../../host-sim/build/native-image.ts";
import { compare, firstDifference, notRun } from "./support.ts";

const folder = join(packageRoot(), "tests", "scenarios");
const scenarios = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

const BUILDS: [string, BuildOptions][] = [
  ["posix", { board: "posix" }],
  ["posix, sanitized", { board: "posix", compiler: "clang", sanitize: true }],
  ["posix, aot", { board: "posix", engine: "aot" }],
  ["qemu-riscv32", { board: "qemu-riscv32" }],
  ["qemu-riscv32, aot", { board: "qemu-riscv32", engine: "aot" }],
];

for (const [name, build] of BUILDS) {
  describe.skipIf(notRun(build.board) !== null)(name, () => {
    test.each(scenarios)("gives the simulator's trace of %s", async (file) => {
      const found = await compare(join(folder, file), build);
      if (found.status === "not-run")
        process.stderr.write(`NOT RUN ${name}: ${file}: ${found.text}\n`);
      else expect(found).toEqual({ status: "same" });
    });
  });
}

test("names the first line that differs", () => {
  expect(firstDifference(["a", "b"], ["a", "b"])).toBeNull();
  expect(firstDifference(["a", "b"], ["a", "c"])).toBe("line 2:\n  sim:    b\n  native: c");
  expect(firstDifference(["a"], ["a", "c"])).toBe("line 2:\n  sim:    (the end)\n  native: c");
});
