/**
 * What a board has for its guest, from the sizes in its board.json.
 */
import { boardJson } from "../base/board-data.ts";
import { ANY_GUEST, type GuestRoom, roomOf } from "../sim/profile.ts";

interface BoardFile {
  firmware?: { sizes?: { arena: number; guest: number; guestStack: number } };
}

/** Bytes of a word on a microcontroller. */
const WORD = 4;

/** The room on a board that is flashed; that for any guest on one that states no sizes. */
export function roomOnBoard(name: string): GuestRoom {
  const { sizes } = boardJson<BoardFile>(name).data.firmware ?? {};
  if (sizes === undefined) return ANY_GUEST;
  return roomOf(sizes.arena, sizes.guest, sizes.guestStack, WORD);
}
