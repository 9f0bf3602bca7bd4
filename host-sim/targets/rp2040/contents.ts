/**
 * What is in a controller's flash: firmware, guest, the owner's settings and the network's name, each at its place.
 */

import { EXIT, UserError } from "../../base/errors.ts";
import {
  checkBroker,
  framed,
  GUEST,
  guestContents,
  OWNER,
  type Owner,
  ownerContents,
} from "../../flash/contents.ts";
import type { FlashPart, ImageBoard } from "./board.ts";

export interface Region {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface Wifi {
  readonly ssid: string;
  readonly password: string;
}

const SSID_MAX = 32;
const PASSWORD_MAX = 63;

const partition = (name: string, { at, bytes }: FlashPart) => ({
  name,
  type: 1,
  subtype: 0,
  at,
  bytes,
});

export function firmwareRegion(board: ImageBoard, bytes: Uint8Array): Region {
  return { at: board.flash.firmware.at, bytes };
}

/** Throws a UserError for a module that a board would refuse. `name` is for errors. */
export function guestRegion(
  board: ImageBoard,
  name: string,
  module: Uint8Array<ArrayBuffer>,
): Region {
  const part = board.flash.guest;
  return { at: part.at, bytes: guestContents(name, module, partition(GUEST, part)) };
}

/** A module without a check, so that tests can flash a module that the board refuses. */
export function anyGuestRegion(board: ImageBoard, module: Uint8Array): Region {
  const part = board.flash.guest;
  return { at: part.at, bytes: framed("KSGUEST1", module, partition(GUEST, part)) };
}

export function ownerRegion(board: ImageBoard, owner: Owner): Region {
  const part = board.flash.owner;
  return { at: part.at, bytes: ownerContents(owner, partition(OWNER, part)) };
}

function counted(what: string, text: string, most: number): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > most)
    throw new UserError(`${what} has ${bytes.length} bytes: Wi-Fi takes ${most}`, EXIT.USAGE);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

/** The Wi-Fi network that the modem joins. */
export function wifiRegion(board: ImageBoard, { ssid, password }: Wifi): Region {
  if (ssid === "") throw new UserError("--ssid is empty: give the network's name", EXIT.USAGE);
  const body = Buffer.concat([
    counted("--ssid", ssid, SSID_MAX),
    counted("the password", password, PASSWORD_MAX),
  ]);
  const part = board.flash.wifi;
  return { at: part.at, bytes: framed("KSWIFI01", body, partition("wifi", part)) };
}

export { checkBroker };
