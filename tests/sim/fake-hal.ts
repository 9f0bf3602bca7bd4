/** A HAL whose inputs a test sets directly, and guests in WebAssembly text to run on it. */
import { createHmac } from "node:crypto";
import makeWabt from "wabt";
import { ABI_VERSION } from "../../host-sim/abi/abi.gen.ts";
import { BOARD_PINS, type Hal, makeStorage } from "../../host-sim/sim/hal.ts";
import { type GuestModule, loadGuest } from "../../host-sim/sim/module.ts";

export const CLEAN_ON = 1;
export const CLEAN_KILL = 2;

export class FakeHal implements Hal {
  readonly tracing = true;
  readonly device = "fake";
  readonly attestations: (Uint8Array | null)[] = [];
  readonly pinCount = BOARD_PINS;
  readonly lines: string[] = [];
  readonly sent: { principal: number; channel: number; bytes: Uint8Array }[] = [];
  readonly storage = makeStorage();
  time = 0;
  contacts = CLEAN_ON;
  radio = false;
  storageWorks = true;
  #random = 0;

  now(): number {
    return this.time;
  }
  sense(): number {
    return this.contacts | (this.radio ? 4 : 0);
  }
  inputs(): number {
    return 0;
  }
  radioPower(on: boolean): void {
    this.radio = on;
  }
  gpioWrite(): void {}
  attested(bytes: Uint8Array | null): void {
    this.attestations.push(bytes);
  }
  linkSend(principal: number, channel: number, bytes: Uint8Array): void {
    this.sent.push({ principal, channel, bytes });
  }
  /** The first bytes are all 0, which the runtime must not accept as an epoch. */
  random(bytes: Uint8Array): void {
    bytes.fill(this.#random++);
  }
  /** Only principal 1 has no key. */
  mac(principal: number, use: number, bytes: Uint8Array): Uint8Array | null {
    const key = `${principal} ${use}`;
    return principal === 1 ? null : createHmac("sha256", key).update(bytes).digest();
  }
  storageRead(region: number, offset: number, bytes: Uint8Array): boolean {
    const store = this.storage[region];
    if (store === undefined || !this.storageWorks) return false;
    bytes.set(store.subarray(offset, offset + bytes.length));
    return true;
  }
  storageWrite(region: number, offset: number, bytes: Uint8Array): boolean {
    // Does not check the range, like a chip's flash driver: the caller must.
    for (const [index, byte] of bytes.entries()) {
      const store = this.storage[region];
      if (store !== undefined && this.storageWorks) store[offset + index] = byte;
    }
    return this.storageWorks;
  }
  trace(kind: string, detail: string): void {
    this.lines.push(`@${this.time} ${kind} ${detail}`);
  }
  /** The details of all trace lines of a kind. */
  of(kind: string): string[] {
    return this.lines.flatMap((line) => line.split(` ${kind} `)[1] ?? []);
  }
}

const IMPORTS = `
  (import "board" "gpio_write" (func $gpio_write (param i32 i32)))
  (import "board" "radio_request" (func $radio_request (param i32)))
  (import "board" "net_send" (func $net_send (param i32 i32 i32 i32) (result i32)))
  (import "board" "mac_verify" (func $mac_verify (param i32 i32 i32 i32) (result i32)))
  (import "board" "mac_sign" (func $mac_sign (param i32 i32 i32 i32) (result i32)))
  (import "board" "random" (func $random (param i32 i32)))
  (import "board" "storage_read" (func $storage_read (param i32 i32 i32 i32) (result i32)))
  (import "board" "storage_write" (func $storage_write (param i32 i32 i32 i32) (result i32)))
  (import "board" "log" (func $log (param i32 i32)))
  (import "board" "mark" (func $mark (param i32)))`;

export interface GuestText {
  imports?: string;
  memory?: string;
  /** Body of init(boot_reason). The argument is $reason. */
  init?: string;
  /** Body of on_event(kind, a, b). The arguments are $kind, $a and $b. */
  event?: string;
  version?: number;
  stateLen?: number;
  rxBuffer?: number;
}

export function guestText(text: GuestText): string {
  return `(module ${text.imports ?? IMPORTS}
  ${text.memory ?? '(memory (export "memory") 1 1)'}
  (func (export "abi_version") (result i32) (i32.const ${text.version ?? ABI_VERSION}))
  (func (export "rx_buffer") (result i32) (i32.const ${text.rxBuffer ?? 1024}))
  (func (export "state_ptr") (result i32) (i32.const 0))
  (func (export "state_len") (result i32) (i32.const ${text.stateLen ?? 8}))
  (func (export "init") (param $reason i32) ${text.init ?? ""})
  (func (export "on_event") (param $kind i32) (param $a i32) (param $b i32) ${text.event ?? ""}))`;
}

export async function assemble(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const module = (await makeWabt()).parseWat("guest.wat", text);
  const { buffer } = module.toBinary({});
  module.destroy();
  return new Uint8Array(buffer);
}

/** Assembles and loads a guest. Throws if it is refused. */
export async function makeGuest(text: GuestText): Promise<GuestModule> {
  const guest = loadGuest(await assemble(guestText(text)));
  if (typeof guest === "string") throw new Error(`refused: ${guest}`);
  return guest;
}
