/**
 * The client of Improv Serial (https://www.improv-wifi.com/serial/): asks a board for its identity
 * and sends it the name and password of a Wi-Fi network. It never prints the password.
 */
import { EXIT, UserError } from "../base/errors.ts";
import { launcher } from "../base/paths.ts";
import type { BoardLine } from "./board-line.ts";
import { ERROR, encodeRpc, FRAME, parseResult, type Result, RPC, STATE } from "./improv-frames.ts";

/** How often a command is sent, and how long to wait for the answer each time, in ms. */
const TRIES = 3;
const ANSWER_MS = 1_500;
/** How long to wait for the result of a scan, which takes a board some seconds. In ms. */
const SCAN_MS = 15_000;
/** How long to wait for the line of text that explains an answer, in ms. */
const EXPLANATION_MS = 500;
const SSID_MAX = 32;
const PASSWORD_MIN = 8;
const PASSWORD_MAX = 64;

export interface DeviceInfo {
  readonly firmware: string;
  readonly version: string;
  readonly chip: string;
  readonly name: string;
}

export interface Network {
  /** For display: bytes that are not printable UTF-8 as \\xNN. */
  readonly ssid: string;
  /** The name in hexadecimal, if `ssid` is not the name itself. */
  readonly ssidHex?: string;
  /** dBm. */
  readonly rssi: number;
  readonly locked: boolean;
}

export interface Wifi {
  readonly ssid: string;
  /** The name's bytes, if they are not `ssid` in UTF-8. */
  readonly ssidBytes?: Uint8Array;
  readonly password: string;
}

/** The networks that a board found. `reason`: why it found none, if the board says so. */
export interface Scan {
  readonly networks: readonly Network[];
  readonly reason: string | null;
}

/**
 * The board joined the network; or it stored the settings without trying them, and gave a reason.
 */
export type Joined = { joined: true } | { joined: false; reason: string };

const ERRORS: Readonly<Record<number, string>> = {
  [ERROR.INVALID_RPC]: "it received a damaged frame: run the command again",
  [ERROR.UNKNOWN_RPC]: "it does not know the command: flash newer firmware",
};

/** A network's name for display: bytes that are not printable UTF-8, and the backslash, as \\xNN. */
export function shownName(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString();
  const plain = Buffer.from(text).equals(Buffer.from(bytes)) && /^[^\p{C}\\]*$/u.test(text);
  if (plain) return text;
  const shown = (byte: number) =>
    byte > 0x1f && byte < 0x7f && byte !== 0x5c
      ? String.fromCharCode(byte)
      : `\\x${byte.toString(16).padStart(2, "0")}`;
  return [...bytes].map(shown).join("");
}

const nameOf = ({ ssid, ssidBytes }: Pick<Wifi, "ssid" | "ssidBytes">) =>
  ssidBytes ?? new Uint8Array(Buffer.from(ssid));

/** Throws UserError for a name or a password that no Wi-Fi network can have. */
export function checkWifi(wifi: Wifi): void {
  const { password } = wifi;
  const bytes = nameOf(wifi);
  const secret = Buffer.byteLength(password);
  const bad = (message: string) => new UserError(message, EXIT.USAGE);
  if (bytes.length === 0 || bytes.length > SSID_MAX || bytes.includes(0))
    throw bad(
      `network "${shownName(bytes)}": a name has 1 to ${SSID_MAX} bytes, none of them zero`,
    );
  if (secret !== 0 && (secret < PASSWORD_MIN || secret > PASSWORD_MAX || password.includes("\0")))
    throw bad(
      `the password has ${secret} bytes: WPA takes 8 to 63, or 64 hex digits; an open network takes none`,
    );
}

export class ImprovClient {
  readonly #line: BoardLine;
  /** Number of damaged frames since the last command. */
  #broken = 0;
  #lastError: number = ERROR.NONE;

  constructor(line: BoardLine) {
    this.#line = line;
  }

