/** The stages of a proof by name, and their possible verdicts. */

/** The command line, reports and certificates call a stage a part. */
export const STAGES = [
  "gate",
  "device",
  "controller",
  "faults",
  "gate-mutants",
  "device-mutants",
  "build",
] as const;
export type StageName = (typeof STAGES)[number];

/** From the best to the worst. A stage that was not run refutes nothing. */
export const VERDICTS = ["not run", "proven", "not closed", "refuted"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The worst of the verdicts. */
export function verdictOf(reports: readonly { readonly verdict: Verdict }[]): Verdict {
  const worst = Math.max(0, ...reports.map(({ verdict }) => VERDICTS.indexOf(verdict)));
  return VERDICTS[worst] ?? "refuted";
}
