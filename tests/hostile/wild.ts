/**
 * Generates guests that call each import with one wild argument (pointer, length, offset or index),
 * so that every parameter of every import is covered.
 */
import { IMPORTS } from "../../host-sim/abi/abi.gen.ts";

/**
 * Wild values: at the limits of 16 and 32 bits, where a range check or an addition may overflow.
 */
const WILD = [0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0x1_0000, 0xffff] as const;

/** Valid arguments of each import; one of them is replaced. */
const TAME: Readonly<Record<string, readonly number[]>> = {
  gpio_write: [0, 0],
  radio_request: [1],
  net_send: [0, 0, 0, 8],
  mac_verify: [0, 0, 8, 64],
  mac_sign: [0, 0, 8, 64],
  random: [0, 8],
  storage_read: [1, 0, 0, 8],
  storage_write: [1, 0, 0, 8],
  log: [0, 8],
  mark: [0],
};

function guest(name: string, args: readonly number[], returns: boolean): string {
  const params = args.map(() => "i32").join(" ");
  const call = `(call $import ${args.map((arg) => `(i32.const ${arg | 0})`).join(" ")})`;
  const dropped = returns ? `(drop ${call})` : call;
  return `(module
  (import "board" "${name}" (func $import (param ${params})${returns ? " (result i32)" : ""}))
  (memory (export "memory") 1 1)
  (func (export "abi_version") (result i32) (i32.const 2))
  (func (export "rx_buffer") (result i32) (i32.const 1024))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const 8))
  (func (export "init") (param i32) ${dropped})
  (func (export "on_event") (param i32 i32 i32) ${dropped}))`;
}

/** Name and WAT text of each guest. */
export function wildGuests(): [string, string][] {
  const guests: [string, string][] = [];
  for (const [name, { returns }] of Object.entries(IMPORTS)) {
    const tame = TAME[name];
    if (tame === undefined) throw new Error(`import ${name} has no row in TAME`);
    for (const index of tame.keys()) {
      for (const wild of WILD) {
        const args = tame.map((arg, at) => (at === index ? wild : arg));
        guests.push([`${name} parameter ${index + 1} ${wild}`, guest(name, args, returns)]);
      }
    }
  }
  return guests;
}
