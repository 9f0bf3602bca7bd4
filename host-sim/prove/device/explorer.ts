/**
 * Explores a guest to closure, breadth first: boots it from every storage, fires every event in every
 * state, and checks each transition, until no state is new. So the first violation has a shortest trace.
 */
import { BOOT_NAMES, MARK_NAMES } from "../../abi/abi.gen.ts";
import { journalHead, NO_STATE, OFFSET, throwOutOfRange } from "./abstraction.ts";
import {
  BLANK,
  type BootStorage,
  CONFIG_NONE,
  everyStorage,
  writeJournal,
  writeStorage,
} from "./boot-storage.ts";
import {
  applies,
  type EventNumbers,
  eventList,
  isSmall,
  loadEvents,
  type ModelEvent,
  runningIn,
} from "./events.ts";
import { InstrumentedGuest } from "./instrumented-guest.ts";
import { Invariants } from "./invariants.ts";
import { EFFECT, MESSAGE_HEAD } from "./recorder-memory.ts";
import { StateTable } from "./state-table.ts";
import { Transition } from "./transition.ts";
import { violationFromError } from "./violation.ts";
import { WireCheck } from "./wire-check.ts";
import { WriteCheck } from "./write-check.ts";

const NO_PARENT = -1;
/** A label below this is the number of an event; the others are boots: storage, readable or not, reason. */
const FIRST_BOOT = 1 << 12;

/** One step of a trace: an event of the model, or a boot from a storage. */
export interface TraceStep {
  text: string;
  event: ModelEvent | null;
  /** Null for an event. */
  boot: { reason: number; storage: BootStorage; readable: boolean } | null;
}

export interface DeviceViolation {
  rule: string;
  /** The steps that lead to it. The first is a boot. */
  trace: TraceStep[];
}

export interface ExplorerReport {
  states: number;
  /** Calls of on_event() and init(). */
  transitions: number;
  /** Boots: every storage of the model, for every reason, readable and not. */
  boots: number;
  depth: number;
  events: number;
  closed: boolean;
  /** Number of different messages that the guest sent. Each was decoded. */
  messages: number;
  /** Digest of everything that the guest did, in order. */
  digest: number;
  /** Coverage marks that the guest never reported. */
  unseen: string[];
  violations: DeviceViolation[];
}

export interface ExplorerOptions {
  /**
   * The small model: the default configuration, two of the principals, readable storage. It closes with
   * a fraction of the states.
   */
  small?: boolean;
  /** Checks every transition, also those that the memo knows: a test compares the two. */
  recheck?: boolean;
  /** Ends the exploration, not closed, at this many states. */
  statesMax?: number;
  progress?: (states: number, done: number) => void;
}

const STATES_MAX = 20_000_000;
const PROGRESS_EVERY = 4096;
/** States after which the guest has used all of its scratch memory. */
const WARM_UP_STATES = 256;

/** A list of events in the recorder's memory. */
interface EventList {
  at: number;
  length: number;
}

export class Explorer {
  table = new StateTable();
  readonly guest: InstrumentedGuest;
  readonly events: readonly ModelEvent[];
  readonly report: ExplorerReport;
  readonly #options: ExplorerOptions;
  readonly #invariants: Invariants;
  readonly #writes: WriteCheck;
  readonly #wire: WireCheck;
  readonly #step: Transition;
  readonly #numbers: EventNumbers;
  readonly #storages: readonly BootStorage[];
  /** Boots are tried with storage that can be read, and, if this is 2, with storage that cannot. */
  readonly #readabilities: number;
  /** The rule that a message broke since the last event, and the rule that anything broke. */
  #brokenByMessage: string | null = null;
  #broken: string | null = null;
  /** Lists of events by the countdowns that run: a bit each. */
  readonly #lists: EventList[] = [];

