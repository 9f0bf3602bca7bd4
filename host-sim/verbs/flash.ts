/**
 * `killswitch flash`: firmware, guest or owner's settings into a board, over a serial port. Must not know
 * one board from another.
 */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { DEFAULT_KEYS, loadKeys } from "../controller/keys.ts";
import { codeOf, EXIT, UserError } from "../errors.ts";
import { firmwarePath } from "../firmware.ts";
import { buildFolderOf, type Chip, loadChip } from "../flash/chip.ts";
import {
  checkBroker,
  checkCa,
  GUEST,
  guestContents,
  OWNER,
  type Owner,
  ownerContents,
} from "../flash/contents.ts";
import {
  builtList,
  builtRegions,
  checkChip,
  checkLayout,
  partitionsOf,
  type Region,
  type Written,
  writeRegions,
} from "../flash/flasher.ts";
import { partitionOf } from "../flash/partitions.ts";
import { hasTool, prepare, runProject } from "../flash/project.ts";
import { ROM_BAUD, Rom } from "../flash/rom.ts";
import { roomOnBoard } from "../flash/room.ts";
import { scenarioOwner } from "../hil/scenario-owner.ts";
import { guestBytes } from "../scenario/guest.ts";
import { Port } from "../serial/port.ts";
import {
  checked,
  deviceOption,
  example,
  fixtureOption,
  jsonOption,
  portOption,
  roleOf,
} from "./options.ts";
import { after, print, printJson, progressBar, random } from "./terminal.ts";

interface FlashOptions {
  readonly board: string;
  readonly port: string;
  readonly guest?: string | true;
  readonly keys?: string | true;
  readonly scenarioKeys: boolean;
  readonly fixture: boolean;
  readonly device: string;
  readonly broker?: string;
  readonly ca?: string;
  readonly image?: string;
  readonly baud?: number;
  readonly json: boolean;
}

/** A megabyte at the ROM's own rate would take a minute and a half. */
const IMAGE_BAUD = 460_800;

function parseBaud(text: string): number {
  const baud = Number(text);
  if (Number.isInteger(baud) && baud >= 9_600 && baud <= 4_000_000) return baud;
  throw new InvalidArgumentError("Write 9600 to 4000000.");
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${codeOf(error)}`, EXIT.BAD_FILE);
  }
}

/** The partitions that are asked for, made and checked before a port is opened. */
async function partitionRegions(options: FlashOptions, chip: Chip): Promise<Region[]> {
  const [path, rows] = partitionsOf(chip);
  const regions: Region[] = [];
  if (options.guest !== undefined) {
    const file = options.guest === true ? firmwarePath("device") : options.guest;
    const partition = partitionOf(path, rows, GUEST);
    const room = roomOnBoard(chip.board);
    const bytes = guestContents(file, await guestBytes(file), partition, room);
    regions.push({ name: GUEST, at: partition.at, bytes });
  }
  if (options.keys !== undefined || options.scenarioKeys) {
    const partition = partitionOf(path, rows, OWNER);
    const bytes = ownerContents(ownerOf(options), partition, random);
    regions.push({ name: OWNER, at: partition.at, bytes });
  } else if (options.broker !== undefined || options.ca !== undefined) {
    throw new UserError("flash: --broker and --ca go with --keys", EXIT.USAGE);
  }
  if (options.fixture && regions.length > 0) {
    throw new UserError(
      "flash --fixture writes a whole image: leave out --guest and --keys",
      EXIT.USAGE,
    );
  }
  return regions;
}

function ownerOf({ keys, scenarioKeys, broker, ca, device }: FlashOptions): Owner {
  if (scenarioKeys && keys !== undefined)
    throw new UserError("flash: --keys or --scenario-keys, not both", EXIT.USAGE);
  if (broker === undefined) {
    throw new UserError("flash --keys: say which broker the board joins with --broker", EXIT.USAGE);
  }
  const pem = ca === undefined ? null : checkCa(ca, readText(ca));
  if (scenarioKeys) return { ...scenarioOwner(broker), ca: pem };
  const owned = loadKeys(keys === undefined || keys === true ? DEFAULT_KEYS : keys, device);
  return { device, keys: owned, broker, ca: pem };
}

/** Writes through the boot loader and lets the board go. `alone`: into the layout that is there. */
async function flashRegions(
  options: FlashOptions,
  chip: Chip,
  regions: readonly Region[],
  alone: boolean,
): Promise<void> {
  const port = await Port.open(options.port, ROM_BAUD);
  try {
    const rom = await Rom.open(port, after);
    checkChip(rom, chip, options.port);
    await rom.attach(chip.flashBytes, options.baud ?? (alone ? ROM_BAUD : IMAGE_BAUD));
    if (alone) await checkLayout(rom, partitionsOf(chip)[1], options.port);
    const written = await writeRegions(rom, regions, progressBar);
    tell(options, chip, written, await rom.leave());
  } finally {
    await port.close();
  }
}

function tell(options: FlashOptions, chip: Chip, written: Written[], restarted: boolean): void {
  for (const { region, at, bytes, md5 } of written) {
    if (options.json) printJson({ chip: chip.name, region, at, bytes, md5 });
    else print(`${region} at 0x${at.toString(16)}: ${bytes} bytes, read back as MD5 ${md5}`);
  }
  if (options.json) return;
  print(restarted ? "the board restarts" : "press RESET: this line has no wire for it");
}

async function flash(options: FlashOptions): Promise<void> {
  const chip = loadChip(options.board, roleOf(options));
  const regions = await partitionRegions(options, chip);
  if (regions.length > 0) return flashRegions(options, chip, regions, true);
  const list = builtList(options.image ?? buildFolderOf(chip));
  if (options.image !== undefined && list === null) {
    const what = "no flasher_args.json is in it: give the build's folder";
    throw new UserError(`${options.image}: ${what}`, EXIT.BAD_FILE);
  }
  if (list !== null && (options.image !== undefined || !hasTool(chip, "flash")))
    return flashRegions(options, chip, builtRegions(chip, list), false);
  prepare(chip);
  runProject(chip, "flash", options.port);
}

export function register(program: Command): void {
  const command = program
    .command("flash")
    .description("write a board's firmware, or its guest or its owner's settings alone")
    .requiredOption("--board <chip>", "chip of the board")
    .addOption(portOption())
    .option("--guest [file]", "the guest alone, by default device.wasm; needs no build tool")
    .option("--keys [dir]", "the owner's settings alone: the device's keys, its name, its broker")
    .option("--scenario-keys", "likewise, with the keys that scenarios use: for a test rig", false)
    .addOption(fixtureOption())
    .addOption(deviceOption())
    .option(
      "--broker <url>",
      "with --keys: mqtt[s]://[user:password@]host[:port]",
      checked(checkBroker),
    )
    .option("--ca <file>", "with --keys: the broker's CA, PEM; by default the public ones")
    .option("--image <dir>", "a build's folder, written without its build tool")
    .option("--baud <rate>", "rate of the line while writing", parseBaud)
    .addOption(jsonOption())
    .action(flash);
  example(
    command,
    "killswitch flash --board esp32c3 --port /dev/ttyUSB0",
    "killswitch flash --board esp32c3 --port /dev/ttyUSB0 --guest",
    "killswitch flash --board esp32c3 --port /dev/ttyUSB0 --keys --broker mqtt://192.168.1.10",
    "killswitch flash --board esp32c3 --port /dev/ttyUSB1 --fixture",
  );
}
