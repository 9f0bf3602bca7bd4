/**
 * Reads `chips` and `firmware` of boards/<name>/board.json: the chips that an image is built for
 * and flashed to, and the commands of the board's build tool.
 */
import { dirname, join } from "node:path";
import {
  boardJson,
  boardNames,
  type ChipData,
  FIRMWARE_COMMANDS,
  type FirmwareCommand,
  type FirmwareData,
} from "../base/board-data.ts";
import { EXIT, UserError } from "../base/errors.ts";
import { packageRoot } from "../base/paths.ts";

/** The roles of a chip. They differ in the guest of its image. */
export const ROLES = ["device", "fixture"] as const;
export type Role = (typeof ROLES)[number];

export interface Chip {
  readonly name: string;
  readonly role: Role;
  /** The board that lists the chip. */
  readonly board: string;
  readonly folder: string;
  readonly flashBytes: number;
  readonly firmware: FirmwareData;
}

/** The parts of board.json that are read here, before validation. */
interface BoardFile {
  chips?: Record<string, Partial<ChipData>>;
  firmware?: Partial<FirmwareData>;
}

/** The group of pins that contains both NO and NC, where the chip can lose edges. Null if none. */
export function sharedGroup({ pins, edgeGroups = [] }: Partial<ChipData>): string | null {
  const group = edgeGroups.find(([first, last]) =>
    [pins?.no ?? -1, pins?.nc ?? -1].every((pin) => pin >= first && pin <= last),
  );
  return group === undefined ? null : `GPIO${group[0]} to GPIO${group[1]}`;
}

/** The names of the chips of all boards. */
export function chipNames(): string[] {
  return boardNames().flatMap((board) => Object.keys(boardJson<BoardFile>(board).data.chips ?? {}));
}

/** Throws UserError if no board lists the chip, or if the board's file is incomplete. */
export function loadChip(name: string, role: Role = "device"): Chip {
  const board = boardNames().find((each) =>
    Object.hasOwn(boardJson<BoardFile>(each).data.chips ?? {}, name),
  );
  if (board === undefined) {
    const names = chipNames().join(", ");
    throw new UserError(`no board has a chip "${name}": use one of ${names}`, EXIT.USAGE);
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
    throw lacks(`chips.${name}.fixture`, "present for a chip that is used as a fixture");
  const shared = sharedGroup(data.chips?.[name] ?? {});
  if (shared !== null)
    throw lacks(
      `chips.${name}.pins`,
      `such that NO and NC are not both in ${shared}, where the chip loses edges`,
    );
  const folder = join(packageRoot(), "boards", board);
  return { name, role, board, folder, flashBytes, firmware: firmware as FirmwareData };
}

/** A command of the board's build tool, with its placeholders filled in. */
export function commandOf(chip: Chip, name: FirmwareCommand, port = ""): string[] {
  return chip.firmware.commands[name].map((word) => filled(word, chip, port));
}

/** The folder of the chip's build output. */
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
