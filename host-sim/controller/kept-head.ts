/**
 * The last verified head of each device's journal, kept in a small file beside its keys, so that a
 * journal that was shortened or rewritten later is found.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkDeviceId } from "../abi/topics.ts";
import { codeOf, EXIT, UserError } from "../base/errors.ts";
import { writeOutput } from "../base/outputs.ts";
import type { JournalHead } from "./journal.ts";
import { type Fields, isUint32 } from "./operations.ts";

function pathOf(dir: string, device: string): string {
  return join(dir, `${checkDeviceId(device)}.journal-head`);
}

/** The head in a status; undefined if the principal that asked may not have it. */
export function headIn(status: Fields): JournalHead | undefined {
  const { journalNext, remoteNext, journalHead } = status;
  if (!isUint32(journalNext) || !isUint32(remoteNext) || typeof journalHead !== "string")
    return undefined;
  return { journalNext, remoteNext, journalHead };
}

/** The head that was kept for a device; undefined if none was. Throws UserError if its file is not one. */
export function loadHead(dir: string, device: string): JournalHead | undefined {
  const path = pathOf(dir, device);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new UserError(`${path} cannot be read: ${codeOf(error)}`, EXIT.BAD_FILE);
  }
  const [journalNext, remoteNext, journalHead] = text.trimEnd().split(" ");
  const head = { journalNext: Number(journalNext), remoteNext: Number(remoteNext), journalHead };
  const found = /^\d+ \d+ [0-9a-f]{64}\n$/.test(text) ? headIn(head as Fields) : undefined;
  if (found !== undefined) return found;
  throw new UserError(
    `${path} is not a kept head: restore it, or delete it; what it could show is lost then`,
    EXIT.BAD_FILE,
  );
}

/** Keeps a head that was verified. Throws UserError if the file cannot be written. */
export function keepHead(dir: string, device: string, head: JournalHead): void {
  const text = `${head.journalNext} ${head.remoteNext} ${head.journalHead}\n`;
  writeOutput(pathOf(dir, device), text, 0o600);
}

/** Why a signed head cannot follow the older one; undefined if it can. */
export function headContradiction(older: JournalHead, now: JournalHead): string | undefined {
  if (now.journalNext < older.journalNext || now.remoteNext < older.remoteNext)
    return "the journal is shorter than it was";
  const same = now.journalNext === older.journalNext && now.remoteNext === older.remoteNext;
  if (same && now.journalHead !== older.journalHead) return "the journal was rewritten";
  return undefined;
}
