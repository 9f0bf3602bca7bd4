/**
 * Targets by name: the simulator, and every board whose board.json says how it is built and run here.
 * Must not know a board by name, nor a scenario's checks.
 */

import { nativeBoardNames } from "../../native/board.ts";
import { type BuildOptions, buildBoard, type Engine } from "../../native/build.ts";
import { NativeTarget } from "../../native/target.ts";
import { targetStates } from "../../native/tools.ts";
import type { Target } from "../target.ts";
import { SimTarget } from "./sim.ts";

const SIMULATOR = "sim";

export interface TargetOptions {
  engine?: Engine;
  /** Another guest's bytes; a refused one included. */
  guest?: Uint8Array<ArrayBuffer>;
}

export function targetNames(): string[] {
  return [SIMULATOR, ...nativeBoardNames()];
}

/** Why a target cannot be used on this machine; null if it can. */
export function targetTrouble(name: string): string | null {
  return targetStates().find(({ target }) => target === name)?.reason ?? null;
}

/** Makes a target; builds its image if that is not there. Throws a UserError on a missing tool. */
export function makeTarget(name: string, options: TargetOptions = {}): Target {
  if (name === SIMULATOR) return new SimTarget();
  const { guest } = options;
  const build: BuildOptions = { board: name, ...options };
  return new NativeTarget({ image: buildBoard(build), ...(guest === undefined ? {} : { guest }) });
}
