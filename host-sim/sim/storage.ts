/**
 * The device's persistent storage in files: config.bin and journal.bin, written in place as flash is.
 * Must not know what the bytes mean.
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
import { REGION } from "../abi.gen.ts";
import { EXIT, UserError } from "../errors.ts";
import { REGION_BYTES } from "../hal.ts";

const FILES = [
  { region: REGION.CONFIG, name: "config.bin" },
  { region: REGION.JOURNAL, name: "journal.bin" },
] as const;

export interface StorageFiles {
  /** Puts what the files hold into the board's storage. */
  load(storage: readonly Uint8Array[]): void;
  /** Writes a change through. */
  stored(region: number, offset: number, bytes: Uint8Array): void;
  close(): void;
}

/** Opens `folder`, making what is missing. Throws a UserError for a file of the wrong size. */
export function openStorage(folder: string): StorageFiles {
  const handles = new Map<number, number>();
  const images = new Map<number, Uint8Array>();
  try {
    mkdirSync(folder, { recursive: true });
    for (const { region, name } of FILES) {
      const path = join(folder, name);
      const size = REGION_BYTES[region];
      if (!existsSync(path)) writeFileSync(path, new Uint8Array(size).fill(0xff));
      const image = readFileSync(path);
      if (image.length !== size) {
        throw new UserError(
          `${path} holds ${image.length} bytes, not ${size}: it is no storage of this device; move it away`,
          EXIT.BAD_FILE,
        );
      }
      images.set(region, image);
      handles.set(region, openSync(path, "r+"));
    }
  } catch (error) {
    if (error instanceof UserError) throw error;
    const words = error instanceof Error ? error.message : String(error);
    throw new UserError(`storage in ${folder} cannot be used: ${words}`, EXIT.BAD_FILE);
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
