/**
 * The targets by name: the simulator, the boards that run natively on this machine, the emulators,
 * and boards on serial ports. boards/<name>/board.json describes them.
 */
import { RealClock } from "../base/clock.ts";
import { EXIT, UserError } from "../base/errors.ts";
import type { Prng } from "../base/prng.ts";
import { nativeBoardNames } from "../build/native-board.ts";
import { type BuildOptions, buildBoard, type Engine } from "../build/native-image.ts";
import { targetStates } from "../build/tools.ts";
import type { Target } from "../scenario/target.ts";
import type { Wifi } from "../serial/improv-client.ts";
import { BoardTarget } from "./hil/board-target.ts";
import { type Emulator, emulators, emulatorTrouble } from "./hil/emulator-board.ts";
import { EmulatorRig } from "./hil/emulator-rig.ts";
import type { OptionalWire } from "./hil/fixture.ts";
import { loadHilData } from "./hil/hil-data.ts";
import { SerialRig } from "./hil/serial-rig.ts";
import { NativeTarget } from "./native/native-target.ts";
import { controllerStates, imageBoardNames, imageBoardOf, loadImageBoard } from "./rp2040/board.ts";
import { ControllerTarget } from "./rp2040/target.ts";
import { SimTarget } from "./sim.ts";

const SIMULATOR = "sim";
const SERIAL = "serial:";
/** The default address and port at which a board on a serial port reaches the broker. */
export const LISTEN = { host: "0.0.0.0", port: 1883 };

export interface TargetOptions {
  engine?: Engine;
  /** A guest that replaces device.wasm. It may be one that the board refuses. */
  guest?: Uint8Array<ArrayBuffer>;
  /** For a board on a serial port: `serial:PORT` of the fixture that is wired to it. */
  fixture?: string;
  /** For the simulator: the device's random bytes, in place of those drawn from the seed. */
  entropy?: Pick<Prng, "fill">;
  /** The fixture's wires besides those of contacts and button. */
  wired?: readonly OptionalWire[];
  /** The Wi-Fi network that a board on a serial port joins. */
  wifi?: Wifi;
  /** Where a board on a serial port reaches the broker: an address of this machine, and a port. */
  listen?: { readonly host: string; readonly port: number };
}

/** The targets in virtual time. All of them produce the same trace, byte for byte. */
export function exactTargetNames(): string[] {
  return [SIMULATOR, ...nativeBoardNames()];
}

/** Emulated controllers that run the image that is flashed, in virtual time, with randomness of their own. */
export function controllerTargetNames(): string[] {
  return imageBoardNames().map((name) => loadImageBoard(name).target);
}

/** The names of all targets except boards on serial ports, which are named `serial:PORT`. */
export function targetNames(): string[] {
  const emulated = emulators().map(({ data }) => data.target);
  return [...exactTargetNames(), ...controllerTargetNames(), ...emulated];
}

/** Whether a name is that of a target. */
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

/** Makes a target, and builds its image if necessary. Throws UserError if something is missing. */
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

/**
 * Checks the wiring of a board on a serial port. Throws UserError. Does nothing for other targets.
 */
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
      `target ${name} needs a fixture that is wired to it: give --fixture serial:PORT`,
      EXIT.USAGE,
    );
  }
  const ports = { board, fixture: wires };
  return new SerialRig({
    name,
    ...ports,
    wired: new Set(wired),
    hil: loadHilData(),
    clock,
    listen,
    wifi: wifi ?? null,
  });
}
