/**
 * Model of a slide switch for a test rig: computes the contacts from its position and its faults.
 */
import type { Fault, Position } from "../../sim/virtual-board.ts";

export interface Contacts {
  readonly no: boolean;
  readonly nc: boolean;
}

/** Faults that a rig can cause through the wires of the switch. */
export const WIRE_FAULTS: ReadonlySet<Fault> = new Set<Fault>([
  "broken-wire",
  "broken-no",
  "broken-nc",
  "welded-no",
  "welded-nc",
]);

export class Switch {
  position: Position;
  readonly #faults = new Set<Fault>();

  constructor(position: Position) {
    this.position = position;
  }

  fault(fault: Fault, present: boolean): void {
    if (present) this.#faults.add(fault);
    else this.#faults.delete(fault);
  }

  /** The contacts as seen by the board. */
  get contacts(): Contacts {
    const faults = this.#faults;
    const whole = !faults.has("broken-wire");
    const no = this.position === "on" || faults.has("welded-no");
    const nc = this.position === "kill" || faults.has("welded-nc");
    return {
      no: no && whole && !faults.has("broken-no"),
      nc: nc && whole && !faults.has("broken-nc"),
    };
  }
}
