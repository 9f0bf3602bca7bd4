/**
 * Targets by name: the simulator, every board whose board.json says how it is built and run here, every
 * emulator that one tells of, and boards on serial lines. Must not know a board by name, nor a
 * scenario's checks.
 */

import { RealClock } from "../../clock.ts";
import { EXIT, UserError } from "../../errors.ts";
import { loadHil } from "../../hil/board.ts";
import { type Emulator, emulators, emulatorTrouble } from "../../hil/emulator-board.ts";
import { EmulatorRig } from "../../hil/emulator-rig.ts";
import type { Wired } from "../../hil/fixture.ts";
import { SerialRig } from "../../hil/serial-rig.ts";
import { BoardTarget } from "../../hil/target.ts";
import type { Wifi } from "../../improv/client.ts";
import { nativeBoardNames } from "../../native/board.ts";
import { type BuildOptions, buildBoard, type Engine } from "../../native/build.ts";
import { NativeTarget } from "../../native/target.ts";
import { targetStates } from "../../native/tools.ts";
import type { Prng } from "../../prng.ts";
import {
  controllerStates,
  imageBoardNames,
  imageBoardOf,
  loadImageBoard,
} from "../../rp2040/board.ts";
import { ControllerTarget } from "../../rp2040/target.ts";
import type { Target } from "../target.ts";
import { SimTarget } from "./sim.ts";

const SIMULATOR = "sim";
const SERIAL = "serial:";
/** Where a board on a serial line finds the broker, unless somebody says. */
export const LISTEN = { host: "0.0.0.0", port: 1883 };

export interface TargetOptions {
  engine?: Engine;
  /** Another guest's bytes; a refused one included. */
  guest?: Uint8Array<ArrayBuffer>;
  /** `serial:PORT` of the fixture that has the wires of a board on a serial line. */
  fixture?: string;
  /** Which of them go to the board besides contacts and button. */
  wired?: readonly Wired[];
  /** Of the simulator: the device's random bytes, in place of those that the seed gives. */
  entropy?: Pick<Prng, "fill">;
  /** What a board on a serial line joins. */
  wifi?: Wifi;
  /** Where a board on a serial line finds the broker: an address of this machine, and a port. */
  listen?: { readonly host: string; readonly port: number };
}

/** Targets in virtual time: each gives the same trace, byte for byte. */
export function exactTargetNames(): string[] {
  return [SIMULATOR, ...nativeBoardNames()];
}

/** Emulated controllers that run the image that is flashed: virtual time, and randomness of their own. */
export function controllerTargetNames(): string[] {
  return imageBoardNames().map((name) => loadImageBoard(name).target);
}

/** Targets by name; a board on a serial line is `serial:PORT`. */
export function targetNames(): string[] {
  const emulated = emulators().map(({ data }) => data.target);
  return [...exactTargetNames(), ...controllerTargetNames(), ...emulated];
}

/** Whether there can be a target of this name. */
export function isTargetName(name: string): boolean {
  return targetNames().includes(name) || portOf(name) !== null;
}

function portOf(name: string): string | null {
  return name.startsWith(SERIAL) && name.length > SERIAL.length ? name.slice(SERIAL.length) : null;
}

function emulatorOf(name: string): Emulator | undefined {
  return emulators().find(({ data }) => data.target === name);
}

/** Why a target cannot be used on this machine; null if it can. */
export function targetTrouble(name: string): string | null {
  const emulator = emulatorOf(name);
  if (emulator !== undefined) return emulatorTrouble(emulator);
  const states = [...targetStates(), ...controllerStates()];
  return states.find(({ target }) => target === name)?.reason ?? null;
}

/** Makes a target; builds its image if that is not there. Throws a UserError for what is not there. */
export function makeTarget(name: string, options: TargetOptions = {}): Target {
  const { engine, guest, entropy } = options;
  if (name === SIMULATOR) return new SimTarget(SIMULATOR, entropy && { entropy });
  const emulator = emulatorOf(name);
  const clock = new RealClock();
  if (emulator !== undefined) {
    const rig = new EmulatorRig(emulator, clock);
    return new BoardTarget({ rig, clock, guest: guest ?? null });
  }
  const port = portOf(name);
  if (port !== null) {
    const rig = serialRig(name, port, clock, options);
    return new BoardTarget({ rig, clock, guest: guest ?? null });
  }
  const controller = imageBoardOf(name);
  if (controller !== null) {
    return new ControllerTarget({
      board: controller,
      ...(engine && { engine }),
      ...(guest && { guest }),
    });
  }
  const build: BuildOptions = { board: name, ...(engine && { engine }), ...(guest && { guest }) };
  return new NativeTarget({ image: buildBoard(build), ...(guest === undefined ? {} : { guest }) });
}

/** Looks, before anything runs, whether a target can be used as it is wired. Throws a UserError. */
export async function checkTarget(name: string, options: TargetOptions): Promise<void> {
  const port = portOf(name);
  if (port !== null) await serialRig(name, port, new RealClock(), options).check();
}

function serialRig(
  name: string,
  board: string,
  clock: RealClock,
  { fixture, wired = [], listen = LISTEN, wifi }: TargetOptions,
): SerialRig {
  const wires = portOf(fixture ?? "");
  if (wires === null) {
    throw new UserError(
      `${name} needs a fixture for its wires: give --fixture serial:PORT`,
      EXIT.USAGE,
    );
  }
  const ports = { board, fixture: wires };
  return new SerialRig({
    name,
    ...ports,
    wired: new Set(wired),
    hil: loadHil(),
    clock,
    listen,
    wifi: wifi ?? null,
  });
}
