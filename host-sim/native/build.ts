/**
 * Builds a board's image: the host in C, the gate and the MAC translated by wasm2c, and an engine for
 * the guest. An image that is there and whose parts did not change is not built again. Must not know
 * one board from another.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { EXIT, UserError } from "../errors.ts";
import { firmwarePath, readModule } from "../firmware.ts";
import { loadGuest } from "../module.ts";
import { packageRoot } from "../paths.ts";
import { loadNativeBoard, type NativeBoard } from "./board.ts";
import type { NativeImage } from "./doorbell.ts";
import { needTools } from "./tools.ts";
import { wasm3Folder } from "./wasm3.ts";

export const ENGINES = ["wasm3", "aot"] as const;
export type Engine = (typeof ENGINES)[number];

export interface BuildOptions {
  board: string;
  /** By default wasm3. */
  engine?: Engine;
  /** What `aot` translates; by default device.wasm. */
  guest?: Uint8Array<ArrayBuffer>;
  /** One of the board's; by default its first. */
  compiler?: string;
  /** With AddressSanitizer and UndefinedBehaviorSanitizer. */
  sanitize?: boolean;
  /** Sources that stand in for host.c and its bench: what measures or tests the rest of the board. */
  instead?: readonly string[];
  /** How many of PIN the board has; by default relay and lamp. */
  pins?: number;
  /** In place of the board's: what of the guest's page is backed, heap and stack of the engine, in bytes. */
  guestBytes?: number;
  arenaBytes?: number;
  guestStackBytes?: number;
  /** After all others: to build a board that is meant to fail. */
  flags?: readonly string[];
}

export interface Built extends NativeImage {
  readonly path: string;
  readonly map: string;
  readonly hungMs: number;
}

const COMMON = [
  "crc32.c",
  "imports.c",
  "mac.c",
  "trace.c",
  "validate.c",
  "validate_code.c",
  "validate_read.c",
  "wasm-rt.c",
];
/** What of mac.wasm's page is backed, in bytes: its buffers end below. */
export const MAC_MEMORY = 2816;
export const STRICT = ["-Wall", "-Wextra", "-Werror", "-Wconversion"];
/** What is not ours: wasm3 adds signed integers past their end and reads them through other types. */
export const FOREIGN = ["-w", "-fwrapv", "-fno-strict-aliasing"];
/** SHA-256's rounds, eight a turn: GCC unrolls when told to, clang by itself. */
const UNROLL = [
  "-funroll-loops",
  ...["max-unroll-times=8", "max-unrolled-insns=800", "max-average-unrolled-insns=800"].map(
    (limit) => `--param=${limit}`,
  ),
];
const SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1"];
export const WASM3 = [
  "-Dd_m3CodePageAlignSize=512",
  "-Dd_m3FixedHeapAlign=8",
  // Every call copies the whole of a function's constants.
  "-Dd_m3MaxConstantTableSize=16",
  "-Dd_m3MaxDuplicateFunctionImpl=1",
  "-Dd_m3VerboseErrorMessages=0",
  "-Dd_m3HasFloat=0",
];

/** The host and its bench. */
const HOST = ["common/event_queue.c", "common/host.c", "bench/bench.c"];
/** What measures itself, without them: see boards/bench/figures.c. */
export const FIGURES = ["bench/figures.c", "bench/gate_twin.c", "bench/device_twin.c"].map((name) =>
  join(packageRoot(), "boards", name),
);

/** The assembler is not told by -ffile-prefix-map. */
const ASSEMBLED = ["-Xassembler", `--debug-prefix-map=${packageRoot()}=.`];

interface Unit {
  readonly source: string;
  readonly flags: readonly string[];
}

/** Runs a tool at the root: a compiler writes down where it ran, by the name in PWD. */
export function runTool(program: string, args: readonly string[]): void {
  const cwd = packageRoot();
  const env = { ...process.env, PWD: cwd };
  const { status, stderr, error } = spawnSync(program, args, { cwd, env, encoding: "utf8" });
  if (status === 0) return;
  const why = (error?.message ?? stderr).trim().split("\n").slice(0, 12).join("\n");
  throw new UserError(`${program} failed on ${args.at(-1)}:\n${why}`, EXIT.BAD_FILE);
}

/** A memory that is one page from beginning to end. */
const ONE_PAGE = "wasm_rt_allocate_memory(&instance->w2c_memory, 1, 1, 0, 65536);";
/**
 * wasm2c reads a memory's place and size from the instance at every access, the size in 64 bits:
 * half of all instructions on a 32-bit core. A memory that never grows has both fixed.
 */
const FIXED_MEMORY: readonly [string, string][] = [
  ["&((mem)->data[addr])", "&(WASM_RT_DATA[addr])"],
  [
    "if (UNLIKELY(a + (uint64_t)sizeof(t) > mem->size))",
    "if (UNLIKELY(a > WASM_RT_SIZE - sizeof(t)))",
  ],
];

