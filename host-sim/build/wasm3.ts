/**
 * Fetches the interpreter's sources: wasm3 0.5.0, from an npm package that is pinned by its digest.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { EXIT, UserError } from "../base/errors.ts";
import { packageRoot } from "../base/paths.ts";

const PACKAGE = "react-native-webassembly";
const VERSION = "0.3.3";
const SHA512 =
  "wC8r/C6bHcWsNZmzES6vhMX1bao3JtG2FIVC9Un5kTn9EKQBN63qGVGMaD7ppe/vkzD8aPTfj9MKjsid4m7VRA==";

function run(program: string, args: readonly string[], cwd: string): void {
  const { status, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status === 0) return;
  const why = (stderr ?? "").trim().split("\n")[0] ?? "";
  throw new UserError(`${program} ${args.join(" ")} failed: ${why}`, EXIT.NETWORK);
}

/**
 * The folder with wasm3's sources: WASM3_DIR if it is set, else dist/cache, fetched once. Throws a
 * UserError if the package cannot be fetched or has another digest.
 */
export function wasm3Folder(): string {
  const given = process.env.WASM3_DIR;
  if (given !== undefined) {
    if (existsSync(join(given, "m3_core.c"))) return resolve(given);
    throw new UserError(
      `WASM3_DIR=${given}: no m3_core.c in this folder; it must be wasm3's "source" folder`,
      EXIT.BAD_FILE,
    );
  }
  const cache = join(packageRoot(), "dist", "cache");
  const folder = join(cache, `wasm3-${VERSION}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  run("npm", ["pack", "--silent", `${PACKAGE}@${VERSION}`], cache);
  const archive = join(cache, `${PACKAGE}-${VERSION}.tgz`);
  const digest = createHash("sha512").update(readFileSync(archive)).digest("base64");
  if (digest !== SHA512) {
    rmSync(archive);
    throw new UserError(
      `${PACKAGE}@${VERSION}: SHA-512 ${digest} differs from the pinned one; the file was deleted`,
      EXIT.BAD_FILE,
    );
  }
  run("tar", ["-xzf", archive, "package/cpp"], cache);
  renameSync(join(cache, "package", "cpp"), folder);
  rmSync(join(cache, "package"), { recursive: true });
  return folder;
}
