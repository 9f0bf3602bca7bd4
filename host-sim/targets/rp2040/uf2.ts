/**
 * UF2: a flash image in blocks of 512 bytes, which a boot ROM accepts as a file on a USB drive.
 * Format: github.com/microsoft/uf2; the RP2040's rules: its data sheet, 2.8.4.2.
 */
import { EXIT, UserError } from "../../base/errors.ts";
import type { Region } from "./contents.ts";

const BLOCK = 512;
const PAYLOAD = 256;
const MAGIC_START = 0x0a32_4655;
const MAGIC_SECOND = 0x9e5d_5157;
const MAGIC_END = 0x0ab1_6f30;
const FAMILY_PRESENT = 0x2000;
/** Size of a flash sector. The ROM erases a sector when its first block arrives. */
const SECTOR = 4096;
const XIP = 0x1000_0000;

/** Pages of the flash that the regions touch, whole sectors, in order. Throws on regions that overlap. */
function pagesOf(regions: readonly Region[]): Map<number, Buffer> {
  const pages = new Map<number, Buffer>();
  const taken = new Set<number>();
  for (const { at, bytes } of [...regions].sort((a, b) => a.at - b.at)) {
    if (at % SECTOR !== 0) throw new RangeError(`a region at ${at} begins in a sector`);
    const end = at + Math.ceil(bytes.length / SECTOR) * SECTOR;
    for (let page = at; page < end; page += PAYLOAD) {
      if (taken.has(page)) throw new RangeError(`two regions at ${page}`);
      taken.add(page);
      const part = Buffer.alloc(PAYLOAD, 0xff);
      part.set(bytes.subarray(page - at, Math.min(page - at + PAYLOAD, bytes.length)));
      pages.set(page, part);
    }
  }
  return pages;
}

/** Makes a UF2 file of regions of the flash. The same regions give the same bytes. */
export function makeUf2(regions: readonly Region[], family: number): Buffer {
  const pages = [...pagesOf(regions)];
  const file = Buffer.alloc(pages.length * BLOCK);
  for (const [index, [at, bytes]] of pages.entries()) {
    const block = file.subarray(index * BLOCK, (index + 1) * BLOCK);
    const words = [
      MAGIC_START,
      MAGIC_SECOND,
      FAMILY_PRESENT,
      XIP + at,
      PAYLOAD,
      index,
      pages.length,
      family,
    ];
    for (const [word, value] of words.entries()) block.writeUInt32LE(value, 4 * word);
    block.set(bytes, 32);
    block.writeUInt32LE(MAGIC_END, BLOCK - 4);
  }
  return file;
}

function faultOf(block: Buffer, index: number, count: number, family: number): string | null {
  const word = (at: number) => block.readUInt32LE(at);
  if (word(0) !== MAGIC_START || word(4) !== MAGIC_SECOND || word(BLOCK - 4) !== MAGIC_END)
    return "it is damaged";
  if (word(20) !== index || word(24) !== count) return "it is out of order";
  if ((word(8) & FAMILY_PRESENT) === 0 || word(28) !== family) {
    const wanted = `0x${family.toString(16)}`;
    return `its family is 0x${word(28).toString(16)}, this board's is ${wanted}`;
  }
  if (word(16) !== PAYLOAD || word(12) % PAYLOAD !== 0)
    return "its payload is not a page of 256 bytes";
  return null;
}

/**
 * Writes a file into a flash as the boot ROM would. Throws a UserError for a file that is damaged, of another
 * family, or that reaches outside the flash.
 */
export function flashUf2(name: string, file: Buffer, family: number, flash: Uint8Array): void {
  const count = file.length / BLOCK;
  if (!Number.isInteger(count) || count === 0)
    throw new UserError(`${name}: ${file.length} bytes are not blocks of 512`, EXIT.BAD_FILE);
  const erased = new Set<number>();
  for (let index = 0; index < count; index++) {
    const block = file.subarray(index * BLOCK, (index + 1) * BLOCK);
    const fault = faultOf(block, index, count, family);
    if (fault !== null) throw new UserError(`${name}: block ${index}: ${fault}`, EXIT.BAD_FILE);
    const at = block.readUInt32LE(12) - XIP;
    if (at < 0 || at + PAYLOAD > flash.length)
      throw new UserError(`${name}: block ${index}: it lies outside the flash`, EXIT.BAD_FILE);
    const sector = at - (at % SECTOR);
    if (!erased.has(sector)) flash.fill(0xff, sector, sector + SECTOR);
    erased.add(sector);
    flash.set(block.subarray(32, 32 + PAYLOAD), at);
  }
}