/**
 * Translates a module to C under a name; `data` and `size` are the C names of its memory's bytes and
 * their number. Returns the unit.
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
  const wasm2c = join(packageRoot(), "node_modules", ".bin", "wasm2c");
  runTool(wasm2c, [wasm, "--module-name", name.split("_")[0] ?? name, "--output", source]);
  const text = readFileSync(source, "utf8");
  if (memory === undefined || !text.includes(ONE_PAGE)) return { source, flags: FOREIGN };
  let fixed = text;
  for (const [from, to] of FIXED_MEMORY) {
    if (!fixed.includes(from)) throw new Error(`wasm2c no longer writes ${from}`);
    fixed = fixed.replace(from, to);
  }
  writeFileSync(source, fixed);
  const flags = [`-DWASM_RT_DATA=${memory.data}`, `-DWASM_RT_SIZE=${memory.bytes}u`];
  return { source, flags: [...FOREIGN, ...flags] };
}

/** The gate and the MAC, translated: what every board compiles. */
export function translateCore(folder: string, macFlags: readonly string[] = []): Unit[] {
  const memory = { data: "mac_memory", bytes: MAC_MEMORY };
  const mac = translate(readModule(firmwarePath("mac")), "mac_wasm", folder, memory);
  return [
    translate(readModule(firmwarePath("gate")), "gate", folder),
    { ...mac, flags: [...mac.flags, ...macFlags] },
  ];
}

/** The guest's translation; of one that is refused, device.wasm's in its place: never called. */
function translateGuest(
  guest: Uint8Array<ArrayBuffer> | undefined,
  folder: string,
  bytes: number,
): Unit {
  const shipped = readModule(firmwarePath("device"));
  const good = guest !== undefined && typeof loadGuest(guest) !== "string";
  return translate(good ? guest : shipped, "device", folder, { data: "guest_memory", bytes });
}

function units(options: BuildOptions, board: NativeBoard, folder: string): Unit[] {
  const boards = join(packageRoot(), "boards");
  const common = (name: string) => join(boards, "common", name);
  // Every instruction of a guest passes here at every boot: -O3 saves a tenth of the check.
  const hot = options.sanitize ? STRICT : [...STRICT, "-O3"];
  const strictOf = (source: string) => {
    if (source.endsWith(".S")) return ASSEMBLED;
    return source.endsWith("validate_code.c") ? hot : STRICT;
  };
  const own = [
    ...COMMON.map(common),
    ...(options.instead ?? HOST.map((name) => join(boards, name))),
    ...board.sources.map((name) => join(board.folder, name)),
  ].map((source) => ({ source, flags: strictOf(source) }));
  const compiler = options.compiler ?? board.compilers[0];
  const unroll = !options.sanitize && compiler?.endsWith("gcc") === true;
  const foreign = translateCore(folder, unroll ? UNROLL : []);
  if (options.engine === "aot") {
    const bytes = options.guestBytes ?? board.guestBytes;
    const guest = translateGuest(options.guest, folder, bytes);
    // Of a module that imports nothing the instance is made without its imports.
    const imports = readFileSync(guest.source, "utf8").includes("w2c_board_instance");
    const depth = `-DKS_GUEST_DEPTH=${board.guestDepth}`;
    return [
      ...own,
      ...foreign,
      {
        source: common("engine_aot.c"),
        flags: [...STRICT, ...(imports ? ["-DKS_GUEST_IMPORTS"] : [])],
      },
      { ...guest, flags: [...guest.flags, depth] },
    ];
  }
  return [
    ...own,
    ...foreign,
    { source: common("engine_wasm3.c"), flags: [...STRICT, "-fno-strict-aliasing"] },
    {
      source: common("wasm3.c"),
      flags: options.sanitize ? FOREIGN : [...FOREIGN, "-O3", "-fno-tree-loop-distribute-patterns"],
    },
  ];
}

/** No image tells where it was built: names of files in it are those below the root. The last fits first. */
function placeless(translated: string, wasm3: string | undefined): string[] {
  const places = [
    [packageRoot(), "."],
    [translated, "translated"],
    ...(wasm3 === undefined ? [] : [[wasm3, "wasm3"]]),
  ];
  return places.map(([from, to]) => `-ffile-prefix-map=${from}=${to}`);
}

