/** Writes packet captures for tests (classic pcap, Ethernet). */

export function pcapHead(): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(65_536, 16);
  head.writeUInt32LE(1, 20);
  return head;
}

/** A record with a frame of `bytes` bytes and timestamp 0. */
export function pcapRecord(source: string, bytes: number): Buffer {
  const record = Buffer.alloc(16 + bytes);
  record.writeUInt32LE(bytes, 8);
  record.writeUInt32LE(bytes, 12);
  record.set(Buffer.from(source.replaceAll(":", ""), "hex"), 16 + 6);
  return record;
}
