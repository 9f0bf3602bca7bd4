/**
 * Finds the package's own files and the programs of its packages, both from the bundle and from the
 * sources. Reads the version of a package. Names the command that started the program.
 */
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { codeOf, EXIT, UserError } from "./errors.ts";

/** The folder that contains package.json. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("no package.json in the folders above the program");
    folder = parent;
  }
  return folder;
}

/** The version in a package.json; "unknown" if it has none. */
export function versionOf(file: string): string {
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version?: string };
  return version ?? "unknown";
}

/**
 * The command that runs this program again from the current folder, for hints: `./killswitch` in a
 * checkout, `killswitch` where the package is installed.
 */
export function launcher(): string {
  const root = packageRoot();
  if (root.split(sep).includes("node_modules")) return "killswitch";
  const name = process.platform === "win32" ? "killswitch.cmd" : "killswitch";
  const path = join(root, name);
  const near = relative(process.cwd(), path);
  if (near === name) return `.${sep}${name}`;
  return near.length < path.length ? near : path;
}

/**
 * Explains the error of loading a package that only some commands need (peerDependencies in package.json). Null
 * for other errors.
 */
export function packageTrouble(error: unknown): UserError | null {
  if (!(error instanceof Error) || !codeOf(error).endsWith("MODULE_NOT_FOUND")) return null;
  const [, name = ""] = /^Cannot find \w+ '((?:@[^/']+\/)?[^/']+)/.exec(error.message) ?? [];
  const { peerDependencies = {} } = JSON.parse(
    readFileSync(join(packageRoot(), "package.json"), "utf8"),
  ) as { peerDependencies?: Record<string, string> };
  const version = peerDependencies[name];
  if (version === undefined) return null;
  return new UserError(
    `this command needs the package ${name}: run npm install ${name}@${version}`,
    EXIT.NO_TOOL,
  );
}

/** The path of a program of an npm package that this one depends on. */
export function packageProgram(name: string, program: string): string {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
  const { bin } = JSON.parse(readFileSync(file, "utf8")) as { bin?: Record<string, string> };
  const path = bin?.[program];
  if (path === undefined) throw new Error(`package ${name} has no program ${program}`);
  return join(dirname(file), path);
}
