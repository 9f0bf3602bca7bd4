/**
 * The functions that a guest imports. Each range of guest memory is checked before it is accessed.
 * Misuse traps. No import calls back into the guest. Corresponds to boards/runtime/imports.c.
 */
import { timingSafeEqual } from "node:crypto";
import {
  type BoardImports,
  CALLS_MAX,
  CHANNEL_NAMES,
  type GuestExports,
  KEY,
  LOG_MAX,
  MAC_MESSAGE_MAX,
  MARK_NAMES,
  MESSAGE_MAX,
  PIN_NAMES,
  PRINCIPAL_NAMES,
  STATUS,
  TAG_BYTES,
} from "../abi/abi.gen.ts";
import { type Hal, REGION_BYTES } from "./hal.ts";

/** Thrown on misuse by the guest. It ends the guest, not the host. */
export class GuestTrap extends Error {}

/** What the imports use of the runtime. */
export interface ImportContext {
  readonly hal: Hal;
  /** The calling guest. Null during its instantiation, when its memory is not accessible yet. */
  guest: GuestExports | null;
  /** Number of import calls since the host called the guest. */
  calls: number;
  requested: boolean;
  readonly pins: number[];
  /** Whether a message may be queued now: the gate is LIVE, the radio is on, the session is up. */
  maySend(): boolean;
  /** Queues a message. Returns false if the queue is full. */
  queueSend(principal: number, channel: number, bytes: Uint8Array): boolean;
}

const RANDOM_MAX = 64;

/**
 * A view of guest memory at [ptr, ptr + len), valid during this call only. Traps if out of range.
 */
function range(context: ImportContext, ptr: number, len: number): Uint8Array {
  const start = ptr >>> 0;
  const size = len >>> 0;
  const memory = context.guest?.memory.buffer;
  if (memory === undefined || start + size > memory.byteLength) throw new GuestTrap("range");
  return new Uint8Array(memory, start, size);
}

function region(context: ImportContext, id: number, offset: number, ptr: number, len: number) {
  const size = REGION_BYTES[id >>> 0];
  if (size === undefined || (offset >>> 0) + (len >>> 0) > size) throw new GuestTrap("region");
  return range(context, ptr, len);
}

/** Like range(), limited to MAC_MESSAGE_MAX bytes: the buffer size of mac.wasm. */
function macMessage(context: ImportContext, ptr: number, len: number): Uint8Array {
  checkBelow(len, MAC_MESSAGE_MAX + 1, "length");
  return range(context, ptr, len);
}

function checkBelow(value: number, bound: number, what: string): void {
  if (value >>> 0 >= bound) throw new GuestTrap(what);
}

function checkSend(principal: number, channel: number, len: number): void {
  checkBelow(principal, PRINCIPAL_NAMES.length, "principal");
  checkBelow(channel, CHANNEL_NAMES.length, "channel");
  checkBelow(len, MESSAGE_MAX + 1, "length");
}

/** Keeps printable ASCII. Replaces quotes, backslashes and all other bytes by full stops. */
function printable(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : ".";
  }
  return text;
}

/** Counts a call. Traps above CALLS_MAX calls per event, so that a guest cannot flood its host. */
function countCall(context: ImportContext): void {
  context.calls++;
  if (context.calls > CALLS_MAX) throw new GuestTrap("budget");
}

export function makeImports(context: ImportContext): BoardImports {
  const { hal } = context;
  return {
    gpio_write(pin, level) {
      countCall(context);
      checkBelow(pin, hal.pinCount, "pin");
      checkBelow(level, 2, "level");
      if (context.pins[pin] === level) return;
      context.pins[pin] = level;
      hal.gpioWrite(pin, level);
      hal.trace("gpio", `pin=${PIN_NAMES[pin]} level=${level}`);
    },
    radio_request(on) {
      countCall(context);
      context.requested = on !== 0;
    },
    net_send(principal, channel, ptr, len) {
      countCall(context);
      checkSend(principal, channel, len);
      const bytes = range(context, ptr, len);
      if (!context.maySend()) return STATUS.DENIED;
      return context.queueSend(principal, channel, bytes.slice()) ? STATUS.OK : STATUS.FULL;
    },
    mac_verify(principal, ptr, len, tag) {
      countCall(context);
      checkBelow(principal, PRINCIPAL_NAMES.length, "principal");
      const message = macMessage(context, ptr, len);
      const claimed = range(context, tag, TAG_BYTES);
      const own = hal.mac(principal, KEY.COMMAND, message);
      if (own === null) return STATUS.NO_KEY;
      return timingSafeEqual(own, claimed) ? STATUS.OK : STATUS.BAD_TAG;
    },
    mac_sign(principal, ptr, len, tag) {
      countCall(context);
      checkBelow(principal, PRINCIPAL_NAMES.length, "principal");
      const message = macMessage(context, ptr, len);
      const out = range(context, tag, TAG_BYTES);
      const own = hal.mac(principal, KEY.REPLY, message);
      if (own !== null) out.set(own);
      return own === null ? STATUS.NO_KEY : STATUS.OK;
    },
    random(ptr, len) {
      countCall(context);
      checkBelow(len, RANDOM_MAX + 1, "length");
      hal.random(range(context, ptr, len));
    },
    storage_read(id, offset, ptr, len) {
      countCall(context);
      const bytes = region(context, id, offset, ptr, len);
      return hal.storageRead(id, offset >>> 0, bytes) ? STATUS.OK : STATUS.IO;
    },
    storage_write(id, offset, ptr, len) {
      countCall(context);
      const bytes = region(context, id, offset, ptr, len);
      return hal.storageWrite(id, offset >>> 0, bytes) ? STATUS.OK : STATUS.IO;
    },
    log(ptr, len) {
      countCall(context);
      checkBelow(len, LOG_MAX + 1, "length");
      hal.trace("log", `text="${printable(range(context, ptr, len))}"`);
    },
    mark(id) {
      countCall(context);
      checkBelow(id, MARK_NAMES.length, "mark");
      hal.trace("mark", `name=${MARK_NAMES[id]}`);
    },
  };
}

/** Whether the guest caused an error. V8 reports a stack overflow in the guest as a RangeError. */
export function isTrap(error: unknown): boolean {
  return (
    error instanceof GuestTrap ||
    error instanceof WebAssembly.RuntimeError ||
    error instanceof WebAssembly.LinkError ||
    error instanceof RangeError
  );
}
