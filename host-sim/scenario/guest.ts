/** Loads a guest that replaces device.wasm, from a .wasm or .wat file. */
import { readFileSync } from "node:fs";
import { EXIT, UserError } from "../base/errors.ts";
import { type Firmware, loadFirmware, readModule } from "../sim/firmware.ts";
import { loadGuest } from "../sim/module.ts";

/** Reads a module. A .wat file is assembled. Throws UserError. */
export async function guestBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!path.endsWith(".wat")) return new Uint8Array(readModule(path));
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new UserError(`${path}: cannot read the guest`, EXIT.BAD_FILE);
  }
  return assembleWat(path, text);
}

/** Assembles a module from its text format. `path` is used in errors. Throws UserError. */
export async function assembleWat(path: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const { default: makeWabt } = await import("wabt");
  const wabt = await makeWabt();
  try {
    const module = wabt.parseWat(path, text);
    module.validate();
    const { buffer } = module.toBinary({});
    module.destroy();
    return new Uint8Array(buffer);
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split("\n")[0] : String(error);
    throw new UserError(`${path}: not valid WebAssembly text: ${why}`, EXIT.BAD_FILE);
  }
}

const loaded = new Map<string, Promise<Firmware>>();

/** The built firmware, with the guest in `bytes` instead of device.wasm if they are given. */
export function firmwareOf(bytes?: Uint8Array<ArrayBuffer>): Firmware {
  const firmware = loadFirmware();
  return bytes === undefined ? firmware : { ...firmware, guest: loadGuest(bytes) };
}

/** The built firmware, with the guest at `path` instead of device.wasm if it is given. Cached. */
export function firmwareWith(path?: string): Promise<Firmware> {
  const key = path ?? "";
  const load = async () => firmwareOf(path === undefined ? path : await guestBytes(path));
  const known = loaded.get(key) ?? load();
  loaded.set(key, known);
  return known;
}
