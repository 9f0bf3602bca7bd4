/**
 * Runs a scenario on a target, step by step, and says where it went wrong. Must not know one target
 * from another.
 */
import type { BoardData } from "../board-data.ts";
import { MessageError } from "../controller/cose.ts";
import { parseRecord, readJournal, recordLine, verifyJournal } from "../controller/journal.ts";
import type { Firmware } from "../firmware.ts";
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
  type TraceCheck,
  type Witness,
} from "./grammar.ts";
import { Monitor, type Violation } from "./monitor.ts";
import { Oracle } from "./oracle.ts";
import { type Message, Remote, SCENARIO_KEYS, Untold } from "./remote.ts";
import { Mismatch, type Target } from "./target.ts";
import { matches, Trace } from "./trace.ts";

/** How long a tap holds the button, and how long a reply may take unless the step says, in ms. */
const TAP_MS = 100;
const REPLY_MS = 50;

/** Steps that look at what came of the others. */
type Look = { expect: unknown } | { trace: unknown } | { journal: unknown } | { witness: unknown };
type Single = Exclude<Step, { repeat: unknown }>;
type Action = Exclude<Single, Look>;

function acts(step: Single): step is Action {
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
  /** The step that failed; null if it was none of them. */
  step: Step | null;
  expected: string;
  found: string;
}

export type Outcome = { trace: Trace; virtualMs: number; notes?: readonly string[] } & (
  | { status: "passed" }
  | { status: "failed"; failure: Failure }
  | { status: "not-run"; reason: string }
);

/** What an error says of the device under test; any other is thrown on. */
function findingOf(error: unknown): { expected: string; found: string } {
  if (error instanceof Mismatch) return { expected: error.expected, found: error.found };
  if (error instanceof Untold) return { expected: "an epoch to send under", found: error.message };
  if (error instanceof MessageError)
    return { expected: "a message that the device signed", found: error.message };
  throw error;
}

/** Why the target cannot run the scenario; null if it can. Steps that repeat follow each other around. */
export function missing(steps: readonly Step[], target: Target, around = false): string | null {
  for (const [index, step] of steps.entries()) {
    const next = steps[index + 1] ?? (around ? steps[0] : undefined);
    const reason =
      "repeat" in step ? missing(step.repeat.steps, target, true) : target.missing(step, next);
    if (reason !== null) return reason;
  }
  return null;
}

/** Runs to the end or to the first thing that does not hold. What is no finding is thrown. */
export async function runScenario(options: RunOptions): Promise<Outcome> {
  const { scenario, target } = options;
  const image = scenario.start.image ?? "own";
  const timed = scenario.time === "exact" && target.pace !== undefined;
  const untimed = timed ? "its figures rest on a board's stated times" : null;
  const set = scenario.start.clock !== undefined && target.pace !== undefined;
  const unset = set ? "a board's clock starts at 0" : null;
  const reason = untimed ?? unset ?? target.missingImage(image) ?? missing(scenario.steps, target);
  if (reason !== null) return { status: "not-run", reason, trace: new Trace(), virtualMs: 0 };
  const run = new Run(options);
  try {
    const failure = await run.all();
    const notes = target.pace?.notes() ?? [];
    const told = {
      trace: run.trace,
      virtualMs: target.now - (scenario.start.clock ?? 0),
      ...(notes.length > 0 && { notes }),
    };
    return failure === null
      ? { status: "passed", ...told }
      : { status: "failed", failure, ...told };
  } finally {
    await target.stop();
  }
}

