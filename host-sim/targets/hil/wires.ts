/** The wires of a test rig: they drive a board's contacts and button, and read its outputs. */

/** Levels read on the wires of a board's outputs. Absent: not wired. */
export interface OutputLevels {
  readonly relay?: boolean;
  readonly lamp?: boolean;
  readonly rail?: boolean;
}

/** Each call returns when the wire has changed. */
export interface Wires {
  /**
   * Moves the contacts, break before make. A closing contact bounces `chatter` times. Returns how
   * long both contacts were open if this machine timed it, in ms; 0 if the fixture did.
   */
  contacts(no: boolean, nc: boolean, chatter: number): Promise<number>;
  button(pressed: boolean): Promise<void>;
  sense(): Promise<OutputLevels>;
}

/** What a rig can do besides moving contacts and button. */
export interface RigCapabilities {
  /** Switches the board's supply. */
  readonly supply: boolean;
  /** Pulses the board's reset pin. */
  readonly reset: boolean;
  /** Measures the rail with a meter of its own. */
  readonly railMeter: boolean;
  /** The board itself can read its rail. */
  readonly railSense: boolean;
  /** Runs another guest than the one stored on the board. */
  readonly replaceGuest: boolean;
}
