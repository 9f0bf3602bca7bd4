// Builds everything that is made rather than written: the WebAssembly modules (release and debug)
// and the command line bundle. Knows no board; board images are `killswitch build`.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import asc from "assemblyscript/asc";
import binaryen from "binaryen";
import { build } from "esbuild";

const MODULES = [
  // The gate is pure: no memory at all, so none is exported. Shrunk, it is faster as C: 303
  // instructions for 8 samples on RV32, not 396 (`npm run bench -- boards`).
  {
    entry: "firmware/gate/gate.ts",
    name: "gate",
    flags: ["--noExportMemory", "--initialMemory", "0"],
    release: ["--shrinkLevel", "1"],
  },
  { entry: "firmware/mac/mac.ts", name: "mac", flags: ["--memoryBase", "16"] },
  // The interpreter keeps compiled code in RAM: without shrinking, a third more of it. Data from
  // address 16 on: the least page that a board has to back.
  {
    entry: "firmware/device/main.ts",
    name: "device",
    flags: ["--memoryBase", "16"],
    release: ["--shrinkLevel", "1"],
    interpreted: true,
  },
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
    ...(target === "release" ? (module.release ?? []) : []),
  ]);
  if (error) {
    process.stderr.write(
      `${stderr.toString()}\nbuild: ${module.entry} did not compile (${target})\n`,
    );
    process.exit(1);
  }
}

/** Loads and stores at a constant address C, in folded text: (i32.load offset=O (i32.const C)). */
const AT_CONSTANT =
  /\((i(?:32|64)\.(?:load|store)\w*)(?: offset=(\d+))?( align=\d+)?\s+\(i32\.const (\d+)\)/g;

/**
 * Moves every constant address into the offset, the address being 0: wasm3 then keeps one constant a
 * function instead of fetching one an access. Saves 3 KiB of its RAM, and a tenth of a tick.
 */
function addressFromZero(path) {
  const shift = (_, op, offset = "0", align = "", address) =>
    `(${op} offset=${Number(offset) + Number(address)}${align} (i32.const 0)`;
  const folded = binaryen.readBinary(readFileSync(`${path}.wasm`)).emitText();
  const module = binaryen.parseText(folded.replace(AT_CONSTANT, shift));
  module.setFeatures(binaryen.Features.MVP);
  if (!module.validate()) throw new Error(`build: ${path}.wasm is not valid any more`);
  // The bytes have no names: those of asc's text go before the new one, function by function.
  const names = readFileSync(`${path}.wat`, "utf8").match(/(?<=^ \(func )\$\S+/gm) ?? [];
  writeFileSync(`${path}.wasm`, module.emitBinary());
  writeFileSync(
    `${path}.wat`,
    `${names.map((name) => `;; ${name}\n`).join("")}${module.emitText()}`,
  );
}

for (const module of MODULES) {
  await assemble(module, "release", "dist/firmware");
  if (module.interpreted) addressFromZero(`dist/firmware/${module.name}`);
  await assemble(module, "debug", "dist/firmware/debug");
}
// What only one verb needs is loaded when that verb is asked for.
rmSync("dist/chunks", { recursive: true, force: true });
await build({
  entryPoints: { killswitch: "host-sim/cli.ts" },
  outdir: "dist",
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
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
