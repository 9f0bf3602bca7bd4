/**
 * The wires between this machine and a board: what moves its switch and its button, and what reads its
 * outputs. Types only; must not know what the wires are made of.
 */

/** What instruments read on a board's outputs, where a wire goes to them. */
export interface OutputLevels {
  readonly relay?: boolean;
  readonly lamp?: boolean;
  readonly rail?: boolean;
}

/** Each call returns when the wire has moved. */
export interface Wires {
  /**
   * Moves the contacts, breaking before making; one that closes chatters so often. Returns how long
   * they stood open because this machine was busy, in ms.
   */
  contacts(no: boolean, nc: boolean, chatter: number): Promise<number>;
  button(pressed: boolean): Promise<void>;
  sense(): Promise<OutputLevels>;
}

/** What there is to move. */
export interface RigCapabilities {
  /** The board's supply. */
  readonly supply: boolean;
  /** Its reset pin. */
  readonly reset: boolean;
  /** A meter on the rail. */
  readonly railMeter: boolean;
  /** The board's own sense of its rail. */
  readonly railSense: boolean;
  /** Another guest than the one that is on it. */
  readonly replaceGuest: boolean;
}
