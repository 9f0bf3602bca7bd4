/**
 * What stands in the partitions that are written alone: the guest, and what the owner sets. Pure. Must
 * not know where they lie nor how they get there.
 */
import { X509Certificate } from "node:crypto";
import { crc32 as crc } from "node:zlib";
import { ABI_VERSION, MESSAGE_MAX, PRINCIPAL_KIDS, STATE_MAX } from "../abi.gen.ts";
import { KEY_BYTES, type Keys, type RandomBytes } from "../controller/keys.ts";
import { EXIT, UserError } from "../errors.ts";
import { runBounded } from "../guard.ts";
import { loadGuest } from "../module.ts";
import { parseBroker } from "../mqtt/session.ts";
import { checkDeviceId } from "../mqtt/topics.ts";
import { ANY_GUEST, type GuestRoom } from "../sim/profile.ts";
import type { Partition } from "./partitions.ts";

/** Names of the partitions. */
export const GUEST = "guest";
export const OWNER = "owner";

const MAGIC_BYTES = 8;
/** Magic, length and CRC-32 of what follows, in bytes. */
export const HEADER_BYTES = 16;
const U16_MAX = 0xffff;
/** The longest URL that a board keeps, in bytes. */
const BROKER_MAX = 255;
/** How long a module's own start may take, in ms of wall time. */
const START_MS = 2_000;

/** A body behind its header. Throws a UserError if it does not fit. */
export function framed(magic: string, body: Uint8Array, partition: Partition): Buffer {
  const most = partition.bytes - HEADER_BYTES;
  if (body.length > most) {
    throw new UserError(
      `${body.length} bytes do not fit partition "${partition.name}": it holds ${most}`,
      EXIT.BAD_FILE,
    );
  }
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(magic, 0, MAGIC_BYTES, "ascii");
  header.writeUInt32LE(body.length, MAGIC_BYTES);
  header.writeUInt32LE(crc(body), MAGIC_BYTES + 4);
  return Buffer.concat([header, body]);
}

const FAULTS: Readonly<Record<string, string>> = {
  format: "it is not valid WebAssembly 1.0 without floating point, within the profile's bounds",
  import: "it imports what a board does not have",
  export: "it lacks an export that a guest must have",
  memory: "its memory is not one page, declared as the most",
  segment: "its data or elements do not fit the memory or the table that the board has",
  size: "its code is more than the board's interpreter has room for",
};

/** Why a board would refuse a module at its boot; null if it would run it. Runs the module's start. */
export function guestFault(
  bytes: Uint8Array<ArrayBuffer>,
  room: GuestRoom = ANY_GUEST,
): string | null {
  const guest = loadGuest(bytes, room);
  if (typeof guest === "string") return FAULTS[guest] ?? guest;
  const entries = WebAssembly.Module.imports(guest.module).map(({ name }) => [name, () => 0]);
  let fault: string | null = null;
  const start = () => {
    const { exports } = new WebAssembly.Instance(guest.module, {
      board: Object.fromEntries(entries),
    });
    const ask = (name: string) => (exports[name] as () => number)() >>> 0;
    const size = (exports.memory as WebAssembly.Memory).buffer.byteLength;
    const version = ask("abi_version");
    const stateLen = ask("state_len");
    if (version !== ABI_VERSION)
      fault = `its ABI is version ${version}, a board's is ${ABI_VERSION}`;
    else if (stateLen > STATE_MAX || ask("state_ptr") + stateLen > size)
      fault = "its state is too long, or outside its memory";
    else if (ask("rx_buffer") + MESSAGE_MAX > size) fault = "its buffer is outside its memory";
  };
  try {
    if (!runBounded(start, START_MS)) return "it does not return";
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError)
      return "it traps before it runs";
    throw error;
  }
  return fault;
}

/** The guest's partition. `name` is for errors. Throws a UserError for a module a board would refuse. */
export function guestContents(
  name: string,
  module: Uint8Array<ArrayBuffer>,
  partition: Partition,
  room: GuestRoom = ANY_GUEST,
): Buffer {
  const fault = guestFault(module, room);
  if (fault !== null)
    throw new UserError(`${name}: a board would refuse it: ${fault}`, EXIT.BAD_FILE);
  return framed("KSGUEST1", module, partition);
}

export interface Owner {
  readonly device: string;
  readonly keys: Keys;
  /** As given: user and password included. */
  readonly broker: string;
  /** PEM; null: the certificates that the firmware brings. */
  readonly ca: string | null;
}

/** Throws a UserError for a broker that a board cannot reach as it is written. */
export function checkBroker(url: string): string {
  const { host, shown } = parseBroker(url);
  if (url.length > BROKER_MAX || !/^mqtts?:\/\/[\x21-\x7e]+$/.test(url)) {
    throw new UserError(
      `broker ${shown}: a board takes at most ${BROKER_MAX} printable characters, in lower case up to the //`,
      EXIT.USAGE,
    );
  }
  if (/^(localhost|127\..*|::1|0\.0\.0\.0)$/.test(host)) {
    throw new UserError(
      `broker ${shown} would be the board itself: give this machine's address on the Wi-Fi`,
      EXIT.USAGE,
    );
  }
  return url;
}

/** The certificates of a file, checked. Throws a UserError. */
export function checkCa(name: string, pem: string): string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch {
    throw new UserError(`${name}: a certificate in it cannot be read`, EXIT.BAD_FILE);
  }
  if (blocks.length === 0) {
    throw new UserError(`${name} is no certificate in PEM form: give the CA's`, EXIT.BAD_FILE);
  }
  return `${blocks.join("\n")}\n`;
}

function counted(text: string, width: 1 | 2): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length > U16_MAX) throw new UserError(`${bytes.length} bytes are too many`, EXIT.USAGE);
  const count = Buffer.alloc(width);
  count.writeUIntLE(bytes.length, 0, width);
  return Buffer.concat([count, bytes]);
}

/**
 * The owner's partition, all of it, so that nothing of a former owner stays. A principal whose key was
 * revoked gets one that nobody knows: no value stands for "none" that a board might take for a key.
 */
export function ownerContents(owner: Owner, partition: Partition, random: RandomBytes): Buffer {
  const { device, keys, broker, ca } = owner;
  checkBroker(broker);
  if (ca !== null && !parseBroker(broker).tls) {
    throw new UserError(
      "--ca is used with mqtts:// alone: give the broker as mqtts://",
      EXIT.USAGE,
    );
  }
  const body = Buffer.concat([
    ...PRINCIPAL_KIDS.map((kid) => keys.get(kid) ?? random(KEY_BYTES)),
    counted(checkDeviceId(device), 1),
    counted(broker, 2),
    counted(ca ?? "", 2),
  ]);
  const contents = framed("KSOWNER1", body, partition);
  return Buffer.concat([contents, Buffer.alloc(partition.bytes - contents.length, 0xff)]);
}
