/**
 * `killswitch build`: builds the image of a board.
 */
import { statSync } from "node:fs";
import type { Command } from "commander";
import { EXIT, UserError } from "../errors.ts";
import { buildFolderOf, chipNames, loadChip } from "../flash/chip.ts";
import { guestFault } from "../flash/contents.ts";
import { prepare, runProject } from "../flash/project.ts";
import { nativeBoardNames } from "../native/board.ts";
import { buildBoard, type Engine } from "../native/build.ts";
import { guestBytes } from "../scenario/guest.ts";
import { engineOption, example, fixtureOption, jsonOption, roleOf } from "./options.ts";
import { print, printJson } from "./terminal.ts";

interface BuildVerbOptions {
  readonly board: string;
  readonly engine: Engine;
  readonly guest?: string;
  readonly compiler?: string;
  readonly sanitize: boolean;
  readonly fixture: boolean;
  readonly prepareOnly: boolean;
  readonly json: boolean;
}

/** Generates the input files of a chip and runs the board's own build tool. */
function buildChip(options: BuildVerbOptions): void {
  const { board, prepareOnly, json, engine, guest, compiler, sanitize } = options;
  if (engine !== "wasm3" || guest !== undefined || compiler !== undefined || sanitize) {
    throw new UserError(
      `build: ${board} has a build tool of its own: remove --engine, --guest, --compiler and --sanitize`,
      EXIT.USAGE,
    );
  }
  const chip = loadChip(board, roleOf(options));
  const input = prepare(chip);
  if (!json) print(`prepared ${input}`);
  if (!prepareOnly) runProject(chip, "build");
  const found = { input, ...(prepareOnly ? {} : { image: buildFolderOf(chip) }) };
  if (json) printJson(found);
  else if (!prepareOnly) print(`image    ${found.image}`);
}

/** The guest to compile in. Throws a UserError for one that a board would refuse. */
async function guestOf({ guest, engine }: BuildVerbOptions) {
  if (guest === undefined) return undefined;
  if (engine !== "aot") {
    throw new UserError(
      "build: --guest goes with --engine aot: other engines read the guest when the board runs",
      EXIT.USAGE,
    );
  }
  const bytes = await guestBytes(guest);
  const fault = guestFault(bytes);
  if (fault === null) return bytes;
  throw new UserError(`guest ${guest}: a board would refuse it: ${fault}`, EXIT.BAD_FILE);
}

async function build(options: BuildVerbOptions): Promise<void> {
  const [chips, native] = [chipNames(), nativeBoardNames()];
  if (chips.includes(options.board)) return buildChip(options);
  if (!native.includes(options.board)) {
    const names = [...native, ...chips].join(", ");
    throw new UserError(`"${options.board}" cannot be built: use one of ${names}`, EXIT.USAGE);
  }
  if (options.prepareOnly || options.fixture)
    throw new UserError(
      `build: ${options.board} has no build tool of its own: remove --prepare-only and --fixture`,
      EXIT.USAGE,
    );
  const { board, engine, compiler, sanitize } = options;
  const guest = await guestOf(options);
  const image = buildBoard({
    board,
    engine,
    sanitize,
    ...(compiler === undefined ? {} : { compiler }),
    ...(guest === undefined ? {} : { guest }),
  });
  const found = { image: image.path, map: image.map, bytes: statSync(image.path).size };
  if (options.json) printJson(found);
  else {
    print(`image ${found.image} (${found.bytes} bytes with symbols)`);
    print(`map   ${found.map}`);
  }
}

export function register(program: Command): void {
  const command = program
    .command("build")
    .description(
      "build a board's image: C host, gate and MAC translated to C, and an engine for the guest",
    )
    .requiredOption("--board <name>", "board, or chip of a board")
    .addOption(engineOption().default("wasm3"))
    .option("--guest <file>", "with --engine aot: compile in this guest instead of device.wasm")
    .option("--compiler <name>", "compiler to use, of those that the board supports")
    .option("--sanitize", "build with AddressSanitizer and UndefinedBehaviorSanitizer", false)
    .addOption(fixtureOption())
    .option("--prepare-only", "only generate the input files of the build tool (chips only)", false)
    .addOption(jsonOption())
    .action(build);
  example(
    command,
    "killswitch build --board posix",
    "killswitch build --board esp32c3 --prepare-only",
    "killswitch build --board esp32c3 --fixture",
    "WASM3_DIR=../wasm3 killswitch build --board posix",
  );
}
