/**
 * A real board in real time, as a scenario's target: stimuli by wire, a trace from its console, a real
 * broker. Lines are held back until the run has come to their date, so that a check sees what it would
 * see in virtual time. Must not know a scenario's checks, nor what the wires are made of.
 */
import type { RealClock } from "../clock.ts";
import { Prng } from "../prng.ts";
import type { Image, Step, Stimulus } from "../scenario/grammar.ts";
import { initialObserved, updateObserved } from "../scenario/observed.ts";
import { Mismatch, type RealTime, type Target, type TargetConfig } from "../scenario/target.ts";
import type { Delivery } from "../virtual-broker.ts";
import { BoardTime } from "./board-time.ts";
import { ConsoleReader } from "./console.ts";
import { JournalDump } from "./journal.ts";
import type { Rig } from "./rig.ts";
import { Switch } from "./switch.ts";
import { TestBroker } from "./test-broker.ts";
import { TimingOverrun } from "./timing-overrun.ts";
import { unsupportedStepReason } from "./unsupported-steps.ts";
import type { OutputLevels } from "./wires.ts";

/** How long the board may take to tell its journal, in ms: 88 KB at 115,200 baud and twice that. */
const JOURNAL_MS = 20_000;
/** Outputs agree with the trace within this, in ms: a line and a wire are not read at one moment. */
const AGREE_MS = 2_000;
/** Contacts open for so long may be a fault to the gate, in ms. It takes 20 for one. */
const FLIGHT_MAX_MS = 14;
/** A hand moves for so long before a contact does, in ms: what is due after a stimulus is due later. */
const HAND_MS = 5;
/** A contact that closes chatters so often at most. */
const CHATTER_MAX = 3;

interface Line {
  at: number;
  kind: string;
  detail: string;
}

