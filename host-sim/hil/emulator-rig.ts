/**
 * An emulated board on wires: its supply is a process, its wires are the emulator's sockets, its network
 * is captured. Must not know what is done to the board, nor why.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RealClock } from "../clock.ts";
import { type HilData, loadHil } from "./board.ts";
import { EmulatorProcess, FILES } from "./emulator.ts";
import type { Emulator } from "./emulator-board.ts";
import { flashFile } from "./flash-file.ts";
import type { Rig, RigSetup } from "./rig.ts";
import type { Interval } from "./silence.ts";
import type { Levels, Reach, Wires } from "./wires.ts";

/** Names a folder that keeps every run's files: console, capture, flash. */
const KEEP = "KILLSWITCH_KEEP_RUNS";

/** Between the contact that opens and the one that closes, in ms: as fast as a hand, and the chip looks. */
const FLIGHT_MS = 8;

type Level = readonly ["no" | "nc" | "button", boolean];

export class EmulatorRig implements Rig {
  readonly name: string;
  readonly hil: HilData;
  readonly reach: Reach;
  readonly wires: Wires;
  readonly listen = { host: "127.0.0.1", port: 0 };
  readonly #emulator: Emulator;
  readonly #clock: RealClock;
  readonly #kept: string | undefined = process.env[KEEP];
  #folder: string | null = null;
  #process: EmulatorProcess | null = null;
  #heard: (bytes: Uint8Array) => void = () => {};
  /** Levels of the inputs: a wire has one without supply too. */
  readonly #levels = new Map<Level[0], boolean>();
  /** When the switch was not at ON; the last may go on. */
  readonly #off: Interval[] = [];
  #judged = 0;

  constructor(emulator: Emulator, clock: RealClock) {
    const { data, board } = emulator;
    this.name = data.target;
    this.#emulator = emulator;
    this.#clock = clock;
    this.hil = loadHil(board);
    const reset = !this.hil.resetIsPowerOn;
    this.reach = { supply: true, reset, rail: false, senses: data.sensesRail, guest: true };
    this.wires = {
      contacts: (no, nc, chatter) => this.#contacts(no, nc, chatter),
      button: (pressed) => this.#drive([["button", pressed]]),
      sense: () => this.#sense(),
    };
  }

  async prepare(setup: RigSetup, heard: (bytes: Uint8Array) => void): Promise<void> {
    const { data } = this.#emulator;
    const { keys, guest, brokerPort, contacts } = setup;
    const base = this.#kept ?? tmpdir();
    mkdirSync(base, { recursive: true });
    this.#folder = mkdtempSync(join(base, "killswitch-run-"));
    const flash = flashFile({
      chip: data.chip,
      image: process.env[data.image] ?? "",
      wifi: data.wifi,
      broker: `mqtt://${data.hostAddress}:${brokerPort}`,
      keys,
      guest,
    });
    writeFileSync(join(this.#folder, FILES.flash), flash);
    const fuses = Buffer.alloc(data.fuses.bytes);
    for (const [at, hex] of Object.entries(data.fuses.set))
      fuses.set(Buffer.from(hex, "hex"), Number(at));
    writeFileSync(join(this.#folder, FILES.fuses), fuses);
    this.#heard = heard;
    await this.#contacts(contacts.no, contacts.nc, 0);
    await this.#drive([["button", false]]);
  }

  async supply(on: boolean): Promise<void> {
    if (!on) {
      await this.#stop();
      return;
    }
    const { folder } = this;
    this.#process = await EmulatorProcess.start(this.#emulator, folder, this.#clock, (bytes) =>
      this.#heard(bytes),
    );
    await this.#process.drive([...this.#levels]);
    await this.#process.go();
  }

  async reset(): Promise<void> {
    await this.#process?.reset();
  }

  async say(line: string): Promise<void> {
    await this.#process?.write(`${line}\n`);
  }

  examine(): void {
    this.#process?.judge(this.#off);
  }

  notes(): string[] {
    const judged = this.#judged + (this.#process?.silence.judged ?? 0);
    return [`${judged} frames of the board were captured and judged`];
  }

  async close(): Promise<void> {
    await this.#process?.stop();
    this.#process = null;
    if (this.#folder !== null && this.#kept === undefined)
      rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = null;
  }

  private get folder(): string {
    if (this.#folder === null) throw new Error(`rig ${this.name} is not prepared`);
    return this.#folder;
  }

  /** What was captured up to the end of the supply is judged too. */
  async #stop(): Promise<void> {
    const ended = this.#process;
    await ended?.stop();
    this.#process = null;
    ended?.judge(this.#off);
    this.#judged += ended?.silence.judged ?? 0;
  }

  async #contacts(no: boolean, nc: boolean, chatter: number): Promise<number> {
    const begun = this.#clock.now();
    const closing = (["no", "nc"] as const).filter(
      (name) => (name === "no" ? no : nc) && this.#levels.get(name) !== true,
    );
    await this.#drive([
      ...(no ? [] : [["no", false] as const]),
      ...(nc ? [] : [["nc", false] as const]),
    ]);
    if (closing.length > 0) await this.#after(FLIGHT_MS);
    const moves: Level[] = [];
    for (const name of closing) {
      for (let time = 0; time < chatter; time++) moves.push([name, true], [name, false]);
      moves.push([name, true]);
    }
    await this.#drive(moves);
    this.#follow(no && !nc);
    return this.#clock.now() - begun;
  }

  async #drive(moves: readonly Level[]): Promise<void> {
    for (const [name, level] of moves) this.#levels.set(name, level);
    if (moves.length > 0) await this.#process?.drive(moves);
  }

  #after(ms: number): Promise<void> {
    return new Promise((done) => this.#clock.wakeAt(this.#clock.now() + ms, done));
  }

  #follow(on: boolean): void {
    const last = this.#off.at(-1);
    const open = last !== undefined && last.to === Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    if (!on && !open) this.#off.push({ from: now, to: Number.POSITIVE_INFINITY });
    // The switch may have been at ON since the wires began to move.
    if (on && open) last.to = now - 1;
  }

  #sense(): Promise<Levels> {
    return this.#process?.sense() ?? Promise.resolve({});
  }
}
