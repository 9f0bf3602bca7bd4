/**
 * Runs a scenario on a real board in real time: stimuli by wire, the trace from its console, a real
 * broker. Trace lines are delivered when the run reaches their date, so that a check sees what it
 * would see in virtual time.
 */
import type { RealClock } from "../../base/clock.ts";
import { Prng } from "../../base/prng.ts";
import type { Image, Step, Stimulus } from "../../scenario/grammar.ts";
import { initialObserved, updateObserved } from "../../scenario/observed.ts";
import { Mismatch, type RealTime, type Target, type TargetConfig } from "../../scenario/target.ts";
import type { Delivery } from "../../sim/virtual-broker.ts";
import { BoardTime } from "./board-time.ts";
import { ConsoleReader } from "./console.ts";
import { JournalDump } from "./journal.ts";
import type { Rig } from "./rig.ts";
import { Switch } from "./switch.ts";
import { TestBroker } from "./test-broker.ts";
import { TimingOverrun } from "./timing-overrun.ts";
import { unsupportedStepReason } from "./unsupported-steps.ts";
import type { OutputLevels } from "./wires.ts";

/**
 * How long the board may take to print its journal, in ms: twice the time of 88 KB at 115,200 baud.
 */
const JOURNAL_MS = 20_000;
/**
 * An output must agree with the trace within this time, in ms: line and wire are read at two
 * instants.
 */
const OUTPUT_AGREE_MS = 2_000;
/** The longest travel that is surely no fault, in ms. The gate reports a fault after 20 ms. */
const TRAVEL_MAX_MS = 14;
/** A stimulus is dated this much before its wire changes, in ms, so that no effect precedes it. */
const STIMULUS_LEAD_MS = 5;
/** A closing contact bounces this many times at most. */
const CHATTER_MAX = 3;

interface Line {
  at: number;
  kind: string;
  detail: string;
}

export interface BoardTargetOptions {
  rig: Rig;
  clock: RealClock;
  /** The guest to run; null for the shipped one. */
  guest: Uint8Array | null;
}

