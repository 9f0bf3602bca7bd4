/**
 * A network link over the board's serial line, as a fixture has it: the link is up while messages
 * arrive. The same behaviour as boards/esp32/fixture/link_serial.c.
 */

import type { Link, LinkSink } from "../../../host-sim/sim/link.ts";
import { frameFromBoard, parseFrameToBoard } from "../../../host-sim/targets/hil/frames.ts";

/** The link goes down after this time without a message, in ms. */
const SILENCE_MS = 2000;

export class SerialLink implements Link {
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  #powered = false;
  /** The link state that was last reported to the host. */
  #reportedUp = false;
  #lastMessageAt = Number.NEGATIVE_INFINITY;
  #inbox: Uint8Array[] = [];
  #line = "";

  constructor(write: (text: string) => void, now: () => number) {
    this.#write = write;
    this.#now = now;
  }

  /** Takes bytes from the line. */
  feed(bytes: Uint8Array): void {
    this.#line += Buffer.from(bytes).toString("latin1");
    const lines = this.#line.split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) {
      const message = parseFrameToBoard(line.replace(/\r$/, ""));
      if (message === null) continue;
      this.#lastMessageAt = this.#now();
      if (this.#powered && message.length > 0) this.#inbox.push(message);
    }
  }

  power(on: boolean): void {
    this.#powered = on;
    this.#reportedUp = false;
    this.#inbox = [];
  }

  send(_principal: number, channel: number, bytes: Uint8Array): void {
    this.#write(frameFromBoard(channel, bytes));
  }

  deadline(): number {
    if (!this.#powered) return Number.POSITIVE_INFINITY;
    if (this.#inbox.length > 0 || this.#up !== this.#reportedUp) return 0;
    return this.#reportedUp ? this.#lastMessageAt + SILENCE_MS : Number.POSITIVE_INFINITY;
  }

  poll(_now: number, sink: LinkSink): void {
    if (this.#powered && this.#up !== this.#reportedUp) {
      this.#reportedUp = this.#up;
      sink.linkChanged(this.#reportedUp);
    }
    for (const bytes of this.#inbox.splice(0)) sink.received(bytes);
  }

  get #up(): boolean {
    return this.#powered && this.#now() < this.#lastMessageAt + SILENCE_MS;
  }
}
