/**
 * Rebuilds a module with one line of its source replaced: firmware by the AssemblyScript compiler,
 * the host by esbuild. Nothing in the source tree is touched. Must not know what the line guards.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import asc from "assemblyscript/asc";
import { build } from "esbuild";
import { type Firmware, loadFirmware, makeGate } from "../../host-sim/firmware.ts";
import { packageRoot } from "../../host-sim/paths.ts";
import type * as guest from "../../host-sim/scenario/guest.ts";
import type * as runner from "../../host-sim/scenario/runner.ts";
import type * as sim from "../../host-sim/scenario/targets/sim.ts";

export interface Mutant {
  scenario: string;
  /** Source file, from the package's root. */
  file: string;
  /** The exact text replaced; it stands in the file once. */
  find: string;
  replace: string;
}

/** The source with the mutant's line in place of its own. Throws if that line is not there once. */
export function mutatedSource({ file, find, replace }: Mutant): string {
  const source = readFileSync(join(packageRoot(), file), "utf8");
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`${file}: "${find}" stands there ${parts.length - 1} times`);
  return parts.join(replace);
}

const ENTRIES: Readonly<Record<string, { entry: string; flags: string[] }>> = {
  gate: {
    entry: "firmware/gate/gate.ts",
    flags: ["--noExportMemory", "--initialMemory", "0"],
  },
  device: { entry: "firmware/device/main.ts", flags: [] },
};

/** The firmware with the mutant in it. Unoptimised: what it does is the same, and it builds faster. */
export async function mutatedFirmware(mutant: Mutant): Promise<Firmware> {
  const root = packageRoot();
  const name = mutant.file.startsWith("firmware/gate/") ? "gate" : "device";
  const { entry, flags } = ENTRIES[name] ?? { entry: "", flags: [] };
  const mutated = resolve(root, mutant.file);
  const source = mutatedSource(mutant);
  let binary: Uint8Array | null = null;
  const options = ["--config", "asconfig.json", "--optimizeLevel", "0", "--outFile", "mutant.wasm"];
  const { error, stderr } = await asc.main(["--baseDir", root, entry, ...options, ...flags], {
    readFile: (path, base) => {
      const full = resolve(base, path);
      if (full === mutated) return source;
      try {
        return readFileSync(full, "utf8");
      } catch {
        return null;
      }
    },
    writeFile: (_path, content) => {
      if (typeof content !== "string") binary = content;
    },
  });
  if (error !== null || binary === null) throw new Error(`${mutant.file}: ${stderr.toString()}`);
  const good = loadFirmware();
  if (name === "gate") return { ...good, gate: makeGate(binary) };
  // Unoptimised, it is too large for a board, which does not matter here.
  const bytes: Uint8Array<ArrayBuffer> = new Uint8Array(binary);
  return { ...good, guest: { module: new WebAssembly.Module(bytes), bytes } };
}

export type Host = Pick<typeof runner, "runScenario"> &
  Pick<typeof sim, "SimTarget"> &
  Pick<typeof guest, "firmwareWith">;

/** The simulator and its runner with the mutant in them. */
export async function mutatedHost(mutant: Mutant): Promise<Host> {
  const root = packageRoot();
  const mutated = resolve(root, mutant.file);
  const contents = mutatedSource(mutant);
  const { outputFiles } = await build({
    stdin: {
      contents:
        'export { runScenario } from "./host-sim/scenario/runner.ts";' +
        'export { SimTarget } from "./host-sim/scenario/targets/sim.ts";' +
        'export { firmwareWith } from "./host-sim/scenario/guest.ts";',
      resolveDir: root,
    },
    plugins: [
      {
        name: "mutant",
        setup: (bundler) =>
          bundler.onLoad({ filter: /\.ts$/ }, ({ path }) =>
            path === mutated ? { contents, loader: "ts" } : null,
          ),
      },
    ],
    bundle: true,
    write: false,
    packages: "external",
    platform: "node",
    format: "esm",
    logLevel: "silent",
  });
  // Within the package, so that the bundle finds the modules it imports and the package's own files.
  mkdirSync(join(root, "dist"), { recursive: true });
  const folder = mkdtempSync(join(root, "dist", "mutant-"));
  try {
    const file = join(folder, "host.mjs");
    writeFileSync(file, outputFiles[0]?.contents ?? "");
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Host;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
