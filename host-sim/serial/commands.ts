/** Sends the owner's local commands on a board's serial line and reads their answers. */
import { crc32 } from "../base/crc32.ts";
import { EXIT, UserError } from "../base/errors.ts";
import type { BoardLine } from "./board-line.ts";

/** The longest time between two lines of one answer, in ms. */
const LINE_MS = 3_000;
/** The board answers an unfinished earlier input within this time, in ms. */
const SETTLE_MS = 200;
/** Most lines to skip before a command, if the board never pauses. */
const SETTLE_LINES = 100;
const JOURNAL = "journal";

function garbled(path: string, why: string): UserError {
  return new UserError(
    `port ${path}: the answer is damaged (${why}): run the command again`,
    EXIT.NO_ANSWER,
  );
}

/**
 * Sends one command and calls `isLast` for each line of its answer until it returns true. Throws
 * UserError if the board refuses the command or does not answer.
 */
async function command(
  line: BoardLine,
  text: string,
  isLast: (answer: string) => boolean,
): Promise<void> {
  // Ends an unfinished earlier input. An empty line has no answer.
  await line.send(Buffer.from("\n"));
  for (let count = 0; count < SETTLE_LINES; count++)
    if ((await line.next(SETTLE_MS)) === null) break;
  line.clear();
  await line.send(Buffer.from(`${text}\n`));
  for (;;) {
    const item = await line.next(LINE_MS);
    if (item === null) {
      throw new UserError(
        `port ${line.path}: no answer to "${text}": check that Killswitch is flashed, then press RESET`,
        EXIT.NO_ANSWER,
      );
    }
    if (item.kind !== "answer") continue;
    if (item.text.startsWith("error "))
      throw new UserError(`the board refuses: ${item.text.slice(6)}`, EXIT.REFUSED);
    if (isLast(item.text)) return;
  }
}

/** Sends a command that has an answer of one line, and returns that line. */
export async function askLine(line: BoardLine, text: string): Promise<string> {
  let answer = "";
  await command(line, text, (received) => {
    answer = received;
    return true;
  });
  return answer;
}

/** Reads the journal's ring image and checks its length and CRC. Throws UserError. */
export async function readRing(
  line: BoardLine,
  progress: (done: number, total: number) => void,
): Promise<Uint8Array> {
  let ring: Buffer | null = null;
  let done = 0;
  let crc = "";
  await command(line, JOURNAL, (text) => {
    const [, length] = /^journal len=(\d{1,7})$/.exec(text) ?? [];
    const [, at, hex = ""] = /^journal at=(\d{1,7}) ((?:[0-9a-f]{2}){1,32})$/.exec(text) ?? [];
    [, crc = ""] = /^journal crc=([0-9a-f]{8})$/.exec(text) ?? [];
    if (length !== undefined && ring === null) ring = Buffer.alloc(Number(length));
    else if (at !== undefined && ring !== null) {
      if (Number(at) !== done || done + hex.length / 2 > ring.length)
        throw garbled(line.path, `byte ${at} instead of byte ${done}`);
      done += ring.write(hex, done, "hex");
      progress(done, ring.length);
    } else if (crc === "" || ring === null) throw garbled(line.path, `"${text.slice(0, 40)}"`);
    return crc !== "";
  });
  const bytes = ring ?? Buffer.alloc(0);
  if (done !== bytes.length) throw garbled(line.path, `${done} of ${bytes.length} bytes`);
  if (crc32(bytes) !== crc) throw garbled(line.path, `CRC ${crc32(bytes)}, not ${crc}`);
  return new Uint8Array(bytes);
}
