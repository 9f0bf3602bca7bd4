/**
 * The independent witness of silence: a capture of what the board sends, against the times at which its
 * switch did not stand at ON. Rests on nothing that the board says. Must not know how frames are
 * captured.
 */
import { Mismatch } from "../scenario/target.ts";
import type { Frame } from "./pcap.ts";

/** The clocks of capture and wires are brought together to within this, in ms. */
export const CLOCKS_MS = 40;

/** From when to when the switch was not at ON, in ms of our clock. */
export interface Interval {
  readonly from: number;
  to: number;
}

export class Silence {
  readonly #hostMac: string;
  readonly #frames: Frame[] = [];
  /** What to add to the capture's time; the least delay seen between a frame and our sight of it. */
  #offset = Number.POSITIVE_INFINITY;
  /** Frames that were judged. */
  judged = 0;

  /** `hostMac`: how the address begins of whatever is not the board. */
  constructor(hostMac: string) {
    this.#hostMac = hostMac;
  }

  /** Frames that were not there at the last look; `now` by our clock. */
  seen(frames: readonly Frame[], now: number): void {
    for (const frame of frames) {
      this.#offset = Math.min(this.#offset, now - frame.at);
      if (!frame.source.startsWith(this.#hostMac)) this.#frames.push(frame);
    }
  }

  /** Judges what was seen since the last call. Throws Mismatch for a frame within an interval. */
  judge(off: readonly Interval[]): void {
    for (const frame of this.#frames.splice(0)) {
      const at = frame.at + this.#offset;
      this.judged++;
      const found = off.find(({ from, to }) => at > from + CLOCKS_MS && at < to);
      if (found === undefined) continue;
      const after = Math.round(at - found.from);
      throw new Mismatch(
        "no frame from the board while its switch is not at ON",
        `one of ${frame.bytes} bytes, ${after} ms after it left ON`,
      );
    }
  }
}
