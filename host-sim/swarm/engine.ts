/**
 * Runs what a swarm draws: the modules that are under test, the scenario runner and its watchers, on
 * the simulator, in virtual time. Makes once what every run needs. Must not know how runs are shared
 * out, nor keep any of them.
 */
import { boardNames, defaultBoard, loadBoard } from "../board-data.ts";
import { useHmac } from "../controller/cose.ts";
import { type Firmware, firmwarePath, makeGate, readModule } from "../firmware.ts";
import { loadGuest } from "../module.ts";
import type { Scenario } from "../scenario/grammar.ts";
import { SCENARIO_KEYS } from "../scenario/remote.ts";
import { type Outcome, runScenario } from "../scenario/runner.ts";
import { SimTarget, type SimTargetOptions } from "../scenario/targets/sim.ts";
import { makeStorage, type VirtualBoard } from "../virtual-board.ts";
import { type Choices, draw } from "./draw.ts";
import { loopWithHangs, swarmGuest, swarmGuestPaths } from "./guests.ts";
import { markOf } from "./marks.ts";
import { macModule, reused } from "./reuse.ts";
import { emptyTally, type Tally } from "./tally.ts";

/** What is put to the test. */
export interface Modules {
  gate: Uint8Array<ArrayBuffer>;
  device: Uint8Array<ArrayBuffer>;
}

export class Engine {
  readonly choices: Choices;
  readonly #firmware: Firmware;
  readonly #guests: ReadonlyMap<string, Firmware>;
  readonly #boards = new Map(boardNames().map((name) => [name, loadBoard(name)]));
  readonly #usual = loadBoard(defaultBoard());
  readonly #options: SimTargetOptions;
  readonly #target: SimTarget;

  private constructor(firmware: Firmware, guests: ReadonlyMap<string, Firmware>, timeMs: number) {
    this.#firmware = firmware;
    this.#guests = guests;
    const usual = defaultBoard();
    const boards = [usual, ...boardNames().filter((name) => name !== usual)];
    this.choices = { boards, guests: [...guests.keys()], timeMs };
    const hmac = macModule(readModule(firmwarePath("mac")));
    useHmac(hmac);
    const mac = (principal: number, bytes: Uint8Array) => {
      const key = SCENARIO_KEYS[principal];
      return key === undefined ? null : hmac(key, bytes);
    };
    this.#options = { guestTimeoutMs: Number.POSITIVE_INFINITY, mac, storage: makeStorage() };
    this.#target = new SimTarget("sim", this.#options);
  }

  /** Throws a UserError for a gate that is none, or a corpus that cannot be read. */
  static async make({ gate, device }: Modules, timeMs: number): Promise<Engine> {
    const guest = loadGuest(device);
    const firmware: Firmware = {
      gate: makeGate(gate),
      guest: typeof guest === "string" ? guest : reused(guest),
    };
    const guests = new Map<string, Firmware>();
    for (const path of swarmGuestPaths())
      guests.set(path, { ...firmware, guest: await swarmGuest(path) });
    return new Engine(firmware, guests, timeMs);
  }

  draw(seed: number): Scenario {
    return draw(seed, this.choices);
  }

  run(scenario: Scenario): Promise<Outcome> {
    const { start, guest, seed = 1 } = scenario;
    const board = (start.board && this.#boards.get(start.board)) || this.#usual;
    if (guest === undefined)
      return runScenario({ scenario, target: this.#target, board, firmware: this.#firmware, seed });
    const firmware = this.#guests.get(guest);
    if (firmware === undefined) throw new Error(`guest ${guest} is not of the swarm's corpus`);
    const makeLoop = (wires: VirtualBoard) => loopWithHangs(wires, firmware, board.bootMs);
    const target = new SimTarget("sim", { ...this.#options, makeLoop });
    return runScenario({ scenario, target, board, firmware, seed });
  }

  /** Runs `count` seeds from `from` on. */
  async swarm(from: number, count: number): Promise<Tally> {
    const tally = emptyTally();
    for (let seed = from; seed < from + count; seed++) {
      const scenario = this.draw(seed);
      take(tally, scenario, await this.run(scenario));
    }
    return tally;
  }
}

/** Takes a run into the tally. */
function take(tally: Tally, scenario: Scenario, outcome: Outcome): void {
  tally.runs++;
  tally.lines += outcome.trace.lines.length;
  for (const step of scenario.steps) {
    for (const kind in step) tally.steps[kind] = (tally.steps[kind] ?? 0) + 1;
  }
  const marks = new Map<string, number>();
  for (const line of outcome.trace.lines) {
    const mark = markOf(line);
    if (mark !== null) marks.set(mark, (marks.get(mark) ?? 0) + 1);
  }
  for (const [mark, often] of marks) {
    const row = tally.marks[mark] ?? [0, 0];
    row[0] += often;
    row[1]++;
    tally.marks[mark] = row;
  }
  if (outcome.status === "passed") return;
  tally.violated++;
  const { expected, found } =
    outcome.status === "failed"
      ? outcome.failure
      : { expected: "a scenario that runs", found: outcome.reason };
  tally.found.push({ seed: scenario.seed ?? 0, expected, found });
}
