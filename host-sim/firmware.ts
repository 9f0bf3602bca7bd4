/**
 * Loads the modules that ship: gate.wasm and device.wasm, or others in their place. Must not know
 * what they do.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UserError } from "./errors.ts";
import type { Gate } from "./host-loop.ts";
import { type GuestModule, loadGuest } from "./module.ts";
import { packageRoot } from "./paths.ts";

export function firmwarePath(name: "gate" | "device" | "mac" | "fixture"): string {
  return join(packageRoot(), "dist", "firmware", `${name}.wasm`);
}

/** The file's bytes. Throws a UserError that says how to make it. */
export function readModule(path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(path));
  } catch {
    throw new UserError(
      `${path} cannot be read: \`npm run build\` makes the firmware`,
      EXIT.BAD_FILE,
    );
  }
}

/** A module's bytes. Throws a UserError for a file that is none: there is nothing to prove of it. */
export function validModule(path: string): Uint8Array<ArrayBuffer> {
  const bytes = readModule(path);
  if (WebAssembly.validate(bytes)) return bytes;
  throw new UserError(
    `${path} is not a WebAssembly module: name another, or build it anew`,
    EXIT.BAD_FILE,
  );
}

/**
 * Instantiates a gate, with nothing to import: its own functions, with nothing around them, so that a
 * loop in WebAssembly calls them directly. Throws a UserError if one is missing.
 */
export function makeGate(bytes: Uint8Array<ArrayBuffer>): Gate {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
  for (const name of ["step", "permits", "phase"]) {
    if (typeof exports[name] !== "function")
      throw new UserError(`the gate does not export ${name}()`, EXIT.BAD_FILE);
  }
  return exports as unknown as Gate;
}

export interface Firmware {
  gate: Gate;
  /** The guest, or why it is refused. */
  guest: GuestModule | string;
}

/** The firmware as built. */
export function loadFirmware(): Firmware {
  return {
    gate: makeGate(readModule(firmwarePath("gate"))),
    guest: loadGuest(readModule(firmwarePath("device"))),
  };
}
