/**
 * Splits what a board sends on its serial line into trace lines, answers to commands, Improv frames
 * and other text.
 */
import type { SetTimer } from "../base/clock.ts";
import { type Found, FrameReader } from "./improv-frames.ts";
import type { SerialLine } from "./port.ts";

/** One received item. `text` is without the answer's prefix and the line end. */
export type LineItem =
  | { kind: "trace" | "answer" | "other"; text: string }
  | Exclude<Found, { kind: "text" }>;

/** Longer lines are split at this length, in bytes, because noise may have no line end. */
const LINE_MAX = 1024;
/** A frame is given up if no byte arrives for this time, in ms. */
const SILENCE_MS = 500;
const ANSWER = "= ";

function parseLine(bytes: Uint8Array): LineItem | null {
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
  #queue: LineItem[] = [];
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
    const item = parseLine(Uint8Array.from(this.#partial));
    this.#partial = [];
    if (item !== null) this.#queue.push(item);
  }

  /** Bytes of the line that has not ended yet. */
  get pending(): number {
    return this.#partial.length;
  }

  /**
   * The next item; null after `timeoutMs` without one. Rejects with UserError if the port is lost.
   */
  async next(timeoutMs: number): Promise<LineItem | null> {
    if (this.#queue.length === 0) {
      let cancel = (): void => {};
      const woken = new Promise<void>((wake) => {
        this.#wake = wake;
        cancel = this.#setTimer(timeoutMs, wake);
      });
      try {
        await Promise.race([woken, this.#line.lost]);
      } finally {
        cancel();
        this.#wake = null;
      }
    }
    return this.#queue.shift() ?? null;
  }

  /** Sends bytes unchanged. */
  send(bytes: Uint8Array): Promise<void> {
    return this.#line.write(bytes);
  }

  /** Discards the items that next() has not returned. */
  clear(): void {
    this.#queue = [];
  }

  /** Stops listening to the line. */
  stop(): void {
    this.#line.listen(null);
    this.#cancelFlush();
  }
}
