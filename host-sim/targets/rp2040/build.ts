/**
 * Builds the flash image of a controller: host, gate and MAC in C, an engine for the guest, and the second
 * stage of its boot with the checksum that the boot ROM asks for. Compiles only what changed.
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
import { EXIT, UserError } from "../../base/errors.ts";
import { packageRoot } from "../../base/paths.ts";
import {
  type Engine,
  STRICT_FLAGS,
  translationFolder,
  UNROLL_FLAGS,
  WASM3_FLAGS,
} from "../../build/native-image.ts";
import { requireTools, runTool } from "../../build/tools.ts";
import { MAC_MEMORY, THIRD_PARTY_FLAGS, translate, translateCore } from "../../build/translate.ts";
import { wasm3Folder } from "../../build/wasm3.ts";
import { firmwarePath, readModule } from "../../sim/firmware.ts";
import { loadGuest } from "../../sim/module.ts";
import { type ImageBoard, loadImageBoard } from "./board.ts";
import { checksumOfBoot } from "./boot-checksum.ts";

export interface FirmwareOptions {
  readonly board: string;
  /** Default: wasm3. */
  readonly engine?: Engine;
  /** The guest that `aot` translates. Default: device.wasm. */
  readonly guest?: Uint8Array<ArrayBuffer>;
  /** The image that ignores the gate, in place of the firmware. */
  readonly hostile?: boolean;
  /** Compiles everything, even if it did not change. */
  readonly afresh?: boolean;
}

export interface BuiltFirmware {
  readonly elf: string;
  readonly map: string;
  /** The contents of the flash, from offset 0. */
  readonly bytes: Uint8Array;
}

const COMMON = [
  "crc32.c",
  "event_queue.c",
  "host.c",
  "imports.c",
  "keys.c",
  "mac.c",
  "trace.c",
  "validate.c",
  "validate_code.c",
  "validate_read.c",
  "wasm-rt.c",
];
/** The second stage, checksum included. */
const BOOT_BYTES = 256;

/** The MAC's own words are aligned: memory_inline.h. */
const ALIGNED = "-DKS_ALIGNED";

interface Unit {
  readonly source: string;
  readonly flags: readonly string[];
}

const built = new Map<string, BuiltFirmware>();

/** Throws a UserError on a missing tool or sources that do not compile. */
export function buildFirmware(options: FirmwareOptions): BuiltFirmware {
  const { guest, ...rest } = options;
  const translated = options.engine === "aot" && guest !== undefined ? guest : new Uint8Array();
  const key = createHash("sha256").update(JSON.stringify(rest)).update(translated).digest("hex");
  const known = built.get(key) ?? build(options);
  built.set(key, known);
  return known;
}

function build(options: FirmwareOptions): BuiltFirmware {
  const board = loadImageBoard(options.board);
  requireTools(board.tools);
  const boards = join(packageRoot(), "dist", "boards");
  mkdirSync(boards, { recursive: true });
  const usual = join(boards, board.name);
  const folder = options.afresh === true ? mkdtempSync(join(boards, "afresh-")) : usual;
  mkdirSync(folder, { recursive: true });
  const translated = translationFolder(folder);
  try {
    return options.hostile === true
      ? link(board, folder, board.hostile.link, flagsOf(board, translated), hostileUnits(board))
      : link(board, folder, board.link, flagsOf(board, translated, options.engine), [
          ...ownUnits(board),
          ...guestUnits(board, options, translated),
        ]);
  } finally {
    rmSync(options.afresh === true ? folder : translated, { recursive: true });
  }
}

const assembled = (source: string): Unit => ({
  source,
  flags: source.endsWith(".S")
    ? ["-Xassembler", `--debug-prefix-map=${packageRoot()}=.`]
    : [...STRICT_FLAGS],
});

function hostileUnits(board: ImageBoard): Unit[] {
  return board.hostile.sources.map((name) => assembled(join(board.folder, name)));
}

function ownUnits(board: ImageBoard): Unit[] {
  const runtime = join(packageRoot(), "boards", "runtime");
  return [
    ...COMMON.map((name) => join(runtime, name)),
    ...board.sources.map((name) => join(board.folder, name)),
  ].map(assembled);
}

/** The gate, the MAC, and the guest's engine. */
function guestUnits(board: ImageBoard, options: FirmwareOptions, folder: string): Unit[] {
  const runtime = (name: string) => join(packageRoot(), "boards", "runtime", name);
  const core = translateCore(folder, [...UNROLL_FLAGS, ALIGNED]);
  if (options.engine !== "aot") {
    return [
      ...core,
      {
        source: runtime("engine_wasm3.c"),
        flags: [...STRICT_FLAGS, "-fno-strict-aliasing", "-Wno-unused-function"],
      },
      {
        source: runtime("wasm3.c"),
        flags: [...THIRD_PARTY_FLAGS, "-O3", "-fno-tree-loop-distribute-patterns"],
      },
    ];
  }
  const shipped = readModule(firmwarePath("device"));
  const { guest } = options;
  const good = guest !== undefined && typeof loadGuest(guest) !== "string";
  const memory = { data: "guest_memory", bytes: board.guestBytes };
  const unit = translate(good ? guest : shipped, "device", folder, memory);
  const imports = readFileSync(unit.source, "utf8").includes("w2c_board_instance");
  return [
    ...core,
    {
      source: runtime("engine_aot.c"),
      flags: [...STRICT_FLAGS, ...(imports ? ["-DKS_GUEST_IMPORTS"] : [])],
    },
    { ...unit, flags: [...unit.flags, `-DKS_GUEST_DEPTH=${board.guestDepth}`] },
  ];
}

