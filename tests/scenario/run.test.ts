/** `killswitch run`: its output and its exit codes. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { EXIT, UserError } from "../../host-sim/base/errors.ts";
import { register } from "../../host-sim/cli/verbs/run.ts";
import { loadScenario } from "../../host-sim/scenario/load.ts";
import { reportJson, reportLines } from "../../host-sim/scenario/report.ts";
import { Trace } from "../../host-sim/scenario/trace.ts";

const FAILING = `name: bad
about: Expects the wrong state.
start: { switch: on }
steps:
  - wait: 200ms
  - repeat: { times: 2, steps: [{ expect: { radio: off } }] }
`;

let folder = "";
let printed = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-run-"));
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** Runs the command and returns its exit code. */
async function run(...words: string[]): Promise<number> {
  const program = new Command().exitOverride();
  register(program);
  process.exitCode = EXIT.OK;
  try {
    await program.parseAsync(["node", "killswitch", "run", ...words]);
    return process.exitCode;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    printed += error.message;
    return error.exitCode;
  } finally {
    process.exitCode = EXIT.OK;
  }
}

test("prints the scenarios that pass", async () => {
  expect(await run("tests/scenarios/boot-*.yaml")).toBe(EXIT.OK);
  expect(printed).toBe(
    "PASS boot-at-kill (3600000 ms)\nPASS boot-at-on (700 ms)\n2 passed, 0 failed, 0 not run\n",
  );
});

test("prints a failure with its place, the end of the trace, and the command to repeat it", async () => {
  const path = join(folder, "bad.yaml");
  writeFileSync(path, FAILING);
  expect(await run(path, "tests/scenarios/boot-at-on.yaml", "--seed", "3")).toBe(EXIT.REFUTED);
  const lines = printed.split("\n");
  expect(lines.slice(0, 4)).toEqual([
    "FAIL bad",
    `  at        ${path}:6:33`,
    "  expected  radio off",
    "  found     radio on",
  ]);
  expect(lines.filter((line) => line.startsWith("  | @")).length).toBe(10);
  expect(printed).toContain(`./killswitch run ${path} --target sim --seed 3\n`);
  expect(printed).toContain("PASS boot-at-on");
  expect(printed).toContain("1 passed, 1 failed, 0 not run\n");
});

test("prints JSON, one object per line", async () => {
  const path = join(folder, "bad.yaml");
  writeFileSync(path, FAILING);
  expect(await run(path, "--json")).toBe(EXIT.REFUTED);
  const [report, summary] = printed
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(report).toMatchObject({ scenario: "bad", status: "failed", at: `${path}:6:33`, seed: 1 });
  expect(summary).toEqual({ passed: 0, failed: 1, notRun: 0 });
});

test("writes the trace to a file", async () => {
  const trace = join(folder, "x.trace");
  expect(await run("tests/scenarios/boot-at-on.yaml", "--trace", trace)).toBe(EXIT.OK);
  expect(readFileSync(trace, "utf8")).toMatch(
    /^# boot-at-on --target sim --seed 1\n@0 boot reason=POWER_ON\n[\s\S]*\n$/,
  );
});

test("runs another guest in place of device.wasm", async () => {
  const guest = "tests/scenarios/guests/traps.wat";
  expect(await run("tests/scenarios/boot-at-on.yaml", "--guest", guest)).toBe(EXIT.REFUTED);
  expect(printed).toContain("trap during=GATE");
  expect(printed).toContain(`--seed 1 --guest ${guest}\n`);
});

test("refuses a bad file before any scenario runs", async () => {
  const path = join(folder, "bad.yaml");
  writeFileSync(path, FAILING.replace("wait", "wiat"));
  expect(await run("tests/scenarios/boot-at-on.yaml", path)).toBe(EXIT.BAD_FILE);
  expect(printed).toMatch(/^\S+bad\.yaml:5:5: unknown key "wiat": did you mean "wait"\?/);
  expect(await run("nowhere.yaml")).toBe(EXIT.BAD_FILE);
  expect(await run("tests/scenarios/boot-at-on.yaml", "--trace", "/nowhere/x")).toBe(EXIT.BAD_FILE);
});

test("prints NOT RUN with the reason", () => {
  const file = loadScenario("tests/scenarios/bounce.yaml");
  const outcome = {
    status: "not-run",
    reason: "no relay",
    trace: new Trace(),
    virtualMs: 0,
  } as const;
  const report = { file, outcome, target: "bench", seed: 1, guest: undefined };
  expect(reportLines(report)).toEqual(["NOT RUN bounce: no relay"]);
  expect(reportJson(report)).toMatchObject({ status: "not-run", reason: "no relay" });
});