class Run {
  readonly trace = new Trace();
  readonly #options: RunOptions;
  readonly #target: Target;
  readonly #monitor: Monitor;
  /** Null: the device under test is not meant to be a sound one. */
  readonly #oracle: Oracle | null;
  readonly #remote = new Remote();
  readonly #saved = new Map<string, Message>();
  #step: Step | null = null;
  /** Where the trace of the last step that did something begins. */
  #since = 0;
  /** Messages that the broker got from the device: so far, and before that step. */
  #heard = 0;
  #heardBefore = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#target = options.target;
    this.#monitor = new Monitor(options.board, options.target.pace?.traceMs);
    const { guest, start } = options.scenario;
    const sound = guest === undefined && start.image !== "hostile";
    this.#oracle = sound && options.target.pace === undefined ? new Oracle() : null;
  }

  async all(): Promise<Failure | null> {
    const { scenario, board, firmware, seed } = this.#options;
    try {
      const started = this.#target.start({
        board,
        firmware,
        seed,
        position: scenario.start.switch,
        ...(scenario.start.clock !== undefined && { clock: scenario.start.clock }),
        image: scenario.start.image ?? "own",
        keys: SCENARIO_KEYS,
        trace: (at, kind, detail) => {
          this.trace.push(at, kind, detail);
          this.#monitor.line(at, kind, detail);
          this.#oracle?.line(at, kind, detail);
        },
        message: (at, channel, bytes) => {
          this.#heard++;
          const epoch = this.#oracle?.message(at, channel, bytes) ?? null;
          this.#remote.heard(channel, bytes, epoch);
        },
      });
      if (started !== undefined) await started;
      await this.#steps(scenario.steps);
      await this.#target.pace?.sync();
      this.#monitor.end(this.#target.now);
      this.#oracle?.end(this.#target.now);
      await this.#watch();
      await this.#target.pace?.examine();
      return null;
    } catch (error) {
      // What must never happen says more than the check that came across it.
      const violation = this.#violation;
      const finding = findingOf(error);
      if (violation === null) return { step: this.#step, ...finding };
      return { step: this.#step, expected: violation.rule, found: violation.line };
    }
  }

  async #steps(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if ("repeat" in step) {
        for (let time = 0; time < step.repeat.times; time++) await this.#steps(step.repeat.steps);
        continue;
      }
      this.#step = step;
      const pending = this.#one(step);
      if (pending !== undefined) await pending;
      const watching = this.#watch();
      if (watching !== undefined) await watching;
      const { pace } = this.#target;
      if (pace !== undefined && !acts(step)) await pace.examine();
    }
  }

  get #violation(): Violation | null {
    return this.#monitor.violation ?? this.#oracle?.violation ?? null;
  }

  /** What must never happen has the last word on every step. */
  #watch(): Promise<void> | void {
    if (this.#target.pace !== undefined) return this.#judge();
    const rail = this.#target.rail();
    if (typeof rail !== "string") return rail.then((level) => this.#judge(level));
    return this.#judge(rail);
  }

  #judge(rail?: "up" | "down"): void {
    if (rail !== undefined) this.#monitor.meter(this.#target.now, rail);
    const violation = this.#violation;
    if (violation !== null) throw new Mismatch(violation.rule, violation.line);
  }

  /** In virtual time it holds now or not at all. */
  #until(holds: () => boolean): Promise<void> | undefined {
    return this.#target.pace?.until(() => this.#violation !== null || holds());
  }

  #one(step: Single): Promise<void> | void {
    if (acts(step)) {
      const { pace } = this.#target;
      // Time goes on from what was done last, not from when this machine has come to it.
      if (pace === undefined || "wait" in step) return this.#act(step);
      return pace.sync().then(() => this.#act(step));
    }
    if ("expect" in step) return this.#expect(step.expect);
    if ("trace" in step) return this.#find(step.trace);
    if ("journal" in step) return this.#journal(step.journal);
    return this.#witness(step.witness);
  }

  #act(step: Action): Promise<void> | void {
    this.#begin();
    if ("wait" in step) return this.#target.advance(durationMs(step.wait));
    if ("stall" in step) return this.#stall(durationMs(step.stall));
    if ("send" in step) return this.#send(step.send);
    if ("replay" in step) {
      const message = this.#saved.get(step.replay.message);
      if (message === undefined) throw new Mismatch(step.replay.message, "nothing was saved");
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

  /** What comes from here on is the step's. */
  #begin(): void {
    this.#since = this.trace.lines.length;
    this.#heardBefore = this.#heard;
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

  /** In real time a device takes a while until it can be reached. */
  async #reach(): Promise<void> {
    const { pace } = this.#target;
    if (pace === undefined) return;
    await this.#until(() => this.#ready());
    await pace.sync();
    this.#begin();
  }

  /** A device that is to be reached has told its epoch; one that is killed is not waited for. */
  #ready(): boolean {
    const { observed, epoch } = this.#monitor;
    const { running, contacts, phase, link } = observed;
    if (running && (contacts === "kill" || phase.startsWith("FAULT_"))) return true;
    return running && phase === "LIVE" && link === "up" && this.#remote.knows(epoch);
  }

  async #replay(message: Message, replay: Answered): Promise<void> {
    await this.#reach();
    await this.#deliver(message, replay, undefined);
  }

  async #send(send: Send): Promise<void> {
    await this.#reach();
    const message = this.#remote.compose(send);
    if (send.save !== undefined) this.#saved.set(send.save, message);
    await this.#deliver(message, send, send.data);
  }

  /** Publishes, and waits for the reply if the step names one. */
  async #deliver(message: Message, answered: Answered, data: Send["data"]): Promise<void> {
    const before = this.#remote.replies;
    this.#monitor.sent(message.bytes, message.facts);
    this.#oracle?.sent(message);
    await this.#target.publish(message.bytes, answered.via ?? "direct");
    if (answered.reply === undefined && data === undefined) return;
    const { pace } = this.#target;
    const within = answered.within === undefined ? REPLY_MS : durationMs(answered.within);
    const none = answered.reply === "none";
    await this.#target.advance(none ? Math.max(within, pace?.quietMs ?? 0) : within);
    if (!none) await this.#until(() => this.#remote.replyTo(message, before) !== null);
    const reply = this.#remote.replyTo(message, before);
    const code = reply?.code ?? "none";
    if (answered.reply !== undefined && answered.reply !== code)
      throw new Mismatch(`reply ${answered.reply}`, `reply ${code}`);
    for (const [name, wanted] of Object.entries(data ?? {})) {
      const value = reply?.fields[name];
      const found = Array.isArray(value) ? value.length : (value ?? null);
      if (found !== wanted) throw new Mismatch(`reply ${name}=${wanted}`, `${name}=${found}`);
    }
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
    const heardSome = () => this.#heard > this.#heardBefore;
    if (heard === "something") await this.#until(heardSome);
    const count = this.#heard - this.#heardBefore;
    if (heard === undefined || (heard === "something") === heardSome()) return;
    throw new Mismatch(`${heard} at the broker`, `${count} messages`);
  }

  async #find({ has, lacks, times, since }: TraceCheck): Promise<void> {
    const from = since === "start" ? 0 : this.#since;
    const enough = (pattern: string) => this.trace.count(pattern, from) >= (times ?? 1);
    await this.#until(() => listOf(has).every(enough));
    for (const pattern of listOf(has)) {
      const count = this.trace.count(pattern, from);
      if (times === undefined && count === 0) throw new Mismatch(`"${pattern}"`, "no such line");
      if (times !== undefined && count !== times)
        throw new Mismatch(`"${pattern}" ${times} times`, `${count} times`);
    }
    for (const pattern of listOf(lacks)) {
      const count = this.trace.count(pattern, from);
      if (count > 0) throw new Mismatch(`no "${pattern}"`, `${count} such lines`);
    }
  }

  async #journal({ verifies, has, lacks }: JournalCheck): Promise<void> {
    const journal = readJournal("the board's journal", await this.#target.journal());
    if (verifies) {
      const verdict = verifyJournal(journal);
      if (!verdict.holds) throw new Mismatch("a journal whose chain holds", verdict.bad ?? "");
    }
    const records = journal.records.map((record) => {
      const parsed = parseRecord(record);
      return parsed === undefined ? "" : recordLine(parsed);
    });
    const found = (pattern: string) => records.some((record) => matches(pattern, record));
    for (const pattern of listOf(has)) {
      if (!found(pattern)) throw new Mismatch(`record "${pattern}"`, `${records.length} others`);
    }
    for (const pattern of listOf(lacks)) {
      if (found(pattern)) throw new Mismatch(`no record "${pattern}"`, "there is one");
    }
  }
}
