/**
 * `killswitch build`: builds the image of a board.
 */
import { statSync } from "node:fs";
import { type Command, Option } from "commander";
import { EXIT, UserError } from "../../base/errors.ts";
import { nativeBoardNames } from "../../build/native-board.ts";
import { buildBoard } from "../../build/native-image.ts";
import { buildFolderOf, chipNames, loadChip } from "../../flash/chip.ts";
import { checkBroker, guestFault } from "../../flash/contents.ts";
import { prepare, runProject } from "../../flash/project.ts";
import { guestBytes } from "../../scenario/guest.ts";
import { imageBoardNames } from "../../targets/rp2040/board.ts";
import { checked, engineOption, example, fixtureOption, jsonOption, roleOf } from "../options.ts";
import { print, printJson } from "../terminal.ts";
import { passwordOption } from "../wifi.ts";
import { buildImage, type ImageBuildOptions } from "./image.ts";

interface BuildVerbOptions extends ImageBuildOptions {
  readonly compiler?: string;
  readonly sanitize: boolean;
  readonly fixture: boolean;
  readonly prepareOnly: boolean;
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

/** An image that is made here from beginning to end. */
function buildOwn(options: BuildVerbOptions): Promise<void> {
  const { board, prepareOnly, fixture, sanitize, compiler } = options;
  if (prepareOnly || fixture || sanitize || compiler !== undefined) {
    throw new UserError(
      `build: --prepare-only, --fixture, --sanitize and --compiler are not for ${board}`,
      EXIT.USAGE,
    );
  }
  return buildImage(options);
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
  const [chips, native, images] = [chipNames(), nativeBoardNames(), imageBoardNames()];
  if (chips.includes(options.board)) return buildChip(options);
  if (images.includes(options.board)) return buildOwn(options);
  if (!native.includes(options.board)) {
    const names = [...native, ...images, ...chips].join(", ");
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
    .option("--out <file>", "file of the UF2 (default: below dist/boards)")
    .option("--device <id>", "with --broker: the device whose settings go into the UF2")
    .option("--keys <dir>", "with --broker: folder with the device's keys")
    .addOption(
      new Option(
        "--broker <url>",
        "put the owner's settings into the UF2, with this broker: mqtt[s]://host",
      ).argParser(checked(checkBroker)),
    )
    .option("--ssid <name>", "put this Wi-Fi network into the UF2")
    .addOption(passwordOption())
    .addOption(jsonOption())
    .action(build);
  example(
    command,
    "killswitch build --board posix",
    "killswitch build --board two-chip --broker mqtt://192.168.1.10 --ssid home",
    "killswitch build --board two-chip --broker mqtt://192.168.1.10 --ssid home",
    "killswitch build --board esp32c3 --prepare-only",
    "killswitch build --board esp32c3 --fixture",
    "WASM3_DIR=../wasm3 killswitch build --board posix",
  );
}
