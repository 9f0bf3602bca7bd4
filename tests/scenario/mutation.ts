/**
 * Rebuilds the firmware (with the AssemblyScript compiler) or the host (with esbuild) with one line
 * of its source replaced. The source tree is not changed.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import asc from "assemblyscript/asc";
import { packageRoot } from "../../host-sim/base/paths.ts";
import type * as guest from "../../host-sim/scenario/guest.ts";
import type * as runner from "../../host-sim/scenario/runner.ts";
import { type Firmware, loadFirmware, makeGate } from "../../host-sim/sim/firmware.ts";
import { loadInstrumented } from "../../host-sim/sim/module.ts";
import type * as sim from "../../host-sim/targets/sim.ts";
import { importBundle, replaceOnce } from "../base/changed-source.ts";

export interface Mutant {
  scenario: string;
  /** Source file, relative to the package's root. */
  file: string;
  /** The exact text to replace. It occurs once in the file. */
  find: string;
  replace: string;
}

/** The source with the mutant's replacement. Throws if the text to replace does not occur once. */
export function mutatedSource({ file, find, replace }: Mutant): string {
  const source = readFileSync(join(packageRoot(), file), "utf8");
  return replaceOnce(source, find, replace, file);
}

const ENTRIES: Readonly<Record<string, { entry: string; flags: string[] }>> = {
  gate: {
    entry: "firmware/gate/gate.ts",
    flags: ["--noExportMemory", "--initialMemory", "0"],
  },
  device: { entry: "firmware/device/main.ts", flags: [] },
};

/** Compiles a module with the source of one of its files replaced; not optimised, which is faster. */
async function compile(
  name: "gate" | "device",
  file: string,
  source: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const root = packageRoot();
  const { entry, flags } = ENTRIES[name] ?? { entry: "", flags: [] };
  const replaced = resolve(root, file);
  let binary: Uint8Array | null = null;
  const options = ["--config", "asconfig.json", "--optimizeLevel", "0", "--outFile", "mutant.wasm"];
  const { error, stderr } = await asc.main(["--baseDir", root, entry, ...options, ...flags], {
    readFile: (path, base) => {
      const full = resolve(base, path);
      if (full === replaced) return source;
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
  if (error !== null || binary === null) throw new Error(`${file}: ${stderr.toString()}`);
  return new Uint8Array(binary);
}

/** device.wasm with the source of one of its files replaced. */
export const compileDevice = (file: string, source: string) => compile("device", file, source);

/**
 * The firmware with a mutant. It is not optimised, which builds faster and behaves the same; its blocks nest
 * deeper than the profile allows.
 */
export async function mutatedFirmware(mutant: Mutant): Promise<Firmware> {
  const name = mutant.file.startsWith("firmware/gate/") ? "gate" : "device";
  const binary = await compile(name, mutant.file, mutatedSource(mutant));
  const good = loadFirmware();
  return name === "gate"
    ? { ...good, gate: makeGate(binary) }
    : { ...good, guest: loadInstrumented(binary) };
}

export type Host = Pick<typeof runner, "runScenario"> &
  Pick<typeof sim, "SimTarget"> &
  Pick<typeof guest, "firmwareWith">;

/** The simulator and the scenario runner with a mutant. */
export async function mutatedHost(mutant: Mutant): Promise<Host> {
  const root = packageRoot();
  const mutated = resolve(root, mutant.file);
  const contents = mutatedSource(mutant);
  return importBundle<Host>(
    {
      contents:
        'export { runScenario } from "./host-sim/scenario/runner.ts";' +
        'export { SimTarget } from "./host-sim/targets/sim.ts";' +
        'export { firmwareWith } from "./host-sim/scenario/guest.ts";',
      resolveDir: root,
    },
    [
      {
        name: "mutant",
        setup: (bundler) =>
          bundler.onLoad({ filter: /\.ts$/ }, ({ path }) =>
            path === mutated ? { contents, loader: "ts" } : null,
          ),
      },
    ],
  );
}
