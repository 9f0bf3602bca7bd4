/**
 * Output files and folders that the user names: checked before the work that fills them, and what an
 * error of the file system means.
 */
import { accessSync, constants, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { codeOf, EXIT, UserError } from "./errors.ts";
import { writeFileAtomic } from "./files.ts";

/** Explanations by error code. The argument is the folder. */
const TROUBLES: Readonly<Record<string, (folder: string) => string>> = {
  ENOENT: (folder) => `folder ${folder} does not exist: create it, or name another`,
  ENOTDIR: (folder) => `${folder} is not a folder: name another`,
  EACCES: (folder) => `this user has no permission for folder ${folder}: name another`,
  EPERM: (folder) => `this user has no permission for folder ${folder}: name another`,
  EROFS: (folder) => `folder ${folder} is on a read-only file system: name another`,
  ENOSPC: (folder) => `the disk of folder ${folder} is full: make room, or name another`,
  EDQUOT: (folder) => `the disk quota for folder ${folder} is used up: make room, or name another`,
  EISDIR: () => "it is a folder: name a file",
  EEXIST: () => "it exists already: move it away, or name another",
};

/**
 * Explains an error that no caller expected but that the user can fix: no permission, a full disk, a
 * file in the place of a folder. Null for other errors.
 */
export function diskTrouble(error: unknown): UserError | null {
  const { path } = (error ?? {}) as { path?: unknown };
  const code = codeOf(error);
  if (typeof path !== "string" || code === "ENOENT" || code === "EISDIR") return null;
  const why = TROUBLES[code]?.(dirname(resolve(path)));
  return why === undefined ? null : new UserError(`${path} cannot be used: ${why}`, EXIT.BAD_FILE);
}

/** Explains an error of writing `path` in one line that names the folder. */
export function writeTrouble(path: string, error: unknown): UserError {
  const code = codeOf(error);
  const why = TROUBLES[code]?.(dirname(resolve(path))) ?? (code || String(error));
  return new UserError(`${path} cannot be written: ${why}`, EXIT.BAD_FILE);
}

/** Writes a file that the user named, in place of an older one. Throws a UserError if it cannot be written. */
export function writeOutput(path: string, content: string | Uint8Array, mode = 0o644): void {
  try {
    writeFileAtomic(path, content, { mode, replace: true });
  } catch (error) {
    throw writeTrouble(path, error);
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Throws a UserError if a file at `path` could not be written. `undefined`: no file is wanted. */
export function checkOutputFile(path: string | undefined): void {
  if (path === undefined) return;
  try {
    const folder = statSync(dirname(resolve(path)));
    if (!folder.isDirectory()) throw systemError("ENOTDIR");
    accessSync(dirname(resolve(path)), constants.W_OK);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw systemError("EISDIR");
  } catch (error) {
    throw writeTrouble(path, error);
  }
}

/**
 * Throws a UserError if files could not be written into the folder `path`. It need not exist: then
 * the nearest folder above it that exists is checked.
 */
export function checkOutputFolder(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined && !found.isDirectory()) {
    throw new UserError(`${path} is a file: name a folder`, EXIT.BAD_FILE);
  }
  let folder = resolve(path);
  while (statSync(folder, { throwIfNoEntry: false }) === undefined) folder = dirname(folder);
  try {
    if (!statSync(folder).isDirectory()) throw systemError("ENOTDIR");
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new UserError(
      `folder ${path} cannot be used: ${TROUBLES[codeOf(error)]?.(folder) ?? codeOf(error)}`,
      EXIT.BAD_FILE,
    );
  }
}
