/**
 * Loads a guest into V8, if the boards' own rules admit it.
 */
import type { BoardImports, GuestExports } from "../abi/abi.gen.ts";
import { ANY_GUEST, checkGuest, type GuestRoom } from "./profile.ts";
import { Reader } from "./profile-read.ts";

export interface GuestModule {
  module: WebAssembly.Module;
  bytes: Uint8Array<ArrayBuffer>;
  /** Returns an instance in its initial state. Default: makes a new instance. */
  instantiate?(imports: BoardImports): GuestExports;
}

/** The section identifiers of a valid module, in order. */
export function sectionsOf(bytes: Uint8Array): number[] {
  const sections: number[] = [];
  for (const reader = new Reader(bytes, 8); reader.at < reader.end; ) {
    sections.push(reader.byte());
    reader.part(reader.u32());
  }
  return sections;
}

/**
 * Compiles what was made from a guest to observe it: with probes it may be beyond the profile's bounds.
 * Returns the reason if it is not a guest all the same.
 */
export function loadInstrumented(bytes: Uint8Array<ArrayBuffer>): GuestModule | string {
  const guest = loadGuest(bytes);
  const beyond = guest === "format" || guest === "size";
  return beyond && WebAssembly.validate(bytes)
    ? { module: new WebAssembly.Module(bytes), bytes }
    : guest;
}

/**
 * Compiles a guest. Returns the reason if a board with this room refuses it: `format` (not
 * WebAssembly, not valid, or beyond the profile), `import` (one that does not exist, or with another
 * signature), `export` (one missing), `memory` (more than one page, or no maximum), `segment` (data or
 * elements that do not fit), `size` (more code than the engine has room for).
 */
export function loadGuest(
  bytes: Uint8Array<ArrayBuffer>,
  room: GuestRoom = ANY_GUEST,
): GuestModule | string {
  const checked = checkGuest(bytes, room);
  return typeof checked === "string" ? checked : { module: new WebAssembly.Module(bytes), bytes };
}
