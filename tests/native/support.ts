/**
 * Runs one scenario on the simulator and on a native board, and says where their traces part. Must not
 * know what is in a trace.
 */
import { dirname, join, relative } from "node:path";
import { loadBoard } from "../../host-sim/board-data.ts";
import type { Firmware } from "../../host-sim/firmware.ts";
import { loadGuest } from "../../host-sim/module.ts";
import { type BuildOptions, buildBoard } from "../../host-sim/native/build.ts";
import { NativeTarget } from "../../host-sim/native/target.ts";
import { targetStates } from "../../host-sim/native/tools.ts";
import { packageRoot } from "../../host-sim/paths.ts";
import type { Scenario } from "../../host-sim/scenario/grammar.ts";
import { firmwareWith, guestBytes } from "../../host-sim/scenario/guest.ts";
import { loadScenario } from "../../host-sim/scenario/load.ts";
import { type Outcome, runScenario } from "../../host-sim/scenario/runner.ts";
import type { Target } from "../../host-sim/scenario/target.ts";
import { SimTarget } from "../../host-sim/scenario/targets/sim.ts";
import { lineText } from "../../host-sim/scenario/trace.ts";
import { differingLine } from "../../host-sim/verbs/conform.ts";

const SEED = 1;

/** Why a board cannot be tested on this machine; null if it can. Says so on the terminal. */
export function notRun(board: string): string | null {
  const reason = targetStates().find(({ target }) => target === board)?.reason ?? null;
  if (reason !== null) process.stderr.write(`NOT RUN ${board}: ${reason}\n`);
  return reason;
}

export function traceOf(outcome: Outcome): string[] {
  return outcome.trace.lines.map(lineText);
}

/** Null if two traces are the same; otherwise the first line in which they differ. */
export function firstDifference(left: readonly string[], right: readonly string[]): string | null {
  const line = differingLine(left, right);
  if (line === null) return null;
  const [a = "(the end)", b = "(the end)"] = [left[line], right[line]];
  return `line ${line + 1}:\n  sim:    ${a}\n  native: ${b}`;
}

/** What came of a comparison: `differs` says where and how to see it, `not-run` why there is none. */
export type Comparison =
  | { status: "same" }
  | { status: "differs"; text: string }
  | { status: "not-run"; text: string };

/** The same scenario with the same firmware on any target. */
export function onTarget(scenario: Scenario, firmware: Firmware, target: Target): Promise<Outcome> {
  const board = loadBoard(scenario.start.board);
  return runScenario({ scenario, target, board, firmware, seed: SEED });
}

/** Compares a native board's trace of a scenario with the simulator's, byte for byte. */
export async function compare(path: string, build: BuildOptions): Promise<Comparison> {
  const { scenario } = loadScenario(path);
  const guest =
    scenario.guest === undefined ? undefined : join(dirname(path), String(scenario.guest));
  const firmware = await firmwareWith(guest);
  const bytes = guest === undefined ? undefined : await guestBytes(guest);
  const own = bytes === undefined ? {} : { guest: bytes };
  const image = buildBoard({ ...build, ...own });
  const native = await onTarget(scenario, firmware, new NativeTarget({ image, ...own }));
  if (native.status === "not-run") return { status: "not-run", text: native.reason };
  const sim = await onTarget(scenario, firmware, new SimTarget());
  const found = firstDifference(traceOf(sim), traceOf(native));
  if (found === null) return { status: "same" };
  const file = relative(packageRoot(), path);
  const command = `killswitch run ${file} --target ${build.board} --seed ${SEED}`;
  return { status: "differs", text: `${file} on ${build.board}, ${found}\n  ${command}` };
}

/** A guest in place of device.wasm, refused or not. */
export function firmwareOf(shipped: Firmware, guest: Uint8Array<ArrayBuffer>): Firmware {
  return { ...shipped, guest: loadGuest(guest) };
}
