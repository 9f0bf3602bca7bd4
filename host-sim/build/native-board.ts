/**
 * Reads the `native` part of boards/<name>/board.json: how to build the C host for a board and how
 * to run it on this machine.
 */
import { join } from "node:path";
import { boardJson, boardNames } from "../base/board-data.ts";
import { EXIT, UserError } from "../base/errors.ts";
import { packageRoot } from "../base/paths.ts";

export interface Tool {
  readonly command: string;
  /** Lowest supported version, `major.minor`. */
  readonly minimum: string;
  /** The Debian packages that contain it. */
  readonly package: string;
}

export interface NativeBoard {
  readonly name: string;
  readonly folder: string;
  /** The first is the default. */
  readonly compilers: readonly string[];
  readonly tools: readonly Tool[];
  /** The board's own source files, in its folder. */
  readonly sources: readonly string[];
  readonly flags: readonly string[];
  readonly link: readonly string[];
  /** wasm3's heap, the backed part of the guest's 64 KiB page, and the guest's stack, in bytes. */
  readonly arenaBytes: number;
  readonly guestBytes: number;
  readonly guestStackBytes: number;
  /** Largest call depth of a translated guest. */
  readonly guestDepth: number;
  readonly shared: {
    readonly bytes: number;
    readonly pageAt: number;
    readonly guestAt: number | null;
  };
  /** The command line; `{image}`, `{shared}` and `{guest}` are replaced by file names. */
  readonly run: readonly string[];
  /** Processor time without an import call after which a guest counts as hung, in ms. */
  readonly hungMs: number;
}

const LISTS = ["compilers", "tools", "sources", "flags", "link", "run"] as const;
const COUNTS = ["arenaBytes", "guestBytes", "guestStackBytes", "guestDepth", "hungMs"] as const;

interface BoardFile {
  native?: Partial<NativeBoard>;
}

/** Names of the boards that can be built and run on this machine if their tools are installed. */
export function nativeBoardNames(): string[] {
  return boardNames().filter((name) => boardJson<BoardFile>(name).data.native !== undefined);
}

/** Throws a UserError for an unknown board, one without a `native` part, or an incomplete part. */
export function loadNativeBoard(name: string): NativeBoard {
  const names = nativeBoardNames();
  if (!names.includes(name)) {
    throw new UserError(
      `board "${name}" cannot run on this machine: use one of ${names.join(", ")}`,
      EXIT.USAGE,
    );
  }
  const { path, data } = boardJson<BoardFile>(name);
  const { native = {} } = data;
  const invalid = (field: string, what: string) =>
    new UserError(`${path}: "native.${field}" must be ${what}`, EXIT.BAD_FILE);
  for (const field of LISTS) if (!Array.isArray(native[field])) throw invalid(field, "a list");
  for (const field of COUNTS) {
    const value = native[field];
    if (!Number.isInteger(value) || (value ?? 0) <= 0)
      throw invalid(field, "a whole number above 0");
  }
  const { shared } = native;
  if (!Number.isInteger(shared?.bytes) || !Number.isInteger(shared?.pageAt))
    throw invalid("shared", "an object { bytes, pageAt, guestAt }");
  return { ...(native as NativeBoard), name, folder: join(packageRoot(), "boards", name) };
}
