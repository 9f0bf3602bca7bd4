/**
 * `killswitch flash`: writes firmware, guest or owner's settings to a board over a serial port.
 */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { codeOf, EXIT, UserError } from "../../base/errors.ts";
import { DEFAULT_KEYS, loadKeys } from "../../controller/keys.ts";
import { buildFolderOf, type Chip, loadChip } from "../../flash/chip.ts";
import {
  checkBroker,
  checkCa,
  checkClient,
  GUEST,
  guestContents,
  OWNER,
  type Owner,
  ownerContents,
} from "../../flash/contents.ts";
import {
  builtList,
  builtRegions,
  checkChip,
  checkLayout,
  partitionsOf,
  type Region,
  type Written,
  writeRegions,
} from "../../flash/flasher.ts";
import { partitionOf } from "../../flash/partitions.ts";
import { hasTool, prepare, runProject } from "../../flash/project.ts";
import { ROM_BAUD, Rom } from "../../flash/rom.ts";
import { roomOnBoard } from "../../flash/room.ts";
import { guestBytes } from "../../scenario/guest.ts";
import { Port } from "../../serial/port.ts";
import { firmwarePath } from "../../sim/firmware.ts";
import { scenarioOwner } from "../../targets/hil/scenario-owner.ts";
import { imageBoardNames } from "../../targets/rp2040/board.ts";
import {
  checked,
  deviceOption,
  example,
  fixtureOption,
  jsonOption,
  portOf,
  roleOf,
} from "../options.ts";
import { print, printJson, progressBar, setTimer } from "../terminal.ts";
import { flashImage } from "./image.ts";

interface FlashOptions {
  readonly board: string;
  readonly port?: string;
  readonly guest?: string | true;
  readonly keys?: string | true;
  readonly scenarioKeys: boolean;
  readonly fixture: boolean;
  readonly device: string;
  readonly broker?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly certKey?: string;
  readonly image?: string;
  readonly baud?: number;
  readonly json: boolean;
}

/** The options as given. A board that is a USB drive has no port. */
interface FlashCommandOptions extends Omit<FlashOptions, "port"> {
  readonly port?: string;
  readonly drive?: string;
}

/** Bit rate for whole images. One megabyte at the ROM's initial rate would take 90 s. */
const IMAGE_BAUD = 460_800;

