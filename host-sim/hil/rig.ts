/**
 * A board on wires: its console, its supply, what moves and reads its pins. Types only; must not know
 * what is done to the board, nor why.
 */
import type { HilData } from "./board.ts";
import type { Contacts } from "./switch.ts";
import type { RigCapabilities, Wires } from "./wires.ts";

export interface RigSetup {
  /** Another guest than the device's; null for the device's own. */
  readonly guest: Uint8Array | null;
  /** Of the broker on this machine. */
  readonly brokerPort: number;
  /** As the switch stands at first. */
  readonly contacts: Contacts;
}

export interface Rig {
  readonly name: string;
  readonly hil: HilData;
  readonly capabilities: RigCapabilities;
  readonly wires: Wires;
  /** Where the board finds the broker: what to listen on. Port 0: any. */
  readonly listen: { readonly host: string; readonly port: number };
  /** Bytes of the console go to `heard` from now on. Storage is as new, the supply is off. */
  prepare(setup: RigSetup, heard: (bytes: Uint8Array) => void): Promise<void>;
  /** Returns when the supply has changed. */
  supply(on: boolean): Promise<void>;
  /** The reset pin, down and up. */
  reset(): Promise<void>;
  /** Says a line to the console. */
  say(line: string): Promise<void>;
  /** Throws Mismatch for what the rig's own instruments have found. */
  examine(): void;
  /** What they have to tell of the run. */
  notes(): string[];
  /** Safe to call twice. */
  close(): Promise<void>;
}
