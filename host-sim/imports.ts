/**
 * The guest's imports: every range is checked before it is touched, misuse traps, and no import ever
 * re-enters the guest. The twin of boards/common/imports.c. Must not know what the guest is for.
 */
import { timingSafeEqual } from "node:crypto";
import {
  type BoardImports,
  CALLS_MAX,
  CHANNEL_NAMES,
  type GuestExports,
  LOG_MAX,
  MAC_MESSAGE_MAX,
  MARK_NAMES,
  MESSAGE_MAX,
  PIN_NAMES,
  PRINCIPAL,
  STATUS,
  TAG_BYTES,
} from "./abi.gen.ts";
import { type Hal, REGION_BYTES } from "./hal.ts";

/** Misuse by the guest. Ends the guest, never the host. */
export class GuestTrap extends Error {}

/** What the imports need of the runtime. */
export interface ImportContext {
  readonly hal: Hal;
  /** The guest that calls; null while it is being instantiated: it has no memory to point into yet. */
  guest: GuestExports | null;
  /** Import calls since the host called the guest. */
  calls: number;
  requested: boolean;
  readonly pins: number[];
  /** Whether a message may be queued now: LIVE, radio on, session up. */
  maySend(): boolean;
  /** Queues a message; false if there is no room. */
  queueSend(channel: number, bytes: Uint8Array): boolean;
}

const RANDOM_MAX = 64;

/** The guest's bytes at [ptr, ptr + len): a view, valid for this call only. */
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

/** Bytes that a board's own HMAC takes: mac.wasm's buffer ends there. */
function hashable(context: ImportContext, ptr: number, len: number): Uint8Array {
  below(len, MAC_MESSAGE_MAX + 1, "length");
  return range(context, ptr, len);
}

function below(value: number, bound: number, what: string): void {
  if (value >>> 0 >= bound) throw new GuestTrap(what);
}

/** Printable ASCII as it is, the quote, the backslash and all else as a full stop. */
function printable(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : ".";
  }
  return text;
}

/** Counts the call against the event's budget, so that no guest can flood its host. */
function counted(context: ImportContext): void {
  context.calls++;
  if (context.calls > CALLS_MAX) throw new GuestTrap("budget");
}

export function makeImports(context: ImportContext): BoardImports {
  const { hal } = context;
  return {
    gpio_write(pin, level) {
      counted(context);
      below(pin, hal.pinCount, "pin");
      below(level, 2, "level");
      if (context.pins[pin] === level) return;
      context.pins[pin] = level;
      hal.gpioWrite(pin, level);
      hal.trace("gpio", `pin=${PIN_NAMES[pin]} level=${level}`);
    },
    radio_request(on) {
      counted(context);
      context.requested = on !== 0;
    },
    net_send(channel, ptr, len) {
      counted(context);
      below(channel, CHANNEL_NAMES.length, "channel");
      below(len, MESSAGE_MAX + 1, "length");
      const bytes = range(context, ptr, len);
      if (!context.maySend()) return STATUS.DENIED;
      return context.queueSend(channel, bytes.slice()) ? STATUS.OK : STATUS.FULL;
    },
    mac_verify(principal, ptr, len, tag) {
      counted(context);
      below(principal, PRINCIPAL.DEVICE, "principal");
      const message = hashable(context, ptr, len);
      const claimed = range(context, tag, TAG_BYTES);
      const own = hal.mac(principal, message);
      if (own === null) return STATUS.NO_KEY;
      return timingSafeEqual(own, claimed) ? STATUS.OK : STATUS.BAD_TAG;
    },
    mac_sign(ptr, len, tag) {
      counted(context);
      const message = hashable(context, ptr, len);
      const out = range(context, tag, TAG_BYTES);
      const own = hal.mac(PRINCIPAL.DEVICE, message);
      if (own === null) return STATUS.NO_KEY;
      out.set(own);
      return STATUS.OK;
    },
    random(ptr, len) {
      counted(context);
      below(len, RANDOM_MAX + 1, "length");
      hal.random(range(context, ptr, len));
    },
    storage_read(id, offset, ptr, len) {
      counted(context);
      const bytes = region(context, id, offset, ptr, len);
      return hal.storageRead(id, offset >>> 0, bytes) ? STATUS.OK : STATUS.IO;
    },
    storage_write(id, offset, ptr, len) {
      counted(context);
      const bytes = region(context, id, offset, ptr, len);
      return hal.storageWrite(id, offset >>> 0, bytes) ? STATUS.OK : STATUS.IO;
    },
    log(ptr, len) {
      counted(context);
      below(len, LOG_MAX + 1, "length");
      hal.trace("log", `text="${printable(range(context, ptr, len))}"`);
    },
    mark(id) {
      counted(context);
      below(id, MARK_NAMES.length, "mark");
      hal.trace("mark", `name=${MARK_NAMES[id]}`);
    },
  };
}