function parseBaud(text: string): number {
  const baud = Number(text);
  if (Number.isInteger(baud) && baud >= 9_600 && baud <= 4_000_000) return baud;
  throw new InvalidArgumentError("Write a whole number from 9600 to 4000000.");
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${codeOf(error)}`, EXIT.BAD_FILE);
  }
}

/** Builds and checks the requested partitions, before a port is opened. */
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
    const bytes = ownerContents(ownerOf(options), partition);
    regions.push({ name: OWNER, at: partition.at, bytes });
  } else if (options.broker !== undefined || options.ca !== undefined) {
    throw new UserError(
      "flash: --broker and --ca go with --keys or --scenario-keys: add one of them",
      EXIT.USAGE,
    );
  }
  if (options.fixture && regions.length > 0) {
    throw new UserError(
      "flash --fixture writes a whole image: leave out --guest and --keys",
      EXIT.USAGE,
    );
  }
  return regions;
}

function clientOf({ cert, certKey }: FlashOptions): Exclude<Owner["client"], undefined> {
  if (cert === undefined && certKey === undefined) return null;
  if (cert === undefined || certKey === undefined)
    throw new UserError("flash: --cert and --cert-key go together", EXIT.USAGE);
  return checkClient({ certificate: cert, key: certKey }, readText(cert), readText(certKey));
}

function ownerOf(options: FlashOptions): Owner {
  const { keys, scenarioKeys, broker, ca, device } = options;
  if (scenarioKeys && keys !== undefined)
    throw new UserError("flash: use --keys or --scenario-keys, not both", EXIT.USAGE);
  if (broker === undefined) {
    throw new UserError("flash --keys: give the board's broker with --broker", EXIT.USAGE);
  }
  const pem = ca === undefined ? null : checkCa(ca, readText(ca));
  const client = clientOf(options);
  if (scenarioKeys) return { ...scenarioOwner(broker), ca: pem, client };
  const owned = loadKeys(keys === undefined || keys === true ? DEFAULT_KEYS : keys, device);
  return { device, keys: owned, broker, ca: pem, client };
}

/**
 * Writes regions through the chip's boot loader and restarts the board. `partitionsOnly`: keep the
 * image that is in flash; throws a UserError if its partition table differs.
 */
async function flashRegions(
  options: FlashOptions,
  chip: Chip,
  regions: readonly Region[],
  partitionsOnly: boolean,
): Promise<void> {
  const path = await portOf(options.port);
  const port = await Port.open(path, ROM_BAUD);
  try {
    const rom = await Rom.open(port, setTimer);
    checkChip(rom, chip, path);
    await rom.attach(chip.flashBytes, options.baud ?? (partitionsOnly ? ROM_BAUD : IMAGE_BAUD));
    if (partitionsOnly) await checkLayout(rom, partitionsOf(chip)[1], path);
    const written = await writeRegions(rom, regions, progressBar);
    report(options, chip, written, await rom.leave());
  } finally {
    await port.close();
  }
}

function report(options: FlashOptions, chip: Chip, written: Written[], restarted: boolean): void {
  for (const { region, at, bytes, md5 } of written) {
    if (options.json) printJson({ chip: chip.name, region, at, bytes, md5 });
    else print(`${region} at 0x${at.toString(16)}: ${bytes} bytes written, MD5 read back ${md5}`);
  }
  if (options.json) return;
  print(
    restarted ? "the board restarts" : "press RESET on the board: this serial line cannot reset it",
  );
}

async function flash(given: FlashCommandOptions): Promise<void> {
  const { port, drive, ...rest } = given;
  if (imageBoardNames().includes(given.board)) {
    return flashImage({ ...given, ...(port !== undefined && { port }) });
  }
  if (drive !== undefined)
    throw new UserError(
      `flash: ${given.board} is not a USB drive: give its serial port with --port`,
      EXIT.USAGE,
    );
  const options: FlashOptions = { ...rest, ...(port !== undefined && { port }) };
  const chip = loadChip(options.board, roleOf(options));
  const regions = await partitionRegions(options, chip);
  if (regions.length > 0) return flashRegions(options, chip, regions, true);
  const list = builtList(options.image ?? buildFolderOf(chip));
  if (options.image !== undefined && list === null) {
    throw new UserError(
      `${options.image} does not contain flasher_args.json: give the folder of a build`,
      EXIT.BAD_FILE,
    );
  }
  if (list !== null && (options.image !== undefined || !hasTool(chip, "flash")))
    return flashRegions(options, chip, builtRegions(chip, list), false);
  prepare(chip);
  runProject(chip, "flash", await portOf(options.port));
}

export function register(program: Command): void {
  const command = program
    .command("flash")
    .description("write a board's firmware, or only its guest or its owner's settings")
    .requiredOption("--board <chip>", "chip of the board, or a board that is a USB drive")
    .option(
      "--port <path>",
      "serial port (default: the only one that is found); a board that is a USB drive restarts as one",
    )
    .option("--drive <dir>", "folder of the board's USB drive, if it is not found")
    .option("--guest [file]", "write only the guest (default: device.wasm); needs no build tool")
    .option("--keys [dir]", "write only the owner's settings: the device's keys, name and broker")
    .option(
      "--scenario-keys",
      "like --keys, with the keys that scenarios use; for a test rig",
      false,
    )
    .addOption(fixtureOption())
    .addOption(deviceOption())
    .option(
      "--broker <url>",
      "with --keys: the board's broker, mqtt[s]://[user:password@]host[:port]",
      checked(checkBroker),
    )
    .option(
      "--ca <file>",
      "with --keys: CA certificate of the broker, PEM (default: the public CAs)",
    )
    .option("--cert <file>", "with --keys: client certificate, PEM, for a broker that requires one")
    .option(
      "--cert-key <file>",
      "with --cert: private key of the certificate, PEM, without a passphrase",
    )
    .option("--image <dir>", "write the image in this build folder; needs no build tool")
    .option("--baud <rate>", "bit rate of the serial line while writing", parseBaud)
    .addOption(jsonOption())
    .action(flash);
  example(
    command,
    "killswitch flash --board esp32c3 --port /dev/ttyUSB0",
    "killswitch flash --board two-chip",
    "killswitch flash --board esp32c3 --port /dev/ttyUSB0 --guest",
    "killswitch flash --board esp32c3 --port /dev/ttyUSB0 --keys --broker mqtt://192.168.1.10",
    "killswitch flash --board esp32c3 --port /dev/ttyUSB1 --fixture",
  );
}