function flagsOf(options: BuildOptions, board: NativeBoard, folder: string): string[] {
  const boards = join(packageRoot(), "boards");
  const include = [join(boards, "common"), join(boards, "bench"), folder];
  const wasm3 = options.engine === "aot" ? [] : ["-isystem", wasm3Folder()];
  return [
    ...board.flags,
    ...placeless(folder, wasm3[1]),
    ...(options.pins === undefined ? [] : [`-DKS_BOARD_PINS=${options.pins}u`]),
    ...(options.sanitize ? SANITIZE : []),
    ...include.map((path) => `-I${path}`),
    ...wasm3,
    `-DKS_GUEST_MEMORY=${options.guestBytes ?? board.guestBytes}`,
    `-DKS_MAC_MEMORY=${MAC_MEMORY}`,
    `-DKS_GUEST_STACK=${options.guestStackBytes ?? board.guestStackBytes}`,
    `-Dd_m3FixedHeap=${options.arenaBytes ?? board.arenaBytes}`,
    ...WASM3,
    ...(options.flags ?? []),
  ];
}

/** All that a compiled file may depend on beside its own text: headers, and what makes images. */
function headersDigest(folders: readonly string[]): string {
  const hash = createHash("sha256");
  for (const folder of folders) {
    for (const name of readdirSync(folder).sort()) {
      if (/\.(h|ld)$/.test(name)) hash.update(name).update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest("hex");
}

const built = new Map<string, Built>();

/**
 * Builds what is asked for, once in this process. Throws a UserError on a missing tool or a board that
 * does not compile.
 */
export function buildBoard(options: BuildOptions): Built {
  const { guest, ...rest } = options;
  const translated = options.engine === "aot" && guest !== undefined ? guest : new Uint8Array();
  const digest = createHash("sha256").update(JSON.stringify(rest)).update(translated).digest("hex");
  const known = built.get(digest) ?? build(options);
  built.set(digest, known);
  return known;
}

function build(options: BuildOptions): Built {
  const board = loadNativeBoard(options.board);
  const compiler = options.compiler ?? board.compilers[0] ?? "";
  if (!board.compilers.includes(compiler)) {
    const use = board.compilers.join(", ");
    throw new UserError(
      `board ${board.name} is not built with ${compiler}: use ${use}`,
      EXIT.USAGE,
    );
  }
  needTools(board.tools);
  const folder = join(packageRoot(), "dist", "boards", board.name);
  const translated = mkdtempIn(folder);
  try {
    return link(board, folder, compiler, [
      flagsOf(options, board, translated),
      units(options, board, translated),
    ]);
  } finally {
    rmSync(translated, { recursive: true });
  }
}

function mkdtempIn(folder: string): string {
  mkdirSync(folder, { recursive: true });
  return mkdtempSync(join(folder, "translated-"));
}

/** Compiles what is not there yet, under the digest of all that goes into it, and links it. */
function link(
  board: NativeBoard,
  folder: string,
  compiler: string,
  [flags, sources]: [string[], Unit[]],
): Built {
  const boards = join(packageRoot(), "boards");
  const headers = headersDigest([
    join(boards, "common"),
    join(boards, "bench"),
    board.folder,
    ...flags.filter((flag) => flag.startsWith("-I")).map((flag) => flag.slice(2)),
  ]);
  // The folder of the translations is another every time; what is in it counts.
  const plain = flags.map((flag) => flag.replace(/translated-\w+/, "translated"));
  const objects = sources.map(({ source, flags: more }) => {
    const hash = createHash("sha256").update(JSON.stringify([compiler, plain, more, headers]));
    const digest = hash.update(readFileSync(source)).digest("hex").slice(0, 24);
    // An object's name gets into the image; its folder's does not.
    const object = join(folder, "objects", digest, `${basename(source)}.o`);
    if (!existsSync(object))
      whole(object, (to) => runTool(compiler, [...flags, ...more, "-o", to, "-c", source]));
    return object;
  });
  const linked = createHash("sha256").update(JSON.stringify([board, plain, objects]));
  const path = join(folder, `image-${linked.digest("hex").slice(0, 24)}`);
  const last = board.link.map((flag) => flag.replace("{board}", board.folder));
  // Not -Wl: a comma in a folder's name would end its word.
  const all = [...flags, ...objects, ...last, "-Xlinker", `-Map=${path}.map`];
  if (!existsSync(path)) whole(path, (to) => runTool(compiler, [...all, "-o", to]));
  return imageOf(board, path);
}

/** Makes a file beside its place and moves it there: it is whole or not there, whoever else makes it. */
function whole(path: string, make: (to: string) => void): void {
  const beside = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  make(beside);
  renameSync(beside, path);
}

function imageOf(board: NativeBoard, path: string): Built {
  const { shared, run, name, hungMs } = board;
  return {
    name,
    path,
    map: `${path}.map`,
    hungMs,
    fileBytes: shared.bytes,
    pageAt: shared.pageAt,
    guestAt: shared.guestAt,
    command: (sharedFile, guestFile) =>
      run.map((word) =>
        word.replace("{image}", path).replace("{shared}", sharedFile).replace("{guest}", guestFile),
      ),
  };
}
