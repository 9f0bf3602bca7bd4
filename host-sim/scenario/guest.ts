/**
 * Another guest for a scenario, from a .wasm or .wat file. Must not know what it does.
 */
import { readFileSync } from "node:fs";
import { EXIT, UserError } from "../errors.ts";
import { type Firmware, loadFirmware, readModule } from "../firmware.ts";
import { loadGuest } from "../module.ts";

/** The bytes of a module; text format is assembleWat. Throws UserError. */
export async function guestBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!path.endsWith(".wat")) return new Uint8Array(readModule(path));
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new UserError(`${path}: the guest cannot be read`, EXIT.BAD_FILE);
  }
  return assembleWat(path, text);
}

/** Assembles a module from its text. `path` is for messages. Throws UserError. */
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
    throw new UserError(`${path}: not WebAssembly text: ${why}`, EXIT.BAD_FILE);
  }
}

const loaded = new Map<string, Promise<Firmware>>();

async function load(path: string | undefined): Promise<Firmware> {
  const firmware = loadFirmware();
  return path === undefined ? firmware : { ...firmware, guest: loadGuest(await guestBytes(path)) };
}

/** The firmware as built, with the guest at `path` in place of device.wasm if one is given. Kept. */
export function firmwareWith(path?: string): Promise<Firmware> {
  const key = path ?? "";
  const known = loaded.get(key) ?? load(path);
  loaded.set(key, known);
  return known;
}
