/**
 * Reads files that a user names, and writes files atomically: a file is complete or absent, never partly
 * written. Removes folders that an interrupted process left.
 */
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { codeOf, EXIT, UserError } from "./errors.ts";

/**
 * Writes a temporary file next to `path` and moves it into place. With `replace` false, throws
 * EEXIST if `path` exists. Throws Node's system errors.
 */
export function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: { mode: number; replace: boolean },
): void {
  const bytes = Buffer.from(content);
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, "wx", options.mode);
  try {
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // link() fails if the name exists, rename() replaces it. Both are atomic.
    if (options.replace) renameSync(temporary, path);
    else linkSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Whether a process with this number exists. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== "ESRCH";
  }
}

/**
 * Removes the entries of `folder` whose name is `prefix`, the number of a process that has ended,
 * and anything after it.
 */
export function removeAbandoned(folder: string, prefix: string): void {
  for (const name of readdirSync(folder)) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : 0;
    if (pid > 0 && !isRunning(pid)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** The bytes of a file, or of standard input for `-`. Throws a UserError if they cannot be read. */
export function readInput(file: string): Uint8Array {
  try {
    // File descriptor 0 is standard input.
    return readFileSync(file === "-" ? 0 : file);
  } catch (error) {
    const why = codeOf(error) === "ENOENT" ? "the file does not exist" : codeOf(error);
    throw new UserError(`${file} cannot be read: ${why}`, EXIT.BAD_FILE);
  }
}