  constructor(bytes: Uint8Array<ArrayBuffer>, options: ExplorerOptions = {}) {
    this.#options = options;
    this.guest = new InstrumentedGuest(bytes);
    const small = options.small ?? false;
    this.events = small ? eventList().filter(isSmall) : eventList();
    this.#storages = small
      ? everyStorage().filter(({ config }) => config === CONFIG_NONE)
      : everyStorage();
    this.#readabilities = small ? 1 : 2;
    if (this.events.length >= FIRST_BOOT)
      throw new Error("FIRST_BOOT is less than the events of the model");
    this.#invariants = new Invariants(this.guest);
    this.#writes = new WriteCheck(this.guest);
    this.#step = new Transition(this.guest);
    this.#wire = new WireCheck(this.guest, this.#step);
    this.#numbers = loadEvents(this.guest, this.events);
    this.guest.setRegister("recheck", options.recheck ? 1 : 0);
    this.guest.checkMessage = (to, ptr, length) => this.#checkMessage(to, ptr, length);
    this.guest.checkEvent = () => this.#checkEvent();
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
      violations: this.guest.brokenRules.map((rule) => ({ rule: `I7: ${rule}`, trace: [] })),
    };
  }

  get #bootsPerStorage(): number {
    return this.#readabilities * BOOT_NAMES.length;
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
      // From here on the poison covers all the scratch memory that the guest used.
      this.guest.extendPoison();
      done = this.#search(most);
    }
    if (!this.#refuted && this.guest.extendPoison()) done = this.#search(most);
    if (!this.#refuted && (this.guest.extendPoison() || !this.guest.constantsUnchanged()))
      report.violations.push({ rule: "all mutable state is in the state region", trace: [] });
    report.states = this.table.size;
    report.digest = this.guest.register("digest") >>> 0;
    report.messages = this.#wire.messages;
    report.closed = done === this.table.size && !this.#refuted;
    report.unseen = MARK_NAMES.filter((_, mark) => ((this.#invariants.met >>> mark) & 1) === 0);
    return report;
  }

  /** Searches breadth first from every boot. Returns the number of states whose events were fired. */
  #search(most: number): number {
    const { report } = this;
    this.table = new StateTable();
    this.guest.forgetStates();
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

  /** Sets a state of the table as the start state. Returns the events to fire from it. */
  #startFrom(index: number): EventList {
    const { guest } = this;
    const code = this.table.codes[index] ?? 0;
    const step = this.#step;
    step.from(code);
    writeJournal(journalHead(code), guest.regions);
    guest.startFrom(step.before);
    guest.setRegister("before", code);
    // No time passes at the first event after a boot: it sets the guest's clock.
    return this.#listOf(step.before[OFFSET.BOOT_DUE] === 0 ? runningIn(step.before) : 0);
  }

  /** Fires a state's events without variants, and checks nothing. Returns their number. */
  fireOnly(index: number): number {
    const list = this.#startFrom(index);
    this.guest.recorder.fireOnly(list.at, list.length);
    return list.length;
  }

  #expand(index: number): void {
    const { guest } = this;
    const list = this.#startFrom(index);
    guest.checksMessages = true;
    try {
      guest.recorder.run(list.at, list.length);
    } catch (error) {
      this.#broken = violationFromError(error);
    }
    guest.checksMessages = false;
    this.report.transitions = this.report.boots + guest.register("transitions");
    if (this.#broken !== null) this.#refute(this.#broken, index, guest.register("event"));
    guest.takeNewStates((next, event) => this.table.add(next, index, event));
  }

  /** The events to fire while the countdowns `running` run, without variants. */
  #listOf(running: number): EventList {
    const known = this.#lists[running];
    if (known !== undefined) return known;
    const numbers = this.events.flatMap((event, number) =>
      event.variantOf === null && applies(event, running) ? [number] : [],
    );
    const list = { at: this.guest.addList(running, numbers), length: numbers.length };
    this.#lists[running] = list;
    return list;
  }

  /** Checks a transition that the memo does not know. */
  #checkEvent(): number {
    const { guest } = this;
    const step = this.#step;
    const event = this.#numbers.facts[guest.recorderWord(EFFECT.facts)];
    if (event === undefined) throw new Error("the recorder fired an event that was not loaded");
    if (guest.register("after") < 0) throwOutOfRange(guest.memory, guest.statePtr);
    step.beginCheck("event");
    this.#broken =
      this.#invariants.check(step, event) ?? this.#brokenByMessage ?? this.#writes.run(step, event);
    return this.#broken === null ? step.reads : -1;
  }

  /** Checks a message that the memo does not know. */
  #checkMessage(to: number, ptr: number, length: number): number {
    const { guest } = this;
    this.#step.beginCheck("message");
    const answered = this.#numbers.answered[guest.recorderWord(MESSAGE_HEAD.answered)] ?? null;
    const bytes = guest.memory.slice(ptr, ptr + length);
    this.#brokenByMessage ??= this.#wire.check(to, bytes, answered);
    return this.#brokenByMessage === null ? this.#step.reads : -1;
  }

  /** Boots for every reason from every storage. */
  #boots(): void {
    for (
      let boot = 0;
      boot < this.#storages.length * this.#bootsPerStorage && !this.#refuted;
      boot++
    ) {
      const rule = this.#boot(FIRST_BOOT + boot);
      if (rule !== null) this.#refute(rule, NO_PARENT, FIRST_BOOT + boot);
    }
  }

  #bootOf(label: number): NonNullable<TraceStep["boot"]> {
    const boot = label - FIRST_BOOT;
    const storage = this.#storages[Math.floor(boot / this.#bootsPerStorage)];
    if (storage === undefined) throw new RangeError(`boot ${boot}`);
    return {
      reason: boot % BOOT_NAMES.length,
      storage,
      readable: boot % this.#bootsPerStorage < BOOT_NAMES.length,
    };
  }

  #boot(label: number): string | null {
    const { guest } = this;
    const { reason, storage, readable } = this.#bootOf(label);
    this.report.transitions++;
    this.report.boots++;
    writeStorage(storage, guest.regions);
    guest.startFrom(NO_STATE);
    guest.begin();
    guest.failWrites = 0;
    guest.failReads = !readable;
    try {
      guest.exports.init(reason);
      const broken = this.#invariants.checkBoot(readable ? storage : BLANK, readable);
      if (broken !== null) return broken;
      if (guest.attempts > 0) return "a boot writes nothing";
      guest.recorder.visit(guest.abstractState(), label);
      guest.takeNewStates((code) => this.table.add(code, NO_PARENT, label));
      return null;
    } catch (error) {
      return violationFromError(error);
    } finally {
      guest.failReads = false;
    }
  }

  #refute(rule: string, parent: number, label: number): void {
    if (this.#refuted) return;
    const trace = [this.#traceStep(label)];
    for (let index = parent; index !== NO_PARENT; index = this.table.parents[index] ?? NO_PARENT)
      trace.unshift(this.#traceStep(this.table.labels[index] ?? 0));
    this.report.violations.push({ rule, trace });
  }

  #traceStep(label: number): TraceStep {
    const event = this.events[label];
    if (event !== undefined) return { text: event.name, event, boot: null };
    const boot = this.#bootOf(label);
    const { storage, readable } = boot;
    const retained = storage.good ? `relay ${storage.relay}, hold ${storage.hold}` : "lost";
    const journal = `${storage.head} records${storage.torn ? " and a torn one" : ""}`;
    const contents = `retained ${retained}; configuration ${storage.config}; journal ${journal}`;
    const text = `boot ${BOOT_NAMES[boot.reason]}: ${readable ? contents : "storage unreadable"}`;
    return { text, event: null, boot };
  }
}