function flagsOf(board: ImageBoard, translated: string, engine: Engine = "wasm3"): string[] {
  const include = [
    ...board.include.map((name) => join(board.folder, name)),
    join(packageRoot(), "boards", "runtime"),
    translated,
  ];
  const wasm3 = engine === "aot" ? [] : [wasm3Folder()];
  const pins = Object.entries(board.pins).map(
    ([name, pin]) => `-DPIN_${name.toUpperCase().replaceAll("-", "_")}=${pin}`,
  );
  return [
    ...board.flags,
    ...[
      [packageRoot(), "."],
      [translated, "translated"],
      ...wasm3.map((folder) => [folder, "wasm3"]),
    ].map(([from, to]) => `-ffile-prefix-map=${from}=${to}`),
    ...include.map((folder) => `-I${folder}`),
    ...wasm3.flatMap((folder) => ["-isystem", folder]),
    ...pins,
    "-include",
    join(board.folder, board.includeFirst),
    `-DKS_GUEST_MEMORY=${board.guestBytes}`,
    `-DKS_MAC_MEMORY=${MAC_MEMORY}`,
    `-DKS_GUEST_STACK=${board.guestStackBytes}`,
    `-Dd_m3FixedHeap=${board.arenaBytes}`,
    ...WASM3_FLAGS,
  ];
}

function headersDigest(folders: readonly string[]): string {
  const hash = createHash("sha256");
  for (const folder of folders) {
    for (const name of readdirSync(folder).sort()) {
      if (/\.(h|ld)$/.test(name)) hash.update(name).update(readFileSync(join(folder, name)));
    }
  }
  return hash.digest("hex");
}

/** Writes a file under another name and renames it, so that a reader never sees half of it. */
function whole(path: string, make: (to: string) => void): void {
  const beside = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  make(beside);
  renameSync(beside, path);
}

function link(
  board: ImageBoard,
  folder: string,
  last: readonly string[],
  flags: readonly string[],
  units: readonly Unit[],
): BuiltFirmware {
  const headers = headersDigest(
    flags.filter((flag) => flag.startsWith("-I")).map((flag) => flag.slice(2)),
  );
  // The folder of the translations has another name each time, so the key has the contents instead.
  const plain = flags.map((flag) => flag.replace(/translated-\w+/, "translated"));
  const objects = units.map(({ source, flags: more }) => {
    const hash = createHash("sha256").update(
      JSON.stringify([board.compiler, plain, more, headers]),
    );
    const digest = hash.update(readFileSync(source)).digest("hex").slice(0, 24);
    const object = join(folder, "objects", digest, `${basename(source)}.o`);
    if (!existsSync(object))
      whole(object, (to) => runTool(board.compiler, [...flags, ...more, "-o", to, "-c", source]));
    return object;
  });
  const words = last.map((flag) => flag.replace("{board}", board.folder));
  const scripts = words
    .filter((word) => word.endsWith(".ld"))
    .map((word) => readFileSync(word, "utf8"));
  const digest = createHash("sha256").update(JSON.stringify([plain, objects, words, scripts]));
  const elf = join(folder, `image-${digest.digest("hex").slice(0, 24)}`);
  const map = `${elf}.map`;
  if (!existsSync(elf)) {
    whole(elf, (to) =>
      runTool(board.compiler, [
        ...flags,
        ...objects,
        ...words,
        "-Xlinker",
        `-Map=${map}`,
        "-o",
        to,
      ]),
    );
  }
  return { elf, map, bytes: flashOf(board, elf) };
}

/** The flash's bytes of an image, the second stage's checksum filled in. */
function flashOf(board: ImageBoard, elf: string): Uint8Array {
  const bin = `${elf}.bin`;
  const objcopy = board.compiler.replace(/gcc$/, "objcopy");
  if (!existsSync(bin)) whole(bin, (to) => runTool(objcopy, ["-O", "binary", elf, to]));
  const bytes = readFileSync(bin);
  if (bytes.length > board.flash.firmware.bytes)
    throw new UserError(`${bin}: ${bytes.length} bytes do not fit the flash`, EXIT.BAD_FILE);
  const checksum = checksumOfBoot(bytes.subarray(0, BOOT_BYTES - 4));
  bytes.writeUInt32LE(checksum, BOOT_BYTES - 4);
  return bytes;
}
