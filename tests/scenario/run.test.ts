/** `killswitch run`: its output and its exit codes. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  const rest = { seed: 1, guest: undefined, wallMs: 0, repeated: false };
  const report = { file, outcome, target: "bench", ...rest };
  expect(reportLines(report)).toEqual(["NOT RUN bounce: no relay"]);
  expect(reportJson(report)).toMatchObject({ status: "not-run", reason: "no relay" });
});

test("runs the scenarios whose name contains the text of --filter, and refuses one that fits none", async () => {
  expect(await run("tests/scenarios", "--filter", "BOOT-AT")).toBe(EXIT.OK);
  expect(printed).toContain("PASS boot-at-kill (3600000 ms)\nPASS boot-at-on (700 ms)\n2 passed,");
  expect(await run("tests/scenarios/bounce.yaml", "--filter", "boot")).toBe(EXIT.USAGE);
  expect(printed).toContain("--filter boot: no name of the 1 scenarios contains it");
});

test("repeats a scenario with the next seeds", async () => {
  const trace = join(folder, "x.trace");
  const words = ["tests/scenarios/bounce.yaml", "--repeat", "3", "--trace", trace];
  expect(await run(...words, "--seed", "4294967295")).toBe(EXIT.OK);
  expect(printed).toContain("PASS bounce seed 4294967295 (");
  expect(printed).toContain("PASS bounce seed 1 (");
  const [, last, zero, one] = readFileSync(trace, "utf8").split(/^# .*$/m);
  expect(new Set([last, zero, one]).size).toBe(3);
});

test("writes waveforms to a file for one run, and to a folder for several", async () => {
  const one = join(folder, "one.vcd");
  const scenario = "tests/scenarios/boot-at-on.yaml";
  expect(await run(scenario, "--vcd", one)).toBe(EXIT.OK);
  expect(readFileSync(one, "utf8")).toContain(
    "$comment scenario boot-at-on, target sim, seed 1 $end",
  );
  printed = "";
  expect(await run(scenario, "--repeat", "2", "--vcd", one)).toBe(EXIT.USAGE);
  expect(printed).toMatch(/one\.vcd names one file, and 2 runs need one each: name a folder/);
  const waves = join(folder, "new", "waves");
  expect(await run(scenario, scenario, "--vcd", `${waves}/`)).toBe(EXIT.OK);
  expect(await run(scenario, "--repeat", "2", "--vcd", waves)).toBe(EXIT.OK);
  const files = ["", ".2", "-seed-1", "-seed-2"].map((end) => `boot-at-on${end}.vcd`);
  expect(readdirSync(waves).sort()).toEqual(files.sort());
});

test.each([
  ["--junit", "nowhere/x.xml", EXIT.BAD_FILE, /folder \S+nowhere does not exist/],
  ["--html", "file/x.html", EXIT.BAD_FILE, /\S+file is not a folder/],
  ["--html", ".", EXIT.BAD_FILE, /it is a folder: name a file/],
  ["--vcd", "file/", EXIT.BAD_FILE, /file is a file: name a folder/],
  ["--vcd", "file/x/", EXIT.BAD_FILE, /file is not a folder/],
  ["--vcd", "file/x.vcd", EXIT.BAD_FILE, /file is not a folder/],
])("checks %s %s before any scenario runs", async (option, path, code, words) => {
  writeFileSync(join(folder, "file"), "");
  expect(await run("tests/scenarios/boot-at-on.yaml", option, `${folder}/${path}`)).toBe(code);
  expect(printed).toMatch(words);
  expect(printed).not.toContain("PASS");
});

test("refuses one path for two outputs, and several processes for one board", async () => {
  const scenario = "tests/scenarios/boot-at-on.yaml";
  const path = join(folder, "x");
  expect(await run(scenario, "--junit", path, "--html", `${folder}/./x`)).toBe(EXIT.USAGE);
  expect(printed).toContain("is named for two outputs");
  const board = ["--target", "serial:/dev/none", "--fixture", "serial:/dev/none"];
  expect(await run(scenario, ...board, "--jobs", "2")).toBe(EXIT.USAGE);
  expect(printed).toContain("a board runs one scenario at a time");
});

test("writes JUnit XML and an HTML page that tell a failure", async () => {
  const path = join(folder, "bad.yaml");
  writeFileSync(path, FAILING);
  const [junit, html] = [join(folder, "x.xml"), join(folder, "x.html")];
  expect(await run(path, "--junit", junit, "--html", html)).toBe(EXIT.REFUTED);
  expect(readFileSync(junit, "utf8")).toContain(`message="${path}:6:33: expected radio off,`);
  expect(readFileSync(html, "utf8")).toContain("<dt>Found</dt><dd>radio on</dd>");
});
