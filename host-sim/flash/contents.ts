/**
 * Builds the contents of the partitions that can be written on their own: the guest, and the
 * owner's settings.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { crc32 as crc } from "node:zlib";
import { ABI_VERSION, MESSAGE_MAX, PRINCIPAL_KIDS, STATE_MAX } from "../abi/abi.gen.ts";
import { checkDeviceId } from "../abi/topics.ts";
import { SECRET_BYTES } from "../base/derived-keys.ts";
import { EXIT, UserError } from "../base/errors.ts";
import { runBounded } from "../base/guard.ts";
import type { Keys } from "../controller/keys.ts";
import { parseBroker } from "../mqtt/session.ts";
import { loadGuest } from "../sim/module.ts";
import { ANY_GUEST, type GuestRoom } from "../sim/profile.ts";
import type { Partition } from "./partitions.ts";

/** Partition names. */
export const GUEST = "guest";
export const OWNER = "owner";

const MAGIC_BYTES = 8;
/** Length of the header in bytes: magic, length of the body, CRC-32 of the body. */
export const HEADER_BYTES = 16;
const U16_MAX = 0xffff;
/** In place of the secret of a principal that has none. A board never derives a key from it. */
const NO_SECRET = new Uint8Array(SECRET_BYTES);
/** The longest host name (RFC 1035), and the longest user or password, in bytes. */
const HOST_MAX = 253;
const CREDENTIAL_MAX = 255;
/** How long a module may take to start, in ms of wall time. */
const START_MS = 2_000;

/** A header and the body. Throws UserError if they do not fit the partition. */
export function framed(magic: string, body: Uint8Array, partition: Partition): Buffer {
  const most = partition.bytes - HEADER_BYTES;
  if (body.length > most) {
    throw new UserError(
      `${body.length} bytes do not fit into partition "${partition.name}": at most ${most} do`,
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
  import: "it has an import that boards do not provide",
  export: "it lacks a required export",
  memory: "its memory is not declared as exactly one page",
  segment: "its data or elements do not fit the memory or the table that the board has",
  size: "its code is more than the board's interpreter has room for",
};

/** Why a board would refuse a module at its boot; null if it would run it. Starts the module. */
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
    const call = (name: string) => (exports[name] as () => number)() >>> 0;
    const size = (exports.memory as WebAssembly.Memory).buffer.byteLength;
    const version = call("abi_version");
    const stateLen = call("state_len");
    if (version !== ABI_VERSION)
      fault = `its ABI version is ${version}, but boards have ${ABI_VERSION}`;
    else if (stateLen > STATE_MAX || call("state_ptr") + stateLen > size)
      fault = "its state is too long, or outside its memory";
    else if (call("rx_buffer") + MESSAGE_MAX > size)
      fault = "its receive buffer is outside its memory";
  };
  try {
    if (!runBounded(start, START_MS)) return "it does not return";
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError)
      return "it traps when it starts";
    throw error;
  }
  return fault;
}

/**
 * The contents of the guest's partition. `name` is used in errors. Throws UserError if a board
 * would refuse the module.
 */
export function guestContents(
  name: string,
  module: Uint8Array<ArrayBuffer>,
  partition: Partition,
  room: GuestRoom = ANY_GUEST,
): Buffer {
  const fault = guestFault(module, room);
  if (fault !== null)
    throw new UserError(`guest ${name}: a board would refuse this guest: ${fault}`, EXIT.BAD_FILE);
  return framed("KSGUEST1", module, partition);
}

export interface Owner {
  readonly device: string;
  readonly keys: Keys;
  /** The URL as given, with user and password. */
  readonly broker: string;
  /** PEM. Null: the certificates in the firmware. */
  readonly ca: string | null;
  /** Client certificate and its key, PEM, for a broker that requires one. */
  readonly client?: { readonly certificate: string; readonly key: string } | null;
}

