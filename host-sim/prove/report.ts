/** The report of a stage as lines of text, for readers who do not know the code. */
import { MARK_NAMES } from "../abi/abi.gen.ts";
import type { ControllerRun } from "./controller/proof.ts";
import type { MutationReport, Spared } from "./mutation/score.ts";
import type { StageReport } from "./stages.ts";

/** Number of invalid words of a gate: the second half is not the complement of the first. */
const INVALID_WORDS = 2 ** 32 - 2 ** 16;

const n = (value: number) => value.toLocaleString("en-US");

/** The number of mutants, and the functions that they change: those with the most first. */
function countByFunction(mutants: readonly Spared[]): string {
  if (mutants.length === 0) return "0";
  const counts = new Map<string, number>();
  for (const { inside } of mutants) counts.set(inside, (counts.get(inside) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return `${n(mutants.length)} (${sorted.map(([name, count]) => `${name} ${count}`).join(", ")})`;
}

/** The mutants that no rule and no scenario kills: by class, or one by one if there is no comparison. */
function sparedLines({ spared, inputs }: MutationReport): string[] {
  if (inputs === null)
    return spared.map(({ operator, place, equivalent }) =>
      equivalent === null
        ? `survived: ${place} (${operator})`
        : `equivalent: ${place} (${operator}): ${equivalent}`,
    );
  const neverRun = spared.filter(({ dead }) => dead);
  const same = spared.filter(({ equivalent, dead }) => equivalent !== null && !dead);
  const different = spared.filter(({ differs }) => differs !== null);
  const lines = [
    `comparison with the device: ${n(inputs.transitions)} transitions of the small model and ${n(inputs.trials)} inputs beyond the model`,
    `equivalent, the changed code never runs: ${countByFunction(neverRun)}`,
    `equivalent, the changed code does the same on every input: ${countByFunction(same)}`,
    `different on an input that breaks no rule and no scenario: ${countByFunction(different)}`,
  ];
  for (const { operator, inside, place, differs } of different)
    lines.push(`  ${inside}, ${place} (${operator}), on the input: ${differs}`);
  return lines;
}

function mutantLines(mutants: MutationReport): string[] {
  const { sites, made, killed, equivalent, survived, killers } = mutants;
  const score = (of: number) =>
    (made === equivalent ? 100 : (100 * of) / (made - equivalent)).toFixed(1);
  const sample = made < sites ? ` (a random sample of ${n(sites)} possible ones)` : "";
  const { rule, scenario, comparison } = killers;
  return [
    `${n(made)} mutants${sample}: ${n(killed)} killed, ${n(equivalent)} equivalent to the original, ${n(survived)} survived`,
    `killed by a broken rule: ${n(rule)}; by a failed scenario: ${n(scenario)}; only by comparison with the original: ${n(comparison)}`,
    `mutation score: ${score(rule + scenario)} % by rules and scenarios, ${score(killed)} % with the comparison`,
    ...sparedLines(mutants),
  ];
}

function gateLines(gate: NonNullable<StageReport["gate"]>): string[] {
  const invalid =
    gate.unchecked === 0
      ? "step() on invalid words: not part of this run"
      : `step() on ${n(INVALID_WORDS)} invalid words, each with ${n(gate.unchecked / INVALID_WORDS)} inputs: as the word KILLED`;
  return [
    `permits() and phase() on ${n(gate.words)} words: ${n(gate.permitting)} of them permits`,
    `step() on every valid word with every input: ${n(gate.steps)} calls`,
    invalid,
    `paths from power-on: ${n(gate.reachable)} reachable words, ${n(gate.pairs)} with the states of the monitors, ${n(gate.transitions)} transitions, ${n(gate.depth)} samples deep`,
    `bit flips: at least ${n(gate.distance)} lead from a word that does not permit to the one that does; ${n(gate.flips)} single flips tried`,
  ];
}

function translationLine(translated: NonNullable<StageReport["translated"]>): string {
  const { compiler, words, steps, unchecked, wordsDigest, stepsDigest, differs } = translated;
  const calls = [
    `${n(steps)} steps`,
    ...(words > 0 ? [`${n(words)} words`, `${n(unchecked)} steps of invalid words`] : []),
  ];
  const digests = [wordsDigest, stepsDigest].filter((digest) => digest !== null).join(", ");
  const same = differs.length === 0 ? "the same results as" : "NOT the results of";
  return `gate in C (wasm2c, ${compiler}), ${calls.join(", ")}: ${same} the module (digest ${digests})`;
}

function deviceLines(device: NonNullable<StageReport["device"]>): string[] {
  const { states, transitions, boots, depth, closed, messages, unseen, walk } = device;
  const reached = MARK_NAMES.length - unseen.length;
  const names = unseen.map((name) => `"${name}"`).join(", ");
  const others =
    unseen.length === 0 ? "" : `; no event of the ${device.model} model leads to ${names}`;
  const lines = [
    `${device.model} model: ${n(states)} states, ${n(transitions)} transitions, ${n(boots)} boots, ${n(depth)} steps deep`,
    closed ? "every reachable state was explored" : "NOT every reachable state was explored",
    `the guest sent ${n(messages)} different messages: each was decoded and checked`,
    `coverage marks reached: ${reached} of ${MARK_NAMES.length}${others}`,
  ];
  if (walk === null) return lines;
  const agrees = walk.failure ?? "every one was explored";
  lines.push(
    `runs without abstraction: ${n(walk.steps)} steps, ${n(walk.boots)} boots, ${n(walk.states)} different abstract states: ${agrees}`,
  );
  return lines;
}

function controllerLines({ name, result }: ControllerRun): string {
  const { states, transitions, interleavings } = result;
  return `controller against a hostile broker, ${name}: ${n(states)} states, ${n(transitions)} transitions, ${n(interleavings)} interleavings`;
}

function buildLines({ files, differs }: NonNullable<StageReport["build"]>): string[] {
  const same = differs.length === 0 ? ": the same bytes" : ": NOT the same bytes";
  const lines = files.map(({ name, sha256 }) => `${sha256}  ${name}`);
  return [`${n(files.length)} files built twice, in different places${same}`, ...lines];
}

function figureLines(report: StageReport): string[] {
  const { gate, translated, device, controller, faults, mutants, build } = report;
  return [
    ...(gate === undefined ? [] : gateLines(gate)),
    ...(translated === undefined ? [] : [translationLine(translated)]),
    ...(device === undefined ? [] : deviceLines(device)),
    ...(controller ?? []).map(controllerLines),
    ...(faults === undefined
      ? []
      : [
          `bits flipped in the guest's memory: ${n(faults.memoryFlips)}`,
          `losses of supply, one at each byte written: ${n(faults.powerCuts)}`,
          `jumps of time: ${n(faults.timeJumps)}`,
        ]),
    ...(mutants === undefined ? [] : mutantLines(mutants)),
    ...(build === undefined ? [] : buildLines(build)),
  ];
}

/** A stage's verdict, its figures, and its counterexample if it has one. */
export function linesOf(report: StageReport): string[] {
  const { part, verdict, seconds, counterexample, notRun = [] } = report;
  const lines = [`${part}: ${verdict} (${seconds.toFixed(1)} s)`];
  lines.push(...figureLines(report).map((line) => `  ${line}`));
  lines.push(...notRun.map((what) => `  NOT RUN ${what}`));
  if (counterexample === null) return lines;
  const { rule, trace, scenario, replayed } = counterexample;
  lines.push(`  broken rule: ${rule}`, ...trace.map((step, index) => `  ${index + 1}. ${step}`));
  if (scenario === null) return lines;
  const outcome = replayed ? "fails, as expected," : "did NOT fail";
  lines.push(`  the same steps as a scenario, which ${outcome} on these modules:`);
  return [...lines, "", ...scenario.trimEnd().split("\n"), ""];
}
