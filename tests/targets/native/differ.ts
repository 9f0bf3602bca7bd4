/**
 * Compares guests between V8 and the boards' interpreter under sanitizers: the verdict, how far a
 * guest gets, and what its memory is then. The guests are made from seeds (guest-maker.ts) or are the
 * mutants of some; the sanitizers watch the interpreter, its heap and the imports.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { GuestExports } from "../../../host-sim/abi/abi.gen.ts";
import { EXIT, UserError } from "../../../host-sim/base/errors.ts";
import { packageRoot } from "../../../host-sim/base/paths.ts";
import { WASM3_FLAGS } from "../../../host-sim/build/native-image.ts";
import { requireTools, runTool } from "../../../host-sim/build/tools.ts";
import { MAC_MEMORY, THIRD_PARTY_FLAGS, translate } from "../../../host-sim/build/translate.ts";
import { wasm3Folder } from "../../../host-sim/build/wasm3.ts";
import { firmwarePath, readModule } from "../../../host-sim/sim/firmware.ts";
import { checkGuest } from "../../../host-sim/sim/profile.ts";

/**
 * `sanitized`: tail calls, under AddressSanitizer and UndefinedBehaviorSanitizer. `loop`: the same
 * with the dispatch loop. `plain`: without sanitizers, so that the heap can be measured. `edge`: as
 * `sanitized` with a guest's stack as small as a board's, which ends where V8's does not.
 */
export const VARIANTS = ["sanitized", "loop", "plain", "edge"] as const;
export type Variant = (typeof VARIANTS)[number];

const CLANG = { command: "clang", minimum: "13.0", package: "clang libclang-rt-14-dev" };
const SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1"];
const FLAGS: Readonly<Record<Variant, readonly string[]>> = {
  sanitized: SANITIZE,
  loop: [...SANITIZE, "-DKS_DISPATCH_LOOP"],
  plain: ["-O2"],
  edge: SANITIZE,
};
const EVENTS = 3;
/** Calls of imports that a guest may make, as in fuzz_host.c. */
const CALLS_MAX = 64;

/** Builds the program that runs guests. Throws a UserError if clang is missing. */
export function buildDiffer(variant: Variant): string {
  requireTools([CLANG]);
  const folder = join(packageRoot(), "dist", "fuzz", `guests-${variant}`);
  mkdirSync(folder, { recursive: true });
  const boards = join(packageRoot(), "boards");
  const common = ["imports.c", "crc32.c", "trace.c", "keys.c", "mac.c", "wasm-rt.c"];
  const check = ["validate.c", "validate_code.c", "validate_read.c"];
  const sources = [
    ...["guest_run.c", "guest_heap.c", "fuzz_host.c"].map((name) =>
      join(boards, "testbench", "fuzz", name),
    ),
    ...[...common, ...check].map((name) => join(boards, "runtime", name)),
    translate(readModule(firmwarePath("mac")), "mac_wasm", folder).source,
  ];
  const program = join(folder, "guest_run");
  runTool(CLANG.command, [
    ...[
      "-std=gnu11",
      "-g",
      ...FLAGS[variant],
      ...THIRD_PARTY_FLAGS,
      ...WASM3_FLAGS,
      "-DKS_COUNT_OPERATIONS",
    ],
    ...[`-DKS_MAC_MEMORY=${MAC_MEMORY}`, "-DKS_GUEST_MEMORY=65536", "-DKS_GUEST_WORDS=16384u"],
    ...[`-DKS_GUEST_STACK=${variant === "edge" ? 2048 : 262_144}`, "-Dd_m3FixedHeap=4194304"],
    ...["runtime", "testbench", "testbench/fuzz"].map((name) => `-I${join(boards, name)}`),
    ...[`-I${folder}`, "-isystem", wasm3Folder(), ...sources, "-lm", "-o", program],
  ]);
  return program;
}

/**
 * Builds the program with one guest translated into it, under sanitizers; it runs that guest alone.
 * The guest must be one that the profile admits.
 */
