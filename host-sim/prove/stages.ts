/**
 * The stages of a proof. Each is a function of a gate and a device, and returns its figures, its verdict
 * and, if it is refuted, a counterexample.
 */
import { existsSync, readFileSync } from "node:fs";
import { loadBoard } from "../base/board-data.ts";
import { RealClock } from "../base/clock.ts";
import { firmwarePath, readModule } from "../sim/firmware.ts";
import { allBoards, type ReproduceReport, reproduce } from "./build/reproduce.ts";
import { type ControllerRun, closeModel, LONGEST, SIZES } from "./controller/proof.ts";
import { scenarioOf } from "./device/counterexample.ts";
import { Explorer, type ExplorerReport } from "./device/explorer.ts";
import { type FaultReport, injectFaults } from "./device/faults.ts";
import { type WalkReport, walk } from "./device/random-walk.ts";
import { enumerateInC, type GateInC, noCompiler } from "./gate/c-translation.ts";
import { type GateReport, proveGate } from "./gate/proof.ts";
import { functionNames } from "./mutation/mutator.ts";
import { type MutationReport, scoreDevice, scoreGate } from "./mutation/score.ts";
import { killerOf, passingScenarios, replays } from "./scenario-replay.ts";
import type { StageName, Verdict } from "./verdict.ts";

export type Module = Uint8Array<ArrayBuffer>;

export interface Subject {
  gate: Module;
  device: Module;
}

export interface StageOptions {
  quick: boolean;
  seed: number;
  progress: (done: number, of: number) => void;
}

/** A broken rule with the trace that leads to it; as a scenario, if the trace can be written as one. */
export interface Counterexample {
  rule: string;
  trace: string[];
  scenario: string | null;
  /** The scenario was run on the modules, and failed as expected. */
  replayed: boolean;
}

export interface DeviceFigures extends Omit<ExplorerReport, "violations"> {
  model: "full" | "small";
  walk: WalkReport | null;
}

export interface StageReport {
  /** The stage. Certificates on record call it a part. */
  part: StageName;
  verdict: Verdict;
  seconds: number;
  // The figures of the stage.
  gate?: Omit<GateReport, "violations">;
  /** The gate in C, as boards run it. */
  translated?: GateInC;
  device?: DeviceFigures;
  /** The models of a controller, a hostile broker and the device, each explored to closure. */
  controller?: ControllerRun[];
  faults?: FaultReport;
  mutants?: MutationReport;
  build?: Omit<ReproduceReport, "notRun">;
  /** What was not run, with the reason. */
  notRun?: string[];
  counterexample: Counterexample | null;
}

type Result = Omit<StageReport, "part" | "seconds">;

/** How much each stage does. */
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

const amounts = (options: StageOptions) => (options.quick ? AMOUNTS.quick : AMOUNTS.full);

function gateStage({ gate }: Subject, options: StageOptions): Result {
  const depth = options.quick ? "near" : "full";
  const { violations, ...figures } = proveGate(gate, { depth, progress: options.progress });
  const [violation] = violations;
  if (violation === undefined) return translationStage(gate, figures);
  const trace = violation.inputs.map((inputs) => {
    const rail = (inputs >>> 2) & 1;
    return `NO=${inputs & 1} NC=${(inputs >>> 1) & 1} rail=${rail} after ${inputs >>> 8} ms`;
  });
  trace.push(`word 0x${violation.word.toString(16).padStart(8, "0")}`);
  const counterexample = { rule: violation.rule, trace, scenario: null, replayed: false };
  return { verdict: "refuted", gate: figures, counterexample };
}

/** If the translation gives the same results as the module, it is proven with it. */
function translationStage(bytes: Module, gate: Omit<GateReport, "violations">): Result {
  const reason = noCompiler();
  if (reason !== null) {
    const notRun = [`the gate in C: ${reason}`];
    return { verdict: "proven", gate, notRun, counterexample: null };
  }
  const translated = enumerateInC(bytes, gate);
  if (translated.differs.length === 0)
    return { verdict: "proven", gate, translated, counterexample: null };
  const rule = "the gate in C gives the same results as the module";
  const trace = translated.differs;
  const counterexample = { rule, trace, scenario: null, replayed: false };
  return { verdict: "refuted", gate, translated, counterexample };
}

