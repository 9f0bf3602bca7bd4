/**
 * Reads the `chips` and `firmware` parts of boards/<name>/board.json: chips that an image is built for and
 * flashed to. Must not know any board or chip by name.
 */
import { dirname, join } from "node:path";
import {
  boardJson,
  boardNames,
  type ChipData,
  FIRMWARE_COMMANDS,
  type FirmwareCommand,
  type FirmwareData,
} from "../board-data.ts";
import { EXIT, UserError } from "../errors.ts";
import { packageRoot } from "../paths.ts";

/** What an image makes of a chip, by the guest that it brings. */
export const ROLES = ["device", "fixture"] as const;
export type Role = (typeof ROLES)[number];

export interface Chip {
  readonly name: string;
  readonly role: Role;
  /** The board that lists it. */
  readonly board: string;
  readonly folder: string;
  readonly flashBytes: number;
  readonly firmware: FirmwareData;
}

/** What of a board's file is read here, before it is checked. */
interface BoardFile {
  chips?: Record<string, Partial<ChipData>>;
  firmware?: Partial<FirmwareData>;
}

/** The group of pins that NO and NC share although the chip loses edges there; null if there is none. */
export function sharedGroup({ pins, edgeGroups = [] }: Partial<ChipData>): string | null {
  const group = edgeGroups.find(([first, last]) =>
    [pins?.no ?? -1, pins?.nc ?? -1].every((pin) => pin >= first && pin <= last),
  );
  return group === undefined ? null : `GPIO${group[0]} to GPIO${group[1]}`;
}

/** Names of all chips that some board lists. */
export function chipNames(): string[] {
  return boardNames().flatMap((board) => Object.keys(boardJson<BoardFile>(board).data.chips ?? {}));
}

/** Throws a UserError for a chip that no board lists, or whose board's file lacks something. */
export function loadChip(name: string, role: Role = "device"): Chip {
  const board = boardNames().find((each) =>
    Object.hasOwn(boardJson<BoardFile>(each).data.chips ?? {}, name),
  );
  if (board === undefined) {
    const names = chipNames().join(", ");
    throw new UserError(`"${name}" is no chip of any board: use one of ${names}`, EXIT.USAGE);
  }
  const { path, data } = boardJson<BoardFile>(board);
  const lacks = (field: string, what: string) =>
    new UserError(`${path}: "${field}" must be ${what}`, EXIT.BAD_FILE);
  const { firmware = {} } = data;
  for (const field of ["project", "input", "image", "partitions", "install"] as const) {
    if (typeof firmware[field] !== "string") throw lacks(`firmware.${field}`, "text");
  }
  for (const command of FIRMWARE_COMMANDS) {
    const words = firmware.commands?.[command];
    if (!Array.isArray(words) || words.length === 0)
      throw lacks(`firmware.commands.${command}`, "a list of words");
  }
  const flashBytes = data.chips?.[name]?.flash?.bytes;
  if (flashBytes === undefined || !Number.isInteger(flashBytes))
    throw lacks(`chips.${name}.flash.bytes`, "a whole number");
  if (role === "fixture" && data.chips?.[name]?.fixture === undefined)
    throw lacks(`chips.${name}.fixture`, "there: without it the chip is no fixture");
  const shared = sharedGroup(data.chips?.[name] ?? {});
  if (shared !== null)
    throw lacks(
      `chips.${name}.pins`,
      `such that NO and NC are not both in ${shared}: edges get lost`,
    );
  const folder = join(packageRoot(), "boards", board);
  return { name, role, board, folder, flashBytes, firmware: firmware as FirmwareData };
}

/** A command of the board with its places filled in. */
export function commandOf(chip: Chip, name: FirmwareCommand, port = ""): string[] {
  return chip.firmware.commands[name].map((word) => filled(word, chip, port));
}

/** The folder of what the chip's build has made. */
export function buildFolderOf(chip: Chip): string {
  return dirname(join(chip.folder, chip.firmware.project, filled(chip.firmware.image, chip)));
}

function filled(text: string, chip: Chip, port = ""): string {
  const { name, role } = chip;
  return text
    .replaceAll("{chip}", name)
    .replaceAll("{role}", role)
    .replaceAll("{build}", role === "device" ? name : `${name}-${role}`)
    .replaceAll("{port}", port);
}
