/** Builds journals for tests, without the code under test. */
import { createHash } from "node:crypto";
import {
  JOURNAL_SLOT_BYTES,
  JOURNAL_SLOTS,
  RECORD,
  RING_SLOTS,
} from "../../host-sim/abi/abi.gen.ts";

const LOCAL_KINDS = [RECORD.BOOT, RECORD.LIVE, RECORD.HOLD, RECORD.HOLD] as const;
const REMOTE_KINDS = [RECORD.COMMAND, RECORD.DROPPED, RECORD.REFUSED, RECORD.CONFIG] as const;

/** Records 0 to count - 1 of a ring (0: local, 1: remote), with their hash chain. */
export function chain(count: number, ringNumber = 0): Uint8Array[] {
  const kinds = ringNumber === 0 ? LOCAL_KINDS : REMOTE_KINDS;
  const records: Uint8Array[] = [];
  let hash = Buffer.alloc(32);
  for (let seq = 0; seq < count; seq++) {
    const body = Buffer.alloc(20);
    body.writeUInt32LE(seq, 0);
    body.writeUInt32LE(seq * 250, 4);
    body.writeUInt8(kinds[seq % 4] ?? 0, 8);
    body.writeUInt8(1, 9);
    body.writeUInt32LE(seq, 12);
    body.writeUInt32LE(1, 16);
    hash = createHash("sha256")
      .update(hash)
      .update(body)
      .update(Buffer.of(0x20 + ringNumber))
      .digest();
    records.push(Buffer.concat([body, hash]));
  }
  return records;
}

/** The image of a device that has written `count` local records and `remote` remote ones. */
export function ring(count: number, remote = 0): Uint8Array<ArrayBuffer> {
  const image = new Uint8Array(JOURNAL_SLOTS * JOURNAL_SLOT_BYTES).fill(0xff);
  for (const [seq, record] of chain(count).entries()) image.set(record, offset(seq));
  for (const [seq, record] of chain(remote, 1).entries())
    image.set(record, REMOTE_AT + offset(seq));
  return image;
}
/** The slot of a local record. */
export const offset = (seq: number) => (seq % RING_SLOTS) * JOURNAL_SLOT_BYTES;
const REMOTE_AT = RING_SLOTS * JOURNAL_SLOT_BYTES;

/** The head of a journal whose rings end with these records. */
export function headOf(local?: Uint8Array, remote?: Uint8Array): string {
  const ends = [local, remote].map((record) => record?.subarray(20) ?? new Uint8Array(32));
  return createHash("sha256").update(Buffer.concat(ends)).digest("hex");
}
