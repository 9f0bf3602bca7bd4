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
export const ATTEST = "attest";

function garbled(where: string, why: string): UserError {
  return new UserError(
    `${where}: the answer is damaged (${why}): run the command again`,
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

/** Collects an answer that is a block of bytes: its length, its lines of hexadecimal, its CRC. */
export class BlockReader {
  readonly #where: string;
  readonly #name: string;
  readonly #progress: (done: number, total: number) => void;
  #bytes: Buffer | null = null;
  #done = 0;
  #crc = "";

  /** `where` the answer comes from, for messages; `name`: the first word of each line. */
  constructor(where: string, name: string, progress: (done: number, total: number) => void) {
    this.#where = where;
    this.#name = name;
    this.#progress = progress;
  }

  /** Takes a line, without the mark of an answer. Returns whether it is the last. Throws UserError. */
  take(text: string): boolean {
    const [first = "", second = "", hex = ""] = text.split(" ");
    const length = /^len=(\d{1,7})$/.exec(second)?.[1];
    const at = /^at=(\d{1,7})$/.exec(second)?.[1];
    const crc = /^crc=([0-9a-f]{8})$/.exec(second)?.[1];
    const known = first === this.#name && text.split(" ").length === (at === undefined ? 2 : 3);
    if (known && length !== undefined && this.#bytes === null)
      this.#bytes = Buffer.alloc(Number(length));
    else if (known && at !== undefined && /^([0-9a-f]{2}){1,32}$/.test(hex) && this.#bytes !== null)
      this.#put(this.#bytes, Number(at), hex);
    else if (known && crc !== undefined && this.#bytes !== null) this.#crc = crc;
    else throw garbled(this.#where, `"${text.slice(0, 40)}"`);
    return this.#crc !== "";
  }

  #put(bytes: Buffer, at: number, hex: string): void {
    if (at !== this.#done || this.#done + hex.length / 2 > bytes.length)
      throw garbled(this.#where, `byte ${at} instead of byte ${this.#done}`);
    this.#done += bytes.write(hex, this.#done, "hex");
    this.#progress(this.#done, bytes.length);
  }

  /** The bytes, after the last line. Throws UserError if they are not whole. */
  bytes(): Uint8Array {
    const bytes = this.#bytes ?? Buffer.alloc(0);
    if (this.#done !== bytes.length)
      throw garbled(this.#where, `${this.#done} of ${bytes.length} bytes`);
    const crc = crc32(bytes);
    if (crc !== this.#crc) throw garbled(this.#where, `CRC ${crc}, not ${this.#crc}`);
    return new Uint8Array(bytes);
  }
}

/** Reads the journal's ring image and checks its length and CRC. Throws UserError. */
export async function readRing(
  line: BoardLine,
  progress: (done: number, total: number) => void,
): Promise<Uint8Array> {
  const ring = new BlockReader(`port ${line.path}`, JOURNAL, progress);
  await command(line, JOURNAL, (text) => ring.take(text));
  return ring.bytes();
}

/** Asks for an attestation with a nonce, in hexadecimal. Throws UserError, also if the board refuses. */
export async function readAttestationOf(line: BoardLine, nonce: string): Promise<Uint8Array> {
  const answer = new BlockReader(`port ${line.path}`, ATTEST, () => {});
  await command(line, `${ATTEST} ${nonce}`, (text) => answer.take(text));
  return answer.bytes();
}

/** The attestation in what a console has printed. Throws UserError if there is none, or it is damaged. */
export function attestationIn(where: string, transcript: string): Uint8Array {
  const answer = new BlockReader(where, ATTEST, () => {});
  const lines = transcript.split(/\r?\n/).filter((text) => text.startsWith(`= ${ATTEST} `));
  for (const text of lines) if (answer.take(text.slice(2))) return answer.bytes();
  throw new UserError(
    `${where}: there is no answer to "${ATTEST}" in it: give the console's output from that line on`,
    EXIT.BAD_FILE,
  );
}

const LINE_BYTES = 32;

/** The lines of a console's answer that is a block of bytes, as BlockReader takes them. */
export function blockLines(name: string, bytes: Uint8Array): string[] {
  const lines = [`${name} len=${bytes.length}`];
  for (let at = 0; at < bytes.length; at += LINE_BYTES)
    lines.push(
      `${name} at=${at} ${Buffer.from(bytes.subarray(at, at + LINE_BYTES)).toString("hex")}`,
    );
  return [...lines, `${name} crc=${crc32(bytes)}`];
}
