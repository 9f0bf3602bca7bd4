/**
 * Translates WebAssembly modules to C by wasm2c, for boards that compile them in.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageProgram } from "../base/paths.ts";
import { firmwarePath, readModule } from "../sim/firmware.ts";
import { runTool } from "./tools.ts";

/** What of mac.wasm's page is backed, in bytes: its buffers end below. */
export const MAC_MEMORY = 2880;
/** What of sign.wasm's page is backed, in bytes: its buffers end below. */
export const SIGN_MEMORY = 2064;

/** For third-party code: wasm3 relies on signed overflow and breaks the strict aliasing rule. */
export const THIRD_PARTY_FLAGS = ["-w", "-fwrapv", "-fno-strict-aliasing"];

/** A source, and the flags that it needs. */
export interface Unit {
  readonly source: string;
  readonly flags: readonly string[];
}

/** wasm2c's code for a memory of one page that cannot grow. */
const ONE_PAGE = "wasm_rt_allocate_memory(&instance->w2c_memory, 1, 1, 0, 65536);";
/**
 * Replacements that make a memory's address and size compile-time constants, for a memory that
 * never grows. wasm2c's code reads both from the instance at every access, the size in 64 bits,
 * which is half of all instructions on a 32-bit core.
 */
const FIXED_MEMORY: readonly [string, string][] = [
  ["&((mem)->data[addr])", "&(WASM_RT_DATA[addr])"],
  [
    "if (UNLIKELY(a + (uint64_t)sizeof(t) > mem->size))",
    "if (UNLIKELY(a > WASM_RT_SIZE - sizeof(t)))",
  ],
];

/**
 * Translates a module to C. `name`: name of the file, and up to its first "_" the module's prefix
 * in C. `memory`: the C array that holds its memory, and its length in bytes.
 */
export function translate(
  module: Uint8Array,
  name: string,
  folder: string,
  memory?: { data: string; bytes: number },
): Unit {
  const source = join(folder, `${name}.c`);
  const wasm = join(folder, `${name}.wasm`);
  writeFileSync(wasm, module);
  const wasm2c = packageProgram("wabt", "wasm2c");
  runTool(wasm2c, [wasm, "--module-name", name.split("_")[0] ?? name, "--output", source]);
  const text = readFileSync(source, "utf8");
  if (memory === undefined || !text.includes(ONE_PAGE)) return { source, flags: THIRD_PARTY_FLAGS };
  let fixed = text;
  for (const [from, to] of FIXED_MEMORY) {
    if (!fixed.includes(from))
      throw new Error(`wasm2c's output no longer contains "${from}": adapt FIXED_MEMORY`);
    fixed = fixed.replace(from, to);
  }
  writeFileSync(source, fixed);
  const flags = [`-DWASM_RT_DATA=${memory.data}`, `-DWASM_RT_SIZE=${memory.bytes}u`];
  return { source, flags: [...THIRD_PARTY_FLAGS, ...flags] };
}

/** Translates the gate and the MAC, which every board compiles. */
export function translateCore(folder: string, macFlags: readonly string[] = []): Unit[] {
  const memory = { data: "mac_memory", bytes: MAC_MEMORY };
  const mac = translate(readModule(firmwarePath("mac")), "mac_wasm", folder, memory);
  return [
    translate(readModule(firmwarePath("gate")), "gate", folder),
    { ...mac, flags: [...mac.flags, ...macFlags] },
  ];
}

/** Translates the module that signs, for the boards that make attestations. */
export function translateSign(folder: string): Unit {
  const memory = { data: "sign_memory", bytes: SIGN_MEMORY };
  return translate(readModule(firmwarePath("sign")), "sign_wasm", folder, memory);
}
