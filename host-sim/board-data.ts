/**
 * Reads boards/<name>/board.json: what a board is, as data. Must not know any board by name.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UserError } from "./errors.ts";
import { packageRoot } from "./paths.ts";

/** What a board may claim; a lower tier never claims a higher one. */
export const TIERS = ["simulated", "soft-gated", "chip-cut", "rail-cut"] as const;

/** A chip that a board's firmware is built for. */
export interface ChipData {
  summary: string;
  /** Number of each pin, by what it does. */
  pins: Record<"no" | "nc" | "button" | "relay" | "lamp", number>;
  /** Likewise where the chip is a fixture's, by the wire that goes to a device. */
  fixture?: Record<string, number>;
  /** Why a pin is not used, by its number. */
  reserved: Record<string, string>;
  /** Groups of pins, first and last, of which only one each may have an edge interrupt (erratum of the chip). */
  edgeGroups?: readonly (readonly [number, number])[];
  /** The smallest flash that the layout fits. */
  flash: { bytes: number };
  console: { uart: number; baud: number; tx: number; rx: number; usb?: boolean };
}

/** The commands of a board's own build tool. */
export const FIRMWARE_COMMANDS = ["build", "flash", "monitor"] as const;
export type FirmwareCommand = (typeof FIRMWARE_COMMANDS)[number];

/** How a board's image is built and flashed. */
export interface FirmwareData {
  /** The folder that the build tool is run in, and where generated files go; below the board's. */
  project: string;
  input: string;
  /** The layout of the flash, below the board's folder. */
  partitions: string;
  /** What the build makes, below the project's folder. `{build}`: the chip, and what it is built as. */
  image: string;
  /** Words of commands. `{chip}`, `{role}`, `{build}` and `{port}` stand for theirs. */
  commands: Record<FirmwareCommand, string[]>;
  /** How a person comes by the first word of the commands. */
  install: string;
}

export interface BoardData {
  name: string;
  tier: (typeof TIERS)[number];
  /** What the tier claims and what it does not. */
  claim: string;
  /** What powers the rail that is sensed: the chip's own radio power, or the switch's copper. */
  railFollows: "radio" | "switch";
  /** From power off to rail down, in ms. */
  dischargeMs: number;
  /** From power on to rail up, in ms. */
  railUpMs: number;
  /** How long a contact may chatter, in ms. */
  bounceMs: number;
  /** From restart to the first sample of the contacts, in ms. */
  bootMs: number;
  /** What a level means, by pin. */
  polarity?: Record<string, string>;
  chips?: Record<string, ChipData>;
  firmware?: FirmwareData;
  /** Lines of its own that a guest drives beyond relay and lamp; none if absent. */
  lines?: number;
}

/** Names of all boards that have a board.json. */
export function boardNames(): string[] {
  const folder = join(packageRoot(), "boards");
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, "board.json")));
}

/** The board that is meant when none is named: the one whose board.json says `"default": true`. */
export function defaultBoard(): string {
  const found = boardNames().filter(
    (name) => boardJson<{ default?: boolean }>(name).data.default === true,
  );
  if (found.length !== 1) throw new Error(`${found.length} boards are the default, not 1`);
  return found[0] ?? "";
}

/** The file of a board that has one, unchecked, and where it is. */
export function boardJson<T>(name: string): { path: string; data: Partial<T> } {
  const path = join(packageRoot(), "boards", name, "board.json");
  return { path, data: JSON.parse(readFileSync(path, "utf8")) };
}

/** Throws a UserError for a board that does not exist or whose file lacks something. */
export function loadBoard(name: string = defaultBoard()): BoardData {
  const names = boardNames();
  if (!names.includes(name)) {
    throw new UserError(
      `board "${name}" does not exist: use one of ${names.join(", ")}`,
      EXIT.USAGE,
    );
  }
  const { path, data } = boardJson<BoardData>(name);
  const counts = ["dischargeMs", "railUpMs", "bounceMs", "bootMs"] as const;
  for (const field of counts) {
    if (!Number.isInteger(data[field]) || (data[field] ?? -1) < 0) {
      throw new UserError(`${path}: "${field}" must be a whole number of ms`, EXIT.BAD_FILE);
    }
  }
  if (data.tier === undefined || !TIERS.includes(data.tier)) {
    throw new UserError(`${path}: "tier" must be one of ${TIERS.join(", ")}`, EXIT.BAD_FILE);
  }
  if (data.railFollows !== "radio" && data.railFollows !== "switch") {
    throw new UserError(`${path}: "railFollows" must be "radio" or "switch"`, EXIT.BAD_FILE);
  }
  return data as BoardData;
}
