/**
 * Builds a board's image: the host in C, the gate, the MAC and the module that signs translated to C, and an
 * engine for the guest. Objects and images are cached by the digest of their inputs.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { EXIT, UserError } from "../base/errors.ts";
import { removeAbandoned } from "../base/files.ts";
import { packageRoot } from "../base/paths.ts";
import { firmwarePath, readModule } from "../sim/firmware.ts";
import { loadGuest } from "../sim/module.ts";
import { loadNativeBoard, type NativeBoard } from "./native-board.ts";
import { requireTools, runTool } from "./tools.ts";
import {
  MAC_MEMORY,
  SIGN_MEMORY,
  THIRD_PARTY_FLAGS,
  translate,
  translateCore,
  translateSign,
  type Unit,
} from "./translate.ts";
import { wasm3Folder } from "./wasm3.ts";

export const ENGINES = ["wasm3", "aot"] as const;
export type Engine = (typeof ENGINES)[number];

export interface BuildOptions {
  board: string;
  /** Default: wasm3. */
  engine?: Engine;
  /** The guest that `aot` translates. Default: device.wasm. */
  guest?: Uint8Array<ArrayBuffer>;
  /** One of the board's compilers. Default: its first. */
  compiler?: string;
  /** Builds with AddressSanitizer and UndefinedBehaviorSanitizer. */
  sanitize?: boolean;
  /** Sources that replace the host and its test bench, to measure or test the rest of the board. */
  instead?: readonly string[];
  /** How many pins of PIN the board has. Default: relay and lamp. */
  pins?: number;
  /** Replace the board's values, in bytes: backed part of the guest's page, heap, guest's stack. */
  guestBytes?: number;
  arenaBytes?: number;
  guestStackBytes?: number;
  /** Further compiler flags, after all others. */
  flags?: readonly string[];
}

/** A built board: how to start it, and the layout of its shared file. */
export interface NativeImage {
  /** The board's name, for messages. */
  readonly name: string;
  /** Length of the shared file, and the offset of the page in it. */
  readonly fileBytes: number;
  readonly pageAt: number;
  /**
   * Offset of the guest in the shared file; null if the board reads the guest from its own file.
   */
  readonly guestAt: number | null;
  /** Processor time without an import call after which a guest counts as hung, in ms. */
  readonly hungMs: number;
  command(sharedFile: string, guestFile: string): readonly string[];
}

export interface Built extends NativeImage {
  readonly path: string;
  readonly map: string;
  readonly hungMs: number;
}

const COMMON = [
  "crc32.c",
  "imports.c",
  "keys.c",
  "mac.c",
  "trace.c",
  "validate.c",
  "validate_code.c",
  "validate_read.c",
  "wasm-rt.c",
];
export const STRICT_FLAGS = ["-Wall", "-Wextra", "-Werror", "-Wconversion"];
/** Unrolls SHA-256's rounds, eight at a time. GCC needs these flags; clang unrolls by default. */
export const UNROLL_FLAGS = [
  "-funroll-loops",
  ...["max-unroll-times=8", "max-unrolled-insns=800", "max-average-unrolled-insns=800"].map(
    (limit) => `--param=${limit}`,
  ),
];
const SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1"];
export const WASM3_FLAGS = [
  "-Dd_m3CodePageAlignSize=512",
  "-Dd_m3FixedHeapAlign=8",
  // wasm3 copies a function's whole constant table at every call.
  "-Dd_m3MaxConstantTableSize=16",
  "-Dd_m3MaxDuplicateFunctionImpl=1",
  "-Dd_m3VerboseErrorMessages=0",
  "-Dd_m3HasFloat=0",
];

/** The host and its test bench. */
const HOST = [
  ...["attest.c", "event_queue.c", "host.c", "sign.c"].map((name) => `runtime/${name}`),
  "testbench/bench.c",
];
/** A program that measures the board itself, without them: see boards/testbench/figures.c. */
export const FIGURE_SOURCES = [
  "testbench/figures.c",
  "testbench/gate_twin.c",
  "testbench/device_twin.c",
  "runtime/sign.c",
].map((name) => join(packageRoot(), "boards", name));

/** -ffile-prefix-map does not reach the assembler. */
const ASSEMBLED = ["-Xassembler", `--debug-prefix-map=${packageRoot()}=.`];

/**
 * Translates the guest. For a refused guest, translates device.wasm, which is then never called.
 */
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
  const runtime = (name: string) => join(boards, "runtime", name);
  // Every instruction of a guest passes here at every boot: -O3 saves a tenth of the check.
  const hot = options.sanitize ? STRICT_FLAGS : [...STRICT_FLAGS, "-O3"];
  const strictOf = (source: string) => {
    if (source.endsWith(".S")) return ASSEMBLED;
    return source.endsWith("validate_code.c") ? hot : STRICT_FLAGS;
  };
  const own = [
    ...COMMON.map(runtime),
    ...(options.instead ?? HOST.map((name) => join(boards, name))),
    ...board.sources.map((name) => join(board.folder, name)),
  ].map((source) => ({ source, flags: strictOf(source) }));
  const compiler = options.compiler ?? board.compilers[0];
  const gcc = compiler?.endsWith("gcc") === true;
  const unroll = !options.sanitize && gcc;
  const foreign = [...translateCore(folder, unroll ? UNROLL_FLAGS : []), translateSign(folder)];
  if (options.engine === "aot") {
    const bytes = options.guestBytes ?? board.guestBytes;
    const guest = translateGuest(options.guest, folder, bytes);
    // A module without imports has another instantiate function.
    const imports = readFileSync(guest.source, "utf8").includes("w2c_board_instance");
    const depth = `-DKS_GUEST_DEPTH=${board.guestDepth}`;
    return [
      ...own,
      ...foreign,
      {
        source: runtime("engine_aot.c"),
        flags: [...STRICT_FLAGS, ...(imports ? ["-DKS_GUEST_IMPORTS"] : [])],
      },
      { ...guest, flags: [...guest.flags, depth] },
    ];
  }
  return [
    ...own,
    ...foreign,
    { source: runtime("engine_wasm3.c"), flags: [...STRICT_FLAGS, "-fno-strict-aliasing"] },
    {
      source: runtime("wasm3.c"),
      flags: [
        ...THIRD_PARTY_FLAGS,
        ...(options.sanitize ? [] : ["-O3"]),
        ...(options.sanitize || !gcc ? [] : ["-fno-tree-loop-distribute-patterns"]),
      ],
    },
  ];
}

