/**
 * A fake board for tests: its console and its Improv service on a serial line, with faults of real
 * boards. It encodes and decodes frames with its own code.
 */
import { crc32 } from "node:zlib";
import type { Pty } from "./pty.ts";

const LETTERS = "IMPROV";

export interface BoardFaults {
  /** Does not answer. */
  deaf?: boolean;
  /** Sends this before each answer. */
  noise?: Uint8Array;
  /** Damages the first `damages` frames. */
  damages?: number;
  /** The result of Wi-Fi settings. */
  wifi?: "joins" | "fails" | "keeps" | "silent" | "full";
  networks?: [string | Uint8Array, string, string][];
  /** The name of its device. */
  name?: string;
  /** Its answer to `status`. */
  status?: string;
  /** A line of text after the list of networks. */
  why?: string;
  /** The attestation that it makes for a nonce, in hexadecimal. */
  attests?: (nonce: string) => Uint8Array;
  /** Changes the lines of the journal's ring. */
  spoil?: (line: string) => string;
}

function frame(type: number, data: readonly number[]): Uint8Array {
  const head = [...Buffer.from(LETTERS), 1, type, data.length, ...data];
  return Uint8Array.of(
    ...head,
    head.reduce((sum, byte) => (sum + byte) % 256, 0),
    0x0a,
  );
}

function texts(command: number, words: readonly (string | Uint8Array)[]): number[] {
  const body = words.flatMap((word) => [Buffer.byteLength(word), ...Buffer.from(word as string)]);
  return [command, body.length, ...body];
}

export class FakeBoard {
  /** The received names and passwords. */
  readonly settings: [string, string][] = [];
  /** Names, in hexadecimal. */
  readonly names: string[] = [];
  readonly commands: string[] = [];
  readonly #line: Pty;
  readonly #faults: BoardFaults;
  readonly #ring: Uint8Array;
  #typed = "";
  #damaged = 0;

  constructor(line: Pty, faults: BoardFaults = {}, ring = new Uint8Array()) {
    this.#line = line;
    this.#faults = faults;
    this.#ring = ring;
    line.heard = (bytes) => this.#hear(Buffer.from(bytes).toString("latin1"));
  }

  say(line: string): void {
    this.#line.send(Buffer.from(`${line}\r\n`));
  }

  #hear(text: string): void {
    this.#typed += text;
    for (;;) {
      const at = this.#typed.indexOf(LETTERS);
      const end = this.#typed.indexOf("\n");
      if (at === 0) {
        const length = 9 + this.#typed.charCodeAt(8) + 1;
        if (!(this.#typed.length >= length)) return;
        const bytes = Buffer.from(this.#typed.slice(0, length), "latin1");
        this.#typed = this.#typed.slice(length).replace(/^\n/, "");
        const sum = bytes.subarray(0, -1).reduce((all, byte) => (all + byte) % 256, 0);
        if (sum === bytes.at(-1) && bytes[7] === 3) this.#rpc(bytes.subarray(9, -1));
      } else if (end >= 0) {
        const line = this.#typed.slice(0, end).replace(/\r$/, "");
        this.#typed = this.#typed.slice(end + 1);
        this.#obey(line);
      } else return;
    }
  }

  #send(type: number, ...data: number[]): void {
    const { noise, damages = 0 } = this.#faults;
    if (noise !== undefined) this.#line.send(noise);
    const bytes = frame(type, data);
    if (this.#damaged++ < damages) bytes[9] = (bytes[9] ?? 0) ^ 0x40;
    this.#line.send(bytes);
  }

  #rpc(data: Buffer): void {
    const { deaf, networks = [], name: device = "demo\x1b[2J", why } = this.#faults;
    if (deaf || data[1] !== data.length - 2) return;
    switch (data[0]) {
      case 1: {
        const name = data.subarray(3, 3 + data.readUInt8(2));
        const password = data.subarray(4 + name.length);
        this.settings.push([name.toString(), password.toString()]);
        this.names.push(name.toString("hex"));
        this.#wifi();
        break;
      }
      case 2:
        this.#send(1, 2);
        break;
      case 3:
        this.#send(4, ...texts(3, ["killswitch", "1", "test chip", device]));
        break;
      case 4:
        for (const network of [...networks, []]) this.#send(4, ...texts(4, network));
        if (why !== undefined) this.say(`= ${why}`);
        break;
      default:
        this.#send(2, 2);
    }
  }

  #wifi(): void {
    const { wifi = "joins" } = this.#faults;
    if (wifi === "silent") return;
    this.#send(2, 0);
    if (wifi === "keeps" || wifi === "full") {
      this.#send(2, 3);
      const why = "stored, not tried: the switch is not at ON";
      this.say(wifi === "keeps" ? `= ${why}` : "= error nvs is full");
      return;
    }
    this.#send(1, 3);
    this.say("@1234 link state=up");
    if (wifi === "joins") {
      this.#send(1, 4);
      this.#send(4, ...texts(1, []));
    } else this.#send(2, 3);
  }

  #obey(line: string): void {
    if (line === "") return;
    this.commands.push(line);
    if (this.#faults.deaf) return;
    const { status = "status chip=test phase=KILLED radio=off" } = this.#faults;
    if (line === "status") this.say(`= ${status}`);
    else if (line === "journal") this.#block("journal", this.#ring);
    else if (this.#faults.attests !== undefined && /^attest [0-9a-f]{32}$/.test(line))
      this.#block("attest", this.#faults.attests(line.slice(7)));
    else if (line === "factory-reset")
      this.say("= error factory-reset: hold the button and say it again");
    else this.say(`= error unknown command "${line}": try help`);
  }

  #block(name: string, content: Uint8Array): void {
    const { spoil = (line) => line } = this.#faults;
    const bytes = Buffer.from(content);
    const say = (line: string) => {
      for (const each of spoil(line).split("\n")) if (each !== "") this.say(each);
    };
    say(`= ${name} len=${bytes.length}`);
    for (let at = 0; at < bytes.length; at += 32) {
      if (at % 4096 === 0) this.say(`@${at} tick`);
      say(`= ${name} at=${at} ${bytes.subarray(at, at + 32).toString("hex")}`);
    }
    say(`= ${name} crc=${crc32(bytes).toString(16).padStart(8, "0")}`);
  }
}
