/**
 * Reads the `native` part of boards/<name>/board.json: what it takes to build a board and to run it.
 * Must not know any board by name, nor how its parts are used.
 */
import { join } from "node:path";
import { boardJson, boardNames } from "../board-data.ts";
import { EXIT, UserError } from "../errors.ts";
import { packageRoot } from "../paths.ts";

export interface Tool {
  readonly command: string;
  /** Least version, `major.minor`. */
  readonly minimum: string;
  /** Debian packages that bring it. */
  readonly package: string;
}

export interface NativeBoard {
  readonly name: string;
  readonly folder: string;
  /** The first is the one that is meant unless another is asked for. */
  readonly compilers: readonly string[];
  readonly tools: readonly Tool[];
  /** The board's own, in its folder. */
  readonly sources: readonly string[];
  readonly flags: readonly string[];
  readonly link: readonly string[];
  /** wasm3's heap, what of the guest's page is backed, and the guest's stack, in bytes. */
  readonly arenaBytes: number;
  readonly guestBytes: number;
  readonly guestStackBytes: number;
  /** Calls within calls of a translated guest. */
  readonly guestDepth: number;
  readonly shared: {
    readonly bytes: number;
    readonly pageAt: number;
    readonly guestAt: number | null;
  };
  /** The command; `{image}`, `{shared}` and `{guest}` stand for files. */
  readonly run: readonly string[];
  /** Processor time without an import call after which a guest is hung, in ms. */
  readonly hungMs: number;
}

const LISTS = ["compilers", "tools", "sources", "flags", "link", "run"] as const;
const COUNTS = ["arenaBytes", "guestBytes", "guestStackBytes", "guestDepth", "hungMs"] as const;

interface BoardFile {
  native?: Partial<NativeBoard>;
}

/** Names of the boards that can be built and run on this machine, tools permitting. */
export function nativeBoardNames(): string[] {
  return boardNames().filter((name) => boardJson<BoardFile>(name).data.native !== undefined);
}

/** Throws a UserError for a board that does not exist, cannot run here, or whose file lacks something. */
export function loadNativeBoard(name: string): NativeBoard {
  const names = nativeBoardNames();
  if (!names.includes(name)) {
    throw new UserError(
      `board "${name}" does not run on this machine: use one of ${names.join(", ")}`,
      EXIT.USAGE,
    );
  }
  const { path, data } = boardJson<BoardFile>(name);
  const { native = {} } = data;
  const lacks = (field: string, what: string) =>
    new UserError(`${path}: "native.${field}" must be ${what}`, EXIT.BAD_FILE);
  for (const field of LISTS) if (!Array.isArray(native[field])) throw lacks(field, "a list");
  for (const field of COUNTS) {
    const value = native[field];
    if (!Number.isInteger(value) || (value ?? 0) <= 0) throw lacks(field, "a whole number above 0");
  }
  const { shared } = native;
  if (!Number.isInteger(shared?.bytes) || !Number.isInteger(shared?.pageAt))
    throw lacks("shared", "{ bytes, pageAt, guestAt }");
  return { ...(native as NativeBoard), name, folder: join(packageRoot(), "boards", name) };
}
