/**
 * What `build` and `flash` do for a controller whose whole image is made here: one UF2 with firmware, guest and, if
 * asked, the owner's settings; copied to the chip's drive.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { basename, dirname, join } from "node:path";
import { codeOf, EXIT, UserError } from "../../base/errors.ts";
import { writeOutput, writeTrouble } from "../../base/outputs.ts";
import { launcher, packageRoot } from "../../base/paths.ts";
import type { Engine } from "../../build/native-image.ts";
import { DEFAULT_KEYS, loadKeys } from "../../controller/keys.ts";
import { guestBytes } from "../../scenario/guest.ts";
import { firmwarePath } from "../../sim/firmware.ts";
import { loadImageBoard } from "../../targets/rp2040/board.ts";
import { buildFirmware } from "../../targets/rp2040/build.ts";
import {
  checkBroker,
  firmwareRegion,
  guestRegion,
  ownerRegion,
  type Region,
  wifiRegion,
} from "../../targets/rp2040/contents.ts";
import { copyToDrive, theDrive } from "../../targets/rp2040/drive.ts";
import { flashUf2, makeUf2 } from "../../targets/rp2040/uf2.ts";
import { print, printJson, setTimer } from "../terminal.ts";
import { wifiOf } from "../wifi.ts";
import { withBoard } from "./console.ts";

export interface ImageBuildOptions {
  readonly board: string;
  readonly engine: Engine;
  readonly guest?: string;
  readonly device?: string;
  readonly keys?: string;
  readonly broker?: string;
  readonly ssid?: string;
  readonly passwordFile?: string;
  readonly out?: string;
  readonly json: boolean;
}

function pathOf(board: string): string {
  return join(packageRoot(), "dist", "boards", board, `killswitch-${board}.uf2`);
}

/** The owner's settings, if they are asked for. */
async function settings(options: ImageBuildOptions): Promise<Region[]> {
  const board = loadImageBoard(options.board);
  const { device, broker, keys, ssid, passwordFile } = options;
  const regions: Region[] = [];
  if (broker !== undefined) {
    const owned = loadKeys(keys ?? DEFAULT_KEYS, device ?? "demo");
    const owner = { device: device ?? "demo", keys: owned, broker: checkBroker(broker), ca: null };
    regions.push(ownerRegion(board, owner));
  } else if (device !== undefined || keys !== undefined) {
    throw new UserError(
      "build --device and --keys: say which broker the board joins with --broker",
      EXIT.USAGE,
    );
  }
  if (ssid !== undefined) regions.push(wifiRegion(board, await wifiOf(ssid, passwordFile)));
  return regions;
}

export async function buildImage(options: ImageBuildOptions): Promise<void> {
  const { board: name, engine, guest, out = pathOf(options.board), json } = options;
  const board = loadImageBoard(name);
  const file = guest ?? firmwarePath("device");
  const module = await guestBytes(file);
  const built = buildFirmware({
    board: name,
    engine,
    ...(engine === "aot" && { guest: module }),
  });
  const regions = [
    firmwareRegion(board, built.bytes),
    guestRegion(board, file, module),
    ...(await settings(options)),
  ];
  const bytes = makeUf2(regions, Number(board.family));
  try {
    mkdirSync(dirname(out), { recursive: true });
  } catch (error) {
    throw writeTrouble(out, error);
  }
  // The owner's keys may be in it.
  writeOutput(out, bytes, 0o600);
  const found = { image: out, bytes: bytes.length, map: built.map };
  if (json) printJson(found);
  else {
    print(`image ${found.image} (${found.bytes} bytes)`);
    print(`map   ${found.map}`);
  }
}

export interface ImageFlashOptions {
  readonly board: string;
  readonly drive?: string;
  readonly image?: string;
  readonly port?: string;
  readonly json: boolean;
}

/** How long a board may take to come up as a drive, and how often it is looked for, in ms. */
const DRIVE_MS = 15_000;
const LOOK_MS = 250;
/** A board that says nothing for so long has gone, in ms. */
const ANSWER_MS = 500;

function here() {
  return { platform: process.platform, user: userInfo().username, root: "/" };
}

/** Asks a running board to restart as a drive: its button has to be held. */
async function askForDrive(port: string, drive: string | undefined): Promise<void> {
  await withBoard(port, async (line) => {
    await line.send(Buffer.from("\nbootsel\n"));
    for (;;) {
      const heard = await line.next(ANSWER_MS);
      if (heard === null) return;
      if (heard.kind === "answer" && heard.text.startsWith("error hold"))
        throw new UserError(`${port}: hold the board's button and repeat`, EXIT.NOT_PERMITTED);
    }
  });
  for (let left = DRIVE_MS; left > 0; left -= LOOK_MS) {
    try {
      theDrive(drive, here());
      return;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
    await new Promise<void>((done) => setTimer(LOOK_MS, done));
  }
}

export async function flashImage(options: ImageFlashOptions): Promise<void> {
  const { board: name, drive: named, image = pathOf(options.board), port, json } = options;
  const board = loadImageBoard(name);
  let file: Buffer;
  try {
    file = readFileSync(image);
  } catch (error) {
    const build = `${launcher()} build --board ${name}`;
    throw new UserError(
      `${image} cannot be read (${codeOf(error)}): make it with ${build}`,
      EXIT.BAD_FILE,
    );
  }
  // A file that the boot ROM would not take, or only in part, is not begun with.
  flashUf2(image, file, Number(board.family), new Uint8Array(board.flash.bytes));
  if (port !== undefined) await askForDrive(port, named);
  const drive = theDrive(named, here());
  copyToDrive(drive, basename(image), file);
  if (json) printJson({ image, drive, bytes: file.length });
  else print(`${file.length} bytes copied to ${drive}: the board restarts`);
}
