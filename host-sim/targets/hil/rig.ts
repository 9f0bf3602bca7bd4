/** The interface of a test rig: a board with its console, its supply and the wires to its pins. */
import type { HilData } from "./hil-data.ts";
import type { Contacts } from "./switch.ts";
import type { RigCapabilities, Wires } from "./wires.ts";

export interface RigSetup {
  /** The guest to run; null for the shipped one. */
  readonly guest: Uint8Array | null;
  /** Port of the broker on this machine. */
  readonly brokerPort: number;
  /** The contacts at the start of the scenario. */
  readonly contacts: Contacts;
}

export interface Rig {
  readonly name: string;
  readonly hil: HilData;
  readonly capabilities: RigCapabilities;
  readonly wires: Wires;
  /** The address and port on which the broker must listen. Port 0: any free port. */
  readonly listen: { readonly host: string; readonly port: number };
  /**
   * Prepares a run: storage erased, supply off. From now on the console's bytes go to `onConsole`.
   */
  prepare(setup: RigSetup, onConsole: (bytes: Uint8Array) => void): Promise<void>;
  /** Returns when the supply has changed. */
  supply(on: boolean): Promise<void>;
  /** Pulses the reset pin. */
  reset(): Promise<void>;
  /** Writes a line to the console. */
  writeLine(line: string): Promise<void>;
  /** Throws Mismatch if the rig's own instruments have seen a violation. */
  checkWitnesses(): void;
  /** Remarks on the run, for its report. */
  notes(): string[];
  /** Safe to call twice. */
  close(): Promise<void>;
}
