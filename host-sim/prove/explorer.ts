/**
 * Explores a guest to closure: from every boot, every event in every state, every cut at every write,
 * until no state is new; every transition held to the invariants. Breadth first, so that the first
 * violation has a shortest trace. Must not know how messages or storage are laid out.
 */
import { BOOT_NAMES, JOURNAL_SLOT_BYTES, MARK_NAMES, REGION } from "../abi.gen.ts";
import { STATE_BYTES } from "../state.gen.ts";
import {
  applies,
  differs,
  eventList,
  fire,
  isSmall,
  type ModelEvent,
  runningIn,
} from "./events.ts";
import { type Before, Invariants } from "./invariants.ts";
import { Machine, Misuse } from "./machine.ts";
import {
  at,
  CONFIG_NONE,
  decodeState,
  encodeState,
  everyStorage,
  type Found,
  headOf,
  layJournal,
  layStorage,
  OutOfRange,
} from "./model.ts";
import { StateTable } from "./table.ts";
import { WireCheck } from "./wire.ts";
import { WriteCheck } from "./writes.ts";

const NO_PARENT = -1;
const DIGEST_PRIME = 0x9e3779b1;
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
  readonly #before: Before;
  readonly #storages: readonly Found[];
  /** Ways in which a boot finds each: to be read; and not. */
  readonly #findings: number;
  #digest = 0;
  #index = 0;
  #event = 0;
  #attempts = 0;
  #sends = 0;
  readonly #lists: (readonly number[])[] = [];

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
    this.#wire = new WireCheck(this.machine);
    this.machine.onSend = (channel, ptr, len) => this.#wire.sent(channel, ptr, len);
    const region = new ArrayBuffer(STATE_BYTES);
    this.#before = { bytes: new Uint8Array(region), words: new Int32Array(region) };
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
    report.digest = this.#digest >>> 0;
    report.messages = this.#wire.messages;
    report.closed = done === this.table.size && !this.#refuted;
    report.unseen = MARK_NAMES.filter((_, mark) => ((this.#invariants.met >>> mark) & 1) === 0);
    return report;
  }

  /** Breadth first from every boot. Returns how many states are done. */
  #search(most: number): number {
    const { report } = this;
    this.table = new StateTable();
    this.#invariants.met = 0;
    this.#digest = 0;
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

  #expand(index: number): void {
    const { machine } = this;
    const code = this.table.codes[index] ?? 0;
    const { bytes, words } = this.#before;
    decodeState(code, bytes);
    layJournal(headOf(code), machine.regions);
    machine.settle(bytes);
    this.#index = index;
    // No time passes at a guest's first event: it sets the clock.
    const running = bytes[at.BOOT_DUE] === 0 ? runningIn(words, 0) : 0;
    for (const number of this.#listOf(running)) {
      this.#attempt(code, number);
      const attempts = this.#attempts;
      const sends = this.#sends;
      if (attempts === 0 && sends === 0) continue;
      for (let twin = number + 1; this.events[twin]?.twinOf != null; twin++) {
        const event = this.events[twin];
        if (event !== undefined && differs(event, attempts, sends)) this.#attempt(code, twin);
      }
      if (this.#refuted) return;
    }
  }

  /** Numbers of the events that say something while `running` countdowns run, twins apart. */
  #listOf(running: number): readonly number[] {
    this.#lists[running] ??= this.events.flatMap((event, number) =>
      event.twinOf === null && applies(event, running) ? [number] : [],
    );
    return this.#lists[running];
  }

  #attempt(code: number, number: number): void {
    const event = this.events[number];
    if (event === undefined || this.#refuted) return;
    this.#event = number;
    const rule = this.#fire(code, event);
    if (rule !== null) this.#refute(rule, this.#index, number);
  }

  /** One event from the settled state. Returns the rule broken, or null. */
  #fire(code: number, event: ModelEvent): string | null {
    const { machine } = this;
    const writes = this.#writes;
    this.report.transitions++;
    try {
      this.#wire.event = event;
      this.#wire.number = this.#event;
      this.#wire.code = code;
      fire(machine, event);
      this.#attempts = machine.attempts;
      this.#sends = machine.sends;
      let broken = this.#invariants.check(this.#before, event);
      if (broken !== null) return broken;
      broken = this.#wire.broken ?? writes.run(headOf(code)) ?? this.#checkStored(event);
      if (broken !== null) return broken;
      const next = encodeState(machine.memory, machine.words, machine.statePtr);
      this.table.add(next, this.#index, this.#event);
      const did =
        (machine.relayPin << 4) ^ (machine.lampPin << 2) ^ machine.radio ^ (machine.sends << 8);
      this.#digest = Math.imul(this.#digest ^ next, DIGEST_PRIME) ^ did ^ this.#wire.digest;
      this.#digest =
        Math.imul(this.#digest ^ machine.marks, DIGEST_PRIME) ^ (machine.attempts << 24);
      if (machine.writes > 0) this.#undo();
      return null;
    } catch (error) {
      return told(error);
    }
  }

  /** The event's writes to the journal, undone; blocks are read at a boot alone. */
  #undo(): void {
    const { machine } = this;
    for (let index = 0; index < machine.writes; index++) {
      if (machine.writeRegion[index] !== REGION.JOURNAL) continue;
      const offset = machine.writeOffset[index] ?? 0;
      machine.regions[REGION.JOURNAL]?.fill(0xff, offset, offset + JOURNAL_SLOT_BYTES);
    }
  }

  /** What a restart would bring back is what is, once it is saved; and saved it is, unless storage fails. */
  #checkStored(event: ModelEvent): string | null {
    if (event.failWrites !== 0) return null;
    const { machine } = this;
    const { relay, hold, saved, configured, config } = this.#writes;
    const { memory, words, statePtr } = machine;
    const stands =
      config[0] === memory[statePtr + at.SAFE_STATE] &&
      config[1] === words[(statePtr + at.TELEMETRY_S) >> 2] &&
      config[2] === words[(statePtr + at.HOLD_S) >> 2];
    if (configured && !stands) return "I9: the configuration that is stored is the one that holds";
    if (!configured && this.#reconfigured()) return "I9: a configuration is stored before it holds";
    const isRelay = machine.memory[machine.statePtr + at.RELAY] ?? 0;
    const isHold = machine.words[(machine.statePtr + at.HOLD_MS) >> 2] === 0 ? 0 : 1;
    if (saved && relay !== isRelay) return "I8: the retained relay level is the relay's level";
    if (saved && hold !== isHold) return "I5: a hold outlives a restart, and its end does";
    if (saved) return null;
    if (isRelay !== this.#before.bytes[at.RELAY]) return "I8: a relay that moves is saved";
    // Without a journal the end of a hold is not saved: the doubt is the hand's.
    const open = machine.memory[machine.statePtr + at.JOURNAL_OPEN] !== 0;
    const was = this.#before.words[at.HOLD_MS >> 2] === 0 ? 0 : 1;
    return open && was !== isHold ? "I5: a hold that begins or ends is saved" : null;
  }

  #reconfigured(): boolean {
    const { memory, words, statePtr } = this.machine;
    const { bytes, words: were } = this.#before;
    return (
      bytes[at.SAFE_STATE] !== memory[statePtr + at.SAFE_STATE] ||
      were[at.TELEMETRY_S >> 2] !== words[(statePtr + at.TELEMETRY_S) >> 2] ||
      were[at.HOLD_S >> 2] !== words[(statePtr + at.HOLD_S) >> 2]
    );
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
      const broken = this.#invariants.checkBoot(readable ? found : NOTHING, readable);
      if (broken !== null) return broken;
      if (machine.attempts > 0) return "a boot writes nothing";
      const code = encodeState(machine.memory, machine.words, machine.statePtr);
      this.table.add(code, NO_PARENT, label);
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

const NO_STATE = new Uint8Array(STATE_BYTES).fill(0xa5);
const NOTHING: Found = {
  good: false,
  relay: 0,
  hold: 0,
  lag: false,
  torn: false,
  head: 0,
  config: CONFIG_NONE,
};

/** A guest that trapped, misused its host or left its ranges breaks a rule; all else is our defect. */
export function told(error: unknown): string {
  if (error instanceof OutOfRange) return `the state keeps to its ranges: ${error.message}`;
  if (error instanceof Misuse) return `the guest keeps to docs/ABI.md: ${error.message}`;
  if (error instanceof WebAssembly.RuntimeError) return `the guest never traps: ${error.message}`;
  if (error instanceof RangeError) return "the guest never exhausts its stack";
  throw error;
}