export function buildTranslated(guest: Uint8Array): string {
  requireTools([CLANG]);
  const folder = join(packageRoot(), "dist", "fuzz", "guests-translated");
  mkdirSync(folder, { recursive: true });
  const boards = join(packageRoot(), "boards");
  const bytes = 65_536;
  const device = translate(guest, "device", folder, { data: "guest_memory", bytes });
  const imports = readFileSync(device.source, "utf8").includes("w2c_board_instance");
  const flags = [
    ...["-std=gnu11", "-g", ...SANITIZE, ...THIRD_PARTY_FLAGS, `-DKS_MAC_MEMORY=${MAC_MEMORY}`],
    ...[`-DKS_GUEST_MEMORY=${bytes}`, "-DKS_GUEST_WORDS=16384u", "-DKS_GUEST_DEPTH=1000"],
    ...["-DGUEST_TRANSLATED", ...(imports ? ["-DKS_GUEST_IMPORTS"] : []), `-I${folder}`],
    ...["runtime", "testbench", "testbench/fuzz"].map((name) => `-I${join(boards, name)}`),
  ];
  const object = join(folder, "device.o");
  runTool(CLANG.command, [...flags, ...device.flags, "-o", object, "-c", device.source]);
  const common = ["imports.c", "crc32.c", "trace.c", "keys.c", "mac.c", "wasm-rt.c", "validate.c"];
  const sources = [
    ...["guest_run.c", "fuzz_host.c"].map((name) => join(boards, "testbench", "fuzz", name)),
    ...[...common, "validate_code.c", "validate_read.c"].map((name) =>
      join(boards, "runtime", name),
    ),
    translate(readModule(firmwarePath("mac")), "mac_wasm", folder).source,
  ];
  const program = join(folder, "guest_run");
  runTool(CLANG.command, [...flags, ...sources, object, "-lm", "-o", program]);
  return program;
}

export interface Ran {
  /** A reason, or `ran CALLS CHECKSUM`. */
  readonly outcome: string;
  /** Operations of the interpreter; 0 for a guest that was refused. */
  readonly operations: number;
}

/** What the interpreter makes of guests. Throws if a sanitizer or the program itself finds something. */
export function runNative(program: string, guests: readonly Uint8Array[]): Ran[] {
  const file = join(packageRoot(), "dist", "fuzz", `guests-${process.pid}.bin`);
  const parts = guests.flatMap((bytes) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  writeFileSync(file, Buffer.concat(parts));
  const { stdout, stderr, status, error } = spawnSync(program, [file], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error !== undefined) throw new UserError(`${program}: ${error.message}`, EXIT.INTERNAL);
  const lines = stdout.trim().split("\n");
  const said = lines.find((line) => /^(NOT COMPILED|MORE HEAP)/.test(line));
  if (status !== 0 || said !== undefined || lines.length !== guests.length) {
    const why = said ?? stderr.split("\n").slice(0, 30).join("\n");
    throw new Error(`guest ${lines.indexOf(said ?? "")} of ${file}: ${why}`);
  }
  return lines.map((line) => {
    const [, outcome = line, operations = "0"] = /^(ran \d+ \w+) (\d+)$/.exec(line) ?? [];
    return { outcome, operations: Number(operations) };
  });
}

function checksum(memory: Uint8Array): string {
  let sum = 2_166_136_261;
  for (const byte of memory) sum = Math.imul(sum ^ byte, 16_777_619);
  return (sum >>> 0).toString(16).padStart(8, "0");
}

/** What V8 makes of a guest that the profile admits; the reason for one that it does not. */
export function runV8(bytes: Uint8Array<ArrayBuffer>): string {
  const checked = checkGuest(bytes);
  if (typeof checked === "string") return checked;
  let calls = 0;
  const board = {
    radio_request: () => {
      if (++calls > CALLS_MAX) throw new WebAssembly.RuntimeError("calls");
    },
  };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { board });
  const guest = instance.exports as unknown as GuestExports;
  let done = 0;
  try {
    guest.init(0);
    for (done = 1; done <= EVENTS; done++) guest.on_event(done, 7 * done, -done);
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
  }
  return `ran ${done} ${checksum(new Uint8Array(guest.memory.buffer))}`;
}
