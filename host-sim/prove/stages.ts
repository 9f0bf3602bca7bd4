/**
 * The parts of a proof, each a function of two modules: what it asks, how long it took, and its
 * verdict. Must not know how a part is printed, kept or scheduled.
 */
import { existsSync, readFileSync } from "node:fs";
import { loadBoard } from "../base/board-data.ts";
import { RealClock } from "../base/clock.ts";
import { firmwarePath, readModule } from "../sim/firmware.ts";
import { allBoards, type ReproduceReport, reproduce } from "./build/reproduce.ts";
import { scenarioOf } from "./device/counterexample.ts";
import { Explorer, type ExplorerReport } from "./device/explorer.ts";
import { type FaultReport, injectFaults } from "./device/faults.ts";
import { type WalkReport, walk } from "./device/random-walk.ts";
import { enumerateInC, type GateInC, noCompiler } from "./gate/c-translation.ts";
import { type GateReport, proveGate } from "./gate/proof.ts";
import { functionNames } from "./mutation/mutator.ts";
import { type MutationReport, scoreDevice, scoreGate } from "./mutation/score.ts";
import { killerOf, replays, soundScenarios } from "./scenario-replay.ts";
import type { PartName, Verdict } from "./verdict.ts";

export type Module = Uint8Array<ArrayBuffer>;

export interface Subject {
  gate: Module;
  device: Module;
}

export interface PartOptions {
  quick: boolean;
  seed: number;
  progress: (done: number, of: number) => void;
}

/** A counterexample as a scenario, and whether it was seen to fail on the modules it refutes. */
export interface Counterexample {
  rule: string;
  trace: string[];
  scenario: string | null;
  replayed: boolean;
}

export interface DeviceFigures extends Omit<ExplorerReport, "violations"> {
  model: "full" | "small";
  walk: WalkReport | null;
}

export interface PartReport {
  part: PartName;
  verdict: Verdict;
  seconds: number;
  /** Figures of the part. */
  gate?: Omit<GateReport, "violations">;
  /** The gate in C, as boards run it. */
  translated?: GateInC;
  device?: DeviceFigures;
  faults?: FaultReport;
  mutants?: MutationReport;
  build?: Omit<ReproduceReport, "notRun">;
  /** What was asked for and not run, and why. */
  notRun?: string[];
  counterexample: Counterexample | null;
}

type Result = Omit<PartReport, "part" | "seconds">;

/** How much of each part a quick proof does. */
const AMOUNTS = {
  quick: { flips: 40, gateMutants: 6, deviceMutants: 8, deviceStates: 400, walkSteps: 0 },
  full: {
    flips: 3000,
    gateMutants: 100_000,
    deviceMutants: 400,
    deviceStates: 1500,
    walkSteps: 1_000_000,
  },
} as const;

const amounts = (options: PartOptions) => (options.quick ? AMOUNTS.quick : AMOUNTS.full);

function gatePart({ gate }: Subject, options: PartOptions): Result {
  const depth = options.quick ? "near" : "full";
  const { violations, ...figures } = proveGate(gate, { depth, progress: options.progress });
  const [violation] = violations;
  if (violation === undefined) return translatedPart(gate, figures);
  const trace = violation.inputs.map((inputs) => {
    const rail = (inputs >>> 2) & 1;
    return `NO=${inputs & 1} NC=${(inputs >>> 1) & 1} rail=${rail} after ${inputs >>> 8} ms`;
  });
  trace.push(`word 0x${violation.word.toString(16).padStart(8, "0")}`);
  const counterexample = { rule: violation.rule, trace, scenario: null, replayed: false };
  return { verdict: "refuted", gate: figures, counterexample };
}

/** What holds of the module holds of its translation, if both give the same results. */
function translatedPart(bytes: Module, gate: Omit<GateReport, "violations">): Result {
  const reason = noCompiler();
  if (reason !== null) {
    const notRun = [`the gate in C: ${reason}`];
    return { verdict: "proven", gate, notRun, counterexample: null };
  }
  const translated = enumerateInC(bytes, gate);
  if (translated.differs.length === 0)
    return { verdict: "proven", gate, translated, counterexample: null };
  const rule = "the gate in C gives the results of the module";
  const trace = translated.differs;
  const counterexample = { rule, trace, scenario: null, replayed: false };
  return { verdict: "refuted", gate, translated, counterexample };
}

