// Builds the WebAssembly modules (release and debug) and the bundles of the command line
// and the library into dist/.
// Board images are built by `killswitch build`, the types of the library by `npm run build`.

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

const FIRMWARE_CONFIG = "asconfig.json";
const MODULES = [
  // The gate is a pure function. It has no memory, so none is exported. Optimised for size, it is
  // faster when translated to C: 303 instead of 396 instructions for 8 samples on RV32
  // (`npm run bench -- boards`).
  {
    entry: "firmware/gate/gate.ts",
    name: "gate",
    flags: ["--noExportMemory", "--initialMemory", "0"],
    release: ["--shrinkLevel", "1"],
  },
  { entry: "firmware/mac/mac.ts", name: "mac", flags: ["--memoryBase", "16"] },
  // Optimised for size: a signature is rare, and its code is a large part of a board's flash.
  {
    entry: "firmware/sign/sign.ts",
    name: "sign",
    flags: ["--memoryBase", "16"],
    release: ["--shrinkLevel", "1"],
  },
  // The interpreter keeps its compiled code in RAM. Without optimisation for size that takes a
  // third more. Data starts at address 16, so that a board has to provide as little memory as
  // possible.
  {
    entry: "firmware/device/main.ts",
    name: "device",
    flags: ["--memoryBase", "16"],
    release: ["--shrinkLevel", "1"],
    interpreted: true,
  },
  { entry: "firmware/fixture/main.ts", name: "fixture", flags: [] },
];

// The recorder with which `killswitch prove` explores a guest. It runs in V8 only, so it uses SIMD.
const RECORDER = "host-sim/prove/device/recorder";
const PROVE_MODULES = ["recorder", "page"].map((name) => ({
  entry: `${RECORDER}/${name}.ts`,
  name,
  config: `${RECORDER}/asconfig.json`,
  flags: [],
}));

async function assemble(module, target, folder) {
  mkdirSync(folder, { recursive: true });
  const { error, stderr } = await asc.main([
    module.entry,
    "--config",
    module.config ?? FIRMWARE_CONFIG,
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
      `${stderr.toString()}\nbuild: ${module.entry} does not compile (target ${target})\n`,
    );
    process.exit(1);
  }
}

/**
 * Loads and stores at a constant address C, in the text format: (i32.load offset=O (i32.const C)).
 */
const AT_CONSTANT =
  /\((i(?:32|64)\.(?:load|store)\w*)(?: offset=(\d+))?( align=\d+)?\s+\(i32\.const (\d+)\)/g;

/**
 * Moves every constant address into the offset, so that the address operand is 0. wasm3 then keeps
 * one constant per function instead of loading one per access. This saves 3 KiB of its RAM and a
 * tenth of the time of a tick.
 */
function addressFromZero(path) {
  const shift = (_, op, offset = "0", align = "", address) =>
    `(${op} offset=${Number(offset) + Number(address)}${align} (i32.const 0)`;
  const text = binaryen.readBinary(readFileSync(`${path}.wasm`)).emitText();
  const module = binaryen.parseText(text.replace(AT_CONSTANT, shift));
  module.setFeatures(binaryen.Features.MVP);
  if (!module.validate())
    throw new Error(`build: ${path}.wasm is not valid after its addresses were moved`);
  // The binary has no function names. List those from asc's text before the new text, in order.
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
for (const module of PROVE_MODULES) await assemble(module, "release", "dist/prove");
// The bundle is split, so that code that only one verb needs is loaded only for that verb.
rmSync("dist/chunks", { recursive: true, force: true });
await build({
  entryPoints: { main: "host-sim/cli/main.ts", library: "host-sim/library/index.ts" },
  outdir: "dist",
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "node20",
  sourcemap: true,
  logLevel: "warning",
});
// The program checks Node's version before it loads the bundle, which an old Node cannot read. npm makes
// the file executable when it links it; keep it so after a later build.
writeFileSync(
  "dist/killswitch.js",
  `#!/usr/bin/env node
import { createRequire } from "node:module";
createRequire(import.meta.url)("../host-sim/cli/node-version.cjs");
await import("./main.js");
`,
);
chmodSync("dist/killswitch.js", 0o755);
// Bundle the commands of boards that have a commands.ts. `killswitch board` loads them when needed.
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
