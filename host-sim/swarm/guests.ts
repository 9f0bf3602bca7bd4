/**
 * The other guests of a swarm: hostile and broken ones, from the corpus. Must not know what a board
 * makes of them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EXIT, UserError } from "../errors.ts";
import type { Firmware } from "../firmware.ts";
import { GuestHang, type HostLoop } from "../host-loop.ts";
import { type GuestModule, loadGuest } from "../module.ts";
import { packageRoot } from "../paths.ts";
import { Runtime } from "../runtime.ts";
import { assembled } from "../scenario/guest.ts";
import type { VirtualBoard } from "../virtual-board.ts";
import { reused } from "./reuse.ts";

/** Files below tests/. Left out are those that flood a trace and take the time of a thousand runs. */
const FILES = [
  "scenarios/guests/greedy.wat",
  "scenarios/guests/hangs.wat",
  "scenarios/guests/traps-live.wat",
  "scenarios/guests/traps.wat",
  "scenarios/guests/unbounded.wat",
  "hostile/abi-of-tomorrow.wat",
  "hostile/export-missing.wat",
  "hostile/import-missing.wat",
  "hostile/imports-in-start.wat",
  "hostile/loop-in-init.wat",
  "hostile/loop-in-tick.wat",
  "hostile/radio-for-ever.wat",
  "hostile/radio-in-init.wat",
  "hostile/radio-then-loop.wat",
  "hostile/relay-then-trap-in-init.wat",
  "hostile/trap-in-init.wat",
  "hostile/trap-in-start.wat",
  "hostile/unknown-level.wat",
  "hostile/unknown-pin.wat",
];

/** A loop that nothing ends but force, and what stands for it: a call that the HAL does not return. */
const LOOP = "(loop $forever (br $forever))";
const STAND_IN = "(call $hang (i32.const 0) (i32.const 0))";
const STAND_IN_IMPORT = '(import "board" "random" (func $hang (param i32 i32)))';

export function swarmGuestPaths(): string[] {
  return FILES.map((file) => join(packageRoot(), "tests", file));
}

/**
 * Loads a guest. One that hangs says so by an import in place of its loop: the host hears at once what
 * V8 finds out by the wall clock, and every run takes the same course.
 */
export async function swarmGuest(path: string): Promise<GuestModule | string> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new UserError(`${path}: the guest cannot be read`, EXIT.BAD_FILE);
  }
  const hangs = text.includes(LOOP);
  const tame = hangs
    ? text.replaceAll(LOOP, STAND_IN).replace("(module", `(module ${STAND_IN_IMPORT}`)
    : text;
  const guest = loadGuest(await assembled(path, tame));
  return typeof guest === "string" ? guest : reused(guest);
}

/** The host loop, on a board that takes a guest's call for no random bytes for a guest that hangs. */
export function loopWithHangs(
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
