/**
 * Reads the `image` part of boards/<name>/board.json: a controller whose whole flash image is made here
 * and run by an emulator.
 */
import { join } from "node:path";
import { boardJson, boardNames } from "../../base/board-data.ts";
import { EXIT, UserError } from "../../base/errors.ts";
import { packageRoot } from "../../base/paths.ts";
import type { Tool } from "../../build/native-board.ts";
import { type TargetState, toolState, toolTrouble } from "../../build/tools.ts";

/** A part of the flash: offset and length in bytes. */
export interface FlashPart {
  readonly at: number;
  readonly bytes: number;
}

const PARTS = ["firmware", "guest", "owner", "wifi", "storage"] as const;
const PINS = ["no", "nc", "button", "rail", "radio", "relay", "lamp"] as const;
type Pin = (typeof PINS)[number];

export interface ImageBoard {
  readonly name: string;
  readonly folder: string;
  /** The name of the emulated board as a target. */
  readonly target: string;
  readonly compiler: string;
  readonly tools: readonly Tool[];
  /** The UF2 family, hexadecimal. */
  readonly family: string;
  /** GPIO numbers; each becomes PIN_<NAME> for the compiler. */
  readonly pins: Readonly<Record<string, number>> & Readonly<Record<Pin, number>>;
  readonly flash: { readonly bytes: number } & Readonly<Record<(typeof PARTS)[number], FlashPart>>;
  /** Files below the board's folder. */
  readonly sources: readonly string[];
  /** Header that the compiler includes first in every source. */
  readonly includeFirst: string;
  readonly include: readonly string[];
  readonly flags: readonly string[];
  readonly link: readonly string[];
  /** The image that ignores the gate. It tests that the copper holds against the software (tier `rail-cut`). */
  readonly hostile: { readonly sources: readonly string[]; readonly link: readonly string[] };
  readonly arenaBytes: number;
  readonly guestBytes: number;
  readonly guestStackBytes: number;
  readonly guestDepth: number;
  /** Instructions without a sleep after which a guest counts as hung. */
  readonly hungInstructions: number;
}

interface BoardFile {
  image?: Partial<ImageBoard>;
}

/** Names of the boards whose whole image is made here. */
export function imageBoardNames(): string[] {
  return boardNames().filter((name) => boardJson<BoardFile>(name).data.image !== undefined);
}

/** Throws a UserError for a board that does not exist, has no such part, or whose part lacks something. */
export function loadImageBoard(name: string): ImageBoard {
  const names = imageBoardNames();
  if (!names.includes(name)) {
    throw new UserError(`board "${name}" has no image: use one of ${names.join(", ")}`, EXIT.USAGE);
  }
  const { path, data } = boardJson<BoardFile>(name);
  const { image = {} } = data;
  const lacks = (field: string, what: string) =>
    new UserError(`${path}: "image.${field}" must be ${what}`, EXIT.BAD_FILE);
  for (const pin of PINS)
    if (!Number.isInteger(image.pins?.[pin])) throw lacks(`pins.${pin}`, "a GPIO number");
  for (const part of PARTS) {
    const { at = -1, bytes = 0 } = image.flash?.[part] ?? {};
    if (at < 0 || bytes <= 0) throw lacks(`flash.${part}`, "{ at, bytes }");
  }
  if (!/^0x[0-9a-f]{8}$/.test(image.family ?? "")) throw lacks("family", "eight hex digits");
  return { ...(image as ImageBoard), name, folder: join(packageRoot(), "boards", name) };
}

/** The board of a target, by the target's name; null if no board has this name. */
export function imageBoardOf(target: string): ImageBoard | null {
  const name = imageBoardNames().find(
    (each) => boardJson<BoardFile>(each).data.image?.target === target,
  );
  return name === undefined ? null : loadImageBoard(name);
}

/** Each of these boards as a target: its tools, and whether it can be built and run on this machine. */
export function controllerStates(): TargetState[] {
  return imageBoardNames()
    .map(loadImageBoard)
    .map(({ target, tools }) => {
      const states = tools.map(toolState);
      const reason = states.map(toolTrouble).find((trouble) => trouble !== null) ?? null;
      return { target, tools: states, reason };
    });
}
