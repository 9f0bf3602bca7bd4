/**
 * Explores a guest to closure: from every boot, every event in every state, every cut at every write,
 * until no state is new; every transition held to the invariants. Breadth first, so that the first
 * violation has a shortest trace. Must not know how messages or storage are laid out.
 */
import { BOOT_NAMES, MARK_NAMES } from "../../abi/abi.gen.ts";
import {
  at,
  BLANK,
  CONFIG_NONE,
  everyStorage,
  type Found,
  headOf,
  layJournal,
  layStorage,
  NO_STATE,
  OutOfRange,
  outside,
} from "./abstraction.ts";
import {
  applies,
  eventList,
  isSmall,
  type ModelEvent,
  type Program,
  program,
  runningIn,
} from "./events.ts";
import { Machine, Misuse } from "./instrumented-guest.ts";
import { Invariants } from "./invariants.ts";
import { AT, DONE, SENT_HEAD } from "./layout.ts";
import { StateTable } from "./state-table.ts";
import { Transition } from "./transition.ts";
import { WireCheck } from "./wire-check.ts";
import { WriteCheck } from "./write-check.ts";

const NO_PARENT = -1;
/** Labels below this are events; above, boots: storage, finding, reason. */
const FIRST_BOOT = 1 << 12;

/** One step of a trace: an event of the model, or a boot from a storage. */
export interface TraceStep {
  text: string;
  event: ModelEvent | null;
  /** Null for an event. */
  boot: { reason: number; found: Found; readable: boolean } | null;
}

export interface DeviceViolation {
  rule: string;
  /** From a boot on. */
  trace: TraceStep[];
}

export interface ExplorerReport {
  states: number;
  /** Calls of on_event() and init(). */
  transitions: number;
  /** Boots: every storage that a cut can leave, every reason, readable or not. */
  boots: number;
  depth: number;
  events: number;
  closed: boolean;
  /** Different messages that the guest sent, each decoded. */
  messages: number;
  /** Of all that the guest did, in order: two guests that differ here do different things. */
  digest: number;
  /** Coverage marks that were never seen. */
  unseen: string[];
  violations: DeviceViolation[];
}

export interface ExplorerOptions {
  /**
   * The small model: the default configuration, two of the principals, storage that can be read. It
   * closes in a fraction of the states.
   */
  small?: boolean;
  /** Every transition is checked anew, known to be good or not: what the recorder's memory is held to. */
  doubting?: boolean;
  /** More states than this are not looked for. */
  statesMax?: number;
  progress?: (states: number, done: number) => void;
}

const STATES_MAX = 20_000_000;
const PROGRESS_EVERY = 4096;
/** States after which the guest has shown how much scratch memory it uses. */
const WARM_UP_STATES = 256;

export class Explorer {
  table = new StateTable();
  readonly machine: Machine;
  readonly events: readonly ModelEvent[];
  readonly report: ExplorerReport;
  readonly #options: ExplorerOptions;
  readonly #invariants: Invariants;
  readonly #writes: WriteCheck;
  readonly #wire: WireCheck;
  readonly #step: Transition;
  readonly #program: Program;
  readonly #storages: readonly Found[];
  /** Ways in which a boot finds each: to be read; and not. */
  readonly #findings: number;
  /** Rules broken since the last event: by a message, and by anything. */
  #sent: string | null = null;
  #broken: string | null = null;
  readonly #lists: { at: number; length: number }[] = [];

  constructor(bytes: Uint8Array<ArrayBuffer>, options: ExplorerOptions = {}) {
    this.#options = options;
    this.machine = new Machine(bytes);
    const small = options.small ?? false;
    this.events = small ? eventList().filter(isSmall) : eventList();
    this.#storages = small
      ? everyStorage().filter(({ config }) => config === CONFIG_NONE)
      : everyStorage();
    this.#findings = small ? 1 : 2;
    if (this.events.length >= FIRST_BOOT) throw new Error("an event's number fits its label");
    this.#invariants = new Invariants(this.machine);
    this.#writes = new WriteCheck(this.machine);
    this.#step = new Transition(this.machine);
    this.#wire = new WireCheck(this.machine, this.#step);
    this.#program = program(this.machine, this.events);
    this.machine.note(AT.doubting, options.doubting ? 1 : 0);
    this.machine.onSend = (channel, ptr, len) => this.#checkSent(channel, ptr, len);
    this.machine.onEvent = () => this.#checkEvent();
    this.report = {
      states: 0,
      transitions: 0,
      boots: 0,
      depth: 0,
      events: this.events.length,
      closed: false,
      messages: 0,
      digest: 0,
      unseen: [],
      violations: this.machine.shapeBroken.map((rule) => ({ rule: `I7: ${rule}`, trace: [] })),
    };
  }

