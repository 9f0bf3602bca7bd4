/**
 * `killswitch build`: a board's image. Must not know one board from another.
 */
import { statSync } from "node:fs";
import { type Command, Option } from "commander";
import { EXIT, UserError } from "../errors.ts";
import { buildFolderOf, chipNames, loadChip } from "../flash/chip.ts";
import { checkBroker } from "../flash/contents.ts";
import { prepare, runProject } from "../flash/project.ts";
import { nativeBoardNames } from "../native/board.ts";
import { buildBoard, ENGINES } from "../native/build.ts";
import { imageBoardNames } from "../rp2040/board.ts";
import { guestBytes } from "../scenario/guest.ts";
import { buildImage, type ImageBuildOptions } from "./image.ts";
import { checked, example, fixtureOption, jsonOption, roleOf } from "./options.ts";
import { print, printJson } from "./terminal.ts";
import { passwordOption } from "./wifi.ts";

interface BuildVerbOptions extends ImageBuildOptions {
  readonly compiler?: string;
  readonly sanitize: boolean;
  readonly fixture: boolean;
  readonly prepareOnly: boolean;
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

async function build(options: BuildVerbOptions): Promise<void> {
  const [chips, native, images] = [chipNames(), nativeBoardNames(), imageBoardNames()];
  if (chips.includes(options.board)) return buildChip(options);
  if (images.includes(options.board)) return buildOwn(options);
  if (!native.includes(options.board)) {
    const names = [...native, ...images, ...chips].join(", ");
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
    ...(guest === undefined ? {} : { guest: await guestBytes(guest) }),
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
    .option("--out <file>", "a UF2's: where it goes; by default below dist/boards")
    .option("--device <id>", "with --broker: whose settings go into the UF2; by default demo")
    .option("--keys <dir>", "with --broker: where the device's keys are")
    .addOption(
      new Option(
        "--broker <url>",
        "the owner's settings go into the UF2: mqtt[s]://host",
      ).argParser(checked(checkBroker)),
    )
    .option("--ssid <name>", "the Wi-Fi network goes into the UF2")
    .addOption(passwordOption())
    .addOption(jsonOption())
    .action(build);
  example(
    command,
    "killswitch build --board posix",
    "killswitch build --board two-chip --broker mqtt://192.168.1.10 --ssid home",
    "killswitch build --board esp32c3 --prepare-only",
    "killswitch build --board esp32c3 --fixture",
    "WASM3_DIR=../wasm3 killswitch build --board posix",
  );
}
