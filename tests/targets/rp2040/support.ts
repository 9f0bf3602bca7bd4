/** Shared by the tests of the emulated controller: its board, why it cannot be built, and C programs for this machine. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadBoard } from "../../../host-sim/base/board-data.ts";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { toolState, toolTrouble } from "../../../host-sim/build/tools.ts";
import { firmwareWith } from "../../../host-sim/scenario/guest.ts";
import { Remote, SCENARIO_SECRETS } from "../../../host-sim/scenario/remote.ts";
import { imageBoardNames, loadImageBoard } from "../../../host-sim/targets/rp2040/board.ts";
import { ControllerTarget } from "../../../host-sim/targets/rp2040/target.ts";

const [NAME = ""] = imageBoardNames();
export const BOARD = loadImageBoard(NAME);

/** Why the controller's image cannot be built here; null if it can. Prints NOT RUN with the reason. */
export function notRun(): string | null {
  const trouble = BOARD.tools
    .map(toolState)
    .map(toolTrouble)
    .find((each) => each !== null);
  if (trouble === undefined || trouble === null) return null;
  process.stderr.write(`NOT RUN ${BOARD.target}: ${trouble}\n`);
  return trouble;
}

const STRICT = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-Wconversion"];

/** Builds sources below the root with this machine's compiler and runs the program. Returns its output. */
export function runProgram(
  sources: readonly string[],
  flags: readonly string[],
  ...args: string[]
): string {
  const folder = mkdtempSync(join(tmpdir(), "killswitch-c-"));
  const root = packageRoot();
  try {
    const program = join(folder, "program");
    const include = ["boards/runtime", `boards/${NAME}/firmware`].map(
      (name) => `-I${join(root, name)}`,
    );
    const files = sources.map((name) => join(root, name));
    execFileSync("gcc", [...STRICT, ...include, ...flags, "-o", program, ...files]);
    return execFileSync(program, args, { encoding: "utf8" }).trim();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Running {
  readonly target: ControllerTarget;
  readonly trace: string[];
  /** The controller (docs/GLOSSARY.md) that commands it. */
  readonly remote: Remote;
}

/** An emulated controller with its supply on. */
export async function running(
  position: "on" | "kill",
  options: { image?: "own" | "hostile"; board?: string; seed?: number } = {},
): Promise<Running> {
  const target = new ControllerTarget({ board: BOARD });
  const trace: string[] = [];
  const remote = new Remote();
  target.start({
    board: loadBoard(options.board ?? NAME),
    firmware: await firmwareWith(undefined),
    seed: options.seed ?? 1,
    position,
    image: options.image ?? "own",
    secrets: SCENARIO_SECRETS,
    trace: (at, kind, detail) => trace.push(`@${at} ${kind} ${detail}`),
    message: (at, principal, channel, bytes) => remote.receive(at, principal, channel, bytes, null),
  });
  return { target, trace, remote };
}
