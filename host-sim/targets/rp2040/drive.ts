/**
 * The USB drive that a chip in its boot mode shows: where it is mounted, and a file copied to it.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { codeOf, EXIT, UserError } from "../../base/errors.ts";

const INFO = "INFO_UF2.TXT";
const LABEL = "RPI-RP2";
/** A line of the file INFO that the RP2040's boot ROM puts on the drive. */
const BOARD_ID = /^Board-ID:\s*RPI-RP2\s*$/m;

export interface Surroundings {
  readonly platform: NodeJS.Platform;
  readonly user: string;
  /** Prepended to every mount point: a folder that stands for the file system. */
  readonly root: string;
}

function children(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Folders that a drive of this label may be mounted at. */
function candidates({ platform, user, root }: Surroundings): string[] {
  if (platform === "win32")
    return [..."DEFGHIJKLMNOPQRSTUVWXYZ"].map((letter) => join(root, `${letter}:\\`));
  if (platform === "darwin") return children(join(root, "Volumes"));
  const folders = [
    join(root, "run", "media", user),
    join(root, "media", user),
    join(root, "media"),
    join(root, "mnt"),
  ];
  return [join(root, "mnt"), ...folders.flatMap(children)];
}

/** Whether a folder is this drive; null if it is not the drive of any board. */
function isDrive(folder: string): boolean | null {
  const info = join(folder, INFO);
  if (!existsSync(info)) return null;
  try {
    return BOARD_ID.test(readFileSync(info, "latin1"));
  } catch {
    return null;
  }
}

/** The drives of chips in their boot mode. */
export function findDrives(surroundings: Surroundings): string[] {
  return [...new Set(candidates(surroundings))].filter((folder) => isDrive(folder) === true);
}

/** The drive that the user named, or the only one. Throws a UserError that says what to do. */
export function theDrive(named: string | undefined, surroundings: Surroundings): string {
  if (named !== undefined) {
    const state = isDrive(named);
    if (state === true) return named;
    const why = state === null ? `${INFO} is not there` : `its ${INFO} names another board`;
    throw new UserError(`${named} is not the drive of an RP2040: ${why}`, EXIT.NO_PORT);
  }
  const drives = findDrives(surroundings);
  const [drive] = drives;
  if (drives.length === 1 && drive !== undefined) return drive;
  if (drives.length > 1) {
    const names = drives.join(", ");
    throw new UserError(`several drives are there: ${names}: name one with --drive`, EXIT.NO_PORT);
  }
  throw new UserError(
    `no drive ${LABEL} is mounted: hold BOOTSEL while the board is plugged in, or give --drive with its folder`,
    EXIT.NO_PORT,
  );
}

/** Copies a file to the drive. The chip restarts after the last block, so an error after that is not a failure. */
export function copyToDrive(drive: string, name: string, bytes: Uint8Array): void {
  const path = join(drive, name);
  let written = 0;
  try {
    const file = openSync(path, "w");
    while (written < bytes.length) written += writeSync(file, bytes, written);
    try {
      fsyncSync(file);
      closeSync(file);
    } catch {
      // The drive has disappeared, so the chip has received the whole file.
    }
  } catch (error) {
    throw new UserError(
      `${path} cannot be written (${codeOf(error)}) after ${written} of ${bytes.length} bytes: hold BOOTSEL, plug in again and repeat`,
      EXIT.NOT_WRITTEN,
    );
  }
}
