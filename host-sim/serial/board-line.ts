/**
 * What a board says on its serial line, taken apart: trace lines, answers to commands, Improv frames, and
 * everything else. Must not know what they mean.
 */
import type { SetTimer } from "../clock.ts";
import { type Found, FrameReader } from "../improv/frames.ts";
import type { SerialLine } from "./port.ts";

/** One thing heard; text without its mark and line end. */
export type Heard =
  | { kind: "trace" | "answer" | "other"; text: string }
  | Exclude<Found, { kind: "text" }>;

/** A longer line is cut into such pieces, in bytes: noise need not end. */
const LINE_MAX = 1024;
/** A frame that stands still so long is never to be finished, in ms. */
const SILENCE_MS = 500;
const ANSWER = "= ";

function heardLine(bytes: Uint8Array): Heard | null {
  const text = Buffer.from(bytes).toString("latin1").replace(/\r$/, "");
  if (text === "") return null;
  if (text.startsWith("@")) return { kind: "trace", text };
  if (text.startsWith(ANSWER)) return { kind: "answer", text: text.slice(ANSWER.length) };
  return { kind: "other", text };
}

export class BoardLine {
  readonly path: string;
  readonly #line: SerialLine;
  readonly #setTimer: SetTimer;
  readonly #frames = new FrameReader();
  #partial: number[] = [];
  #queue: Heard[] = [];
  #wake: (() => void) | null = null;
  #cancelFlush: () => void = () => {};

  constructor(line: SerialLine, setTimer: SetTimer) {
    this.path = line.path;
    this.#line = line;
    this.#setTimer = setTimer;
    line.listen((bytes) => {
      this.#take(this.#frames.feed(bytes));
      this.#cancelFlush();
      this.#cancelFlush = setTimer(SILENCE_MS, () => this.#take(this.#frames.flush()));
    });
  }

  #take(found: readonly Found[]): void {
    for (const each of found) {
      if (each.kind !== "text") this.#queue.push(each);
      else for (const byte of each.bytes) this.#byte(byte);
    }
    if (this.#queue.length > 0) this.#wake?.();
  }

  #byte(byte: number): void {
    if (byte !== 0x0a) this.#partial.push(byte);
    if (byte !== 0x0a && this.#partial.length < LINE_MAX) return;
    const heard = heardLine(Uint8Array.from(this.#partial));
    this.#partial = [];
    if (heard !== null) this.#queue.push(heard);
  }

  /** Bytes of the line that has not ended yet. */
  get pending(): number {
    return this.#partial.length;
  }

  /** The next thing heard; null after `timeoutMs` without one. Rejects if the port goes away. */
  async next(timeoutMs: number): Promise<Heard | null> {
    if (this.#queue.length === 0) {
      let cancel = (): void => {};
      const woken = new Promise<void>((wake) => {
        this.#wake = wake;
        cancel = this.#setTimer(timeoutMs, wake);
      });
      await Promise.race([woken, this.#line.lost]);
      cancel();
      this.#wake = null;
    }
    return this.#queue.shift() ?? null;
  }

  /** Sends bytes as they are. */
  send(bytes: Uint8Array): Promise<void> {
    return this.#line.write(bytes);
  }

  /** Forgets what was heard and not asked for. */
  clear(): void {
    this.#queue = [];
  }

  /** Lets go of the line. */
  stop(): void {
    this.#line.listen(null);
    this.#cancelFlush();
  }
}
