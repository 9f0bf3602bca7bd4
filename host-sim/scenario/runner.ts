/** Runs a scenario on a target, step by step, and reports the first step that fails. */
import type { BoardData } from "../base/board-data.ts";
import {
  parseRecord,
  readJournal,
  recordLine,
  recordsOf,
  verifyJournal,
} from "../controller/journal.ts";
import type { Firmware } from "../sim/firmware.ts";
import { findingOf } from "./finding.ts";
import {
  type Answered,
  durationMs,
  type Expect,
  type JournalCheck,
  listOf,
  type Scenario,
  type Send,
  type Step,
  type Stimulus,
  TAP_MS,
  type TraceCheck,
  type Witness,
} from "./grammar.ts";
import { Monitor, type Violation } from "./monitor.ts";
import type { Observed } from "./observed.ts";
import { Oracle } from "./oracle.ts";
import { type Message, type ReceivedReply, Remote, SCENARIO_SECRETS } from "./remote.ts";
import { Mismatch, type Target } from "./target.ts";
import { matches, Trace } from "./trace.ts";
import { unsupportedScenarioReason } from "./unsupported.ts";

/** How long a reply may take if the step does not say, in ms. */
const REPLY_MS = 50;

/** Steps that only check. */
type Check = { expect: unknown } | { trace: unknown } | { journal: unknown } | { witness: unknown };
type Single = Exclude<Step, { repeat: unknown }>;
/** Steps that do something, or wait. */
type Action = Exclude<Single, Check>;

function isAction(step: Single): step is Action {
  return !("expect" in step || "trace" in step || "journal" in step || "witness" in step);
}

export interface RunOptions {
  scenario: Scenario;
  target: Target;
  board: BoardData;
  firmware: Firmware;
  seed: number;
}

export interface Failure {
  /** The step that failed; null if no step was being run. */
  step: Step | null;
  expected: string;
  found: string;
}

export type Outcome = { trace: Trace; virtualMs: number; notes?: readonly string[] } & (
  | { status: "passed" }
  | { status: "failed"; failure: Failure }
  | { status: "not-run"; reason: string }
);

/** Runs a scenario to its end or to the first failure. Errors that are not failures are thrown. */
export async function runScenario(options: RunOptions): Promise<Outcome> {
  const { scenario, target } = options;
  const reason = unsupportedScenarioReason(scenario, target);
  if (reason !== null) return { status: "not-run", reason, trace: new Trace(), virtualMs: 0 };
  const run = new Session(options);
  try {
    const failure = await run.all();
    const notes = target.realTime?.notes() ?? [];
    const common = {
      trace: run.trace,
      virtualMs: target.now - (scenario.start.clock ?? 0),
      ...(notes.length > 0 && { notes }),
    };
    return failure === null
      ? { status: "passed", ...common }
      : { status: "failed", failure, ...common };
  } finally {
    await target.stop();
  }
}

