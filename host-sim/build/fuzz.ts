/**
 * Builds and runs the fuzz targets: the module loader, the imports, and the page's framing with the
 * whole host behind it. The seeds are in tests/hostile/corpus. Findings and new inputs go to
 * dist/fuzz.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UserError } from "../base/errors.ts";
import { packageRoot } from "../base/paths.ts";
import { firmwarePath, readModule } from "../sim/firmware.ts";
import { WASM3_FLAGS } from "./native-image.ts";
import { requireTools, runTool, type ToolState, toolState } from "./tools.ts";
import { MAC_MEMORY, THIRD_PARTY_FLAGS, translate } from "./translate.ts";
import { wasm3Folder } from "./wasm3.ts";

export const FUZZ_TARGETS = ["imports", "module", "page"] as const;
export type FuzzTarget = (typeof FUZZ_TARGETS)[number];

const CLANG = { command: "clang", minimum: "12.0", package: "clang libclang-rt-14-dev" };
/** Longest input, in bytes: twice the size of the shipped guest. */
const INPUT_MAX = 24_576;
/** An input that takes longer than this is a finding, in s. */
const INPUT_SECONDS = 10;

export interface FuzzResult {
  readonly runs: number;
  /** The sanitizer's message and the command that reproduces it; null if nothing was found. */
  readonly finding: string | null;
}

export function fuzzTool(): ToolState {
  return toolState(CLANG);
}

function sourcesOf(target: FuzzTarget, folder: string): string[] {
  const boards = join(packageRoot(), "boards");
  const runtime = (...names: string[]) => names.map((name) => join(boards, "runtime", name));
  const fuzz = (...names: string[]) => names.map((name) => join(boards, "testbench", "fuzz", name));
  const mac = translate(readModule(firmwarePath("mac")), "mac_wasm", folder).source;
  const shared = [
    ...runtime("imports.c", "crc32.c", "trace.c", "keys.c", "mac.c", "wasm-rt.c"),
    mac,
  ];
  if (target === "imports") return [...fuzz("fuzz_imports.c", "fuzz_host.c"), ...shared];
  if (target === "page") {
    const gate = translate(readModule(firmwarePath("gate")), "gate", folder).source;
    return [...fuzz("fuzz_page.c"), ...shared, gate];
  }
  const engine = [...fuzz("fuzz_module.c", "fuzz_heap.c", "fuzz_host.c"), ...shared];
  return [...engine, ...runtime("validate.c", "validate_code.c", "validate_read.c")];
}

/** Builds a target. Returns the path of its program. Throws a UserError if clang is missing. */
export function buildFuzz(target: FuzzTarget): string {
  requireTools([CLANG]);
  const folder = join(packageRoot(), "dist", "fuzz", target);
  mkdirSync(folder, { recursive: true });
  const boards = join(packageRoot(), "boards");
  const program = join(folder, "fuzz");
  runTool(CLANG.command, [
    ...[
      "-std=gnu11",
      "-g",
      "-O1",
      "-fno-sanitize-recover=all",
      ...THIRD_PARTY_FLAGS,
      ...WASM3_FLAGS,
    ],
    "-fsanitize=fuzzer,address,undefined",
    // A switch of wasm3: instantiation does not run the start function.
    "-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION",
    "-DKS_ATTEST=1",
    ...[`-DKS_MAC_MEMORY=${MAC_MEMORY}`, "-DKS_GUEST_MEMORY=65536", "-DKS_GUEST_STACK=4096"],
    ...["runtime", "testbench", "testbench/fuzz"].map((name) => `-I${join(boards, name)}`),
    ...[`-I${folder}`, "-isystem", wasm3Folder()],
    ...sourcesOf(target, folder),
    ...["-lm", "-o", program],
  ]);
  return program;
}

/** Runs a target for `seconds`, starting from the stored seeds. */
export function runFuzz(target: FuzzTarget, seconds: number): FuzzResult {
  const program = buildFuzz(target);
  const found = join(packageRoot(), "dist", "fuzz", target, "found");
  const seeds = join(packageRoot(), "tests", "hostile", "corpus", target);
  mkdirSync(found, { recursive: true });
  const { stderr, status, error } = spawnSync(
    program,
    [
      `-max_total_time=${seconds}`,
      `-max_len=${INPUT_MAX}`,
      `-timeout=${INPUT_SECONDS}`,
      `-artifact_prefix=${join(packageRoot(), "dist", "fuzz", target, "finding-")}`,
      found,
      seeds,
      // The shipped modules are good seeds for the module loader.
      ...(target === "module" ? [join(packageRoot(), "dist", "firmware")] : []),
    ],
    { encoding: "utf8", maxBuffer: 1 << 26 },
  );
  if (error !== undefined) throw new UserError(`${program}: ${error.message}`, EXIT.INTERNAL);
  const runs = Number(/Done (\d+) runs/.exec(stderr)?.[1] ?? 0);
  if (status === 0) return { runs, finding: null };
  const errors = stderr.split("\n").filter((line) => /ERROR|SUMMARY|runtime error/.test(line));
  const input = /Test unit written to (\S+)/.exec(stderr)?.[1] ?? "";
  return { runs, finding: `${errors.join("\n")}\n  ${program} ${input}` };
}