async function deviceStage({ gate, device }: Subject, options: StageOptions): Promise<Result> {
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
    const rule = "the abstraction agrees with runs in which nothing is abstracted";
    const counterexample = { rule, trace: [failure], scenario: null, replayed: false };
    return { verdict: "refuted", device: figures, counterexample };
  }
  return {
    verdict: report.closed ? "proven" : "not closed",
    device: figures,
    counterexample: null,
  };
}

/** Closes the models of the controller, smallest first, up to one in which a report is not true. */
function controllerStage({ device }: Subject, options: StageOptions): Result {
  const names = Object.keys(SIZES).filter((name) => !options.quick || name !== LONGEST);
  const module = new WebAssembly.Module(device);
  const controller: ControllerRun[] = [];
  for (const name of names) {
    options.progress(controller.length, names.length);
    const run = closeModel(name, module);
    controller.push(run);
    if (run.result.untrue === null) continue;
    const { rule, steps } = run.result.untrue;
    const counterexample = { rule, trace: [...steps], scenario: null, replayed: false };
    return { verdict: "refuted", controller, counterexample };
  }
  return { verdict: "proven", controller, counterexample: null };
}

function faultsStage({ gate, device }: Subject, options: StageOptions): Result {
  const { flips } = amounts(options);
  const faults = injectFaults(gate, device, { flips, seed: options.seed, board: loadBoard() });
  if (faults.failure === null) return { verdict: "proven", faults, counterexample: null };
  const counterexample = { rule: faults.failure, trace: [], scenario: null, replayed: false };
  return { verdict: "refuted", faults, counterexample };
}

/** A mutant that survives shows that the gate's proof is too weak. The verdict for this is refuted, too. */
async function gateMutantsStage({ gate }: Subject, options: StageOptions): Promise<Result> {
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

async function deviceMutantsStage(
  { gate, device }: Subject,
  options: StageOptions,
): Promise<Result> {
  const { seed, progress } = options;
  const { deviceMutants, deviceStates } = amounts(options);
  const files = await passingScenarios(gate, device);
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

/** The names of the device's functions, if it is the module in dist/; none for another module. */
function namesOf(device: Module): string[] {
  const path = firmwarePath("device");
  const text = path.replace(/wasm$/, "wat");
  const isShipped = existsSync(text) && Buffer.compare(readModule(path), device) === 0;
  return isShipped ? functionNames(readFileSync(text, "utf8")) : [];
}

/** Builds the sources at hand, whatever modules are proven. A quick proof builds only the modules. */
function buildStage(_: Subject, options: StageOptions): Result {
  const boards = options.quick ? [] : allBoards();
  const { notRun, ...build } = reproduce({ boards, progress: options.progress });
  if (build.differs.length === 0) return { verdict: "proven", build, notRun, counterexample: null };
  const rule = "two builds of the same sources give the same bytes";
  const trace = build.differs;
  const counterexample = { rule, trace, scenario: null, replayed: false };
  return { verdict: "refuted", build, notRun, counterexample };
}

const RUN: Record<
  StageName,
  (subject: Subject, options: StageOptions) => Result | Promise<Result>
> = {
  gate: gateStage,
  device: deviceStage,
  controller: controllerStage,
  faults: faultsStage,
  "gate-mutants": gateMutantsStage,
  "device-mutants": deviceMutantsStage,
  build: buildStage,
};

/** Runs a stage. */
export async function runStage(
  stage: StageName,
  subject: Subject,
  options: StageOptions,
): Promise<StageReport> {
  const clock = new RealClock();
  const result = await RUN[stage](subject, options);
  return { part: stage, seconds: clock.now() / 1000, ...result };
}
