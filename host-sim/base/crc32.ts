/** CRC-32/ISO-HDLC (the one of zlib) as eight hexadecimal digits. Identifies bytes in a trace. */
import { crc32 as crc } from "node:zlib";

export function crc32(bytes: Uint8Array): string {
  return crc(bytes).toString(16).padStart(8, "0");
}