  get #bootsEach(): number {
    return this.#findings * BOOT_NAMES.length;
  }

  get #refuted(): boolean {
    return this.report.violations.length > 0;
  }

  run(): ExplorerReport {
    const { report } = this;
    const most = this.#options.statesMax ?? STATES_MAX;
    let done = 0;
    if (!this.#refuted) done = this.#search(Math.min(WARM_UP_STATES, most));
    if (!this.#refuted) {
      // From here on all the scratch memory that was ever used is poisoned.
      this.machine.widen();
      done = this.#search(most);
    }
    if (!this.#refuted && this.machine.widen()) done = this.#search(most);
    if (!this.#refuted && (this.machine.widen() || !this.machine.keepsConstants()))
      report.violations.push({ rule: "all mutable state lies in the state region", trace: [] });
    report.states = this.table.size;
    report.digest = this.machine.noted(AT.digest) >>> 0;
    report.messages = this.#wire.messages;
    report.closed = done === this.table.size && !this.#refuted;
    report.unseen = MARK_NAMES.filter((_, mark) => ((this.#invariants.met >>> mark) & 1) === 0);
    return report;
  }

  /** Breadth first from every boot. Returns how many states are done. */
  #search(most: number): number {
    const { report } = this;
    this.table = new StateTable();
    this.machine.restart();
    Object.assign(report, { transitions: 0, boots: 0, depth: 0 });
    this.#boots();
    let level = this.table.size;
    let index = 0;
    for (; index < this.table.size && !this.#refuted && this.table.size <= most; index++) {
      if (index === level) {
        report.depth++;
        level = this.table.size;
      }
      this.#expand(index);
      if (index % PROGRESS_EVERY === 0) this.#options.progress?.(this.table.size, index);
    }
    return index;
  }

  /** Settles a state of the table. Returns the events to fire from it. */
  #settle(index: number): { at: number; length: number } {
    const { machine } = this;
    const code = this.table.codes[index] ?? 0;
    const step = this.#step;
    step.from(code);
    layJournal(headOf(code), machine.regions);
    machine.settle(step.before);
    machine.note(AT.code, code);
    // No time passes at a guest's first event: it sets the clock.
    return this.#listOf(step.before[at.BOOT_DUE] === 0 ? runningIn(step.before) : 0);
  }

  /** Fires a state's events, twins apart, and asks nothing. Returns how many. */
  bare(index: number): number {
    const list = this.#settle(index);
    this.machine.recorder.bare(list.at, list.length);
    return list.length;
  }

  #expand(index: number): void {
    const { machine } = this;
    const list = this.#settle(index);
    machine.watching = true;
    try {
      machine.recorder.run(list.at, list.length);
    } catch (error) {
      this.#broken = told(error);
    }
    machine.watching = false;
    this.report.transitions = this.report.boots + machine.noted(AT.transitions);
    if (this.#broken !== null) this.#refute(this.#broken, index, machine.noted(AT.event));
    machine.drain((next, event) => this.table.add(next, index, event));
  }

  /** Events that say something while `running` countdowns run, twins apart. */
  #listOf(running: number): { at: number; length: number } {
    const known = this.#lists[running];
    if (known !== undefined) return known;
    const numbers = this.events.flatMap((event, number) =>
      event.twinOf === null && applies(event, running) ? [number] : [],
    );
    const list = { at: this.machine.addList(running, numbers), length: numbers.length };
    this.#lists[running] = list;
    return list;
  }

  /** Asked by the recorder of a transition that is not known to be good. */
  #checkEvent(): number {
    const { machine } = this;
    const step = this.#step;
    const event = this.#program.asks[machine.noted(DONE)];
    if (event === undefined) throw new Error("an event of the program");
    if (machine.noted(AT.next) < 0) outside(machine.memory, machine.statePtr);
    step.ask("done");
    this.#broken =
      this.#invariants.check(step, event) ?? this.#sent ?? this.#writes.run(step, event);
    return this.#broken === null ? step.reads : -1;
  }

  /** Asked by the recorder of a message that is not known to be good. */
  #checkSent(channel: number, ptr: number, len: number): number {
    const { machine } = this;
    this.#step.ask("sent");
    const answers = this.#program.answers[machine.noted(SENT_HEAD.answers)] ?? null;
    this.#sent ??= this.#wire.check(channel, machine.memory.slice(ptr, ptr + len), answers);
    return this.#sent === null ? this.#step.reads : -1;
  }

  /** Boots for every reason from every storage. */
  #boots(): void {
    for (let boot = 0; boot < this.#storages.length * this.#bootsEach && !this.#refuted; boot++) {
      const rule = this.#boot(FIRST_BOOT + boot);
      if (rule !== null) this.#refute(rule, NO_PARENT, FIRST_BOOT + boot);
    }
  }

  #bootOf(label: number): { reason: number; found: Found; readable: boolean } {
    const boot = label - FIRST_BOOT;
    const found = this.#storages[Math.floor(boot / this.#bootsEach)];
    if (found === undefined) throw new RangeError(`boot ${boot}`);
    return {
      reason: boot % BOOT_NAMES.length,
      found,
      readable: boot % this.#bootsEach < BOOT_NAMES.length,
    };
  }

  #boot(label: number): string | null {
    const { machine } = this;
    const { reason, found, readable } = this.#bootOf(label);
    this.report.transitions++;
    this.report.boots++;
    layStorage(found, machine.regions);
    machine.settle(NO_STATE);
    machine.poison();
    machine.clear();
    machine.failWrites = 0;
    machine.failReads = !readable;
    try {
      machine.guest.init(reason);
      const broken = this.#invariants.checkBoot(readable ? found : BLANK, readable);
      if (broken !== null) return broken;
      if (machine.attempts > 0) return "a boot writes nothing";
      machine.recorder.meet(machine.fold(), label);
      machine.drain((code) => this.table.add(code, NO_PARENT, label));
      return null;
    } catch (error) {
      return told(error);
    } finally {
      machine.failReads = false;
    }
  }

  #refute(rule: string, parent: number, label: number): void {
    if (this.#refuted) return;
    const trace = [this.#tell(label)];
    for (let index = parent; index !== NO_PARENT; index = this.table.parents[index] ?? NO_PARENT)
      trace.unshift(this.#tell(this.table.labels[index] ?? 0));
    this.report.violations.push({ rule, trace });
  }

  #tell(label: number): TraceStep {
    const event = this.events[label];
    if (event !== undefined) return { text: event.name, event, boot: null };
    const boot = this.#bootOf(label);
    const { found, readable } = boot;
    const retained = found.good ? `relay ${found.relay}, hold ${found.hold}` : "lost";
    const journal = `${found.head} records${found.torn ? " and a torn one" : ""}`;
    const storage = `retained ${retained}; configuration ${found.config}; journal ${journal}`;
    const text = `boot ${BOOT_NAMES[boot.reason]}: ${readable ? storage : "storage unreadable"}`;
    return { text, event: null, boot };
  }
}

/** A guest that trapped, misused its host or left its ranges breaks a rule; all else is our defect. */
export function told(error: unknown): string {
  if (error instanceof OutOfRange) return `the state keeps to its ranges: ${error.message}`;
  if (error instanceof Misuse) return `the guest keeps to docs/ABI.md: ${error.message}`;
  if (error instanceof WebAssembly.RuntimeError) return `the guest never traps: ${error.message}`;
  if (error instanceof RangeError) return "the guest never exhausts its stack";
  throw error;
}
