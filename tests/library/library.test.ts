/** `import ... from "@killswitch-device/killswitch"`: what it throws, its types, and node:test as the runner. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rig, type Step, simulate, Unexpected, UserError } from "@killswitch-device/killswitch";
import { afterAll, expect, test } from "vitest";
import { Simulation } from "../../host-sim/library/simulation.ts";
import { firmwareOf } from "../../host-sim/scenario/guest.ts";
import type { TargetConfig } from "../../host-sim/scenario/target.ts";
import { targetTrouble } from "../../host-sim/targets/registry.ts";
import { SimTarget } from "../../host-sim/targets/sim.ts";
import { runData } from "../scenario/support.ts";
import { buildGuest } from "./stairs/build.ts";

const folder = mkdtempSync(join(tmpdir(), "killswitch-library-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("gives the trace of a scenario with the same steps", async () => {
  const steps: Step[] = [{ wait: "200ms" }, { switch: "kill" }, { wait: "1s" }];
  const scenario = { name: "same", about: "Same.", start: { switch: "on" }, steps } as const;
  const { trace, virtualMs } = await runData({ ...scenario, steps });
  const board = await simulate({ switch: "on" });
  await board.step(...steps);
  await board.end();
  expect(board.trace).toEqual(trace.texts());
  expect(board.now).toBe(virtualMs);
  expect(board.vcd()).toContain(`#${virtualMs}\n`);
});

test("sends commands, saves and replays them, and reads replies", async () => {
  const board = await simulate();
  await board.wait("200ms");
  const reply = await board.send({ as: "owner", op: "relay.set on", save: "first" });
  expect(reply?.code).toBe("OK");
  expect(board.state.relay).toBe("on");
  await board.step({ replay: { message: "first", reply: "REPLAY" } });
  const status = await board.send({ as: "owner", op: "status", reply: "OK" });
  // The two commands, without the replay.
  expect(status?.fields.executed).toBe(2);
  await board.end();
});

test("throws Unexpected with what was expected and found, and the end of the trace", async () => {
  const board = await simulate({ switch: "kill" });
  await board.wait("1ms");
  const found = await board.step({ expect: { radio: "on" } }).catch((error: unknown) => error);
  expect(found).toBeInstanceOf(Unexpected);
  expect(found).toMatchObject({ expected: "radio on", actual: "radio off" });
  const text = String(found);
  expect(text).toContain(
    'found radio off after {"expect":{"radio":"on"}}\n@0 boot reason=POWER_ON\n',
  );
  await board.end();
});

test("checks the invariants of a guest of one's own, but not the shipped guest's model", async () => {
  const board = await simulate({ guest: "tests/scenarios/guests/traps.wat" });
  await board.wait("1s");
  expect(board.trace.join("\n")).toContain("trap during=GATE");
  await board.end();
});

/** A board that reports its radio on. */
class Liar extends SimTarget {
  #trace: TargetConfig["trace"] | null = null;
  override start(config: TargetConfig): void {
    this.#trace = config.trace;
    super.start(config);
  }
  override advance(ms: number): void {
    super.advance(ms);
    this.#trace?.(this.now, "radio", "power=on");
  }
}

test("throws Unexpected for a broken invariant, whatever the test expects", async () => {
  const board = new Simulation({ switch: "kill" }, new Liar(), firmwareOf());
  await board.start();
  const expected = "I1: the radio goes on only in LIVE";
  await expect(board.wait("1s")).rejects.toMatchObject({
    expected,
    actual: "@1000 radio power=on",
  });
  await expect(board.end()).rejects.toMatchObject({ expected });
});

test("throws UserError for a step that does not exist, a bad guest, board and target", async () => {
  const board = await simulate();
  const steps: unknown[] = [{ swich: "on" }, { wait: "soon" }, { replay: { message: "none" } }];
  for (const step of steps) {
    await expect(board.step(step as { wait: string })).rejects.toThrow(UserError);
  }
  await expect(board.step(steps[0] as { wait: string })).rejects.toThrow(/did you mean "switch"/);
  await board.end();
  await board.end();
  await expect(board.wait("1s")).rejects.toThrow("step after end()");
  await expect(simulate({ guest: "none.wasm" })).rejects.toThrow(UserError);
  await expect(simulate({ board: "none" })).rejects.toThrow(UserError);
  await expect(simulate({ seed: -1 })).rejects.toThrow(UserError);
  await expect(rig("nowhere")).rejects.toThrow('there is no target "nowhere": use one of sim, ');
});

const NATIVE = "posix";
const trouble = targetTrouble(NATIVE);
if (trouble !== null) process.stderr.write(`NOT RUN ${NATIVE}: ${trouble}\n`);
test.runIf(trouble === null)("a rig of a native board gives the simulator's trace", async () => {
  const boards = [await simulate({ seed: 7 }), await rig(NATIVE, { seed: 7 })];
  for (const board of boards) {
    await board.wait("200ms");
    await board.flick("kill");
    await board.wait("1s");
    await board.end();
  }
  expect(boards[1]?.trace).toEqual(boards[0]?.trace);
});

test("runs under node:test from the built package", async () => {
  const guest = join(folder, "guest.wasm");
  writeFileSync(guest, await buildGuest());
  const args = ["--test", "tests/library/stairs/stairs.node.mjs"];
  const env = { ...process.env, GUEST: guest, NODE_OPTIONS: "" };
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", env });
  expect(stdout).toMatch(/pass 1\b/);
  expect(status).toBe(0);
});

test("has types that a strict program outside the repository compiles against", () => {
  const program = `import { simulate, type Step } from "@killswitch-device/killswitch";
const steps: Step[] = [{ wait: "1s" }, { switch: "kill" }];
const board = await simulate({ seed: 3 });
await board.step(...steps);
const relay: "on" | "off" = board.state.relay;
// @ts-expect-error: there is no such step
await board.step({ swich: "on" });
export { relay };
`;
  writeFileSync(join(folder, "use.mts"), program);
  const scope = join(folder, "node_modules", "@killswitch-device");
  mkdirSync(scope, { recursive: true });
  symlinkSync(process.cwd(), join(scope, "killswitch"));
  const options = { strict: true, noEmit: true, module: "nodenext", target: "es2022", types: [] };
  const config = { compilerOptions: options, files: ["use.mts"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const args = ["node_modules/typescript/bin/tsc", "--project", folder];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(stdout).toBe("");
  expect(status).toBe(0);
});
