/**
 * Files that are whole or absent, never half-written. Must not know what is in them.
 */
import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from "node:fs";

/**
 * Writes beside `path` and moves into place: at no moment does `path` hold a part of `content`.
 * `replace` false: throws EEXIST if `path` is there. Throws Node's system errors.
 */
export function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  options: { mode: number; replace: boolean },
): void {
  const bytes = Buffer.from(content);
  const beside = `${path}.${process.pid}.tmp`;
  const file = openSync(beside, "wx", options.mode);
  try {
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    // link() refuses an existing name, rename() replaces it; both are atomic.
    if (options.replace) renameSync(beside, path);
    else linkSync(beside, path);
  } finally {
    rmSync(beside, { force: true });
  }
}
