/**
 * Whether a tool is on this machine, and new enough. Must not know what it is for.
 */
import { spawnSync } from "node:child_process";
import { EXIT, UserError } from "../errors.ts";
import { loadNativeBoard, nativeBoardNames, type Tool } from "./board.ts";

export interface ToolState {
  readonly tool: Tool;
  /** What its `--version` says; null if it is not there. */
  readonly found: string | null;
  readonly good: boolean;
}

function atLeast(found: string, minimum: string): boolean {
  const parts = (text: string) => text.split(".").map(Number);
  const [major = 0, minor = 0] = parts(found);
  const [least = 0, lesser = 0] = parts(minimum);
  return major > least || (major === least && minor >= lesser);
}

/** The first `number.number` in what the tool says of its version. */
export function toolState(tool: Tool): ToolState {
  const { status, stdout } = spawnSync(tool.command, ["--version"], { encoding: "utf8" });
  const found = status === 0 ? (/\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? null) : null;
  return { tool, found, good: found !== null && atLeast(found, tool.minimum) };
}

/** One line on what is wrong with a tool and how it is mended; null for a good one. */
export function toolTrouble({ tool, found, good }: ToolState): string | null {
  if (good) return null;
  const state =
    found === null ? "is not installed" : `is version ${found}, ${tool.minimum} is needed`;
  return `${tool.command} ${state}: apt-get install ${tool.package}`;
}

/** Throws a UserError at the first tool that is missing or too old. */
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

/** Every native board, its tools, and whether it can be built and run here. */
export function targetStates(): TargetState[] {
  return nativeBoardNames().map((target) => {
    const tools = loadNativeBoard(target).tools.map(toolState);
    const reason = tools.map(toolTrouble).find((trouble) => trouble !== null) ?? null;
    return { target, tools, reason };
  });
}
