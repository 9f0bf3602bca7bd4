/** A swarm in parts: by jobs, by interruptions, by marks that it missed. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { MARK_NAMES } from "../../host-sim/abi.gen.ts";
import { EXIT } from "../../host-sim/errors.ts";
import { packageRoot } from "../../host-sim/paths.ts";
import { Explorer } from "../../host-sim/prove/explorer.ts";
import { Ledger, openLedger, subjectOf } from "../../host-sim/swarm/ledger.ts";
import { EXPECTED } from "../../host-sim/swarm/marks.ts";
import { summaryLines, verdictOf } from "../../host-sim/swarm/report.ts";
import { SUFFICIENT_RUNS, type Tally } from "../../host-sim/swarm/tally.ts";
import { buildPatched } from "../prove/build.ts";
import { broken, engineOf, shipped, TIME_MS } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "killswitch-ledger-"));
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

/** For tests that start processes: each takes a second of its own, on a machine with others at work. */
const PROCESSES_MS = 240_000;

test("jobs, and a state that is gone on from, change no figure", {
  timeout: PROCESSES_MS,
}, async () => {
  const whole = swarm("--seeds 700 --from 7 --json");
  expect(whole.code).toBe(EXIT.OK);

  const engine = await engineOf();
  const subject = subjectOf(shipped, 7, 700, TIME_MS);
  const path = join(folder, "half.state");
  const half = new Ledger(subject);
  // Of what is given out some comes back, the later first, and some never does.
  const [first, second, third] = [half.next(100), half.next(250), half.next(50)];
  if (first === null || second === null || third === null) throw new Error("nothing to run");
  half.take(third, await engine.swarm(...third));
  half.take(first, await engine.swarm(...first));
  half.save(path);
  expect(openLedger(path, subject).done).toBe(false);
  expect(swarm("--seeds 700 --from 7 --json --jobs 2 --state half.state").out).toBe(whole.out);
  const done = openLedger(path, subject);
  expect(done.done).toBe(true);
  expect(done.next(100)).toBeNull();
});

test("a state of another swarm, or none, is refused and left as it is", {
  timeout: PROCESSES_MS,
}, () => {
  const subject = subjectOf(shipped, 0, 100, TIME_MS);
  const path = join(folder, "other.state");
  new Ledger(subject).save(path);
  const text = readFileSync(path, "utf8");
  const other = swarm("--seeds 100 --from 1 --state other.state");
  expect(other.code).toBe(EXIT.BAD_FILE);
  expect(other.err).toBe(
    "killswitch: other.state is of another swarm: from is 0 there, 1 here; name another file\n",
  );
  expect(readFileSync(path, "utf8")).toBe(text);
  for (const bad of ["", "{}", text.replace('"todo":[[0,100]]', '"todo":[[0,99]]')]) {
    writeFileSync(path, bad);
    expect(() => openLedger(path, subject)).toThrow("is not the state of a swarm");
    expect(readFileSync(path, "utf8")).toBe(bad);
  }
});

test("a broken device ends with 5, the seed, the line and a file that run replays", {
  timeout: PROCESSES_MS,
}, async () => {
  const [, patch] = broken;
  if (patch === undefined) throw new Error("no broken device");
  writeFileSync(join(folder, "broken.wasm"), await buildPatched(patch));
  const { code, out } = swarm("--seeds 20 --from 1 --device broken.wasm");
  expect(code).toBe(EXIT.REFUTED);
  const [, seed = ""] = /^seed (\d+) broke a rule$/m.exec(out) ?? [];
  expect(out).toContain(
    `npx killswitch swarm --seeds 1 --from ${seed} --time 60s --device broken.wasm`,
  );
  const replay = `swarm-${seed}.yaml --guest broken.wasm`;
  expect(out).toContain(`npx killswitch run ${replay}`);
  const run = (args: string) =>
    spawnSync(process.execPath, [program, "run", ...args.split(" ")], { cwd: folder }).status;
  expect(run(replay)).toBe(EXIT.REFUTED);
  expect(run(`swarm-${seed}.yaml`)).toBe(EXIT.OK);
});

/** A tally that has reached all that can be, but for one. */
function tallyWithout(missed: string, runs: number): Tally {
  const reached = EXPECTED.filter(
    ({ mark, unreachable }) => mark !== missed && unreachable === undefined,
  );
  const marks = Object.fromEntries(
    reached.map(({ mark }): [string, [number, number]] => [mark, [1, 1]]),
  );
  return { runs, steps: {}, lines: 0, marks, violated: 0, found: [] };
}

test("a mark that a large swarm misses fails it; a small one only says so", () => {
  expect(verdictOf(tallyWithout("", SUFFICIENT_RUNS), true)).toBe("held");
  for (const { mark, unreachable } of EXPECTED) {
    if (unreachable !== undefined) continue;
    const large = tallyWithout(mark, SUFFICIENT_RUNS);
    expect(verdictOf(large, true)).toBe("not reached");
    expect(summaryLines(large).join("\n")).toContain(`${mark}  NOT REACHED`);
    expect(verdictOf(tallyWithout(mark, SUFFICIENT_RUNS - 1), true)).toBe("held");
  }
});

test("every mark of the guest is expected, or unreachable for a reason that holds", () => {
  const marks = EXPECTED.map(({ mark }) => mark);
  for (const name of MARK_NAMES) expect(marks).toContain(`mark name=${name}`);
  const unreachable = EXPECTED.filter((one) => one.unreachable !== undefined);
  expect(unreachable.map(({ mark }) => mark)).toEqual(["mark name=KILLED"]);
  // The explorer fires messages in every phase: what no sound host lets happen, the proof covers.
  const { unseen } = new Explorer(shipped.device, { statesMax: 2_000 }).run();
  expect(unseen).not.toContain("KILLED");
  // And a swarm that reaches it all the same has found a host that is not sound.
  const tally = tallyWithout("", 10);
  tally.marks["mark name=KILLED"] = [1, 1];
  expect(verdictOf(tally, true)).toBe("violated");
});
