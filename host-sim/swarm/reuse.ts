/**
 * What a swarm makes once and uses in every run: the guest's instance, put back to as it was when new,
 * and an HMAC without handles. Both are the bytes that ship. Must not know a scenario.
 */
import {
  type BoardImports,
  type GuestExports,
  IMPORTS,
  MAC_MESSAGE_MAX,
  TAG_BYTES,
} from "../abi.gen.ts";
import type { Hmac } from "../controller/cose.ts";
import { type GuestModule, sectionsOf } from "../module.ts";

/** Sections that let an instance keep state outside its memory, or act when it is made. */
const STATEFUL = new Set([4, 6, 8, 9, 12]);

/**
 * The guest, with one instance for all its boots: only memory tells it from a new one, and that is put
 * back. A module with tables, globals, a start function or passive data is left as it is. One board
 * runs at a time.
 */
export function reused(guest: GuestModule): GuestModule {
  if (sectionsOf(guest.bytes).some((id) => STATEFUL.has(id))) return guest;
  let current: BoardImports | null = null;
  const names = Object.keys(IMPORTS) as (keyof BoardImports)[];
  const forward = (name: keyof BoardImports) => {
    // One function for each number of arguments: a rest parameter costs more than the call.
    return (a: number, b: number, c: number, d: number) => {
      if (current === null) throw new Error("a guest calls before it is booted");
      return (current[name] as (...args: number[]) => number | undefined)(a, b, c, d);
    };
  };
  const board = Object.fromEntries(names.map((name) => [name, forward(name)]));
  let exports: GuestExports | null = null;
  let memory = new Uint8Array(0);
  let pristine = new Uint8Array(0);
  const instantiate = (imports: BoardImports): GuestExports => {
    current = imports;
    if (exports === null) {
      const instance = new WebAssembly.Instance(guest.module, { board });
      exports = instance.exports as unknown as GuestExports;
      memory = new Uint8Array(exports.memory.buffer);
      pristine = memory.slice();
    } else if (memory.length === pristine.length) memory.set(pristine);
    return exports;
  };
  return { ...guest, instantiate };
}

interface MacExports {
  memory: WebAssembly.Memory;
  key_ptr(): number;
  message_ptr(): number;
  tag_ptr(): number;
  hmac_sha256(keyLen: number, messageLen: number): void;
}

/** HMAC-SHA256 by mac.wasm. */
export function macModule(bytes: Uint8Array<ArrayBuffer>): Hmac {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
  const mac = exports as unknown as MacExports;
  const memory = new Uint8Array(mac.memory.buffer);
  const [keyAt, messageAt, tagAt] = [mac.key_ptr(), mac.message_ptr(), mac.tag_ptr()];
  return (key, message) => {
    if (message.length > MAC_MESSAGE_MAX) throw new RangeError(`${message.length} bytes to hash`);
    memory.set(key, keyAt);
    memory.set(message, messageAt);
    mac.hmac_sha256(key.length, message.length);
    return memory.slice(tagAt, tagAt + TAG_BYTES);
  };
}
