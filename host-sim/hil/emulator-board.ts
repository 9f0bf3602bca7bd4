/**
 * Reads the `emulator` part of boards/<name>/board.json: how an emulator of one of the board's chips is
 * started, and how its pins are reached. Must not know any board, chip or emulator by name.
 */
import { existsSync } from "node:fs";
import { boardJson, boardNames } from "../board-data.ts";
import { EXIT, UserError } from "../errors.ts";

export interface EmulatorData {
  /** The target's name. */
  readonly target: string;
  readonly chip: string;
  /** Environment variables that name the emulator and the image: a flash file, or a build folder. */
  readonly program: string;
  readonly image: string;
  /** Its arguments; `{flash}`, `{fuses}`, `{console}`, `{pins}`, `{monitor}` and `{capture}` are files. */
  readonly arguments: readonly string[];
  /** A file of so many zero bytes, and what of it is set: hexadecimal by offset. */
  readonly fuses: { readonly bytes: number; readonly set: Readonly<Record<string, string>> };
  /** Moves an input: `{pin}`, `{level}`. */
  readonly drive: string;
  /** Reads the outputs: a word, a bit a pin. */
  readonly outputs: string;
  /** Whether the registers by which the board senses its radio's power are emulated. */
  readonly sensesRail: boolean;
  /** Of its monitor's lines: one that answers a command. */
  readonly monitorAnswer: string;
  /** The access point that it emulates. */
  readonly wifi: { readonly ssid: string; readonly password: string };
  /** This machine as the emulated board sees it, and how the addresses of what is not the board begin. */
  readonly hostAddress: string;
  readonly hostMac: string;
}

export interface Emulator {
  readonly data: EmulatorData;
  readonly board: string;
  /** GPIO numbers by what they are wired to. */
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

/** Every emulator that some board's file tells of. Throws a UserError for one that lacks something. */
export function emulators(): Emulator[] {
  return boardNames().flatMap((board) => {
    const { path, data: file } = boardJson<BoardFile>(board);
    const { emulator: data } = file;
    if (data === undefined) return [];
    for (const field of TEXTS) {
      if (typeof data[field] !== "string")
        throw new UserError(`${path}: "emulator.${field}" must be text`, EXIT.BAD_FILE);
    }
    const pins = file.chips?.[data.chip]?.pins;
    if (pins === undefined)
      throw new UserError(`${path}: chip "${data.chip}" has no pins`, EXIT.BAD_FILE);
    return [{ data, board, pins }];
  });
}

/** Why an emulator cannot be used here; null if it can. */
export function emulatorTrouble({ data }: Emulator): string | null {
  const wanted = [
    [data.program, "the emulator's program"],
    [data.image, "the firmware: a flash file or the folder of its build"],
  ] as const;
  for (const [variable, what] of wanted) {
    const path = process.env[variable];
    if (path === undefined) return `${variable} is not set: it names ${what}`;
    if (!existsSync(path)) return `${variable}=${path}: no such file`;
  }
  return null;
}