async function devicePart({ gate, device }: Subject, options: PartOptions): Promise<Result> {
  const explorer = new Explorer(device, {
    small: options.quick,
    progress: (states, done) => options.progress(done, states),
  });
  const { violations, ...report } = explorer.run();
  const model = options.quick ? "small" : "full";
  const [violation] = violations;
  if (violation !== undefined) {
    const scenario = scenarioOf(violation);
    const counterexample = {
      rule: violation.rule,
      trace: violation.trace.map(({ text }) => text),
      scenario,
      replayed: await replays(scenario, gate, device),
    };
    return { verdict: "refuted", device: { ...report, model, walk: null }, counterexample };
  }
  const steps = amounts(options).walkSteps;
  const walked = steps > 0 ? walk(device, explorer.table, options.seed, steps) : null;
  const figures = { ...report, model, walk: walked } as const;
  const failure = walked?.failure ?? null;
  if (failure !== null) {
    const rule = "the abstraction stands for every run";
    const counterexample = { rule, trace: [failure], scenario: null, replayed: false };
    return { verdict: "refuted", device: figures, counterexample };
  }
  return {
    verdict: report.closed ? "proven" : "not closed",
    device: figures,
    counterexample: null,
  };
}

function faultsPart({ gate, device }: Subject, options: PartOptions): Result {
  const { flips } = amounts(options);
  const faults = injectFaults(gate, device, { flips, seed: options.seed, board: loadBoard() });
  if (faults.failure === null) return { verdict: "proven", faults, counterexample: null };
  const counterexample = { rule: faults.failure, trace: [], scenario: null, replayed: false };
  return { verdict: "refuted", faults, counterexample };
}

/** A mutant of the gate that survives refutes the proof, not the gate: there is no other verdict for it. */
async function gateMutantsPart({ gate }: Subject, options: PartOptions): Promise<Result> {
  const { seed, progress, quick } = options;
  const most = amounts(options).gateMutants;
  const mutants = await scoreGate(gate, { most, seed, progress, whole: !quick });
  if (mutants.survived === 0) return { verdict: "proven", mutants, counterexample: null };
  const trace = mutants.spared
    .filter(({ equivalent }) => equivalent === null)
    .map(({ place }) => place);
  const rule = "every mutant of the gate is refuted or equivalent";
  return {
    verdict: "refuted",
    mutants,
    counterexample: { rule, trace, scenario: null, replayed: false },
  };
}

async function deviceMutantsPart({ gate, device }: Subject, options: PartOptions): Promise<Result> {
  const { seed, progress } = options;
  const { deviceMutants, deviceStates } = amounts(options);
  const files = await soundScenarios(gate, device);
  const mutants = await scoreDevice(device, {
    most: deviceMutants,
    seed,
    progress,
    statesMax: deviceStates,
    trialsOnly: options.quick,
    scenarios: (mutant) => killerOf(files, gate, mutant),
  });
  const names = namesOf(device);
  for (const one of mutants.spared) one.inside = names[Number(one.inside)] ?? one.inside;
  const verdict = mutants.survived === 0 ? "proven" : "refuted";
  return { verdict, mutants, counterexample: null };
}

/** Names of the functions of the device that ships; none for another. */
function namesOf(device: Module): string[] {
  const path = firmwarePath("device");
  const text = path.replace(/wasm$/, "wat");
  const ships = existsSync(text) && Buffer.compare(readModule(path), device) === 0;
  return ships ? functionNames(readFileSync(text, "utf8")) : [];
}

/** Of the sources at hand, whatever modules are under proof. A quick proof builds the modules alone. */
function buildPart(_: Subject, options: PartOptions): Result {
  const boards = options.quick ? [] : allBoards();
  const { notRun, ...build } = reproduce({ boards, progress: options.progress });
  if (build.differs.length === 0) return { verdict: "proven", build, notRun, counterexample: null };
  const rule = "two builds of the same sources give the same bytes";
  const trace = build.differs;
  const counterexample = { rule, trace, scenario: null, replayed: false };
  return { verdict: "refuted", build, notRun, counterexample };
}

const RUN: Record<PartName, (subject: Subject, options: PartOptions) => Result | Promise<Result>> =
  {
    gate: gatePart,
    device: devicePart,
    faults: faultsPart,
    "gate-mutants": gateMutantsPart,
    "device-mutants": deviceMutantsPart,
    build: buildPart,
  };

export async function provePart(
  part: PartName,
  subject: Subject,
  options: PartOptions,
): Promise<PartReport> {
  const clock = new RealClock();
  const result = await RUN[part](subject, options);
  return { part, seconds: clock.now() / 1000, ...result };
}
