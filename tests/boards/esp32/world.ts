/**
 * Scripts for the virtual world in which the ESP32's firmware runs (tests/boards/esp32/world), and what comes out of it.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PRINCIPAL_KIDS } from "../../../host-sim/abi/abi.gen.ts";
import { loadChip } from "../../../host-sim/flash/chip.ts";
import { OWNER, type Owner, ownerContents } from "../../../host-sim/flash/contents.ts";
import { partitionsOf } from "../../../host-sim/flash/flasher.ts";
import { partitionOf } from "../../../host-sim/flash/partitions.ts";
import { encodeRpc, RPC } from "../../../host-sim/serial/improv-frames.ts";

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const hex = (bytes: Uint8Array | string) => Buffer.from(bytes as string).toString("hex");

export interface AccessPoint {
  ssid?: string | Uint8Array;
  password?: string;
  /** wifi_auth_mode_t: 0 open, 2 WPA, 3 WPA2, 6 WPA3. */
  auth?: number;
  channel?: number;
  rssi?: number;
  dhcp?: number;
  ipv6?: number;
  hidden?: number;
  enterprise?: number;
  on?: number;
  loudest?: number;
  reason?: number;
  refusals?: number;
}

/** A run's script: commands of tests/boards/esp32/world/main.c by their time in ms. */
export class Script {
  readonly #lines: { ms: number; command: string }[] = [];

  at(ms: number, command: string): this {
    this.#lines.push({ ms, command });
    return this;
  }

  ap(ms: number, index: number, settings: AccessPoint): this {
    const words = Object.entries(settings).map(
      ([key, value]) => `${key}=${key === "ssid" ? hex(value as string) : value}`,
    );
    return this.at(ms, `ap ${index} ${words.join(" ")}`);
  }

  /** Moves the switch to ON or to KILL, with both contacts open in between. */
  on(ms: number): this {
    return this.at(ms, "nc 0").at(ms + 1, "no 1");
  }
  kill(ms: number): this {
    return this.at(ms, "no 0").at(ms + 1, "nc 1");
  }

  press(ms: number, forMs = 100): this {
    return this.at(ms, "button 1").at(ms + forMs, "button 0");
  }

  type(ms: number, text: string): this {
    return this.at(ms, `type ${text}`);
  }

  provision(ms: number, ssid: string | Uint8Array, password: string): this {
    const texts = [Buffer.from(ssid as string), Buffer.from(password)];
    return this.at(ms, `bytes ${hex(encodeRpc(RPC.WIFI_SETTINGS, texts))}`);
  }

  text(): string {
    const order = [...this.#lines].sort((one, other) => one.ms - other.ms);
    return order.map(({ ms, command }) => `${ms} ${command}\n`).join("");
  }
}

/** A script that begins at KILL with one access point, which the board knows, and goes to ON at 2 s. */
export function joined(settings: AccessPoint = {}): Script {
  return new Script()
    .at(0, "nc 1")
    .ap(0, 0, { ssid: "home", password: "secret99", ...settings })
    .provision(1_000, "home", "secret99")
    .on(2_000);
}

export interface Line {
  readonly ms: number;
  readonly text: string;
}

export class Run {
  readonly lines: readonly Line[];

  constructor(output: string) {
    this.lines = output
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const at = line.indexOf(" ");
        return { ms: Number(line.slice(0, at)), text: line.slice(at + 1) };
      });
  }

  /** Lines that contain the text, from a time on. */
  all(text: string, from = 0): Line[] {
    return this.lines.filter((line) => line.ms >= from && line.text.includes(text));
  }

  /** When the first line with the text came, in ms; undefined if none did. */
  first(text: string, from = 0): number | undefined {
    return this.all(text, from)[0]?.ms;
  }

  /** The answer to the last `status` up to a time. */
  status(until = Number.POSITIVE_INFINITY): string {
    const found = this.lines.filter(({ ms, text }) => ms <= until && text.startsWith("> = status"));
    return found.at(-1)?.text ?? "";
  }

  /** A number of the last report. */
  report(name: string): number {
    const line = this.all("report boots=").at(-1)?.text ?? "";
    return Number(new RegExp(`\\b${name}=(\\d+)`).exec(line)?.[1] ?? Number.NaN);
  }
}

export const PLAIN_OWNER: Owner = {
  device: "demo",
  keys: new Map(PRINCIPAL_KIDS.map((kid, index) => [kid, new Uint8Array(32).fill(index)])),
  broker: "mqtt://192.0.2.10",
  ca: null,
};

/** Runs a script until `endMs`, with a status and a report at the end. Throws if the firmware breaks. */
export function run(
  program: string,
  script: Script,
  endMs: number,
  owner: Owner | null = PLAIN_OWNER,
): Run {
  const [path, rows] = partitionsOf(loadChip("esp32c3"));
  const partition = partitionOf(path, rows, OWNER);
  const file = join(program, "..", `owner-${process.pid}.bin`);
  const bytes =
    owner === null ? Buffer.alloc(partition.bytes, 0xff) : ownerContents(owner, partition);
  writeFileSync(file, bytes);
  script
    .type(endMs, "status")
    .at(endMs + 500, "report")
    .at(endMs + 500, "end");
  const { status, stdout, stderr } = spawnSync(program, [file], {
    input: script.text(),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`exit ${status}\n${stdout.slice(-3000)}\n${stderr}`);
  return new Run(stdout);
}