export class BoardTarget implements Target {
  readonly name: string;
  readonly realTime: RealTime;
  readonly #rig: Rig;
  readonly #clock: RealClock;
  readonly #guest: Uint8Array | null;
  readonly #time = new BoardTime();
  readonly #console: ConsoleReader;
  /** The board's state after the lines that were delivered to the runner. */
  readonly #delivered = initialObserved();
  /** The board's state after all lines that were received, delivered or not. */
  readonly #received = initialObserved();
  #config: TargetConfig | null = null;
  #broker: TestBroker | null = null;
  #switch: Switch | null = null;
  #chatter = new Prng(0);
  #journal: {
    dump: JournalDump;
    done: (bytes: Uint8Array) => void;
    fail: (e: unknown) => void;
  } | null = null;
  /** The clock's reading when the supply came up, in ms. */
  #start = 0;
  /** The run's own time, in ms since then. */
  #now = 0;
  #lines: Line[] = [];
  #powered = false;
  /** When the board last booted, in ms since #start. */
  #bootAt = 0;
  /** Duration of the last travel, in ms, if it was longer than TRAVEL_MAX_MS; else 0. */
  #slowTravelMs = 0;
  #wake = () => {};

  constructor({ rig, clock, guest }: BoardTargetOptions) {
    this.name = rig.name;
    this.#rig = rig;
    this.#clock = clock;
    this.#guest = guest;
    this.#console = new ConsoleReader({
      trace: (stamp, kind, detail) => this.#onTrace(stamp, kind, detail),
      answer: (text) => this.#onAnswer(text),
      other: () => {},
    });
    const { traceMs, quietMs } = rig.hil;
    this.realTime = {
      traceMs,
      quietMs,
      sync: () => this.#sync(),
      until: (holds) => this.#until(holds),
      checkWitnesses: () => this.#checkWitnesses(),
      notes: () => this.#notes(),
    };
  }

  get now(): number {
    return this.#now;
  }

  unsupportedReason(step: Step, next: Step | undefined): string | null {
    return unsupportedStepReason(step, next, this.#rig.hil, this.#rig.capabilities);
  }

  unsupportedImageReason(image: Image): string | null {
    if (image !== "own") return `${this.name} runs the native image that was flashed onto it`;
    const other = this.#guest !== null && !this.#rig.capabilities.replaceGuest;
    return other ? "another guest would have to be flashed first" : null;
  }

  async start(config: TargetConfig): Promise<void> {
    this.#config = config;
    this.#switch = new Switch(config.position);
    this.#chatter = new Prng(config.seed);
    this.#broker = await TestBroker.open({
      ...this.#rig.listen,
      received: (principal, channel, bytes) => {
        config.message(this.#now, principal, channel, bytes);
        this.#wake();
      },
    });
    const setup = {
      guest: this.#guest,
      brokerPort: this.#broker.port,
      contacts: this.#switch.contacts,
    };
    await this.#rig.prepare(setup, (bytes) => this.#console.feed(bytes));
    this.#start = this.#clock.now();
    await this.#supply(true);
  }

  async apply(stimulus: Stimulus): Promise<void> {
    const { wires } = this.#rig;
    if (!("supply" in stimulus) && !("broker" in stimulus)) await this.#bootSettled();
    this.#now = Math.max(this.#now, this.#elapsed() - STIMULUS_LEAD_MS);
    if ("switch" in stimulus) {
      this.#switchModel.position = stimulus.switch;
      await this.#moveContacts(this.#chatter.below(CHATTER_MAX + 1));
    } else if ("button" in stimulus) await wires.button(stimulus.button === "press");
    else if ("fault" in stimulus) {
      const { fault } = stimulus;
      const set = "set" in fault;
      this.#switchModel.fault(set ? fault.set : fault.clear, set);
      await this.#moveContacts(0);
    } else if ("broker" in stimulus) await this.#broker?.setAlive(stimulus.broker === "up");
    else if (!("supply" in stimulus))
      throw new Error("a stimulus that unsupportedReason() refuses");
    else if (stimulus.supply === "reset") {
      this.#addOwnLine("supply", "state=reset");
      this.#addRadioOff();
      this.#time.restart(this.#now);
      await this.#rig.reset();
    } else await this.#switchSupply(stimulus.supply === "on");
  }

  async advance(ms: number): Promise<void> {
    this.#now += ms;
    await this.#sleepUntil(this.#now + this.#rig.hil.lagMs);
    this.#deliver(this.#now);
  }

  /** Not possible on a real board; `unsupportedReason` refuses such a scenario before. */
  stall(_ms: number): never {
    throw new Error(`${this.name} cannot be stalled`);
  }

  publish(bytes: Uint8Array, delivery: Delivery): void {
    this.#now = Math.max(this.#now, this.#elapsed());
    this.#broker?.publish(bytes, delivery);
  }

  async rail(): Promise<"up" | "down"> {
    const { rail } = await this.#rig.wires.sense();
    return rail === true ? "up" : "down";
  }

  async journal(): Promise<Uint8Array> {
    const whole = new Promise<Uint8Array>((done, fail) => {
      this.#journal = { dump: new JournalDump(), done, fail };
    });
    const timeout = this.#clock.sleep(JOURNAL_MS).then(() => {
      throw new Mismatch("the board's journal on its console", `none within ${JOURNAL_MS} ms`);
    });
    await this.#rig.writeLine("journal");
    try {
      return await Promise.race([whole, timeout]);
    } finally {
      this.#journal = null;
      timeout.catch(() => {});
    }
  }

  async stop(): Promise<void> {
    await this.#rig.close();
    await this.#broker?.close();
    this.#broker = null;
  }

  get #switchModel(): Switch {
    if (this.#switch === null) throw new Error(`target ${this.name} is not started`);
    return this.#switch;
  }

  /** Real time since #start, in ms. */
  #elapsed(): number {
    return this.#clock.now() - this.#start;
  }

  async #sleepUntil(elapsed: number): Promise<void> {
    while (this.#elapsed() < elapsed) await this.#clock.sleep(elapsed - this.#elapsed());
  }

  /** Waits until the board runs, because a booting board ignores the button. */
  async #bootSettled(): Promise<void> {
    if (!this.#powered) return;
    await this.#until(() => this.#delivered.running);
    await this.#sleepUntil(this.#bootAt + this.#rig.hil.settleMs);
    await this.#sync();
  }

  /** Moves the wires of the contacts to the state of the switch model. */
  async #moveContacts(chatter: number): Promise<void> {
    const { no, nc } = this.#switchModel.contacts;
    this.#slowTravelMs = 0;
    const openMs = await this.#rig.wires.contacts(no, nc, chatter);
    if (openMs > TRAVEL_MAX_MS) this.#slowTravelMs = openMs;
  }

  async #supply(on: boolean): Promise<void> {
    if (on) {
      this.#console.reset();
      this.#time.restart(this.#now);
    }
    this.#powered = on;
    await this.#rig.supply(on);
  }

  async #switchSupply(on: boolean): Promise<void> {
    if (on === this.#powered) return;
    if (on) {
      this.#addOwnLine("supply", "state=on");
      await this.#supply(true);
      return;
    }
    await this.#supply(false);
    this.#deliver(Number.POSITIVE_INFINITY);
    this.#addOwnLine("supply", "state=off");
    this.#addRadioOff();
  }

  /** A board that loses its supply cannot print that its radio went off. */
  #addRadioOff(): void {
    if (this.#delivered.radio === "on") this.#addOwnLine("radio", "power=off");
  }

  /** Adds a trace line that the board itself cannot print. */
  #addOwnLine(kind: string, detail: string): void {
    updateObserved(this.#received, kind, detail);
    this.#deliverLine({ at: this.#time.dateOurs(this.#elapsed()), kind, detail });
  }

  #onTrace(stamp: number, kind: string, detail: string): void {
    if (!this.#powered) return;
    updateObserved(this.#received, kind, detail);
    if (kind === "boot") this.#time.restart(0);
    this.#lines.push({ at: this.#time.date(stamp, this.#elapsed()), kind, detail });
    this.#wake();
  }

  #onAnswer(text: string): void {
    if (this.#journal === null) return;
    const { dump, done, fail } = this.#journal;
    try {
      const bytes = dump.take(text);
      if (bytes !== null) done(bytes);
    } catch (error) {
      fail(error);
    }
  }

  /** Throws TimingOverrun for a contact fault that this machine may have caused itself. */
  #deliverLine(line: Line): void {
    if (this.#slowTravelMs > 0 && line.kind === "gate" && line.detail === "phase=FAULT_CONTACT") {
      throw new TimingOverrun(
        `this machine left the switch in travel for ${this.#slowTravelMs} ms, too long for the ` +
          "gate: run it again",
      );
    }
    updateObserved(this.#delivered, line.kind, line.detail);
    if (line.kind === "boot") this.#bootAt = this.#time.happened(line.at);
    this.#config?.trace(line.at, line.kind, line.detail);
  }

  /** Delivers the lines that happened up to `until`. */
  #deliver(until: number): void {
    for (;;) {
      const [line] = this.#lines;
      if (line === undefined || this.#time.happened(line.at) > until) return;
      this.#lines.shift();
      this.#deliverLine(line);
    }
  }

  async #sync(): Promise<void> {
    const { lagMs } = this.#rig.hil;
    this.#now = Math.max(this.#now, this.#elapsed());
    await this.#sleepUntil(this.#now + lagMs);
    this.#deliver(this.#now);
  }

  async #until(holds: () => boolean): Promise<void> {
    const { lagMs, slackMs } = this.#rig.hil;
    const end = this.#now + slackMs;
    while (!holds()) {
      const [line] = this.#lines;
      if (line !== undefined && this.#time.happened(line.at) <= end) {
        this.#lines.shift();
        this.#now = Math.max(this.#now, Math.ceil(this.#time.happened(line.at)));
        this.#deliverLine(line);
        continue;
      }
      const left = end + lagMs - this.#elapsed();
      if (left <= 0) {
        this.#now = end;
        return;
      }
      await Promise.race([
        this.#clock.sleep(left),
        new Promise<void>((done) => (this.#wake = done)),
      ]);
    }
  }

  /** Checks the rig's instruments, and the wires of relay and lamp against the trace. */
  async #checkWitnesses(): Promise<void> {
    this.#rig.checkWitnesses();
    if (!this.#powered) return;
    const end = this.#elapsed() + OUTPUT_AGREE_MS;
    for (;;) {
      const mismatch = this.#outputMismatch(await this.#rig.wires.sense());
      if (mismatch === null) return;
      if (this.#elapsed() > end) throw mismatch;
      await this.#clock.sleep(this.#rig.hil.lagMs);
    }
  }

  #outputMismatch(levels: OutputLevels): Mismatch | null {
    for (const name of ["relay", "lamp"] as const) {
      const level = levels[name];
      const traced = this.#received[name];
      if (level === undefined || (traced === "on") === level) continue;
      const measured = level ? "on" : "off";
      return new Mismatch(
        `the wire of the ${name} to be ${traced}, as in the trace`,
        `the wire ${measured}`,
      );
    }
    return null;
  }

  #notes(): string[] {
    const { tornLines } = this.#console;
    const torn = tornLines === 0 ? [] : [`${tornLines} lines of the console were torn`];
    return [...this.#rig.notes(), ...torn];
  }
}
