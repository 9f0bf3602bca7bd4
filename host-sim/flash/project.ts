/**
 * Builds the image of a board that has its own build tool: generates the files that the tool
 * compiles, and runs the tool.
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import type { FirmwareCommand } from "../base/board-data.ts";
import { EXIT, UserError } from "../base/errors.ts";
import { removeAbandoned } from "../base/files.ts";
import { Interrupted } from "../base/signals.ts";
import { translateCore } from "../build/translate.ts";
import { wasm3Folder } from "../build/wasm3.ts";
import { firmwarePath, readModule } from "../sim/firmware.ts";
import { type Chip, commandOf, ROLES } from "./chip.ts";
import { GUEST, guestContents } from "./contents.ts";
import { partitionOf, readPartitions } from "./partitions.ts";
import { roomOnBoard } from "./room.ts";

function copyWasm3(folder: string): void {
  const from = wasm3Folder();
  mkdirSync(folder);
  for (const name of readdirSync(from).filter((each) => /\.[ch]$/.test(each)))
    copyFileSync(join(from, name), join(folder, name));
}

function generate(chip: Chip, folder: string): void {
  translateCore(folder);
  copyWasm3(join(folder, "wasm3"));
  const table = join(chip.folder, chip.firmware.partitions);
  const partition = partitionOf(table, readPartitions(table, chip.flashBytes), GUEST);
  const room = roomOnBoard(chip.board);
  for (const role of ROLES) {
    const path = firmwarePath(role);
    const module = new Uint8Array(readModule(path));
    writeFileSync(join(folder, `${role}.bin`), guestContents(path, module, partition, room));
  }
}

/**
 * Whether two folders have the same files. Unchanged files keep their times and are not recompiled.
 */
function sameFiles(one: string, other: string): boolean {
  const list = (folder: string) =>
    existsSync(folder)
      ? readdirSync(folder, { recursive: true, encoding: "utf8" })
          .filter((name) => statSync(join(folder, name)).isFile())
          .sort()
      : [];
  const names = list(one);
  return (
    names.join() === list(other).join() &&
    names.every((name) => readFileSync(join(one, name)).equals(readFileSync(join(other, name))))
  );
}

/**
 * Generates the files that a chip's image needs besides the sources: gate and MAC in C, the
 * interpreter, and the guests. The folder is replaced as a whole or not at all. Returns the folder.
 */
export function prepare(chip: Chip): string {
  const folder = join(chip.folder, chip.firmware.input);
  const name = `.${basename(folder)}.`;
  removeAbandoned(chip.folder, name);
  const beside = join(chip.folder, `${name}${process.pid}`);
  mkdirSync(beside, { recursive: true });
  try {
    generate(chip, beside);
    if (!sameFiles(beside, folder)) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(beside, folder);
    }
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return folder;
}

/** Whether the tool of a command is on the PATH. */
export function hasTool(chip: Chip, name: FirmwareCommand): boolean {
  const [tool = ""] = commandOf(chip, name);
  return spawnSync(tool, ["--version"], { stdio: "ignore" }).error === undefined;
}

/**
 * Runs a command of the board in its project folder, with the terminal's output. Throws UserError.
 */
export function runProject(chip: Chip, name: FirmwareCommand, port?: string): void {
  const [tool = "", ...args] = commandOf(chip, name, port);
  const cwd = join(chip.folder, chip.firmware.project);
  const { status, signal, error } = spawnSync(tool, args, { cwd, stdio: "inherit" });
  if (signal === "SIGINT") throw new Interrupted();
  if (error !== undefined) {
    const prepared = join(chip.folder, chip.firmware.input);
    throw new UserError(
      `${tool} is not on the PATH: ${chip.firmware.install}; the generated files are in ${prepared}`,
      EXIT.NO_TOOL,
    );
  }
  if (status !== 0) {
    throw new UserError(`${tool} ${name} failed: see its output above`, EXIT.TOOL_FAILED);
  }
}
