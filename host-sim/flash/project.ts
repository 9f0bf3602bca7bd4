/**
 * A board whose image is made by a build tool of its own: prepares the generated files that it compiles,
 * and runs the tool. Must not know one board or build tool from another.
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
import type { FirmwareCommand } from "../board-data.ts";
import { EXIT, UserError } from "../errors.ts";
import { firmwarePath, readModule } from "../firmware.ts";
import { translateCore } from "../native/build.ts";
import { wasm3Folder } from "../native/wasm3.ts";
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

function fill(chip: Chip, folder: string): void {
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

/** Whether two folders hold the same files: what has not changed is not compiled again. */
function alike(one: string, other: string): boolean {
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
 * Makes the files that a chip's image is built from besides the sources: the gate and the MAC in C, the
 * interpreter, the guests. Whole or as it was. Returns their folder.
 */
export function prepare(chip: Chip): string {
  const folder = join(chip.folder, chip.firmware.input);
  const beside = join(chip.folder, `.${basename(folder)}.${process.pid}`);
  mkdirSync(beside, { recursive: true });
  try {
    fill(chip, beside);
    if (!alike(beside, folder)) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(beside, folder);
    }
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return folder;
}

/** Whether the tool of a chip's command is on the PATH. */
export function hasTool(chip: Chip, name: FirmwareCommand): boolean {
  const [tool = ""] = commandOf(chip, name);
  return spawnSync(tool, ["--version"], { stdio: "ignore" }).error === undefined;
}

/** Runs a command of the board in its project's folder, its output the person's. Throws a UserError. */
export function runProject(chip: Chip, name: FirmwareCommand, port?: string): void {
  const [tool = "", ...args] = commandOf(chip, name, port);
  const cwd = join(chip.folder, chip.firmware.project);
  const { status, error } = spawnSync(tool, args, { cwd, stdio: "inherit" });
  if (error !== undefined) {
    const prepared = join(chip.folder, chip.firmware.input);
    throw new UserError(
      `${tool} is not on the PATH: ${chip.firmware.install}; what it builds from is in ${prepared}`,
      EXIT.NO_TOOL,
    );
  }
  if (status !== 0) {
    throw new UserError(`${tool} ${name} failed, its words are above`, EXIT.BAD_FILE);
  }
}
