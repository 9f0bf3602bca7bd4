/**
 * Where the package's own files are, from the bundle as from the sources, and what version a package
 * says that it is. Must not know what else they hold.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that holds package.json. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("package.json is not above the program");
    folder = parent;
  }
  return folder;
}

/** What a package.json says. */
export function versionOf(file: string): string {
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version?: string };
  return version ?? "unknown";
}
