/** Builds a module from sources with one text replaced, in a temporary folder. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import asc from "assemblyscript/asc";

export interface Patch {
  file: string;
  find: string;
  replace: string;
}

const ENTRIES = {
  device: { entry: "firmware/device/main.ts", flags: [] },
  gate: { entry: "firmware/gate/gate.ts", flags: ["--noExportMemory", "--initialMemory", "0"] },
} as const;

/** Builds the module. Throws an Error unless `find` is in the file exactly once. */
export async function buildPatched(
  { file, find, replace }: Patch,
  name: keyof typeof ENTRIES = "device",
): Promise<Uint8Array<ArrayBuffer>> {
  const folder = mkdtempSync(join(tmpdir(), "killswitch-prove-"));
  try {
    cpSync("firmware", join(folder, "firmware"), { recursive: true });
    cpSync("asconfig.json", join(folder, "asconfig.json"));
    const source = readFileSync(file, "utf8");
    if (source.split(find).length !== 2)
      throw new Error(`${file} does not contain "${find}" exactly once`);
    writeFileSync(
      join(folder, file),
      source.replace(find, () => replace),
    );
    const { error, stderr } = await asc.main([
      ENTRIES[name].entry,
      "--config",
      "asconfig.json",
      "--target",
      "release",
      "--baseDir",
      folder,
      "--outFile",
      "patched.wasm",
      ...ENTRIES[name].flags,
    ]);
    if (error !== null) throw new Error(stderr.toString());
    return new Uint8Array(readFileSync(join(folder, "patched.wasm")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