/** A run that takes its steps one after the other. After start(), every call may throw. */
export class Session {
  readonly trace = new Trace();
  readonly #options: RunOptions;
  readonly #target: Target;
  readonly #monitor: Monitor;
  /** Null if the guest or the image is not the shipped one, or the target runs in real time. */
  readonly #oracle: Oracle | null;
  readonly #remote = new Remote();
  readonly #saved = new Map<string, Message>();
  #step: Step | null = null;
  /** The last message sent, and the number of replies before it. */
  #sent: { message: Message; before: number } | null = null;
  /** Number of the first trace line of the last action. */
  #since = 0;
  /**
   * Number of messages that the broker received from the device: in all, and before that action.
   */
  #received = 0;
  #receivedBefore = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#target = options.target;
    this.#monitor = new Monitor(options.board, options.target.realTime?.traceMs);
    const { guest, start } = options.scenario;
    const shipped = guest === undefined && start.image !== "hostile";
    this.#oracle = shipped && options.target.realTime === undefined ? new Oracle() : null;
  }

  get observed(): Readonly<Observed> {
    return this.#monitor.observed;
  }

  /** Runs the scenario. Null if it passes. */
  async all(): Promise<Failure | null> {
    try {
      await this.start();
      await this.steps(this.#options.scenario.steps);
      await this.finish();
      return null;
    } catch (error) {
      return this.failureOf(error);
    }
  }

  /** Switches the supply on. */
  async start(): Promise<void> {
    const { scenario, board, firmware, seed } = this.#options;
    const started = this.#target.start({
      board,
      firmware,
      seed,
      position: scenario.start.switch,
      ...(scenario.start.clock !== undefined && { clock: scenario.start.clock }),
      image: scenario.start.image ?? "own",
      secrets: SCENARIO_SECRETS,
      trace: (at, kind, detail) => {
        this.trace.push(at, kind, detail);
        this.#monitor.line(at, kind, detail);
        this.#oracle?.line(at, kind, detail);
      },
      message: (at, principal, channel, bytes) => {
        this.#received++;
        const read = this.#oracle?.message(at, principal, channel, bytes) ?? null;
        this.#remote.receive(at, principal, channel, bytes, read);
      },
    });
    if (started !== undefined) await started;
  }

  /** Checks what is due at the end of a run. */
  async finish(): Promise<void> {
    await this.#target.realTime?.sync();
    this.#monitor.end(this.#target.now);
    this.#oracle?.end(this.#target.now);
    await this.#checkInvariants();
    await this.#target.realTime?.checkWitnesses();
  }

  /** The failure that an error of another call stands for. Throws the error if it is none. */
  failureOf(error: unknown): Failure {
    // A violated invariant is more informative than the check that failed because of it.
    const violation = this.#violation;
    const finding = findingOf(error);
    if (violation === null) return { step: this.#step, ...finding };
    return { step: this.#step, expected: violation.rule, found: violation.line };
  }

  async steps(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if ("repeat" in step) {
        for (let time = 0; time < step.repeat.times; time++) await this.steps(step.repeat.steps);
        continue;
      }
      this.#step = step;
      const pending = this.#one(step);
      if (pending !== undefined) await pending;
      const watching = this.#checkInvariants();
      if (watching !== undefined) await watching;
      const { realTime } = this.#target;
      if (realTime !== undefined && !isAction(step)) await realTime.checkWitnesses();
    }
  }

  get #violation(): Violation | null {
    return this.#monitor.violation ?? this.#oracle?.violation ?? null;
  }

  /** Throws Mismatch if an invariant is violated. Runs after every step. */
  #checkInvariants(): Promise<void> | void {
    if (this.#target.realTime !== undefined) return this.#throwViolation();
    const rail = this.#target.rail();
    if (typeof rail !== "string") return rail.then((level) => this.#throwViolation(level));
    return this.#throwViolation(rail);
  }

  #throwViolation(rail?: "up" | "down"): void {
    if (rail !== undefined) this.#monitor.meter(this.#target.now, rail);
    const violation = this.#violation;
    if (violation !== null) throw new Mismatch(violation.rule, violation.line);
  }

  /**
   * Waits in real time until `holds` returns true. In virtual time it is already true or stays
   * false.
   */
  #until(holds: () => boolean): Promise<void> | undefined {
    return this.#target.realTime?.until(() => this.#violation !== null || holds());
  }

  #one(step: Single): Promise<void> | void {
    if (isAction(step)) {
      const { realTime } = this.#target;
      // A wait counts from the last action. Other actions first wait until its trace has arrived.
      if (realTime === undefined || "wait" in step) return this.#act(step);
      return realTime.sync().then(() => this.#act(step));
    }
    if ("expect" in step) return this.#expect(step.expect);
    if ("trace" in step) return this.#find(step.trace);
    if ("journal" in step) return this.#journal(step.journal);
    return this.#witness(step.witness);
  }

  #act(step: Action): Promise<void> | void {
    this.#beginAction();
    if ("wait" in step) return this.#target.advance(durationMs(step.wait));
    if ("stall" in step) return this.#stall(durationMs(step.stall));
    if ("send" in step) return this.#send(step.send);
    if ("replay" in step) {
      const message = this.#saved.get(step.replay.message);
      if (message === undefined)
        throw new Mismatch(`a saved message "${step.replay.message}"`, "none of this name");
      return this.#replay(message, step.replay);
    }
    if ("button" in step) {
      const { button } = step;
      return button === "tap" ? this.#tap() : this.#apply({ button });
    }
    if ("fault" in step && "set" in step.fault) this.#monitor.fault(step.fault.set);
    return this.#apply(step);
  }

  #apply(stimulus: Stimulus): Promise<void> | void {
    this.#oracle?.stimulus(this.#target.now, stimulus);
    return this.#target.apply(stimulus);
  }

  /** Trace lines and messages from here on belong to the current action. */
  #beginAction(): void {
    this.#since = this.trace.lines.length;
    this.#receivedBefore = this.#received;
  }

  async #tap(): Promise<void> {
    await this.#apply({ button: "press" });
    await this.#target.advance(TAP_MS);
    await this.#apply({ button: "release" });
  }

  async #stall(ms: number): Promise<void> {
    await this.#target.stall(ms);
    this.#monitor.stalled(this.#target.now, ms);
    this.#oracle?.stalled(this.#target.now, ms);
  }

  /** Waits, in real time, until the device can receive messages. */
  async #waitUntilReachable(): Promise<void> {
    const { realTime } = this.#target;
    if (realTime === undefined) return;
    await this.#until(() => this.#isReachable());
    await realTime.sync();
    this.#beginAction();
  }

  /** Whether the device has reported its epoch. A killed or faulted device is not waited for. */
  #isReachable(): boolean {
    const { observed, epoch } = this.#monitor;
    const { running, contacts, phase, link } = observed;
    if (running && (contacts === "kill" || phase.startsWith("FAULT_"))) return true;
    return running && phase === "LIVE" && link === "up" && this.#remote.knows(epoch);
  }

  async #replay(message: Message, replay: Answered): Promise<void> {
    await this.#waitUntilReachable();
    await this.#deliver(message, replay, undefined);
  }

  async #send(send: Send): Promise<void> {
    await this.#waitUntilReachable();
    const message = this.#remote.compose(send, this.#target.now);
    if (send.save !== undefined) this.#saved.set(send.save, message);
    await this.#deliver(message, send, send.data);
  }

  /** Publishes a message, and checks the reply if the step expects one. */
  async #deliver(message: Message, answered: Answered, data: Send["data"]): Promise<void> {
    const before = this.#remote.replies;
    this.#monitor.sent(message.bytes, message.facts);
    this.#oracle?.sent(message);
    await this.#target.publish(message.bytes, answered.via ?? "direct");
    this.#sent = { message, before };
    if (answered.reply === undefined && data === undefined) return;
    const reply = await this.reply(answered.within, answered.reply !== "none");
    const code = reply?.code ?? "none";
    if (answered.reply !== undefined && answered.reply !== code)
      throw new Mismatch(`reply ${answered.reply}`, `reply ${code}`);
    for (const [name, wanted] of Object.entries(data ?? {})) {
      const value = reply?.fields[name];
      const found = Array.isArray(value) ? value.length : (value ?? null);
      if (found !== wanted) throw new Mismatch(`reply ${name}=${wanted}`, `${name}=${found}`);
    }
  }

  /**
   * The reply to the last message; null if there is none after `within`. In real time a `wanted` one
   * may take longer.
   */
  async reply(within?: string, wanted = true): Promise<ReceivedReply | null> {
    const sent = this.#sent;
    if (sent === null) return null;
    const { realTime } = this.#target;
    const ms = within === undefined ? REPLY_MS : durationMs(within);
    await this.#target.advance(wanted ? ms : Math.max(ms, realTime?.quietMs ?? 0));
    const read = () => this.#remote.replyTo(sent.message, sent.before);
    if (wanted) await this.#until(() => read() !== null);
    return read();
  }

  async #expect(expect: Expect): Promise<void> {
    const { observed } = this.#monitor;
    const keys = Object.keys(expect) as (keyof Expect)[];
    await this.#until(() => keys.every((key) => observed[key] === expect[key]));
    for (const key of keys) {
      if (observed[key] === expect[key]) continue;
      throw new Mismatch(`${key} ${expect[key]}`, `${key} ${observed[key]}`);
    }
  }

  async #witness({ rail, heard }: Witness): Promise<void> {
    if (rail !== undefined) {
      const meter = await this.#target.rail();
      if (meter !== rail) throw new Mismatch(`rail ${rail}`, `rail ${meter}`);
    }
    const receivedSome = () => this.#received > this.#receivedBefore;
    if (heard === "something") await this.#until(receivedSome);
    const count = this.#received - this.#receivedBefore;
    if (heard === undefined || (heard === "something") === receivedSome()) return;
    throw new Mismatch(`${heard} received by the broker`, `${count} messages`);
  }

  async #find({ has, lacks, times, since }: TraceCheck): Promise<void> {
    const from = since === "start" ? 0 : this.#since;
    const enough = (pattern: string) => this.trace.count(pattern, from) >= (times ?? 1);
    await this.#until(() => listOf(has).every(enough));
    for (const pattern of listOf(has)) {
      const count = this.trace.count(pattern, from);
      if (times === undefined && count === 0)
        throw new Mismatch(`a line "${pattern}"`, "no such line");
      if (times !== undefined && count !== times)
        throw new Mismatch(`a line "${pattern}" ${times} times`, `${count} times`);
    }
    for (const pattern of listOf(lacks)) {
      const count = this.trace.count(pattern, from);
      if (count > 0) throw new Mismatch(`no line "${pattern}"`, `${count} such lines`);
    }
  }

  async #journal({ verifies, has, lacks }: JournalCheck): Promise<void> {
    const journal = readJournal("the board's journal", await this.#target.journal());
    if (verifies) {
      const verdict = verifyJournal(journal);
      if (!verdict.holds) throw new Mismatch("a journal that verifies", verdict.bad ?? "");
    }
    const records = recordsOf(journal).map((record) => recordLine(parseRecord(record)));
    const found = (pattern: string) => records.some((record) => matches(pattern, record));
    for (const pattern of listOf(has)) {
      if (!found(pattern))
        throw new Mismatch(`a record "${pattern}"`, `${records.length} other records`);
    }
    for (const pattern of listOf(lacks)) {
      if (found(pattern)) throw new Mismatch(`no record "${pattern}"`, "such a record");
    }
  }
}
