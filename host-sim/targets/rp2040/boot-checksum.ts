/**
 * The checksum that the RP2040's boot ROM asks of the second stage: CRC-32 with polynomial 0x04c11db7, most
 * significant bit first, from all ones, not inverted (RP2040 data sheet 2.8.1.3.1).
 */

const POLYNOMIAL = 0x04c1_1db7;

export function checksumOfBoot(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc = (crc ^ (byte << 24)) >>> 0;
    for (let bit = 0; bit < 8; bit++)
      crc = ((crc << 1) ^ ((crc & 0x8000_0000) === 0 ? 0 : POLYNOMIAL)) >>> 0;
  }
  return crc;
}
