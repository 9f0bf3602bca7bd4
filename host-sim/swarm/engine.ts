/**
 * Runs generated scenarios on the simulator in virtual time, with the modules under test, and
 * counts the results. Whatever every run needs is created once.
 */
import { KEY } from "../abi/abi.gen.ts";
import { boardNames, defaultBoard, loadBoard } from "../base/board-data.ts";
import { useHmac } from "../controller/cose.ts";
import type { Scenario } from "../scenario/grammar.ts";
import { SCENARIO_KEYS } from "../scenario/remote.ts";
import { type Outcome, runScenario } from "../scenario/runner.ts";
import { type Firmware, firmwarePath, makeGate, readModule } from "../sim/firmware.ts";
import { makeStorage } from "../sim/hal.ts";
import { loadGuest } from "../sim/module.ts";
import type { VirtualBoard } from "../sim/virtual-board.ts";
import { SimTarget, type SimTargetOptions } from "../targets/sim.ts";
import { markOf } from "./coverage-marks.ts";
import { type GeneratorOptions, generateScenario } from "./generator.ts";
import { loadSwarmGuest, loopWithSimulatedHangs, swarmGuestPaths } from "./guest-corpus.ts";
import { hmacFromModule, reuseInstance } from "./reused-modules.ts";
import { emptyTotals, type Totals } from "./totals.ts";

/** The modules under test. */
export interface Modules {
  gate: Uint8Array<ArrayBuffer>;
  device: Uint8Array<ArrayBuffer>;
}

export class Engine {
  readonly #generatorOptions: GeneratorOptions;
  readonly #firmware: Firmware;
  readonly #guests: ReadonlyMap<string, Firmware>;
  readonly #boards = new Map(boardNames().map((name) => [name, loadBoard(name)]));
  readonly #defaultBoard = loadBoard(defaultBoard());
  readonly #options: SimTargetOptions;
  readonly #target: SimTarget;

  private constructor(firmware: Firmware, guests: ReadonlyMap<string, Firmware>, timeMs: number) {
    this.#firmware = firmware;
    this.#guests = guests;
    const first = defaultBoard();
    const boards = [first, ...boardNames().filter((name) => name !== first)];
    this.#generatorOptions = { boards, guests: [...guests.keys()], timeMs };
    const hmac = hmacFromModule(readModule(firmwarePath("mac")));
    useHmac(hmac);
    const mac = (principal: number, use: number, bytes: Uint8Array) => {
      const keys = SCENARIO_KEYS[principal];
      return keys === undefined
        ? null
        : hmac(use === KEY.COMMAND ? keys.command : keys.reply, bytes);
    };
    this.#options = { guestTimeoutMs: Number.POSITIVE_INFINITY, mac, storage: makeStorage() };
    this.#target = new SimTarget("sim", this.#options);
  }

  /** Throws UserError if the gate is not a valid module or the guest corpus cannot be read. */
  static async make({ gate, device }: Modules, timeMs: number): Promise<Engine> {
    const guest = loadGuest(device);
    const firmware: Firmware = {
      gate: makeGate(gate),
      guest: typeof guest === "string" ? guest : reuseInstance(guest),
    };
    const guests = new Map<string, Firmware>();
    for (const path of swarmGuestPaths())
      guests.set(path, { ...firmware, guest: await loadSwarmGuest(path) });
    return new Engine(firmware, guests, timeMs);
  }

  generate(seed: number): Scenario {
    return generateScenario(seed, this.#generatorOptions);
  }

  run(scenario: Scenario): Promise<Outcome> {
    const { start, guest, seed = 1 } = scenario;
    const board = (start.board && this.#boards.get(start.board)) || this.#defaultBoard;
    if (guest === undefined)
      return runScenario({ scenario, target: this.#target, board, firmware: this.#firmware, seed });
    const firmware = this.#guests.get(guest);
    if (firmware === undefined)
      throw new Error(`guest ${guest} is not in the swarm's guest corpus`);
    const makeLoop = (wires: VirtualBoard) => loopWithSimulatedHangs(wires, firmware, board.bootMs);
    const target = new SimTarget("sim", { ...this.#options, makeLoop });
    return runScenario({ scenario, target, board, firmware, seed });
  }

  /** Runs `count` seeds, starting with seed `from`. */
  async runSeeds(from: number, count: number): Promise<Totals> {
    const totals = emptyTotals();
    for (let seed = from; seed < from + count; seed++) {
      const scenario = this.generate(seed);
      addRun(totals, scenario, await this.run(scenario));
    }
    return totals;
  }
}

/** Adds a run to the totals. */
function addRun(totals: Totals, scenario: Scenario, outcome: Outcome): void {
  totals.runs++;
  totals.lines += outcome.trace.lines.length;
  for (const step of scenario.steps) {
    for (const kind in step) totals.steps[kind] = (totals.steps[kind] ?? 0) + 1;
  }
  const marks = new Map<string, number>();
  for (const line of outcome.trace.lines) {
    const mark = markOf(line);
    if (mark !== null) marks.set(mark, (marks.get(mark) ?? 0) + 1);
  }
  for (const [mark, times] of marks) {
    const row = totals.marks[mark] ?? [0, 0];
    row[0] += times;
    row[1]++;
    totals.marks[mark] = row;
  }
  if (outcome.status === "passed") return;
  totals.violated++;
  const { expected, found } =
    outcome.status === "failed"
      ? outcome.failure
      : { expected: "a scenario that runs", found: outcome.reason };
  totals.found.push({ seed: scenario.seed ?? 0, expected, found });
}
