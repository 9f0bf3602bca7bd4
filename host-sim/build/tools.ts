/**
 * Checks that the tools for native boards are installed on this machine and recent enough, and runs them.
 */
import { spawnSync } from "node:child_process";
import { EXIT, UserError } from "../base/errors.ts";
import { packageRoot } from "../base/paths.ts";
import { Interrupted } from "../base/signals.ts";
import { loadNativeBoard, nativeBoardNames, type Tool } from "./native-board.ts";

export interface ToolState {
  readonly tool: Tool;
  /** The version it prints; null if it is not installed. */
  readonly found: string | null;
  readonly good: boolean;
}

function atLeast(found: string, minimum: string): boolean {
  const parts = (text: string) => text.split(".").map(Number);
  const [major = 0, minor = 0] = parts(found);
  const [majorMinimum = 0, minorMinimum = 0] = parts(minimum);
  return major > majorMinimum || (major === majorMinimum && minor >= minorMinimum);
}

/** The state of a tool. Its version is the first `number.number` that `--version` prints. */
export function toolState(tool: Tool): ToolState {
  const { status, stdout } = spawnSync(tool.command, ["--version"], { encoding: "utf8" });
  const found = status === 0 ? (/\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? null) : null;
  return { tool, found, good: found !== null && atLeast(found, tool.minimum) };
}

/** One line with the problem of a tool and its fix; null if there is none. */
export function toolTrouble({ tool, found, good }: ToolState): string | null {
  if (good) return null;
  const state =
    found === null
      ? "is not installed"
      : `is version ${found}, but ${tool.minimum} or newer is needed`;
  return `${tool.command} ${state}: apt-get install ${tool.package}`;
}

/** Throws a UserError for the first tool that is missing or too old. */
export function requireTools(tools: readonly Tool[]): void {
  for (const tool of tools) {
    const trouble = toolTrouble(toolState(tool));
    if (trouble !== null) throw new UserError(trouble, EXIT.NO_TOOL);
  }
}

export interface TargetState {
  readonly target: string;
  readonly tools: readonly ToolState[];
  /** Why the target cannot be used; null if it can. */
  readonly reason: string | null;
}

/** All native boards with the state of their tools. */
export function targetStates(): TargetState[] {
  return nativeBoardNames().map((target) => {
    const tools = loadNativeBoard(target).tools.map(toolState);
    const reason = tools.map(toolTrouble).find((trouble) => trouble !== null) ?? null;
    return { target, tools, reason };
  });
}

/**
 * Runs a tool in the root folder. PWD is set because compilers store it in their output. Throws a
 * UserError with the tool's first lines of error output.
 */
export function runTool(program: string, args: readonly string[]): void {
  const cwd = packageRoot();
  const env = { ...process.env, PWD: cwd };
  const { status, signal, stderr, error } = spawnSync(program, args, {
    cwd,
    env,
    encoding: "utf8",
  });
  if (status === 0) return;
  if (signal === "SIGINT") throw new Interrupted();
  const why = (error?.message ?? stderr).trim().split("\n").slice(0, 12).join("\n");
  throw new UserError(`${program} failed on ${args.at(-1)}:\n${why}`, EXIT.TOOL_FAILED);
}
