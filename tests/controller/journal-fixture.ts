/** Builds journals for tests, without the code under test. */
import { createHash } from "node:crypto";
import { JOURNAL_SLOT_BYTES, JOURNAL_SLOTS } from "../../host-sim/abi/abi.gen.ts";

/** Records 0 to count - 1, with their hash chain. */
export function chain(count: number): Uint8Array[] {
  const records: Uint8Array[] = [];
  let hash = Buffer.alloc(32);
  for (let seq = 0; seq < count; seq++) {
    const body = Buffer.alloc(20);
    body.writeUInt32LE(seq, 0);
    body.writeUInt32LE(seq * 250, 4);
    body.writeUInt8(seq % 7, 8);
    body.writeUInt8(1, 9);
    body.writeUInt32LE(seq, 12);
    body.writeUInt32LE(1, 16);
    hash = createHash("sha256").update(hash).update(body).digest();
    records.push(Buffer.concat([body, hash]));
  }
  return records;
}

/** The ring image of a device that has written `count` records. */
export function ring(count: number): Uint8Array<ArrayBuffer> {
  const image = new Uint8Array(JOURNAL_SLOTS * JOURNAL_SLOT_BYTES).fill(0xff);
  for (const [seq, record] of chain(count).entries()) image.set(record, offset(seq));
  return image;
}
export const offset = (seq: number) => (seq % JOURNAL_SLOTS) * JOURNAL_SLOT_BYTES;
