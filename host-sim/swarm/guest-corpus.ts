/** Hostile and broken guests that a swarm runs in place of device.wasm. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UserError } from "../base/errors.ts";
import { packageRoot } from "../base/paths.ts";
import { assembleWat } from "../scenario/guest.ts";
import type { Firmware } from "../sim/firmware.ts";
import { GuestHang, type HostLoop } from "../sim/host-loop.ts";
import { type GuestModule, loadGuest } from "../sim/module.ts";
import { Runtime } from "../sim/runtime.ts";
import type { VirtualBoard } from "../sim/virtual-board.ts";
import { reuseInstance } from "./reused-modules.ts";

/**
 * Files below tests/. Guests that flood the trace are left out: one takes as long as 1,000 runs.
 */
const FILES = [
  "scenarios/guests/greedy.wat",
  "scenarios/guests/hangs.wat",
  "scenarios/guests/traps-live.wat",
  "scenarios/guests/traps.wat",
  "scenarios/guests/unbounded.wat",
  "hostile/abi-version-unknown.wat",
  "hostile/export-missing.wat",
  "hostile/import-missing.wat",
  "hostile/imports-in-start.wat",
  "hostile/loop-in-init.wat",
  "hostile/loop-in-tick.wat",
  "hostile/radio-always.wat",
  "hostile/radio-in-init.wat",
  "hostile/radio-then-loop.wat",
  "hostile/relay-then-trap-in-init.wat",
  "hostile/trap-in-init.wat",
  "hostile/trap-in-start.wat",
  "hostile/unknown-level.wat",
  "hostile/unknown-pin.wat",
];

/** An endless loop, and the import call that replaces it: a request for 0 random bytes. */
const LOOP = "(loop $forever (br $forever))";
const HANG_CALL = "(call $hang (i32.const 0) (i32.const 0))";
const HANG_IMPORT = '(import "board" "random" (func $hang (param i32 i32)))';

export function swarmGuestPaths(): string[] {
  return FILES.map((file) => join(packageRoot(), "tests", file));
}

/**
 * Loads a guest. An endless loop in it is replaced by an import call. The host then learns of the
 * hang at once instead of by a wall-clock timeout, so that every run is deterministic. Throws
 * UserError.
 */
export async function loadSwarmGuest(path: string): Promise<GuestModule | string> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new UserError(`${path}: cannot read the guest`, EXIT.BAD_FILE);
  }
  const hangs = text.includes(LOOP);
  const withoutLoops = hangs
    ? text.replaceAll(LOOP, HANG_CALL).replace("(module", `(module ${HANG_IMPORT}`)
    : text;
  const guest = loadGuest(await assembleWat(path, withoutLoops));
  return typeof guest === "string" ? guest : reuseInstance(guest);
}

/** A host loop on a board that treats a guest's request for 0 random bytes as a hang. */
export function loopWithSimulatedHangs(
  board: VirtualBoard,
  { gate, guest }: Firmware,
  bootMs: number,
): HostLoop {
  const random = board.random.bind(board);
  board.random = (bytes) => {
    if (bytes.length === 0) throw new GuestHang();
    random(bytes);
  };
  return new Runtime(board, gate, guest, bootMs);
}
