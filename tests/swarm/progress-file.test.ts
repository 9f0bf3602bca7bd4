/** Swarms in parts: parallel jobs, interrupted and continued runs, coverage marks, exit codes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { MARK_NAMES } from "../../host-sim/abi/abi.gen.ts";
import { EXIT } from "../../host-sim/base/errors.ts";
import { packageRoot } from "../../host-sim/base/paths.ts";
import { Explorer } from "../../host-sim/prove/device/explorer.ts";
import { EXPECTED_MARKS } from "../../host-sim/swarm/coverage-marks.ts";
import { openProgress, Progress, subjectOf } from "../../host-sim/swarm/progress-file.ts";
import { summaryLines, verdictOf } from "../../host-sim/swarm/report.ts";
import { SUFFICIENT_RUNS, type Totals } from "../../host-sim/swarm/totals.ts";
import { buildPatched } from "../prove/build.ts";
import { broken, engineOf, shipped, TIME_MS } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "killswitch-swarm-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The bundle that `npm run build` made. */
const program = join(packageRoot(), "dist", "killswitch.js");

function swarm(line: string): { code: number | null; out: string; err: string } {
  const args = [program, "swarm", ...line.split(" ")];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}

/**
 * Limit for tests that start processes: each process takes about a second, more on a busy guest.
 */
const PROCESSES_MS = 240_000;

test("gives the same totals with several jobs, and when continued from a state file", {
  timeout: PROCESSES_MS,
}, async () => {
  const whole = swarm("--seeds 700 --from 7 --json");
  expect(whole.code).toBe(EXIT.OK);

  const engine = await engineOf();
  const subject = subjectOf(shipped, 7, 700, TIME_MS);
  const path = join(folder, "half.state");
  const half = new Progress(subject);
  // Ranges return out of order, and one never returns.
  const [first, second, third] = [half.next(100), half.next(250), half.next(50)];
  if (first === null || second === null || third === null) throw new Error("nothing to run");
  half.take(third, await engine.runSeeds(...third));
  half.take(first, await engine.runSeeds(...first));
  half.save(path);
  expect(openProgress(path, subject).done).toBe(false);
  expect(swarm("--seeds 700 --from 7 --json --jobs 2 --state half.state").out).toBe(whole.out);
  const done = openProgress(path, subject);
  expect(done.done).toBe(true);
  expect(done.next(100)).toBeNull();
});

test("refuses a state file of another swarm or with bad content, and leaves it unchanged", {
  timeout: PROCESSES_MS,
}, () => {
  const subject = subjectOf(shipped, 0, 100, TIME_MS);
  const path = join(folder, "other.state");
  new Progress(subject).save(path);
  const text = readFileSync(path, "utf8");
  const other = swarm("--seeds 100 --from 1 --state other.state");
  expect(other.code).toBe(EXIT.BAD_FILE);
  expect(other.err).toBe(
    "killswitch: other.state belongs to another swarm: its from is 0, this one's is 1; " +
      "name another --state file\n",
  );
  expect(readFileSync(path, "utf8")).toBe(text);
  for (const bad of ["", "{}", text.replace('"todo":[[0,100]]', '"todo":[[0,99]]')]) {
    writeFileSync(path, bad);
    expect(() => openProgress(path, subject)).toThrow("is not the state of a swarm");
    expect(readFileSync(path, "utf8")).toBe(bad);
  }
});

test("exits with 5 on a broken device, and prints its seed, commands and a replayable scenario", {
  timeout: PROCESSES_MS,
}, async () => {
  const [, patch] = broken;
  if (patch === undefined) throw new Error("no broken device");
  writeFileSync(join(folder, "broken.wasm"), await buildPatched(patch));
  const { code, out } = swarm("--seeds 20 --from 1 --device broken.wasm");
  expect(code).toBe(EXIT.REFUTED);
  const [, seed = ""] = /^seed (\d+) broke a rule$/m.exec(out) ?? [];
  expect(out).toContain(
    `killswitch swarm --seeds 1 --from ${seed} --time 60s --device broken.wasm`,
  );
  const replay = `swarm-${seed}.yaml --guest broken.wasm`;
  expect(out).toContain(`killswitch run ${replay}`);
  const run = (args: string) =>
    spawnSync(process.execPath, [program, "run", ...args.split(" ")], { cwd: folder }).status;
  expect(run(replay)).toBe(EXIT.REFUTED);
  expect(run(`swarm-${seed}.yaml`)).toBe(EXIT.OK);
});

/** Totals in which every reachable mark except `missed` was reached. */
function totalsWithout(missed: string, runs: number): Totals {
  const reached = EXPECTED_MARKS.filter(
    ({ mark, unreachable }) => mark !== missed && unreachable === undefined,
  );
  const marks = Object.fromEntries(
    reached.map(({ mark }): [string, [number, number]] => [mark, [1, 1]]),
  );
  return { runs, steps: {}, lines: 0, marks, violated: 0, found: [] };
}

test("fails a large swarm that misses a mark, and only reports it for a small one", () => {
  expect(verdictOf(totalsWithout("", SUFFICIENT_RUNS), true)).toBe("held");
  for (const { mark, unreachable } of EXPECTED_MARKS) {
    if (unreachable !== undefined) continue;
    const large = totalsWithout(mark, SUFFICIENT_RUNS);
    expect(verdictOf(large, true)).toBe("not reached");
    expect(summaryLines(large).join("\n")).toContain(`${mark}  NOT REACHED`);
    expect(verdictOf(totalsWithout(mark, SUFFICIENT_RUNS - 1), true)).toBe("held");
  }
});

test("expects every mark of the guest, or states why it is unreachable", () => {
  const marks = EXPECTED_MARKS.map(({ mark }) => mark);
  for (const name of MARK_NAMES) expect(marks).toContain(`mark name=${name}`);
  const unreachable = EXPECTED_MARKS.filter((one) => one.unreachable !== undefined);
  expect(unreachable.map(({ mark }) => mark)).toEqual(["mark name=KILLED"]);
  // The explorer sends messages in every phase, so the proof covers what a correct host prevents.
  const { unseen } = new Explorer(shipped.device, { statesMax: 2_000 }).run();
  expect(unseen).not.toContain("KILLED");
  // A swarm that reaches the mark anyway has found a fault in the host.
  const totals = totalsWithout("", 10);
  totals.marks["mark name=KILLED"] = [1, 1];
  expect(verdictOf(totals, true)).toBe("violated");
});
