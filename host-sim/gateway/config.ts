/** The configuration of a gateway: a YAML file, checked by a schema, and the keys and the token that it names. */
import { readFileSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { Ajv } from "ajv";
import { isMap } from "yaml";
import { DEADLINE_MAX_MS } from "../abi/abi.gen.ts";
import { parseMs } from "../base/clock.ts";
import { codeOf, EXIT, UserError } from "../base/errors.ts";
import { launcher } from "../base/paths.ts";
import { type CheckedYaml, checkYaml, readText, startOf } from "../base/yaml-file.ts";
import { keyOf, listDevices, loadKeys } from "../controller/keys.ts";
import schema from "./config.schema.json" with { type: "json" };
import { KID } from "./device.ts";

/** The file's content. */
export interface GatewayFile {
  readonly name?: string;
  readonly broker?: string;
  readonly keys?: string;
  readonly devices?: readonly string[];
  readonly interval?: string;
  readonly deadline?: string;
  readonly timeout?: string;
  readonly homeAssistant?: { readonly prefix?: string } | null;
  readonly http?: {
    readonly host?: string;
    readonly port?: number;
    readonly tokenFile?: string;
    readonly names?: readonly string[];
  };
}

const FORMS = {
  "^[A-Za-z0-9_-]{1,32}$": "a name of 1 to 32 characters of A-Z a-z 0-9 _ -",
  "^[A-Za-z0-9_-]{1,64}$": "a topic level of 1 to 64 characters of A-Z a-z 0-9 _ -",
  "^[0-9]{1,9}(ms|s|m|h)$": "a time like 200ms, 2s, 5m or 1h",
  "^[A-Za-z0-9.:-]{1,253}$": "a host name or an address",
};

const validate = new Ajv({ allErrors: true, verbose: true }).compile(schema);

/** The bounds of the times, in ms. */
const BOUNDS = {
  interval: [1_000, 3_600_000],
  deadline: [100, DEADLINE_MAX_MS],
  timeout: [100, 60_000],
} as const;

/** Reads and checks a file. Throws UserError with the line and the column. */
export function readConfig(path: string): GatewayFile {
  const checked = checkYaml(readText("configuration", path), path, validate, FORMS);
  const file = (checked.data ?? {}) as GatewayFile;
  for (const key of ["interval", "deadline", "timeout"] as const) checkTime(key, file, checked);
  return file;
}

function checkTime(
  key: keyof typeof BOUNDS,
  file: GatewayFile,
  { root, refuse }: CheckedYaml,
): void {
  const text = file[key];
  if (text === undefined) return;
  const [low, high] = BOUNDS[key];
  const ms = parseMs(text) ?? 0;
  if (ms >= low && ms <= high) return;
  const node = isMap(root) ? root.get(key, true) : root;
  throw refuse(startOf(node), `"${text}" is not from ${low}ms to ${high}ms`);
}

/**
 * The provider's secrets of the devices; those of every device with a key file if none is named. `trouble`
 * is called with each device whose key cannot be used, and with each file that holds more than that key.
 * Throws UserError if no device is left.
 */
export function loadSecrets(
  dir: string,
  devices: readonly string[] | undefined,
  trouble: (line: string) => void,
): Map<string, Uint8Array> {
  const secrets = new Map<string, Uint8Array>();
  const unlocked: string[] = [];
  for (const device of devices ?? listDevices(dir)) {
    try {
      const keys = loadKeys(dir, device);
      secrets.set(device, keyOf(keys, device, KID));
      if (keys.has("owner")) unlocked.push(device);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      trouble(`device ${device} is left out: ${error.message}`);
    }
  }
  if (unlocked.length > 0) {
    const [first = ""] = unlocked;
    trouble(
      `the key files of ${unlocked.length} devices hold the owner's key, which this program does not use: give it copies without, ` +
        `made with ${launcher()} keys revoke --principal owner --device ${first} --keys COPY`,
    );
  }
  if (secrets.size > 0) return secrets;
  throw new UserError(
    `${dir} has no usable key of ${KID}: create one with ${launcher()} keys init, or name the folder with --keys`,
    EXIT.BAD_FILE,
  );
}

/** Shortest token, in characters. */
const TOKEN_MIN = 16;

/** Reads the token for HTTP from the first line of a file. Throws UserError. */
export function readToken(path: string): string {
  const bad = (why: string) => new UserError(`token file ${path} ${why}`, EXIT.BAD_FILE);
  let text: string;
  try {
    const mode = statSync(path).mode & 0o777;
    if (process.platform !== "win32" && (mode & 0o077) !== 0)
      throw bad(`is readable by others (mode ${mode.toString(8)}): chmod 600 ${path}`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw bad(codeOf(error) === "ENOENT" ? "does not exist" : `cannot be read (${codeOf(error)})`);
  }
  const token = text.split("\n")[0]?.trim() ?? "";
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= TOKEN_MIN) return token;
  throw bad(
    `has no token: its first line must have ${TOKEN_MIN} printable characters or more, such as those of openssl rand -hex 32`,
  );
}

/** Whether only programs of this machine reach an address. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}
