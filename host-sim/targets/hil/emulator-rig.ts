/**
 * A test rig around an emulated board. Its supply is the emulator's process, its wires are the
 * emulator's sockets, and all its network traffic is captured.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RealClock } from "../../base/clock.ts";
import { EmulatorProcess, FILES } from "./emulator.ts";
import type { Emulator } from "./emulator-board.ts";
import { flashFile } from "./flash-file.ts";
import { type HilData, loadHilData } from "./hil-data.ts";
import { RadioSilenceCheck } from "./radio-silence-check.ts";
import type { Rig, RigSetup } from "./rig.ts";
import type { OutputLevels, RigCapabilities, Wires } from "./wires.ts";

/** Environment variable with a folder in which the files of each run are kept. */
const KEEP_RUNS_VARIABLE = "KILLSWITCH_KEEP_RUNS";

/** From one contact opening to the other closing, in ms: as fast as a hand moves a slide switch. */
const TRAVEL_MS = 8;

type Level = readonly ["no" | "nc" | "button", boolean];

export class EmulatorRig implements Rig {
  readonly name: string;
  readonly hil: HilData;
  readonly capabilities: RigCapabilities;
  readonly wires: Wires;
  readonly listen = { host: "127.0.0.1", port: 0 };
  readonly #emulator: Emulator;
  readonly #clock: RealClock;
  readonly #kept: string | undefined = process.env[KEEP_RUNS_VARIABLE];
  #folder: string | null = null;
  #process: EmulatorProcess | null = null;
  #onConsole: (bytes: Uint8Array) => void = () => {};
  /** Levels that the wires put on the board's inputs. They outlive a loss of supply. */
  readonly #levels = new Map<Level[0], boolean>();
  readonly #silence: RadioSilenceCheck;

  constructor(emulator: Emulator, clock: RealClock) {
    const { data, board } = emulator;
    this.name = data.target;
    this.#emulator = emulator;
    this.#clock = clock;
    this.#silence = new RadioSilenceCheck(data.hostMac);
    this.hil = loadHilData(board);
    const reset = !this.hil.resetIsPowerOn;
    this.capabilities = {
      supply: true,
      reset,
      railMeter: false,
      railSense: data.sensesRail,
      replaceGuest: true,
    };
    this.wires = {
      contacts: (no, nc, chatter) => this.#contacts(no, nc, chatter),
      button: (pressed) => this.#drive([["button", pressed]]),
      sense: () => this.#sense(),
    };
  }

  async prepare(setup: RigSetup, onConsole: (bytes: Uint8Array) => void): Promise<void> {
    const { data } = this.#emulator;
    const { guest, brokerPort, contacts } = setup;
    const base = this.#kept ?? tmpdir();
    mkdirSync(base, { recursive: true });
    this.#folder = mkdtempSync(join(base, "killswitch-run-"));
    const flash = flashFile({
      chip: data.chip,
      image: process.env[data.image] ?? "",
      wifi: data.wifi,
      broker: `mqtt://${data.hostAddress}:${brokerPort}`,
      guest,
    });
    writeFileSync(join(this.#folder, FILES.flash), flash);
    const fuses = Buffer.alloc(data.fuses.bytes);
    for (const [at, hex] of Object.entries(data.fuses.set))
      fuses.set(Buffer.from(hex, "hex"), Number(at));
    writeFileSync(join(this.#folder, FILES.fuses), fuses);
    this.#onConsole = onConsole;
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
      this.#onConsole(bytes),
    );
    await this.#process.drive([...this.#levels]);
    await this.#process.go();
  }

  async reset(): Promise<void> {
    await this.#process?.reset();
  }

  async writeLine(line: string): Promise<void> {
    await this.#process?.write(`${line}\n`);
  }

  checkWitnesses(): void {
    this.#readCapture();
    this.#silence.check();
  }

  notes(): string[] {
    return [`${this.#silence.checkedFrames} frames sent by the board were captured and checked`];
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

  /** Also checks the frames that were captured just before the supply was removed. */
  async #stop(): Promise<void> {
    await this.#process?.stop();
    this.checkWitnesses();
    this.#process = null;
  }

  async #contacts(no: boolean, nc: boolean, chatter: number): Promise<number> {
    const start = this.#clock.now();
    const closing = (["no", "nc"] as const).filter(
      (name) => (name === "no" ? no : nc) && this.#levels.get(name) !== true,
    );
    await this.#move([
      ...(no ? [] : [["no", false] as const]),
      ...(nc ? [] : [["nc", false] as const]),
    ]);
    if (closing.length > 0) await this.#clock.sleep(TRAVEL_MS);
    const moves: Level[] = [];
    for (const name of closing) {
      for (let time = 0; time < chatter; time++) moves.push([name, true], [name, false]);
      moves.push([name, true]);
    }
    await this.#move(moves);
    return this.#clock.now() - start;
  }

  async #drive(moves: readonly Level[]): Promise<void> {
    for (const [name, level] of moves) this.#levels.set(name, level);
    if (moves.length > 0) await this.#process?.drive(moves);
  }

  /** Whether the contacts are at ON. */
  get #on(): boolean {
    return this.#levels.get("no") === true && this.#levels.get("nc") !== true;
  }

  #readCapture(): void {
    this.#silence.addFrames(this.#process?.captured() ?? [], this.#clock.now());
  }

  /**
   * Moves contacts. Reads the capture before and after, so that each frame is on one side of the
   * move.
   */
  async #move(moves: readonly Level[]): Promise<void> {
    const wasOn = this.#on;
    this.#readCapture();
    for (const [name, level] of moves) this.#levels.set(name, level);
    if (this.#on) this.#silence.setSwitch("on", this.#clock.now());
    else if (wasOn) this.#silence.setSwitch("leaving", this.#clock.now());
    await this.#drive(moves);
    this.#readCapture();
    if (!this.#on) this.#silence.setSwitch("off", this.#clock.now());
  }

  #sense(): Promise<OutputLevels> {
    return this.#process?.sense() ?? Promise.resolve({});
  }
}
