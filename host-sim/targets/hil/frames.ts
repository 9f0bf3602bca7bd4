/**
 * Messages to and from a board whose network link is its serial line. Each message is one line of
 * text among the other lines of the console.
 *
 *   > <hex> <crc32>            to the board; without bytes: the link is up
 *   < <channel> <hex> <crc32>  from the board
 */
import { CHANNEL_NAMES } from "../../abi/abi.gen.ts";
import { crc32 } from "../../base/crc32.ts";

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** A message to the board as a line, newline included. */
export function frameToBoard(bytes: Uint8Array): string {
  return `> ${hexOf(bytes)} ${crc32(bytes)}\n`;
}

/** A message from the board as a line, line ending included. */
export function frameFromBoard(channel: number, bytes: Uint8Array): string {
  return `< ${channel} ${hexOf(bytes)} ${crc32(bytes)}\r\n`;
}

function checked(hex: string, crc: string): Uint8Array | null {
  const bytes = Buffer.from(hex, "hex");
  return bytes.length * 2 === hex.length && crc32(bytes) === crc ? bytes : null;
}

/** The bytes of a message to the board; null if the line is no message or was damaged. */
export function parseFrameToBoard(line: string): Uint8Array | null {
  const [, hex = "", crc] = /^> ([0-9a-f]*) ([0-9a-f]{8})$/.exec(line) ?? [];
  return crc === undefined ? null : checked(hex, crc);
}

/**
 * The channel and bytes of a message from the board; null if the line is no message or was damaged.
 */
export function parseFrameFromBoard(line: string): { channel: number; bytes: Uint8Array } | null {
  const [, channel, hex = "", crc] = /^< (\d) ([0-9a-f]*) ([0-9a-f]{8})$/.exec(line) ?? [];
  const bytes = crc === undefined ? null : checked(hex, crc);
  if (bytes === null || Number(channel) >= CHANNEL_NAMES.length) return null;
  return { channel: Number(channel), bytes };
}