/** Returns the URL. Throws UserError if a board cannot reach the broker by it. */
export function checkBroker(url: string): string {
  const { host, port, username = "", password = "", shown } = parseBroker(url);
  const bad = (why: string) => new UserError(`broker ${shown}: ${why}`, EXIT.USAGE);
  if (host.length > HOST_MAX || !/^[A-Za-z0-9._:-]+$/.test(host))
    throw bad(`a host is a name of letters, digits, "-", "_" and ".", or an address`);
  if (port === 0) throw bad("port 0 is no port: give 1 to 65535");
  for (const text of [username, password]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: MQTT 3.1.1, 1.5.3 forbids them.
    if (Buffer.byteLength(text) > CREDENTIAL_MAX || /[\u0000-\u001f\u007f]/.test(text))
      throw bad(
        `user and password are at most ${CREDENTIAL_MAX} bytes each, without control characters`,
      );
  }
  if (username === "" && password !== "")
    throw bad("a password needs a user: write user:password@");
  if (/^(localhost|127\..*|::1|0\.0\.0\.0)$/.test(host))
    throw bad("is the board itself when a board connects: give this machine's Wi-Fi address");
  return url;
}

/** The certificates of a PEM file. Throws UserError if one is not valid or there is none. */
export function checkCa(name: string, pem: string): string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch {
    throw new UserError(`${name}: it has an invalid certificate`, EXIT.BAD_FILE);
  }
  if (blocks.length === 0) {
    throw new UserError(
      `${name} has no certificate in PEM format: give the CA certificate's file`,
      EXIT.BAD_FILE,
    );
  }
  return `${blocks.join("\n")}\n`;
}

/** Checks that certificate and key belong together. Throws UserError. */
export function checkClient(
  names: { readonly certificate: string; readonly key: string },
  certificate: string,
  key: string,
): { certificate: string; key: string } {
  const pem = checkCa(names.certificate, certificate);
  let own: KeyObject;
  try {
    own = createPrivateKey(key);
  } catch {
    throw new UserError(
      `${names.key} is no private key in PEM form without a passphrase`,
      EXIT.BAD_FILE,
    );
  }
  if (!new X509Certificate(pem).checkPrivateKey(own))
    throw new UserError(`${names.key} is not the key of ${names.certificate}`, EXIT.BAD_FILE);
  return { certificate: pem, key };
}

/**
 * A text preceded by its length in `width` bytes and followed by a zero. Throws UserError if it is
 * too long.
 */
function withLength(text: string, width: 1 | 2): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length >= U16_MAX)
    throw new UserError(
      `the certificates have ${bytes.length} bytes: at most ${U16_MAX - 1} fit`,
      EXIT.USAGE,
    );
  const count = Buffer.alloc(width);
  count.writeUIntLE(bytes.length, 0, width);
  return Buffer.concat([count, bytes, Buffer.alloc(1)]);
}

/**
 * The contents of the owner's partition. It fills the whole partition, so that nothing of a former
 * owner remains. The broker is stored in parts, because the board parses no URL. A
 * principal without a key has zeros there: the device then has no secret of that principal.
 */
export function ownerContents(owner: Owner, partition: Partition): Buffer {
  const { device, keys, broker, ca, client } = owner;
  checkBroker(broker);
  const { tls, host, port, username = "", password = "" } = parseBroker(broker);
  if ((ca !== null || client) && !tls) {
    throw new UserError("--ca and --cert need TLS: give the broker as mqtts://", EXIT.USAGE);
  }
  const u16 = Buffer.alloc(2);
  u16.writeUInt16LE(port);
  const body = Buffer.concat([
    ...PRINCIPAL_KIDS.map((kid) => keys.get(kid) ?? NO_SECRET),
    withLength(checkDeviceId(device), 1),
    Buffer.from([tls ? 1 : 0]),
    u16,
    withLength(host, 1),
    withLength(username, 2),
    withLength(password, 2),
    withLength(ca ?? "", 2),
    withLength(client?.certificate ?? "", 2),
    withLength(client?.key ?? "", 2),
  ]);
  const contents = framed("KSOWNER3", body, partition);
  return Buffer.concat([contents, Buffer.alloc(partition.bytes - contents.length, 0xff)]);
}
