/** CRC-32 (ISO-HDLC, as in zlib) by zlib, in eight hexadecimal digits: names bytes in a trace. */
import { crc32 as crc } from "node:zlib";

export function crc32(bytes: Uint8Array): string {
  return crc(bytes).toString(16).padStart(8, "0");
}
