/**
 * Reads the `emulator` part of boards/<name>/board.json: how to start an emulator of one of the
 * board's chips, and how to read and drive its pins.
 */
import { existsSync } from "node:fs";
import { boardJson, boardNames } from "../../base/board-data.ts";
import { EXIT, UserError } from "../../base/errors.ts";

export interface EmulatorData {
  /** Name of the target, for `run --target`. */
  readonly target: string;
  readonly chip: string;
  /**
   * Environment variables with the paths of the emulator and of the image (flash file or build
   * folder).
   */
  readonly program: string;
  readonly image: string;
  /**
   * Command line arguments. `{flash}`, `{fuses}`, `{console}`, `{pins}`, `{monitor}` and
   * `{capture}` are replaced by file names.
   */
  readonly arguments: readonly string[];
  /** The eFuse file: its length (zero bytes), and the bytes to set, in hexadecimal, by offset. */
  readonly fuses: { readonly bytes: number; readonly set: Readonly<Record<string, string>> };
  /** The command that drives an input; `{pin}` and `{level}` are replaced. */
  readonly drive: string;
  /** The command that reads the outputs: a word with one bit for each pin. */
  readonly outputs: string;
  /** True if the emulator has the registers from which the board reads its radio's power. */
  readonly sensesRail: boolean;
  /** A regular expression for the monitor's lines that answer a command. */
  readonly monitorAnswer: string;
  /** The emulated access point. */
  readonly wifi: { readonly ssid: string; readonly password: string };
  /** The IP address of this machine as seen by the emulated board. */
  readonly hostAddress: string;
  /** Prefix of the MAC addresses that are not the board's. */
  readonly hostMac: string;
}

export interface Emulator {
  readonly data: EmulatorData;
  readonly board: string;
  /** GPIO numbers, by signal. */
  readonly pins: Readonly<Record<"no" | "nc" | "button" | "relay" | "lamp", number>>;
}

interface BoardFile {
  emulator?: EmulatorData;
  chips?: Record<string, { pins?: Emulator["pins"] }>;
}

const TEXTS = [
  "target",
  "chip",
  "program",
  "image",
  "monitorAnswer",
  "drive",
  "outputs",
  "hostAddress",
] as const;

/**
 * All emulators that the boards' files describe. Throws a UserError for an incomplete description.
 */
export function emulators(): Emulator[] {
  return boardNames().flatMap((board) => {
    const { path, data: file } = boardJson<BoardFile>(board);
    const { emulator: data } = file;
    if (data === undefined) return [];
    for (const field of TEXTS) {
      if (typeof data[field] !== "string")
        throw new UserError(`${path}: "emulator.${field}" must be a string`, EXIT.BAD_FILE);
    }
    const pins = file.chips?.[data.chip]?.pins;
    if (pins === undefined)
      throw new UserError(`${path}: "chips.${data.chip}.pins" is missing`, EXIT.BAD_FILE);
    return [{ data, board, pins }];
  });
}

/** Why an emulator cannot be used on this machine; null if it can. */
export function emulatorTrouble({ data }: Emulator): string | null {
  const required = [
    [data.program, "the emulator's program"],
    [data.image, "the firmware (a flash file or a build folder)"],
  ] as const;
  for (const [variable, what] of required) {
    const path = process.env[variable];
    if (path === undefined) return `${variable} is not set: set it to the path of ${what}`;
    if (!existsSync(path)) return `${variable}=${path}: no such file`;
  }
  return null;
}