export interface BoardTargetOptions {
  rig: Rig;
  clock: RealClock;
  /** Another guest than the device's; null for the device's own. */
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
  /** What the lines that were handed over tell. */
  readonly #observed = initialObserved();
  /** What all lines tell that have come, handed over or not. */
  readonly #told = initialObserved();
  #config: TargetConfig | null = null;
  #broker: TestBroker | null = null;
  #switch: Switch | null = null;
  #chatter = new Prng(0);
  #journal: {
    dump: JournalDump;
    done: (bytes: Uint8Array) => void;
    fail: (e: unknown) => void;
  } | null = null;
  /** Our clock's reading when the supply came up. */
  #start = 0;
  /** How far the run has come, in ms since then. */
  #now = 0;
  #lines: Line[] = [];
  #powered = false;
  /** When the board booted last. */
  #bootAt = 0;
  /** How long the slider was under way, if that was too long for a hand. */
  #lateMs = 0;
  #wake = () => {};

  constructor({ rig, clock, guest }: BoardTargetOptions) {
    this.name = rig.name;
    this.#rig = rig;
    this.#clock = clock;
    this.#guest = guest;
    this.#console = new ConsoleReader({
      trace: (stamp, kind, detail) => this.#heard(stamp, kind, detail),
      answer: (text) => this.#answered(text),
      other: () => {},
    });
    const { traceMs, quietMs } = rig.hil;
    this.realTime = {
      traceMs,
      quietMs,
      sync: () => this.#sync(),
      until: (holds) => this.#until(holds),
      checkWitnesses: () => this.#examine(),
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
    if (image !== "own") return `${this.name} runs the image that is on it`;
    const other = this.#guest !== null && !this.#rig.capabilities.replaceGuest;
    return other ? "another guest would have to be flashed first" : null;
  }

  async start(config: TargetConfig): Promise<void> {
    this.#config = config;
    this.#switch = new Switch(config.position);
    this.#chatter = new Prng(config.seed);
    this.#broker = await TestBroker.open({
      ...this.#rig.listen,
      heard: (principal, channel, bytes) => {
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
    if (!("supply" in stimulus) && !("broker" in stimulus)) await this.#settled();
    this.#now = Math.max(this.#now, this.#wall() - HAND_MS);
    if ("switch" in stimulus) {
      this.#moved.position = stimulus.switch;
      await this.#move(this.#chatter.below(CHATTER_MAX + 1));
    } else if ("button" in stimulus) await wires.button(stimulus.button === "press");
    else if ("fault" in stimulus) {
      const { fault } = stimulus;
      const set = "set" in fault;
      this.#moved.fault(set ? fault.set : fault.clear, set);
      await this.#move(0);
    } else if ("broker" in stimulus) await this.#broker?.setAlive(stimulus.broker === "up");
    else if (!("supply" in stimulus))
      throw new Error("a stimulus that unsupportedReason() refuses");
    else if (stimulus.supply === "reset") {
      this.#ours("supply", "state=reset");
      this.#radioGone();
      this.#time.restart(this.#now);
      await this.#rig.reset();
    } else await this.#powerTo(stimulus.supply === "on");
  }

  async advance(ms: number): Promise<void> {
    this.#now += ms;
    await this.#sleepUntil(this.#now + this.#rig.hil.lagMs);
    this.#deliver(this.#now);
  }

  /** No wire stops a processor: `unsupportedReason` keeps such a scenario away. */
  stall(_ms: number): never {
    throw new Error(`${this.name} cannot be stalled`);
  }

  publish(bytes: Uint8Array, delivery: Delivery): void {
    this.#now = Math.max(this.#now, this.#wall());
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
    const late = this.#clock.sleep(JOURNAL_MS).then(() => {
      throw new Mismatch("the board's journal on its console", `none within ${JOURNAL_MS} ms`);
    });
    await this.#rig.say("journal");
    try {
      return await Promise.race([whole, late]);
    } finally {
      this.#journal = null;
      late.catch(() => {});
    }
  }

  async stop(): Promise<void> {
    await this.#rig.close();
    await this.#broker?.close();
    this.#broker = null;
  }

  get #moved(): Switch {
    if (this.#switch === null) throw new Error(`target ${this.name} is not started`);
    return this.#switch;
  }

  #wall(): number {
    return this.#clock.now() - this.#start;
  }

  async #sleepUntil(wall: number): Promise<void> {
    while (this.#wall() < wall) await this.#clock.sleep(wall - this.#wall());
  }

  /** A hand waits until the board runs: a press within a boot is for nobody. */
  async #settled(): Promise<void> {
    if (!this.#powered) return;
    await this.#until(() => this.#observed.running);
    await this.#sleepUntil(this.#bootAt + this.#rig.hil.settleMs);
    await this.#sync();
  }

  /** Brings the contacts to where the switch has them. */
  async #move(chatter: number): Promise<void> {
    const { no, nc } = this.#moved.contacts;
    this.#lateMs = 0;
    const openMs = await this.#rig.wires.contacts(no, nc, chatter);
    if (openMs > FLIGHT_MAX_MS) this.#lateMs = openMs;
  }

  async #supply(on: boolean): Promise<void> {
    if (on) {
      this.#console.reset();
      this.#time.restart(this.#now);
    }
    this.#powered = on;
    await this.#rig.supply(on);
  }

  async #powerTo(on: boolean): Promise<void> {
    if (on === this.#powered) return;
    if (on) {
      this.#ours("supply", "state=on");
      await this.#supply(true);
      return;
    }
    await this.#supply(false);
    this.#deliver(Number.POSITIVE_INFINITY);
    this.#ours("supply", "state=off");
    this.#radioGone();
  }

  /** A board that loses its supply has no word left for its radio. */
  #radioGone(): void {
    if (this.#observed.radio === "on") this.#ours("radio", "power=off");
  }

  /** A line that the board cannot say itself. */
  #ours(kind: string, detail: string): void {
    updateObserved(this.#told, kind, detail);
    this.#hand({ at: this.#time.dateOurs(this.#wall()), kind, detail });
  }

  #heard(stamp: number, kind: string, detail: string): void {
    if (!this.#powered) return;
    updateObserved(this.#told, kind, detail);
    if (kind === "boot") this.#time.restart(0);
    this.#lines.push({ at: this.#time.date(stamp, this.#wall()), kind, detail });
    this.#wake();
  }

  #answered(text: string): void {
    if (this.#journal === null) return;
    const { dump, done, fail } = this.#journal;
    try {
      const bytes = dump.take(text);
      if (bytes !== null) done(bytes);
    } catch (error) {
      fail(error);
    }
  }

  #hand(line: Line): void {
    if (this.#lateMs > 0 && line.kind === "gate" && line.detail === "phase=FAULT_CONTACT") {
      throw new TimingOverrun(
        `the slider took ${this.#lateMs} ms, a fault to any board: try again`,
      );
    }
    updateObserved(this.#observed, line.kind, line.detail);
    if (line.kind === "boot") this.#bootAt = this.#time.happened(line.at);
    this.#config?.trace(line.at, line.kind, line.detail);
  }

  /** Hands over what happened up to `until`. */
  #deliver(until: number): void {
    for (;;) {
      const [line] = this.#lines;
      if (line === undefined || this.#time.happened(line.at) > until) return;
      this.#lines.shift();
      this.#hand(line);
    }
  }

  async #sync(): Promise<void> {
    const { lagMs } = this.#rig.hil;
    this.#now = Math.max(this.#now, this.#wall());
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
        this.#hand(line);
        continue;
      }
      const left = end + lagMs - this.#wall();
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

  /** Relay and lamp on their wires, against what the trace says of them. */
  async #examine(): Promise<void> {
    this.#rig.examine();
    if (!this.#powered) return;
    const end = this.#wall() + AGREE_MS;
    for (;;) {
      const found = this.#disagreement(await this.#rig.wires.sense());
      if (found === null) return;
      if (this.#wall() > end) throw found;
      await this.#clock.sleep(this.#rig.hil.lagMs);
    }
  }

  #disagreement(levels: OutputLevels): Mismatch | null {
    for (const name of ["relay", "lamp"] as const) {
      const level = levels[name];
      const told = this.#told[name];
      if (level === undefined || (told === "on") === level) continue;
      const wire = level ? "on" : "off";
      return new Mismatch(`${name} ${told} on its wire, as in the trace`, `${name} ${wire}`);
    }
    return null;
  }

  #notes(): string[] {
    const { garbled } = this.#console;
    const torn = garbled === 0 ? [] : [`${garbled} lines of the console were torn`];
    return [...this.#rig.notes(), ...torn];
  }
}
