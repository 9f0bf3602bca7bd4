/** Loads a guest that replaces device.wasm, from a .wasm or .wat file. */
import { readFileSync } from "node:fs";
import { codeOf, EXIT, UserError } from "../base/errors.ts";
import { type Firmware, loadFirmware } from "../sim/firmware.ts";
import { loadGuest } from "../sim/module.ts";

/** The first bytes of every WebAssembly module. */
const MAGIC = Buffer.from("\0asm");

const READ_TROUBLES: Readonly<Record<string, string>> = {
  ENOENT: "the file does not exist",
  EISDIR: "it is a folder: name a .wasm or .wat file",
  EACCES: "this user may not read it",
};

/**
 * Reads a module. A .wat file is assembled. Throws a UserError that names the file if it cannot be
 * read or is not WebAssembly. Whether a board accepts the module is not checked.
 */
export async function guestBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const bad = (why: string) => new UserError(`guest ${path}: ${why}`, EXIT.BAD_FILE);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw bad(READ_TROUBLES[codeOf(error)] ?? codeOf(error));
  }
  if (path.endsWith(".wat")) return assembleWat(path, bytes.toString("utf8"));
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC))
    throw bad("it is not a WebAssembly module: name a .wasm or .wat file");
  return new Uint8Array(bytes);
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
    throw new UserError(`guest ${path}: it is not valid WebAssembly text: ${why}`, EXIT.BAD_FILE);
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
