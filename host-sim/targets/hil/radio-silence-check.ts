/**
 * Checks that the board sends nothing while its switch is not at ON. It uses the captured frames
 * and the moves of the switch, and nothing that the board reports. It compares the order of events,
 * not timestamps, because the emulator's clock differs from ours.
 */
import { Mismatch } from "../../scenario/target.ts";
import type { Frame } from "./pcap.ts";
import { TimingOverrun } from "./timing-overrun.ts";

/**
 * The switch when the next frames were sent. "leaving": a contact is opening, and the order of the
 * frame and the contact is not known.
 */
export type SwitchState = "on" | "leaving" | "off";

export class RadioSilenceCheck {
  readonly #hostMac: string;
  #switch: SwitchState = "off";
  /** When the switch left ON, in ms on our clock. */
  #leftOnAt = 0;
  #found: Error | null = null;
  /** How many frames of the board were checked. */
  checkedFrames = 0;

  /** `hostMac`: prefix of the MAC addresses that are not the board's. */
  constructor(hostMac: string) {
    this.#hostMac = hostMac;
  }

  /** Checks all frames captured since the last call. `now` is in ms on our clock. */
  addFrames(frames: readonly Frame[], now: number): void {
    for (const { source, bytes } of frames) {
      if (source.startsWith(this.#hostMac)) continue;
      this.checkedFrames++;
      if (this.#switch === "off") this.#recordViolation(bytes, now);
      if (this.#switch === "leaving")
        this.#found ??= new TimingOverrun("a frame was sent while a contact opened: run it again");
    }
  }

  /** Sets the state of the switch. All frames captured until now must have been added before. */
  setSwitch(state: SwitchState, now: number): void {
    if (state !== "on" && this.#switch === "on") this.#leftOnAt = now;
    this.#switch = state;
  }

  /**
   * Throws Mismatch if a frame was sent while the switch was not at ON, TimingOverrun if that
   * cannot be decided for some frame.
   */
  check(): void {
    if (this.#found !== null) throw this.#found;
  }

  /** A certain violation replaces an undecided frame. */
  #recordViolation(bytes: number, now: number): void {
    if (this.#found instanceof Mismatch) return;
    this.#found = new Mismatch(
      "no frame from the board while its switch is not at ON",
      `a frame of ${bytes} bytes, at most ${now - this.#leftOnAt} ms after the switch left ON`,
    );
  }
}
