/**
 * A board's radio that is its serial line, as a fixture's is: the link is up while somebody talks to
 * it. The twin of boards/esp32/fixture/link_serial.c. Must not know the messages.
 */
import { frameFromBoard, parseFrameToBoard } from "../../host-sim/hil/frames.ts";
import type { Link, LinkSink } from "../../host-sim/link.ts";

/** Silence after which nobody is there, in ms. */
const SILENCE_MS = 2000;

export class SerialLink implements Link {
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  #powered = false;
  #told = false;
  #heardAt = Number.NEGATIVE_INFINITY;
  #inbox: Uint8Array[] = [];
  #line = "";

  constructor(write: (text: string) => void, now: () => number) {
    this.#write = write;
    this.#now = now;
  }

  /** Bytes from the line. */
  feed(bytes: Uint8Array): void {
    this.#line += Buffer.from(bytes).toString("latin1");
    const lines = this.#line.split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) {
      const message = parseFrameToBoard(line.replace(/\r$/, ""));
      if (message === null) continue;
      this.#heardAt = this.#now();
      if (this.#powered && message.length > 0) this.#inbox.push(message);
    }
  }

  power(on: boolean): void {
    this.#powered = on;
    this.#told = false;
    this.#inbox = [];
  }

  send(channel: number, bytes: Uint8Array): void {
    this.#write(frameFromBoard(channel, bytes));
  }

  deadline(): number {
    if (!this.#powered) return Number.POSITIVE_INFINITY;
    if (this.#inbox.length > 0 || this.#up !== this.#told) return 0;
    return this.#told ? this.#heardAt + SILENCE_MS : Number.POSITIVE_INFINITY;
  }

  poll(_now: number, sink: LinkSink): void {
    if (this.#powered && this.#up !== this.#told) {
      this.#told = this.#up;
      sink.linkChanged(this.#told);
    }
    for (const bytes of this.#inbox.splice(0)) sink.received(bytes);
  }

  get #up(): boolean {
    return this.#powered && this.#now() < this.#heardAt + SILENCE_MS;
  }
}
