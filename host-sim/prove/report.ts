/**
 * The parts of a proof in words, for a person. Must not know how a figure came about.
 */
import type { MutationReport, Spared } from "./mutation/score.ts";
import type { PartReport } from "./stages.ts";

/** Words that do not check. */
const UNCHECKED = 2 ** 32 - 2 ** 16;

const n = (value: number) => value.toLocaleString("en-US");

/** Names, and how many of `spared` each function holds: most first. */
function byFunction(spared: readonly Spared[]): string {
  const counts = new Map<string, number>();
  for (const { inside } of spared) counts.set(inside, (counts.get(inside) ?? 0) + 1);
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  return sorted.map(([name, count]) => `${name} ${count}`).join(", ");
}

/** What became of mutants that no rule and no scenario killed, by class. */
function sparedLines({ spared, inputs }: MutationReport): string[] {
  if (inputs === null)
    return spared.map(({ operator, place, equivalent }) =>
      equivalent === null
        ? `survived: ${place} (${operator})`
        : `equivalent: ${place} (${operator}): ${equivalent}`,
    );
  const dead = spared.filter((one) => one.dead);
  const same = spared.filter(({ equivalent, dead: never }) => equivalent !== null && !never);
  const other = spared.filter(({ differs }) => differs !== null);
  const lines = [
    `compared with the device on ${n(inputs.transitions)} transitions of the small model and ${n(inputs.trials)} trials beyond it`,
    `equivalent, ${n(dead.length)} that never run: ${byFunction(dead)}`,
    `equivalent, ${n(same.length)} that run and do the same each time: ${byFunction(same)}`,
    `benign, ${n(other.length)} that do something else on some input, and break no rule: ${byFunction(other)}`,
  ];
  for (const { operator, inside, place, differs } of other)
    lines.push(`  ${inside}, ${place} (${operator}): ${differs}`);
  return lines;
}

function mutantLines(mutants: MutationReport): string[] {
  const { sites, made, killed, equivalent, survived, killers } = mutants;
  const score = (of: number) => (made === equivalent ? 100 : (100 * of) / (made - equivalent));
  const drawn = made < sites ? ` of ${n(sites)}, drawn by the seed` : "";
  const { rule, scenario, comparison } = killers;
  return [
    `${n(made)} mutants${drawn}: ${n(killed)} killed, ${n(equivalent)} equivalent, ${n(survived)} survived`,
    `killed: ${n(rule)} by a rule, ${n(scenario)} by a scenario, ${n(comparison)} by comparison alone; score ${score(rule + scenario).toFixed(1)} %, with comparison ${score(killed).toFixed(1)} %`,
    ...sparedLines(mutants),
  ];
}

function buildLines({ files, differs }: NonNullable<PartReport["build"]>): string[] {
  const same = differs.length === 0 ? ", byte for byte the same" : "";
  const lines = files.map(({ name, sha256 }) => `${sha256}  ${name}`);
  return [`${files.length} files built twice, in two places${same}:`, ...lines];
}

function figures({ gate, translated, device, faults, mutants, build }: PartReport): string[] {
  const lines: string[] = [];
  if (gate !== undefined) {
    lines.push(
      `${n(gate.words)} words to permits() and phase(): ${gate.permitting} permits`,
      `${n(gate.steps)} steps: every word whose two halves agree, with every input`,
      gate.unchecked === 0
        ? "words whose two halves disagree: not part of this proof"
        : `${n(gate.unchecked)} steps of words whose two halves disagree, each with ${n(gate.unchecked / UNCHECKED)} inputs`,
      `${n(gate.reachable)} words reachable from power-on, ${n(gate.pairs)} with their monitors, ${n(gate.transitions)} transitions, depth ${gate.depth}`,
      `${gate.distance} bit flips at least from a word that does not permit to the one that does; ${n(gate.flips)} single flips tried`,
    );
  }
  if (translated !== undefined)
    lines.push(
      `in C (wasm2c, ${translated.compiler}): ${n(translated.words)} words, ${n(translated.steps)} steps, ${n(translated.unchecked)} of words whose two halves disagree; digests ${translated.wordsDigest ?? "-"} and ${translated.stepsDigest}, ${translated.differs.length === 0 ? "those of the module" : "NOT those of the module"}`,
    );
  if (device !== undefined) {
    lines.push(
      `${device.model} model: ${n(device.states)} states, ${n(device.transitions)} transitions, ${n(device.boots)} boots, depth ${device.depth}; ${device.closed ? "closed" : "not closed"}`,
      `${n(device.messages)} different messages decoded; ${device.unseen.length === 0 ? "every coverage mark of the device was reached" : `coverage marks that this model does not contain: ${device.unseen.join(", ")}`}`,
    );
    if (device.walk !== null)
      lines.push(
        `abstraction: ${n(device.walk.steps)} steps that fold nothing, ${n(device.walk.boots)} boots, ${n(device.walk.states)} states met, ${device.walk.failure ?? "all of them explored"}`,
      );
  }
  if (faults !== undefined)
    lines.push(
      `${n(faults.memoryFlips)} bit flips in the guest's page, ${n(faults.powerCuts)} power cuts, one at each byte written, ${n(faults.timeJumps)} jumps of time`,
    );
  if (mutants !== undefined) lines.push(...mutantLines(mutants));
  if (build !== undefined) lines.push(...buildLines(build));
  return lines;
}

/** A part in lines: its verdict, its figures, and its counterexample if it has one. */
export function linesOf(report: PartReport): string[] {
  const { part, verdict, seconds, counterexample, notRun = [] } = report;
  const lines = [`${part}: ${verdict} (${seconds.toFixed(1)} s)`];
  lines.push(...figures(report).map((line) => `  ${line}`));
  lines.push(...notRun.map((what) => `  NOT RUN ${what}`));
  if (counterexample === null) return lines;
  const { rule, trace, scenario, replayed } = counterexample;
  lines.push(`  broken: ${rule}`, ...trace.map((step, index) => `  ${index + 1}. ${step}`));
  if (scenario === null) return lines;
  lines.push(
    `  the same as a scenario, which ${replayed ? "fails" : "was NOT seen to fail"} on these modules:`,
  );
  return [...lines, "", ...scenario.trimEnd().split("\n"), ""];
}
