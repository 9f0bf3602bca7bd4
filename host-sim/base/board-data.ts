/**
 * Reads boards/<name>/board.json, the description of a board.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UserError } from "./errors.ts";
import { packageRoot } from "./paths.ts";

/** The protection that a board may claim, from the weakest to the strongest. */
export const TIERS = ["simulated", "soft-gated", "chip-cut", "rail-cut"] as const;

/** A chip that a board's firmware is built for. */
export interface ChipData {
  summary: string;
  /** GPIO number by function. */
  pins: Record<"no" | "nc" | "button" | "relay" | "lamp", number>;
  /** GPIO number by wire to the device, when the chip is used as a test fixture. */
  fixture?: Record<string, number>;
  /** Why a GPIO is not used, by its number. */
  reserved: Record<string, string>;
  /** Groups of pins, first and last, of which only one each may have an edge interrupt (erratum of the chip). */
  edgeGroups?: readonly (readonly [number, number])[];
  /** The smallest flash that the layout fits. */
  flash: { bytes: number };
  console: { uart: number; baud: number; tx: number; rx: number; usb?: boolean };
}

/** What a board's own build tool can do. */
export const FIRMWARE_COMMANDS = ["build", "flash", "monitor"] as const;
export type FirmwareCommand = (typeof FIRMWARE_COMMANDS)[number];

/** How a board's image is built and flashed. */
export interface FirmwareData {
  /** The folder in which the build tool runs, relative to the board's folder. */
  project: string;
  /** The folder for generated files, relative to the board's folder. */
  input: string;
  /** The partition table, relative to the board's folder. */
  partitions: string;
  /** The build's output, relative to the project's folder. `{build}` is the chip and its role. */
  image: string;
  /** The words of each command. `{chip}`, `{role}`, `{build}` and `{port}` are replaced. */
  commands: Record<FirmwareCommand, string[]>;
  /** How to install the tool that is the first word of the commands. */
  install: string;
}

export interface BoardData {
  name: string;
  tier: (typeof TIERS)[number];
  /** What the tier claims and what it does not. */
  claim: string;
  /** What supplies the sensed rail: the chip's own radio power, or the switch's contact. */
  railFollows: "radio" | "switch";
  /** Time from power off until the rail is down, in ms. */
  dischargeMs: number;
  /** Time from power on until the rail is up, in ms. */
  railUpMs: number;
  /** The longest bounce of a contact, in ms. */
  bounceMs: number;
  /** Time from restart to the first sample of the contacts, in ms. */
  bootMs: number;
  /** The meaning of a level, by pin. */
  polarity?: Record<string, string>;
  chips?: Record<string, ChipData>;
  firmware?: FirmwareData;
  /** Number of output lines that a guest drives besides relay and lamp. Default 0. */
  lines?: number;
}

/** Names of all boards that have a board.json. */
export function boardNames(): string[] {
  const folder = join(packageRoot(), "boards");
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, "board.json")));
}

/** The default board: the one whose board.json has `"default": true`. */
export function defaultBoard(): string {
  const found = boardNames().filter(
    (name) => boardJson<{ default?: boolean }>(name).data.default === true,
  );
  if (found.length !== 1)
    throw new Error(`${found.length} boards have "default": true in board.json; exactly one must`);
  return found[0] ?? "";
}

/** The contents of a board's board.json, not validated, and its path. */
export function boardJson<T>(name: string): { path: string; data: Partial<T> } {
  const path = join(packageRoot(), "boards", name, "board.json");
  return { path, data: JSON.parse(readFileSync(path, "utf8")) };
}

/** The chips of a board, by name. */
function chipsOf(board: string): string[] {
  return Object.keys(boardJson<BoardData>(board).data.chips ?? {});
}

/** The names that --board takes: every board, and every chip that a board is built for. */
export function boardAndChipNames(): string[] {
  return [...new Set(boardNames().flatMap((board) => [board, ...chipsOf(board)]))];
}

/**
 * Loads and validates a board's description. A chip stands for its board. Throws a UserError if the
 * description is missing or incomplete.
 */
export function loadBoard(given: string = defaultBoard()): BoardData {
  const names = boardNames();
  const name = names.includes(given)
    ? given
    : names.find((board) => chipsOf(board).includes(given));
  if (name === undefined) {
    throw new UserError(
      `board "${given}" does not exist: use one of ${boardAndChipNames().join(", ")}`,
      EXIT.USAGE,
    );
  }
  const { path, data } = boardJson<BoardData>(name);
  const counts = ["dischargeMs", "railUpMs", "bounceMs", "bootMs"] as const;
  for (const field of counts) {
    if (!Number.isInteger(data[field]) || (data[field] ?? -1) < 0) {
      throw new UserError(
        `${path}: "${field}" must be a whole number of milliseconds`,
        EXIT.BAD_FILE,
      );
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