  /** Passes frames to `take` until it returns a value. Null if nothing arrives for `timeoutMs`. */
  async #until<T>(
    timeoutMs: number,
    take: (type: number, data: Uint8Array) => T | null,
  ): Promise<T | null> {
    for (;;) {
      const item = await this.#line.next(timeoutMs);
      if (item === null) return null;
      if (item.kind === "broken") this.#broken++;
      if (item.kind !== "frame") continue;
      const { type, data } = item;
      if (type === FRAME.ERROR && data.length === 1) this.#lastError = data[0] ?? ERROR.NONE;
      const taken = take(type, data);
      if (taken !== null) return taken;
    }
  }

  async #ask<T>(
    command: number,
    take: (type: number, data: Uint8Array) => T | null,
    timeoutMs = ANSWER_MS,
  ): Promise<T> {
    this.#broken = 0;
    this.#lastError = ERROR.NONE;
    for (let tried = 0; tried < TRIES; tried++) {
      this.#line.clear();
      await this.#line.send(encodeRpc(command));
      const refused = (type: number, data: Uint8Array) =>
        type === FRAME.ERROR && data[0] === ERROR.UNKNOWN_RPC ? "refused" : take(type, data);
      const answer = await this.#until(timeoutMs, refused);
      if (answer === "refused") break;
      if (answer !== null) return answer as T;
    }
    throw this.#noAnswer();
  }

  #noAnswer(): UserError {
    const port = `port ${this.#line.path}`;
    const reason = ERRORS[this.#lastError];
    if (reason !== undefined)
      return new UserError(`${port}: the board says: ${reason}`, EXIT.REFUSED);
    const problem =
      this.#broken > 0 ? `only ${this.#broken} damaged frames arrived` : "no Improv answer";
    return new UserError(
      `${port}: ${problem}: check that Killswitch is flashed, press RESET and run the command again`,
      EXIT.NO_ANSWER,
    );
  }

  /** The current STATE. */
  state(): Promise<number> {
    return this.#ask(RPC.GET_STATE, (type, data) =>
      type === FRAME.STATE && data.length === 1 ? (data[0] ?? null) : null,
    );
  }

  async info(): Promise<DeviceInfo> {
    const { texts } = await this.#ask(RPC.DEVICE_INFO, resultOf(RPC.DEVICE_INFO));
    const [firmware = "?", version = "?", chip = "?", name = "?"] = texts.map(printable);
    return { firmware, version, chip, name };
  }

  /** Scans for networks. The board sends one result per network, and an empty one at the end. */
  async scan(): Promise<Scan> {
    const networks: Network[] = [];
    const take = resultOf(RPC.SCAN);
    let result: Result | null = await this.#ask(RPC.SCAN, take, SCAN_MS);
    while (result !== null && result.texts.length > 0) {
      const [ssid = "", rssi = "", locked = ""] = result.texts;
      const name = result.bytes[0] ?? new Uint8Array();
      const shown = shownName(name);
      networks.push({
        ssid: shown,
        ...(shown === ssid ? {} : { ssidHex: Buffer.from(name).toString("hex") }),
        rssi: Number(rssi),
        locked: locked !== "NO",
      });
      result = await this.#until(SCAN_MS, take);
    }
    return { networks, reason: networks.length === 0 ? await this.#explanation() : null };
  }

  /**
   * Sends name and password and waits for the result. Throws UserError if the board cannot join.
   */
  async join(wifi: Wifi, timeoutMs: number): Promise<Joined> {
    checkWifi(wifi);
    const ssid = shownName(nameOf(wifi));
    this.#broken = 0;
    this.#line.clear();
    const texts = [nameOf(wifi), Buffer.from(wifi.password)];
    await this.#line.send(encodeRpc(RPC.WIFI_SETTINGS, texts));
    const outcome = await this.#until(timeoutMs, (type, data) => {
      if (type === FRAME.STATE && data[0] === STATE.PROVISIONED) return ERROR.NONE;
      return type === FRAME.ERROR && data[0] !== ERROR.NONE ? (data[0] ?? null) : null;
    });
    if (outcome === ERROR.NONE) return { joined: true };
    const port = `port ${this.#line.path}`;
    if (outcome === null) {
      throw new UserError(
        `${port}: no result for "${ssid}" within ${timeoutMs / 1000} s: check with ${launcher()} console status`,
        EXIT.NO_ANSWER,
      );
    }
    const explanation = await this.#explanation();
    if (explanation?.startsWith("stored")) return { joined: false, reason: explanation };
    const reason =
      explanation ??
      ERRORS[outcome] ??
      `it could not join "${ssid}": check the password and the distance`;
    throw new UserError(`${port}: the board says: ${reason}`, EXIT.REFUSED);
  }

  /** The line of text that explains an answer; null if none follows. */
  async #explanation(): Promise<string | null> {
    for (;;) {
      const item = await this.#line.next(EXPLANATION_MS);
      if (item === null) return null;
      if (item.kind === "answer") return item.text;
    }
  }
}

function resultOf(command: number): (type: number, data: Uint8Array) => Result | null {
  return (type, data) => {
    const result = type === FRAME.RESULT ? parseResult(data) : null;
    return result?.command === command ? result : null;
  };
}

/** Replaces control characters in text from outside, so that it can be printed on a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u00a0-\uffff]/g, ".");
}
