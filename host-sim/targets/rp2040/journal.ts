/**
 * The journal as it is stored in a controller's flash: the newest whole record of each slot. Twin of the reader in
 * boards/two-chip/firmware/record_log.c, but written independently, so that it can check what the board stored.
 */
import { crc32 } from "node:zlib";
import type { FlashPart } from "./board.ts";

const SECTOR = 4096;
const HEADER = 16;
const SLOT_HEAD = 8;
const RECORD = 64;
const SLOT = SLOT_HEAD + RECORD;
const MAGIC = 0x4b53_4c31;
const BLANK = 0xffff_ffff;
const JOURNAL_RECORDS = 512;

/** The journal's ring; bytes that were never written are 0xff. */
export function journalOf(flash: Uint8Array, storage: FlashPart): Uint8Array {
  const journal = new Uint8Array(JOURNAL_RECORDS * RECORD).fill(0xff);
  const all = Buffer.from(flash.buffer, flash.byteOffset + storage.at, storage.bytes);
  const sectors: Buffer[] = [];
  for (let at = 0; at < all.length; at += SECTOR) sectors.push(all.subarray(at, at + SECTOR));
  const inUse = sectors.filter(
    (sector) =>
      sector.readUInt32LE(0) === MAGIC &&
      (sector.readUInt32LE(4) ^ sector.readUInt32LE(8)) >>> 0 === BLANK &&
      sector.readUInt32LE(12) === BLANK,
  );
  inUse.sort((a, b) => a.readUInt32LE(4) - b.readUInt32LE(4));
  for (const sector of inUse) {
    for (let at = HEADER; at + SLOT <= SECTOR; at += SLOT) {
      const number = sector.readUInt16LE(at);
      const whole =
        sector.readUInt32LE(at + 4) ===
        crc32(
          Buffer.concat([sector.subarray(at, at + 4), sector.subarray(at + SLOT_HEAD, at + SLOT)]),
        );
      if (!whole || (number ^ sector.readUInt16LE(at + 2)) !== 0xffff) continue;
      if (number < JOURNAL_RECORDS)
        journal.set(sector.subarray(at + SLOT_HEAD, at + SLOT), number * RECORD);
    }
  }
  return journal;
}
