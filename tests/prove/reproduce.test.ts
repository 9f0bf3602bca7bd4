/** Builds do not depend on the place and time, and the comparison finds it if one does. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fileDifference } from "../../host-sim/prove/build/file-difference.ts";
import { allBoards, reproduce } from "../../host-sim/prove/build/reproduce.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";
import { notRun } from "../targets/native/support.ts";

const ready = allBoards().filter((board) => notRun(board) === null);
const [board = ""] = ready;
/** One board, the engine with the fewest files: what is broken below is the same for all. */
const few = { boards: [board], engines: ["aot"] } as const;

/** Replaces the first occurrence of `find` in a file of a copy. */
const patch = (file: string, find: string, replace: string) => (root: string) => {
  const source = readFileSync(join(root, file), "utf8");
  expect(source).toContain(find);
  writeFileSync(
    join(root, file),
    source.replace(find, () => replace),
  );
};

test("names the first byte and the sections in which two builds differ", () => {
  const gate = readModule(firmwarePath("gate"));
  const other = gate.slice();
  expect(fileDifference(gate, other)).toBeNull();
  other[other.length - 1] = (other[other.length - 1] ?? 0) ^ 1;
  expect(fileDifference(gate, other)).toMatch(
    new RegExp(`^first at byte ${gate.length - 1}: 0x.. and 0x..; differing sections: code$`),
  );
  expect(fileDifference(gate, gate.subarray(0, 40))).toMatch(/^first at byte 40: 0x.. and the end/);
});

test("two builds in different places have the same bytes as dist/", () => {
  const report = reproduce(ready.length === 0 ? { boards: [] } : few);
  expect(report.differs).toEqual([]);
  const names = report.files.map(({ name }) => name);
  expect(names).toContain("dist/firmware/gate.wasm");
  if (ready.length > 0) expect(names).toContain(`image of ${board}, aot`);
}, 180_000);

describe.skipIf(ready.length === 0)("an image", () => {
  test.each([
    ["a path", "host-sim/build/native-image.ts", '[packageRoot(), "."],', "", /\.debug_line/],
    [
      "the date",
      "boards/runtime/trace.c",
      "#include",
      "extern const char built[];\nconst char built[] = __DATE__;\n#include",
      /\.rodata/,
    ],
  ])(
    "with %s in it fails",
    (_, file, find, replace, section) => {
      const change = patch(file, find, replace);
      const { differs } = reproduce({ ...few, change });
      expect(differs).toHaveLength(1);
      expect(differs[0]).toMatch(/^image of .*: two builds differ, first at byte \d+/);
      expect(differs[0]).toMatch(section);
    },
    180_000,
  );
});

test("fails for a module in dist/ that does not come from the sources", () => {
  const change = patch("firmware/gate/gate.ts", "ARM_MS: u32 = 50", "ARM_MS: u32 = 51");
  const { differs } = reproduce({ boards: [], change });
  expect(differs[0]).toMatch(/gate\.wasm is not what the sources give, first at byte/);
}, 180_000);