/**
 * Makes file names in the image relative to the root, so that it does not depend on the build
 * folder.
 */
function relativePaths(translated: string, wasm3: string | undefined): string[] {
  // The compiler uses the last prefix that matches.
  const prefixes = [
    [packageRoot(), "."],
    [translated, "translated"],
    ...(wasm3 === undefined ? [] : [[wasm3, "wasm3"]]),
  ];
  return prefixes.map(([from, to]) => `-ffile-prefix-map=${from}=${to}`);
}

function flagsOf(options: BuildOptions, board: NativeBoard, folder: string): string[] {
  const boards = join(packageRoot(), "boards");
  const include = [join(boards, "runtime"), join(boards, "testbench"), folder];
  const wasm3 = options.engine === "aot" ? [] : ["-isystem", wasm3Folder()];
  return [
    ...board.flags,
    ...relativePaths(folder, wasm3[1]),
    ...(options.pins === undefined ? [] : [`-DKS_BOARD_PINS=${options.pins}u`]),
    ...(options.sanitize ? SANITIZE : []),
    ...include.map((path) => `-I${path}`),
    ...wasm3,
    `-DKS_GUEST_MEMORY=${options.guestBytes ?? board.guestBytes}`,
    `-DKS_MAC_MEMORY=${MAC_MEMORY}`,
    `-DKS_SIGN_MEMORY=${SIGN_MEMORY}`,
    "-DKS_ATTEST=1",
    `-DKS_GUEST_STACK=${options.guestStackBytes ?? board.guestStackBytes}`,
    `-Dd_m3FixedHeap=${options.arenaBytes ?? board.arenaBytes}`,
    ...WASM3_FLAGS,
    ...(options.flags ?? []),
  ];
}

/** Digest of all headers and linker scripts, on which every compiled file may depend. */
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
 * Builds an image, at most once in this process. Throws a UserError for a missing tool or a failed
 * compilation.
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
      `board ${board.name} cannot be built with ${compiler}: use ${use}`,
      EXIT.USAGE,
    );
  }
  requireTools(board.tools);
  const folder = join(packageRoot(), "dist", "boards", board.name);
  const translated = translationFolder(folder);
  try {
    return link(board, folder, compiler, [
      flagsOf(options, board, translated),
      units(options, board, translated),
    ]);
  } finally {
    rmSync(translated, { recursive: true });
  }
}

/** Name of a folder for translations, before the number of the process that makes it. */
const TRANSLATED = "translated-";

/** Makes a folder for translations in `folder`, and removes those that an interrupted process left. */
export function translationFolder(folder: string): string {
  mkdirSync(folder, { recursive: true });
  removeAbandoned(folder, TRANSLATED);
  return mkdtempSync(join(folder, `${TRANSLATED}${process.pid}_`));
}

/** Compiles and links what is not in the cache yet. */
function link(
  board: NativeBoard,
  folder: string,
  compiler: string,
  [flags, sources]: [string[], Unit[]],
): Built {
  const boards = join(packageRoot(), "boards");
  const headers = headersDigest([
    join(boards, "runtime"),
    join(boards, "testbench"),
    board.folder,
    ...flags.filter((flag) => flag.startsWith("-I")).map((flag) => flag.slice(2)),
  ]);
  // The folder of the translations has a new name every time; only its content goes into the
  // digest.
  const plain = flags.map((flag) => flag.replace(/translated-\w+/, "translated"));
  const objects = sources.map(({ source, flags: more }) => {
    const hash = createHash("sha256").update(JSON.stringify([compiler, plain, more, headers]));
    const digest = hash.update(readFileSync(source)).digest("hex").slice(0, 24);
    // An object's file name is stored in the image; its folder is not. So the digest names the
    // folder.
    const object = join(folder, "objects", digest, `${basename(source)}.o`);
    if (!existsSync(object))
      writeAtomically(object, (to) =>
        runTool(compiler, [...flags, ...more, "-o", to, "-c", source]),
      );
    return object;
  });
  const linked = createHash("sha256").update(JSON.stringify([board, plain, objects]));
  const path = join(folder, `image-${linked.digest("hex").slice(0, 24)}`);
  const last = board.link.map((flag) => flag.replace("{board}", board.folder));
  // -Xlinker and not -Wl, which would split at a comma in the folder's name.
  const all = [...flags, ...objects, ...last, "-Xlinker", `-Map=${path}.map`];
  if (!existsSync(path)) writeAtomically(path, (to) => runTool(compiler, [...all, "-o", to]));
  return imageOf(board, path);
}

/**
 * Writes a file under a temporary name and renames it, so that parallel builds see it complete or
 * not.
 */
function writeAtomically(path: string, write: (to: string) => void): void {
  const temporary = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  write(temporary);
  renameSync(temporary, path);
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
