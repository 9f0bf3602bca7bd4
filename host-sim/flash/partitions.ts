/**
 * Parses a partition table (CSV) and encodes it as the chip's boot loader reads it. Source: ESP-IDF
 * Programming Guide, "Partition Tables".
 */
import { readFileSync } from "node:fs";
import { codeOf, EXIT, UserError } from "../base/errors.ts";

export interface Partition {
  readonly name: string;
  readonly type: number;
  readonly subtype: number;
  readonly at: number;
  readonly bytes: number;
}

/** Offset of the partition table in the flash. */
export const TABLE_AT = 0x8000;
/**
 * Size of a flash sector in bytes, the smallest unit that can be erased. Partitions begin on one.
 */
export const SECTOR_BYTES = 0x1000;
/** Length of a row of the encoded table, in bytes. */
const ROW_BYTES = 32;
const ROW_MAGIC = 0x50aa;
const NAME_BYTES = 16;
const TYPES: Readonly<Record<string, number>> = { app: 0, data: 1 };
const SUBTYPES: Readonly<Record<string, number>> = {
  factory: 0x00,
  ota: 0x00,
  phy: 0x01,
  nvs: 0x02,
  coredump: 0x03,
  nvs_keys: 0x04,
};

function wholeNumber(text: string, names: Readonly<Record<string, number>> = {}): number {
  const [, digits = "", unit = ""] = /^(0x[0-9a-f]+|\d+)([km]?)$/i.exec(text) ?? [];
  if (digits === "") return names[text] ?? Number.NaN;
  const scale = { "": 1, k: 1024, m: 1024 * 1024 }[unit.toLowerCase()] ?? Number.NaN;
  return Number(digits) * scale;
}

function readRow(line: string): Partition | string {
  const [name = "", type = "", subtype = "", at = "", bytes = "", flags = ""] = line
    .split(",")
    .map((word) => word.trim());
  const row = {
    name,
    type: wholeNumber(type, TYPES),
    subtype: wholeNumber(subtype, SUBTYPES),
    at: wholeNumber(at),
    bytes: wholeNumber(bytes),
  };
  if (name === "" || Buffer.byteLength(name) > NAME_BYTES) return `name "${name}"`;
  if (!(row.type <= 0xff)) return `type "${type}"`;
  if (!(row.subtype <= 0xff)) return `subtype "${subtype}"`;
  if (!(row.at % SECTOR_BYTES === 0)) return `offset "${at}": write a multiple of 0x1000`;
  if (!(row.bytes > 0 && row.bytes % SECTOR_BYTES === 0)) return `size "${bytes}"`;
  return flags === "" ? row : `flags "${flags}"`;
}

/**
 * Reads a table. Throws UserError, with file and line, for a row that is invalid, duplicate,
 * outside the flash or overlaps another.
 */
export function readPartitions(path: string, flashBytes: number): Partition[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${codeOf(error)}`, EXIT.BAD_FILE);
  }
  return parsePartitions(path, text, flashBytes);
}

export function parsePartitions(path: string, text: string, flashBytes: number): Partition[] {
  const rows: Partition[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const row = readRow(line);
    const bad = (why: string) => new UserError(`${path}:${index + 1}: ${why}`, EXIT.BAD_FILE);
    if (typeof row === "string") throw bad(`invalid ${row}`);
    const end = row.at + row.bytes;
    if (end > flashBytes) throw bad(`${row.name} ends beyond the flash of ${flashBytes} bytes`);
    const other = rows.find(({ at, bytes }) => row.at < at + bytes && at < end);
    if (other !== undefined) throw bad(`${row.name} overlaps ${other.name}`);
    if (rows.some(({ name }) => name === row.name)) throw bad(`${row.name} occurs twice`);
    rows.push(row);
  }
  return rows;
}

/** Encodes the rows as they are stored in the flash at TABLE_AT. */
export function encodePartitions(rows: readonly Partition[]): Uint8Array {
  const table = Buffer.alloc(rows.length * ROW_BYTES);
  for (const [index, { name, type, subtype, at, bytes }] of rows.entries()) {
    const row = table.subarray(index * ROW_BYTES);
    row.writeUInt16LE(ROW_MAGIC, 0);
    row.writeUInt8(type, 2);
    row.writeUInt8(subtype, 3);
    row.writeUInt32LE(at, 4);
    row.writeUInt32LE(bytes, 8);
    row.write(name, 12, NAME_BYTES);
  }
  return table;
}

/** The partition with a name. Throws UserError if the table has none. */
export function partitionOf(path: string, rows: readonly Partition[], name: string): Partition {
  const row = rows.find((each) => each.name === name);
  if (row === undefined)
    throw new UserError(`${path}: it has no partition "${name}"`, EXIT.BAD_FILE);
  return row;
}
