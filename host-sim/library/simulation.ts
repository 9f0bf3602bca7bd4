/** A board under test, operated step by step from a test. */

import { join } from "node:path";
import { loadBoard } from "../base/board-data.ts";
import { EXIT, UserError } from "../base/errors.ts";
import { packageRoot, versionOf } from "../base/paths.ts";
import { vcdText } from "../report/vcd.ts";
import { wavesOf } from "../report/waves.ts";
import type { Scenario, Send, Step } from "../scenario/grammar.ts";
import { parseScenario } from "../scenario/load.ts";
import type { Observed } from "../scenario/observed.ts";
import type { ReceivedReply } from "../scenario/remote.ts";
import { Session } from "../scenario/runner.ts";
import type { Target } from "../scenario/target.ts";
import { unsupportedReason } from "../scenario/unsupported.ts";
import type { Firmware } from "../sim/firmware.ts";
import type { TargetOptions } from "../targets/registry.ts";

export interface SimulateOptions {
  /**
   * The guest: the path of a .wasm or .wat file, or a module's bytes. Default: device.wasm of this
   * package. A .wat file needs the package `wabt`.
   */
  guest?: string | Uint8Array;
  /** Position of the slide switch when the supply comes up. Default: `on`. */
  switch?: "on" | "kill";
  /** A folder of `boards/`, whose board.json gives pins and times. Default: that of the simulator. */
  board?: string;
  /** Of bounce and randomness: an unsigned 32-bit integer. The same seed gives the same trace. Default: 1. */
  seed?: number;
}

/** Wires, network and engine of a target: as the options of `killswitch run`. */
export interface RigOptions
  extends SimulateOptions,
    Pick<TargetOptions, "engine" | "fixture" | "wired" | "wifi" | "listen"> {}

/**
 * The device did not do what a step expects, or an invariant does not hold. Test runners show
 * `expected` and `actual`.
 */
export class Unexpected extends Error {
  readonly expected: string;
  readonly actual: string;

  constructor(expected: string, actual: string, step: Step | null, trace: readonly string[]) {
    const after = step === null ? "" : ` after ${JSON.stringify(step)}`;
    super(`expected ${expected}, found ${actual}${after}\n${trace.join("\n")}`);
    this.name = "Unexpected";
    this.expected = expected;
    this.actual = actual;
  }
}

/** Trace lines in the message of Unexpected. */
const CONTEXT_LINES = 10;

function scenarioOf(options: SimulateOptions, steps: readonly Step[]): Scenario {
  const { switch: position = "on", board, seed, guest } = options;
  const scenario: Scenario = {
    name: "simulation",
    about: "Steps given by a test.",
    ...(seed === undefined ? {} : { seed }),
    start: { switch: position, ...(board === undefined ? {} : { board }) },
    // The oracle models the shipped guest only.
    ...(guest === undefined ? {} : { guest: "given" }),
    steps: [...steps],
  };
  return parseScenario(JSON.stringify(scenario), "step").scenario;
}

export class Simulation {
  readonly #options: SimulateOptions;
  readonly #target: Target;
  readonly #session: Session;
  /** The steps so far that save a message, because a later `replay` names it. */
  readonly #saves: Step[] = [];
  /** The time of end(). */
  #endedAt: number | null = null;

  /** Use simulate() or rig(). */
  constructor(options: SimulateOptions, target: Target, firmware: Firmware) {
    const scenario = scenarioOf(options, [{ wait: "0ms" }]);
    const board = loadBoard(scenario.start.board);
    this.#options = options;
    this.#target = target;
    this.#session = new Session({ scenario, target, board, firmware, seed: options.seed ?? 1 });
  }

  /** Milliseconds since the supply came up. */
  get now(): number {
    return this.#endedAt ?? this.#target.now;
  }

  /** The state that the trace reports. The same object at each call. */
  get state(): Readonly<Observed> {
    return this.#session.observed;
  }

  /** The trace so far: `@<ms> <kind> key=value ...`. */
  get trace(): string[] {
    return this.#session.trace.texts();
  }

  /** Switches the supply on. simulate() and rig() have called it. */
  async start(): Promise<void> {
    try {
      await this.#guarded(() => this.#session.start());
    } catch (error) {
      await this.#target.stop();
      throw error;
    }
  }

  /**
   * Makes steps of a scenario, in order: see docs/SCENARIOS.md. Throws Unexpected if one fails or an
   * invariant is broken, and UserError for a step that does not exist or that the target cannot do.
   */
  async step(...steps: Step[]): Promise<void> {
    if (this.#endedAt !== null) throw new UserError("step after end()", EXIT.USAGE);
    scenarioOf(this.#options, [...this.#saves, ...steps]);
    const reason = unsupportedReason(steps, this.#target);
    if (reason !== null) throw new UserError(`step not possible: ${reason}`, EXIT.USAGE);
    this.#saves.push(...steps.filter((step) => "send" in step && step.send.save !== undefined));
    await this.#guarded(() => this.#session.steps(steps));
  }

  /** Lets time pass: `200ms`, `2s`, `5m`, `1h`. */
  wait(time: string): Promise<void> {
    return this.step({ wait: time });
  }

  /** Moves the slide switch, with bounce. */
  flick(position: "on" | "kill"): Promise<void> {
    return this.step({ switch: position });
  }

  /** Presses the button for 100 ms, with bounce. */
  tap(): Promise<void> {
    return this.step({ button: "tap" });
  }

  /**
   * Sends a command and lets `within` pass (default: 50 ms). Returns the reply, or null if there is
   * none. With `reply` it throws Unexpected if the code is another.
   */
  async send(send: Send): Promise<ReceivedReply | null> {
    await this.step({ send });
    const waited = send.reply !== undefined || send.data !== undefined;
    let reply: ReceivedReply | null = null;
    await this.#guarded(async () => {
      reply = await this.#session.reply(waited ? "0ms" : send.within, send.reply !== "none");
    });
    return reply;
  }

  /** The trace so far as a Value Change Dump, for GTKWave, Surfer and PulseView. */
  vcd(): string {
    const version = versionOf(join(packageRoot(), "package.json"));
    const comment = [`target ${this.#target.name}, seed ${this.#options.seed ?? 1}`];
    return vcdText(wavesOf(this.#session.trace.lines), { comment, endMs: this.now, version });
  }

  /**
   * Checks what is due at the end, and stops the board. Call it last in a test, also after an error:
   * a board on a serial port is in use until then. A second call does nothing. Throws Unexpected.
   */
  async end(): Promise<void> {
    if (this.#endedAt !== null) return;
    this.#endedAt = this.now;
    try {
      await this.#guarded(() => this.#session.finish());
    } finally {
      await this.#target.stop();
    }
  }

  async #guarded(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      const { step, expected, found } = this.#session.failureOf(error);
      throw new Unexpected(expected, found, step, this.#session.trace.texts(CONTEXT_LINES));
    }
  }
}
