/** For tests that put a fault into the sources: replaces a text, and imports a module that is built from it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { packageRoot } from "../../host-sim/base/paths.ts";

/** Replaces `find` in a source. Throws, and names `where`, if it does not occur exactly once. */
export function replaceOnce(source: string, find: string, replace: string, where: string): string {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`${where}: "${find}" occurs ${parts.length - 1} times instead of once`);
  return parts.join(replace);
}

/** Bundles TypeScript from a text with esbuild and imports the result. */
export async function importBundle<T>(
  stdin: NonNullable<BuildOptions["stdin"]>,
  plugins: NonNullable<BuildOptions["plugins"]> = [],
): Promise<T> {
  const { outputFiles } = await build({
    stdin: { loader: "ts", ...stdin },
    plugins,
    bundle: true,
    write: false,
    packages: "external",
    platform: "node",
    format: "esm",
    logLevel: "silent",
  });
  // Inside the package, so that the bundle finds the packages and the files that it needs.
  const dist = join(packageRoot(), "dist");
  mkdirSync(dist, { recursive: true });
  const folder = mkdtempSync(join(dist, "changed-"));
  try {
    const file = join(folder, "module.mjs");
    writeFileSync(file, outputFiles?.[0]?.contents ?? "");
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as T;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
