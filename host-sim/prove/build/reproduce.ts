/**
 * Builds everything twice, each time from its own copy of the sources: in paths of different length, with
 * another home, user, time zone, locale, umask and date. Both builds must give the same bytes.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { EXIT, UserError } from "../../base/errors.ts";
import { packageRoot } from "../../base/paths.ts";
import { nativeBoardNames } from "../../build/native-board.ts";
import { ENGINES, type Engine } from "../../build/native-image.ts";
import { targetStates } from "../../build/tools.ts";
import { wasm3Folder } from "../../build/wasm3.ts";
import { fileDifference } from "./file-difference.ts";

export interface BuiltFile {
  /** A module's path from the root; an image's board and engine. */
  name: string;
  sha256: string;
  bytes: number;
}

export interface ReproduceReport {
  files: BuiltFile[];
  /** A line for each file that differs. */
  differs: string[];
  /** What was not built, with the reason. */
  notRun: string[];
}

export interface ReproduceOptions {
  /** The boards whose images are built. Modules are always built. */
  boards: readonly string[];
  engines?: readonly Engine[];
  /** Changes a copy before it is built. */
  change?: (root: string) => void;
  progress?: (done: number, of: number) => void;
}

/** Everything that the build reads, except node_modules and the sources of wasm3. */
const SOURCES = ["package.json", "asconfig.json", "build.js", "firmware", "host-sim", "boards"];

/** A place to build in. Nothing of it may show in the build. `date`: for __DATE__ and __TIME__, in s. */
interface Place {
  folder: string;
  umask: string;
  date: string;
  env: Record<string, string>;
}

const PLACES: readonly Place[] = [
  {
    folder: "a",
    umask: "022",
    date: "1",
    env: { TZ: "UTC", LC_ALL: "C", LANG: "C", USER: "one", LOGNAME: "one" },
  },
  {
    folder: "a-path-that-is-longer/and deeper, with a space/b",
    umask: "077",
    date: "1700000000",
    env: {
      TZ: "Pacific/Chatham",
      LC_ALL: "tr_TR.UTF-8",
      LANG: "tr_TR.UTF-8",
      USER: "another",
      LOGNAME: "another",
      PWD: "/",
      COLUMNS: "40",
    },
  },
];

class Copy {
  readonly root: string;
  readonly #place: Place;
  readonly #env: Record<string, string>;

  /** Copies the sources to a folder below `base`. */
  constructor(base: string, place: Place, wasm3: string | null) {
    this.#place = place;
    this.root = join(base, place.folder);
    const from = packageRoot();
    const home = join(this.root, "home");
    mkdirSync(home, { recursive: true });
    for (const name of SOURCES)
      cpSync(join(from, name), join(this.root, name), { recursive: true });
    symlinkSync(realpathSync(join(from, "node_modules")), join(this.root, "node_modules"));
    this.#env = {
      ...place.env,
      PATH: process.env.PATH ?? "",
      HOME: home,
      TMPDIR: home,
      SOURCE_DATE_EPOCH: place.date,
    };
    if (wasm3 === null) return;
    this.#env.WASM3_DIR = join(this.root, basename(wasm3));
    cpSync(wasm3, this.#env.WASM3_DIR, { recursive: true });
  }

  /** Runs node there. Throws a UserError if it fails. */
  #node(args: readonly string[]): string {
    const line = ["-c", `umask ${this.#place.umask}; exec "$@"`, "sh", process.execPath, ...args];
    const { status, stdout, stderr } = spawnSync("sh", line, {
      cwd: this.root,
      env: this.#env,
      encoding: "utf8",
    });
    if (status === 0) return stdout;
    const why = stderr.trim().split("\n").slice(0, 4).join("\n");
    throw new UserError(`node ${args.join(" ")} failed in ${this.root}:\n${why}`, EXIT.TOOL_FAILED);
  }

  /** Builds the modules. Returns them by name. */
  modules(): Map<string, Uint8Array> {
    this.#node(["build.js"]);
    return modulesOf(this.root);
  }

  image(board: string, engine: Engine): Uint8Array {
    const program = join("dist", "killswitch.js");
    const text = this.#node([program, "build", "--json", "--board", board, "--engine", engine]);
    const { image } = JSON.parse(text) as { image: string };
    return readFileSync(image);
  }
}

/** All modules below a root, release and debug. */
function modulesOf(root: string): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const folder of ["dist/firmware", "dist/firmware/debug"]) {
    if (!existsSync(join(root, folder))) continue;
    for (const name of readdirSync(join(root, folder)).sort())
      if (name.endsWith(".wasm"))
        found.set(`${folder}/${name}`, readFileSync(join(root, folder, name)));
  }
  return found;
}

class Reproduction {
  readonly report: ReproduceReport = { files: [], differs: [], notRun: [] };

  /** Compares a file from the two builds. */
  compare(name: string, one: Uint8Array, other: Uint8Array): void {
    const sha256 = createHash("sha256").update(one).digest("hex");
    this.report.files.push({ name, sha256, bytes: one.length });
    const differs = fileDifference(one, other);
    if (differs !== null) this.report.differs.push(`${name}: two builds differ, ${differs}`);
  }

  modules(one: Map<string, Uint8Array>, other: Map<string, Uint8Array>): void {
    for (const name of new Set([...one.keys(), ...other.keys()]))
      this.compare(name, one.get(name) ?? new Uint8Array(0), other.get(name) ?? new Uint8Array(0));
    const here = modulesOf(packageRoot());
    for (const [name, bytes] of one) {
      const differs = fileDifference(here.get(name) ?? new Uint8Array(0), bytes);
      if (differs === null) continue;
      const path = relative(process.cwd(), join(packageRoot(), name));
      this.report.differs.push(
        `${path} is not what the sources give, ${differs}: build it again with \`npm run build\``,
      );
    }
  }
}

/** Every board with an image. */
export const allBoards = nativeBoardNames;

/** Builds everything twice and compares. Throws a UserError on sources that do not build. */
export function reproduce(options: ReproduceOptions): ReproduceReport {
  const { boards, engines = ENGINES, change, progress } = options;
  const here = new Reproduction();
  const states = targetStates().filter(({ target }) => boards.includes(target));
  for (const { target, reason } of states)
    if (reason !== null) here.report.notRun.push(`image of ${target}: ${reason}`);
  const ready = states.filter(({ reason }) => reason === null).map(({ target }) => target);
  const wasm3 = ready.length > 0 && engines.includes("wasm3") ? wasm3Folder() : null;
  const base = mkdtempSync(join(tmpdir(), "killswitch-build-"));
  const of = 1 + ready.length * engines.length;
  let done = 0;
  try {
    const copies = PLACES.map((place) => new Copy(base, place, wasm3));
    const [first, second] = copies;
    if (first === undefined || second === undefined)
      throw new Error("PLACES has fewer than two places");
    for (const { root } of copies) change?.(root);
    here.modules(first.modules(), second.modules());
    progress?.(++done, of);
    for (const board of ready)
      for (const engine of engines) {
        const name = `image of ${board}, ${engine}`;
        here.compare(name, first.image(board, engine), second.image(board, engine));
        progress?.(++done, of);
      }
    return here.report;
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}
