// Builds everything that is made rather than written: the WebAssembly modules (release and debug)
// and the command line bundle. Knows no board; board images are `killswitch build`.
import { chmodSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import asc from "assemblyscript/asc";
import { build } from "esbuild";

const MODULES = [
  // The gate is pure: no memory at all, so none is exported.
  {
    entry: "firmware/gate/gate.ts",
    name: "gate",
    flags: ["--noExportMemory", "--initialMemory", "0"],
  },
  { entry: "firmware/mac/mac.ts", name: "mac", flags: [] },
  { entry: "firmware/device/main.ts", name: "device", flags: [] },
  { entry: "firmware/fixture/main.ts", name: "fixture", flags: [] },
];

async function assemble(module, target, folder) {
  mkdirSync(folder, { recursive: true });
  const { error, stderr } = await asc.main([
    module.entry,
    "--config",
    "asconfig.json",
    "--target",
    target,
    "--outFile",
    `${folder}/${module.name}.wasm`,
    "--textFile",
    `${folder}/${module.name}.wat`,
    ...module.flags,
  ]);
  if (error) {
    process.stderr.write(
      `${stderr.toString()}\nbuild: ${module.entry} did not compile (${target})\n`,
    );
    process.exit(1);
  }
}

for (const module of MODULES) {
  await assemble(module, "release", "dist/firmware");
  await assemble(module, "debug", "dist/firmware/debug");
}
await build({
  entryPoints: ["host-sim/cli.ts"],
  outfile: "dist/killswitch.js",
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node20",
  banner: { js: "#!/usr/bin/env node" },
  sourcemap: true,
  logLevel: "warning",
});
// npm makes a bin executable when it links it; a bundle that is built later must stay so.
chmodSync("dist/killswitch.js", 0o755);
// A board with hardware of its own brings commands; loaded when asked for.
for (const board of readdirSync("boards").filter((name) =>
  existsSync(`boards/${name}/commands.ts`),
)) {
  await build({
    entryPoints: [`boards/${board}/commands.ts`],
    outdir: `dist/boards/${board}`,
    bundle: true,
    splitting: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
}
