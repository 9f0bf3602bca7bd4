/**
 * Writes regions to a chip's flash through its boot loader, and verifies them by the MD5 that the
 * chip computes.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { codeOf, EXIT, UserError } from "../base/errors.ts";
import type { Chip } from "./chip.ts";
import { encodePartitions, type Partition, readPartitions, TABLE_AT } from "./partitions.ts";
import type { Rom } from "./rom.ts";

export interface Region {
  readonly name: string;
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface Written {
  readonly region: string;
  readonly at: number;
  readonly bytes: number;
  readonly md5: string;
}

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
const hex = (at: number) => `0x${at.toString(16)}`;

/** The path of a chip's partition table, and its rows. */
export function partitionsOf(chip: Chip): [string, Partition[]] {
  const path = join(chip.folder, chip.firmware.partitions);
  return [path, readPartitions(path, chip.flashBytes)];
}

/** Throws UserError if the connected chip is not `chip`. */
export function checkChip(rom: Rom, chip: Chip, path: string): void {
  if (rom.chip === chip.name) return;
  throw new UserError(
    `port ${path}: the chip is ${rom.chip}, not ${chip.name}: use --board ${rom.chip}, or another --port`,
    EXIT.WRONG_CHIP,
  );
}

/**
 * Throws UserError if the flash has another partition table. A single partition written into
 * another layout would overwrite other data.
 */
export async function checkLayout(rom: Rom, rows: readonly Partition[], path: string) {
  const table = encodePartitions(rows);
  if ((await rom.md5(TABLE_AT, table.length)) === md5(table)) return;
  throw new UserError(
    `port ${path}: the board has another partition table: flash the whole firmware first`,
    EXIT.WRONG_CHIP,
  );
}

/** Writes the regions and verifies each one. Throws UserError at the first that fails. */
export async function writeRegions(
  rom: Rom,
  regions: readonly Region[],
  progress: (done: number, total: number, region: string) => void,
): Promise<Written[]> {
  const written: Written[] = [];
  for (const { name, at, bytes } of regions) {
    let done = 0;
    try {
      await rom.write(at, bytes, (now, total) => {
        done = now;
        progress(now, total, name);
      });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      const part = `${name} is only partly written, ${done} of ${bytes.length} bytes`;
      throw new UserError(
        `${error.message}: ${part}: check the cable and the supply, and run the command again`,
        EXIT.NOT_WRITTEN,
      );
    }
    const expected = md5(bytes);
    const found = await rom.md5(at, bytes.length);
    if (found !== expected) {
      throw new UserError(
        `${name} at ${hex(at)} was written wrong (MD5 ${found}, not ${expected}): run the command ` +
          "again with a lower --baud; if it fails again, the flash is worn out",
        EXIT.NOT_WRITTEN,
      );
    }
    written.push({ region: name, at, bytes: bytes.length, md5: expected });
  }
  return written;
}

interface FlasherArgs {
  flash_files?: Record<string, string>;
  extra_esptool_args?: { chip?: string };
}

/** The path of the list of files in a build folder. Null if the firmware is not built. */
export function builtList(folder: string): string | null {
  const path = join(folder, "flasher_args.json");
  return existsSync(path) ? path : null;
}

/** The regions of the whole firmware, from the build tool's list. Throws UserError if it is bad. */
export function builtRegions(chip: Chip, path: string): Region[] {
  const bad = (why: string) =>
    new UserError(`${path}: ${why}: build the firmware again`, EXIT.BAD_FILE);
  let list: FlasherArgs;
  try {
    list = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw bad("not JSON");
  }
  const built = list.extra_esptool_args?.chip;
  if (built !== chip.name) throw bad(`built for chip ${built}, not ${chip.name}`);
  const files = Object.entries(list.flash_files ?? {});
  if (files.length === 0) throw bad("it lists no files");
  const regions = files.map(([offset, file]) => {
    const at = Number(offset);
    const place = join(dirname(path), file);
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(place);
    } catch (error) {
      throw bad(`${place} cannot be read, ${codeOf(error)}`);
    }
    if (!Number.isInteger(at) || at + bytes.length > chip.flashBytes)
      throw bad(`${file} at ${offset} is outside the flash`);
    return { name: file, at, bytes };
  });
  return regions.sort((one, other) => one.at - other.at);
}
