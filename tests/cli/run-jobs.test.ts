/** `killswitch run --jobs`: several processes print what one prints. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EXIT } from "../../host-sim/base/errors.ts";
import { complains, startProgram } from "./program.ts";

const SCENARIOS = resolve("tests/scenarios");
const FAILING = `name: bad
about: Expects the wrong state.
start: { switch: on }
steps:
  - wait: 200ms
  - repeat: { times: 2, steps: [{ expect: { radio: off } }] }
`;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-jobs-"));
  writeFileSync(join(folder, "bad.yaml"), FAILING);
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (line: string) => startProgram(folder, `run ${line}`).ended;

test.each(["", " --json"])("print the same in the same order%s", async (json) => {
  const line = `bad.yaml ${SCENARIOS}/b*.yaml ${SCENARIOS}/trap-*.yaml --repeat 2${json}`;
  const one = await run(`${line} --trace one.trace --vcd one/`);
  const three = await run(`${line} --trace three.trace --vcd three/ --jobs 3`);
  expect(one.code).toBe(EXIT.REFUTED);
  expect(one.out).toContain("bad.yaml:6:33");
  expect(three).toEqual(one);
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  expect(read("three.trace")).toBe(read("one.trace"));
  expect(read("three/bad-seed-2.vcd")).toBe(read("one/bad-seed-2.vcd"));
});

test("tell the user's error of a worker process", async () => {
  const ended = await run(`${SCENARIOS}/bounce.yaml bad.yaml --guest none.wat --jobs 2`);
  complains(ended, EXIT.BAD_FILE, /guest none\.wat: the file/);
});
