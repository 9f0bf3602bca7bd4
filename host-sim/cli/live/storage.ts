/**
 * Keeps the persistent storage of a simulated device in the files config.bin, journal.bin and identity.bin.
 * Like flash memory, the files are written in place.
 */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { REGION } from "../../abi/abi.gen.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { IDENTITY_BYTES, IDENTITY_REGION, REGION_BYTES } from "../../sim/hal.ts";

const FILES = [
  { region: REGION.CONFIG, name: "config.bin", size: REGION_BYTES[REGION.CONFIG], mode: 0o644 },
  { region: REGION.JOURNAL, name: "journal.bin", size: REGION_BYTES[REGION.JOURNAL], mode: 0o644 },
  // The device's key: for its owner's eyes alone.
  { region: IDENTITY_REGION, name: "identity.bin", size: IDENTITY_BYTES, mode: 0o600 },
] as const;

export interface StorageFiles {
  /** Copies the files' contents, as they were when opened, into the board's storage. */
  load(storage: readonly Uint8Array[]): void;
  /** Writes a change of the board's storage to its file. Ignores other regions. */
  stored(region: number, offset: number, bytes: Uint8Array): void;
  close(): void;
}

/**
 * Opens the files in `folder` and creates missing ones, erased. Throws a UserError if a file has
 * the wrong size or cannot be opened.
 */
export function openStorage(folder: string): StorageFiles {
  const handles = new Map<number, number>();
  const images = new Map<number, Uint8Array>();
  try {
    mkdirSync(folder, { recursive: true });
    for (const { region, name, size, mode } of FILES) {
      const path = join(folder, name);
      if (!existsSync(path)) writeFileSync(path, new Uint8Array(size).fill(0xff), { mode });
      const image = readFileSync(path);
      if (image.length !== size) {
        throw new UserError(
          `${path} has ${image.length} bytes instead of ${size}: it is not a device's storage; move it away`,
          EXIT.BAD_FILE,
        );
      }
      images.set(region, image);
      handles.set(region, openSync(path, "r+"));
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`storage in ${folder} cannot be used: ${reason}`, EXIT.BAD_FILE);
  }
  return {
    load(storage) {
      for (const [region, image] of images) storage[region]?.set(image);
    },
    stored(region, offset, bytes) {
      const handle = handles.get(region);
      if (handle !== undefined) writeSync(handle, bytes, 0, bytes.length, offset);
    },
    close() {
      for (const handle of handles.values()) closeSync(handle);
      handles.clear();
    },
  };
}
