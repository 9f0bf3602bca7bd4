/**
 * Modules that a swarm instantiates once and uses in every run, because instantiation and
 * node:crypto handles would dominate its time: the guest, whose memory is reset at each boot, and
 * mac.wasm.
 */
import {
  type BoardImports,
  type GuestExports,
  IMPORTS,
  MAC_MESSAGE_MAX,
  TAG_BYTES,
} from "../abi/abi.gen.ts";
import type { Hmac } from "../controller/cose.ts";
import { type GuestModule, sectionsOf } from "../sim/module.ts";

/** Ids of the sections table, global, start, element and data count: state outside memory, or code
 * that runs at instantiation. */
const STATEFUL = new Set([4, 6, 8, 9, 12]);

/**
 * The guest with one instance for all boots. At each boot its memory gets its initial content back;
 * it has no other state. Modules with tables, globals, a start function or passive data are
 * returned unchanged. Only one board may run at a time.
 */
export function reuseInstance(guest: GuestModule): GuestModule {
  if (sectionsOf(guest.bytes).some((id) => STATEFUL.has(id))) return guest;
  let current: BoardImports | null = null;
  const names = Object.keys(IMPORTS) as (keyof BoardImports)[];
  const forward = (name: keyof BoardImports) => {
    // Fixed parameters: a rest parameter would cost more than the call.
    return (a: number, b: number, c: number, d: number) => {
      if (current === null) throw new Error("the guest calls an import before its boot");
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

/**
 * HMAC-SHA256 computed by mac.wasm. `bytes`: the module. The result throws RangeError if too long.
 */
export function hmacFromModule(bytes: Uint8Array<ArrayBuffer>): Hmac {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {});
  const mac = exports as unknown as MacExports;
  const memory = new Uint8Array(mac.memory.buffer);
  const [keyAt, messageAt, tagAt] = [mac.key_ptr(), mac.message_ptr(), mac.tag_ptr()];
  return (key, message) => {
    if (message.length > MAC_MESSAGE_MAX)
      throw new RangeError(`message of ${message.length} bytes`);
    memory.set(key, keyAt);
    memory.set(message, messageAt);
    mac.hmac_sha256(key.length, message.length);
    return memory.slice(tagAt, tagAt + TAG_BYTES);
  };
}
