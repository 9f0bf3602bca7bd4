/**
 * The independent witness of silence: what the board sends, against the moves of its switch, by the order
 * in which both happened. No clock is in it: an emulator's is another than ours. Rests on nothing that
 * the board says. Must not know how frames are captured.
 */
import { Mismatch } from "../scenario/target.ts";
import type { Frame } from "./pcap.ts";
import { TimingOverrun } from "./timing-overrun.ts";

/** What the frames that come next were sent after; "leaving": before or after, nobody knows. */
export type SwitchState = "on" | "leaving" | "off";

export class RadioSilenceCheck {
  readonly #hostMac: string;
  #stand: SwitchState = "off";
  /** When the switch left ON, by our clock. */
  #left = 0;
  #found: Error | null = null;
  /** Frames that were judged. */
  judged = 0;

  /** `hostMac`: how the address begins of whatever is not the board. */
  constructor(hostMac: string) {
    this.#hostMac = hostMac;
  }

  /** Frames captured since the last call, all of them; `now` by our clock. */
  seen(frames: readonly Frame[], now: number): void {
    for (const { source, bytes } of frames) {
      if (source.startsWith(this.#hostMac)) continue;
      this.judged++;
      if (this.#stand === "off") this.#accuse(bytes, now);
      if (this.#stand === "leaving")
        this.#found ??= new TimingOverrun("a frame was sent while the contacts moved: try again");
    }
  }

  /** All that was captured until now has been seen; `now` by our clock. */
  stands(stand: SwitchState, now: number): void {
    if (stand !== "on" && this.#stand === "on") this.#left = now;
    this.#stand = stand;
  }

  /** Throws Mismatch for a frame sent while the switch was not at ON. */
  judge(): void {
    if (this.#found !== null) throw this.#found;
  }

  /** A frame that is certain outweighs one that is not. */
  #accuse(bytes: number, now: number): void {
    if (this.#found instanceof Mismatch) return;
    this.#found = new Mismatch(
      "no frame from the board while its switch is not at ON",
      `one of ${bytes} bytes, at most ${now - this.#left} ms after it left ON`,
    );
  }
}
