/**
 * `killswitch build`: a board's image. Must not know one board from another.
 */
import { statSync } from "node:fs";
import { type Command, Option } from "commander";
import { EXIT, UserError } from "../errors.ts";
import { buildFolderOf, chipNames, loadChip } from "../flash/chip.ts";
import { guestFault } from "../flash/contents.ts";
import { prepare, runProject } from "../flash/project.ts";
import { nativeBoardNames } from "../native/board.ts";
import { buildBoard, ENGINES, type Engine } from "../native/build.ts";
import { guestBytes } from "../scenario/guest.ts";
import { example, fixtureOption, jsonOption, roleOf } from "./options.ts";
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

/** An image that a build tool of the board's own makes, from what is prepared here. */
function buildChip(options: BuildVerbOptions): void {
  const { board, prepareOnly, json, engine, guest, compiler, sanitize } = options;
  if (engine !== "wasm3" || guest !== undefined || compiler !== undefined || sanitize) {
    throw new UserError(
      `build: ${board} has a build tool of its own: --engine, --guest, --compiler and --sanitize are not for it`,
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

/** The bytes of a guest that a board would run. Throws a UserError. */
async function soundGuest(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await guestBytes(path);
  const fault = guestFault(bytes);
  if (fault === null) return bytes;
  throw new UserError(`${path}: a board would refuse it: ${fault}`, EXIT.BAD_FILE);
}

async function build(options: BuildVerbOptions): Promise<void> {
  const [chips, native] = [chipNames(), nativeBoardNames()];
  if (chips.includes(options.board)) return buildChip(options);
  if (!native.includes(options.board)) {
    const names = [...native, ...chips].join(", ");
    throw new UserError(`"${options.board}" cannot be built: use one of ${names}`, EXIT.USAGE);
  }
  if (options.prepareOnly || options.fixture)
    throw new UserError(`build: ${options.board} has no build tool of its own`, EXIT.USAGE);
  const { board, engine, compiler, sanitize, guest } = options;
  const image = buildBoard({
    board,
    engine,
    sanitize,
    ...(compiler === undefined ? {} : { compiler }),
    ...(guest === undefined ? {} : { guest: await soundGuest(guest) }),
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
    .description("build a board's image: the host in C, the gate and the MAC translated, an engine")
    .requiredOption("--board <name>", "board, or the chip of one")
    .addOption(
      new Option("--engine <name>", "guest interpreted by wasm3, or compiled in")
        .choices(ENGINES)
        .default("wasm3"),
    )
    .option("--guest <file>", "with --engine aot: another guest in place of device.wasm")
    .option("--compiler <name>", "another of the board's compilers")
    .option("--sanitize", "with AddressSanitizer and UndefinedBehaviorSanitizer", false)
    .addOption(fixtureOption())
    .option("--prepare-only", "a chip's: the generated files, without its build tool", false)
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
