/**
 * Writes files atomically: a file is complete or absent, never partly written.
 */
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

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
