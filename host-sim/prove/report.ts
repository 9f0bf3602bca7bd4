/**
 * The parts of a proof in words, for a person. Must not know how a figure came about.
 */
import type { MutationReport } from "./mutants.ts";
import type { PartReport } from "./parts.ts";

/** Words that do not check. */
const UNCHECKED = 2 ** 32 - 2 ** 16;

const n = (value: number) => value.toLocaleString("en-US");

function mutantLines(mutants: MutationReport): string[] {
  const { sites, made, killed, equivalent, survived, spared } = mutants;
  const score = made === equivalent ? 100 : (100 * killed) / (made - equivalent);
  const of = made < sites ? ` of ${n(sites)}, drawn by the seed` : "";
  const lines = [
    `${n(made)} mutants${of}: ${n(killed)} killed, ${n(equivalent)} equivalent, ${n(survived)} survived; score ${score.toFixed(1)} %`,
  ];
  const silent = spared.filter((one) => one.equivalent === null && !one.differs).length;
  if (survived > 0)
    lines.push(
      `of those that survived ${n(silent)} did nothing else in all that was tried, ${n(survived - silent)} did, and broke no rule`,
    );
  for (const { operator, place, equivalent: why } of spared)
    if (why !== null) lines.push(`equivalent: ${place} (${operator}): ${why}`);
  return lines;
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
      `${n(gate.steps)} steps: every word that checks by every input; ${n(gate.unchecked)} of words that do not, each by ${n(gate.unchecked / UNCHECKED)} inputs`,
      `${n(gate.reachable)} words reachable from power-on, ${n(gate.pairs)} with their monitors, ${n(gate.transitions)} transitions, depth ${gate.depth}`,
      `${gate.distance} bit flips at least from a word that does not permit to the one that does; ${n(gate.flips)} single flips tried`,
    );
  }
  if (translated !== undefined)
    lines.push(
      `in C (wasm2c, ${translated.compiler}): ${n(translated.words)} words, ${n(translated.steps)} steps, ${n(translated.unchecked)} of words that do not check; digests ${translated.wordsDigest ?? "-"} and ${translated.stepsDigest}, ${translated.differs.length === 0 ? "those of the module" : "NOT those of the module"}`,
    );
  if (device !== undefined) {
    lines.push(
      `${device.model} model: ${n(device.states)} states, ${n(device.transitions)} transitions, ${n(device.boots)} boots, depth ${device.depth}; ${device.closed ? "closed" : "not closed"}`,
      `${n(device.messages)} different messages decoded; marks never seen: ${device.unseen.join(", ") || "none"}`,
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
