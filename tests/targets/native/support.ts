/** Runs a scenario on the simulator and on a native board, and compares their traces. */
import { dirname, join, relative } from "node:path";
import { loadBoard } from "../../../host-sim/base/board-data.ts";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { type BuildOptions, buildBoard } from "../../../host-sim/build/native-image.ts";
import { targetStates } from "../../../host-sim/build/tools.ts";
import { differingLine } from "../../../host-sim/cli/verbs/conform.ts";
import type { Scenario } from "../../../host-sim/scenario/grammar.ts";
import { firmwareWith, guestBytes } from "../../../host-sim/scenario/guest.ts";
import { loadScenario } from "../../../host-sim/scenario/load.ts";
import { type Outcome, runScenario } from "../../../host-sim/scenario/runner.ts";
import type { Target } from "../../../host-sim/scenario/target.ts";
import { lineText } from "../../../host-sim/scenario/trace.ts";
import type { Firmware } from "../../../host-sim/sim/firmware.ts";
import { loadGuest } from "../../../host-sim/sim/module.ts";
import { NativeTarget } from "../../../host-sim/targets/native/native-target.ts";
import { SimTarget } from "../../../host-sim/targets/sim.ts";

const SEED = 1;

/** Why a board cannot be tested on this machine, which is also printed; null if it can. */
export function notRun(board: string): string | null {
  const reason = targetStates().find(({ target }) => target === board)?.reason ?? null;
  if (reason !== null) process.stderr.write(`NOT RUN ${board}: ${reason}\n`);
  return reason;
}

export function traceOf(outcome: Outcome): string[] {
  return outcome.trace.lines.map(lineText);
}

/** The first line in which two traces differ, with its number; null if they are equal. */
export function firstDifference(left: readonly string[], right: readonly string[]): string | null {
  const line = differingLine(left, right);
  if (line === null) return null;
  const [a = "(the end)", b = "(the end)"] = [left[line], right[line]];
  return `line ${line + 1}:\n  sim:    ${a}\n  native: ${b}`;
}

/**
 * Result of a comparison. Text of `differs`: the line and a command to reproduce it. Of `not-run`:
 * why.
 */
export type Comparison =
  | { status: "same" }
  | { status: "differs"; text: string }
  | { status: "not-run"; text: string };

/** Runs a scenario with a firmware on a target. */
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

/** The firmware with another guest, which may be one that is refused. */
export function firmwareOf(shipped: Firmware, guest: Uint8Array<ArrayBuffer>): Firmware {
  return { ...shipped, guest: loadGuest(guest) };
}
