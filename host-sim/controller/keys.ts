/**
 * The key store: one JSON Web Key Set (RFC 7517, section 5) per device, in a file that only its
 * owner can read.
 */
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { PRINCIPAL_KIDS } from "../abi/abi.gen.ts";
import type { Kid } from "../abi/topics.ts";
import { checkDeviceId } from "../abi/topics.ts";
import { codeOf, EXIT, UserError } from "../base/errors.ts";
import { writeFileAtomic } from "../base/files.ts";
import { launcher } from "../base/paths.ts";

/** The default folder for keys, below the current folder. */
export const DEFAULT_KEYS = ".killswitch/keys";
/** Length of a key in bytes: that of the hash's output, as RFC 2104, section 3 recommends. */
export const KEY_BYTES = 32;

/** The keys of one device. A revoked key is absent. */
export type Keys = ReadonlyMap<Kid, Uint8Array>;

/** A JSON Web Key for HMAC-SHA256: RFC 7518, 6.4. */
export interface Jwk {
  readonly kty: "oct";
  readonly kid: Kid;
  readonly alg: "HS256";
  readonly k: string;
}

/** Returns `length` bytes from a cryptographic source. */
export type RandomBytes = (length: number) => Uint8Array;

/** Creates the secrets of a device, one for each principal. Throws UserError if the device already has a key file. */
export function initKeys(dir: string, device: string, random: RandomBytes): Keys {
  const keys = new Map(PRINCIPAL_KIDS.map((kid) => [kid, random(KEY_BYTES)]));
  const path = pathOf(dir, device);
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    checkFolder(dir);
    writeFileAtomic(path, textOf(device, keys), { mode: 0o600, replace: false });
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (codeOf(error) === "EEXIST") {
      throw bad(`${path} exists, and keys are never overwritten: move the file away first`);
    }
    throw unusable(path, "written", error);
  }
  return keys;
}

/** The devices that have a key file in `dir`, sorted. */
export function listDevices(dir: string): string[] {
  try {
    const files = readdirSync(dir).filter((name) => /^[A-Za-z0-9_-]{1,32}\.json$/.test(name));
    return files.map((name) => name.slice(0, -".json".length)).sort();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw unusable(dir, "read", error);
  }
}

/**
 * Loads the keys of a device. Throws UserError if the file is missing, open to others or corrupt, or
 * if others can replace files in its folder.
 */
export function loadKeys(dir: string, device: string): Keys {
  const path = pathOf(dir, device);
  let text: string;
  try {
    const mode = statSync(path).mode & 0o777;
    // Windows has no such permission bits.
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw bad(`${path} is readable by others (mode ${mode.toString(8)}): chmod 600 ${path}`);
    }
    checkFolder(dir);
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (codeOf(error) === "ENOENT") {
      throw bad(
        `${path} does not exist: create it with ${launcher()} keys init --device ${device} --keys ${dir}`,
      );
    }
    throw unusable(path, "read", error);
  }
  return parseKeySet(path, device, text);
}

/**
 * Throws UserError if other users can write the folder: they could put a file of theirs in the place of
 * a key file. The sticky bit keeps them from that.
 */
function checkFolder(dir: string): void {
  const mode = statSync(dir).mode & 0o7777;
  if (process.platform === "win32" || (mode & 0o022) === 0 || (mode & 0o1000) !== 0) return;
  throw bad(`folder ${dir} is writable by others (mode ${mode.toString(8)}): chmod 700 ${dir}`);
}

/** The key of `kid`. Throws UserError if it was revoked. */
export function keyOf(keys: Keys, device: string, kid: Kid): Uint8Array {
  const key = keys.get(kid);
  if (key === undefined) throw bad(`device ${device} has no key of ${kid}: it was revoked`);
  return key;
}

/**
 * Removes a principal's secret from the file. A device keeps what it has until it is given these keys.
 */
export function revokeKey(dir: string, device: string, kid: Kid): void {
  const keys = new Map(loadKeys(dir, device));
  keyOf(keys, device, kid);
  keys.delete(kid);
  const path = pathOf(dir, device);
  try {
    writeFileAtomic(path, textOf(device, keys), { mode: 0o600, replace: true });
  } catch (error) {
    throw unusable(path, "written", error);
  }
}

export function toJwk(kid: Kid, key: Uint8Array): Jwk {
  return { kty: "oct", kid, alg: "HS256", k: Buffer.from(key).toString("base64url") };
}

function pathOf(dir: string, device: string): string {
  return join(dir, `${checkDeviceId(device)}.json`);
}

function textOf(device: string, keys: Keys): string {
  const set = { device, keys: [...keys].map(([kid, key]) => toJwk(kid, key)) };
  return `${JSON.stringify(set, null, 2)}\n`;
}

function parseKeySet(path: string, device: string, text: string): Keys {
  const corrupt = (why: string) =>
    bad(
      `${path} is not a key file (${why}): restore it from a backup, or move it away and run keys init`,
    );
  let set: { device?: unknown; keys?: unknown } | null;
  try {
    set = JSON.parse(text);
  } catch {
    throw corrupt("not JSON");
  }
  if (typeof set !== "object" || set === null) throw corrupt("not an object");
  if (set.device !== device) throw corrupt(`it does not name device ${device}`);
  if (!Array.isArray(set.keys)) throw corrupt("it has no list of keys");
  const keys = new Map<Kid, Uint8Array>();
  for (const [index, jwk] of (set.keys as Partial<Jwk>[]).entries()) {
    const place = `keys[${index}]`;
    if ((jwk as { kid?: unknown } | null)?.kid === "device")
      throw bad(
        `${path} is of protocol 1 (${place} is a key of "device", which protocol 2 has not): delete that ` +
          "entry, or move the file away and run keys init; then give the device its keys again",
      );
    const kid = PRINCIPAL_KIDS.find((name) => name === jwk?.kid);
    if (kid === undefined) throw corrupt(`${place} has no known kid`);
    if (keys.has(kid)) throw corrupt(`${place} is a second key of ${kid}`);
    if (jwk.kty !== "oct" || jwk.alg !== "HS256") throw corrupt(`${place} is not an HS256 key`);
    const key = Buffer.from(typeof jwk.k === "string" ? jwk.k : "", "base64url");
    if (key.length !== KEY_BYTES || key.toString("base64url") !== jwk.k) {
      throw corrupt(`${place} is not ${KEY_BYTES} bytes of base64url`);
    }
    keys.set(kid, new Uint8Array(key));
  }
  return keys;
}

function bad(message: string): UserError {
  return new UserError(message, EXIT.BAD_FILE);
}

function unusable(path: string, verb: string, error: unknown): UserError {
  return bad(`${path} cannot be ${verb}: ${error instanceof Error ? error.message : error}`);
}
