/**
 * The client's side of Improv Serial: asks a board what it is and hands it the name and password of a
 * Wi-Fi network. Must not know where those come from, and never shows the password.
 */
import { EXIT, UserError } from "../errors.ts";
import { launcher } from "../paths.ts";
import type { BoardLine } from "../serial/board-line.ts";
import { ERROR, encodeRpc, FRAME, parseResult, type Result, RPC, STATE } from "./frames.ts";

/** A question is asked so often, and each time waited for so long, in ms. */
const TRIES = 3;
const ANSWER_MS = 1_500;
/** A scan takes a board some seconds. */
const SCAN_MS = 15_000;
/** A word that explains an answer follows it within this, in ms. */
const WORD_MS = 500;
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
  readonly ssid: string;
  /** dBm. */
  readonly rssi: number;
  readonly locked: boolean;
}

export interface Wifi {
  readonly ssid: string;
  readonly password: string;
}

/** What a board hears; and why it heard nothing, if it said so. */
export interface Scan {
  readonly networks: readonly Network[];
  readonly reason: string | null;
}

/** What came of the settings: tried and good, or kept untried for the reason that the board gave. */
export type Joined = { joined: true } | { joined: false; reason: string };

const ERRORS: Readonly<Record<number, string>> = {
  [ERROR.INVALID_RPC]: "it found the frame damaged: noise on the line; run this again",
  [ERROR.UNKNOWN_RPC]: "it does not know the command: flash newer firmware",
};

/** Throws a UserError for what no Wi-Fi network could have. */
export function checkWifi(ssid: string, password: string): void {
  const [name, secret] = [Buffer.byteLength(ssid), Buffer.byteLength(password)];
  const bad = (words: string) => new UserError(words, EXIT.USAGE);
  if (name === 0 || name > SSID_MAX || ssid.includes("\0"))
    throw bad(`network "${ssid}": a name is 1 to ${SSID_MAX} bytes`);
  if (secret !== 0 && (secret < PASSWORD_MIN || secret > PASSWORD_MAX || password.includes("\0")))
    throw bad(
      `the password is ${secret} bytes: WPA takes 8 to 63, or 64 digits; none if it is open`,
    );
}

export class ImprovClient {
  readonly #line: BoardLine;
  /** Damaged frames since the last question. */
  #broken = 0;
  #lastError: number = ERROR.NONE;

  constructor(line: BoardLine) {
    this.#line = line;
  }

  /** Reads on until `take` makes something of what is heard, or `timeoutMs` pass without a word. */
  async #until<T>(
    timeoutMs: number,
    take: (type: number, data: Uint8Array) => T | null,
  ): Promise<T | null> {
    for (;;) {
      const heard = await this.#line.next(timeoutMs);
      if (heard === null) return null;
      if (heard.kind === "broken") this.#broken++;
      if (heard.kind !== "frame") continue;
      const { type, data } = heard;
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
    const said = ERRORS[this.#lastError];
    if (said !== undefined) return new UserError(`${port}: the board says: ${said}`, EXIT.REFUSED);
    const heard = this.#broken > 0 ? `${this.#broken} damaged frames came` : "no answer by Improv";
    return new UserError(
      `${port}: ${heard}: is Killswitch flashed and running? press RESET and run this again`,
      EXIT.NO_ANSWER,
    );
  }

  /** STATE, as it is now. */
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

  /** The networks that the board hears; one result each, the last without any text. */
  async scan(): Promise<Scan> {
    const networks: Network[] = [];
    const take = resultOf(RPC.SCAN);
    let result: Result | null = await this.#ask(RPC.SCAN, take, SCAN_MS);
    while (result !== null && result.texts.length > 0) {
      const [ssid = "", rssi = "", locked = ""] = result.texts;
      networks.push({ ssid: printable(ssid), rssi: Number(rssi), locked: locked !== "NO" });
      result = await this.#until(SCAN_MS, take);
    }
    return { networks, reason: networks.length === 0 ? await this.#word() : null };
  }

  /** Hands over name and password and waits for what comes of them. Throws a UserError if nothing good. */
  async join({ ssid, password }: Wifi, timeoutMs: number): Promise<Joined> {
    checkWifi(ssid, password);
    this.#broken = 0;
    this.#line.clear();
    const texts = [ssid, password].map((text) => Buffer.from(text));
    await this.#line.send(encodeRpc(RPC.WIFI_SETTINGS, texts));
    const outcome = await this.#until(timeoutMs, (type, data) => {
      if (type === FRAME.STATE && data[0] === STATE.PROVISIONED) return ERROR.NONE;
      return type === FRAME.ERROR && data[0] !== ERROR.NONE ? (data[0] ?? null) : null;
    });
    if (outcome === ERROR.NONE) return { joined: true };
    const port = `port ${this.#line.path}`;
    if (outcome === null) {
      throw new UserError(
        `${port}: no word on "${ssid}" within ${timeoutMs / 1000} s: ask with ${launcher()} console status`,
        EXIT.NO_ANSWER,
      );
    }
    const word = await this.#word();
    if (word?.startsWith("stored")) return { joined: false, reason: word };
    const said =
      word ?? ERRORS[outcome] ?? `it could not join "${ssid}": wrong password, or out of reach`;
    throw new UserError(`${port}: the board says: ${said}`, EXIT.REFUSED);
  }

  /** The line of text that explains an answer, if one follows. */
  async #word(): Promise<string | null> {
    for (;;) {
      const heard = await this.#line.next(WORD_MS);
      if (heard === null) return null;
      if (heard.kind === "answer") return heard.text;
    }
  }
}

function resultOf(command: number): (type: number, data: Uint8Array) => Result | null {
  return (type, data) => {
    const result = type === FRAME.RESULT ? parseResult(data) : null;
    return result?.command === command ? result : null;
  };
}

/** A board's or a stranger's text, harmless on a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u00a0-\uffff]/g, ".");
}
