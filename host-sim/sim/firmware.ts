/**
 * Loads the firmware modules: gate.wasm and device.wasm as built, or other files in their place.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UserError } from "../base/errors.ts";
import { packageRoot } from "../base/paths.ts";
import type { Gate } from "./host-loop.ts";
import { type GuestModule, loadGuest } from "./module.ts";

export function firmwarePath(name: "gate" | "device" | "mac" | "sign" | "fixture"): string {
  return join(packageRoot(), "dist", "firmware", `${name}.wasm`);
}

/** The bytes of a module file. Throws a UserError if the file cannot be read. */
export function readModule(path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(path));
  } catch {
    throw new UserError(
      `${path} cannot be read: build the firmware with \`npm run build\``,
      EXIT.BAD_FILE,
    );
  }
}

/** The bytes of a valid WebAssembly module. Throws a UserError if the file is not one. */
export function validModule(path: string): Uint8Array<ArrayBuffer> {
  const bytes = readModule(path);
  if (WebAssembly.validate(bytes)) return bytes;
  throw new UserError(
    `${path} is not a valid WebAssembly module: give another file or build it again`,
    EXIT.BAD_FILE,
  );
}

/**
 * Instantiates a gate. Returns its exported functions without wrappers, so that a loop in
 * WebAssembly can call them directly. Throws a UserError if a function is missing.
 */
export function makeGate(bytes: Uint8Array<ArrayBuffer>): Gate {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
  for (const name of ["step", "permits", "phase"]) {
    if (typeof exports[name] !== "function")
      throw new UserError(
        `the gate module does not export ${name}(): give a module with step, permits and phase`,
        EXIT.BAD_FILE,
      );
  }
  return exports as unknown as Gate;
}

export interface Firmware {
  gate: Gate;
  /** The guest, or the reason why it is refused. */
  guest: GuestModule | string;
}

/** Loads the firmware in dist/. */
export function loadFirmware(): Firmware {
  return {
    gate: makeGate(readModule(firmwarePath("gate"))),
    guest: loadGuest(readModule(firmwarePath("device"))),
  };
}
