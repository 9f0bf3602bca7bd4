/**
 * The parts of a proof by name, and what may become of one. Must not know what a part asks: who only
 * names them need not load it.
 */
export const PARTS = [
  "gate",
  "device",
  "faults",
  "gate-mutants",
  "device-mutants",
  "build",
] as const;
export type PartName = (typeof PARTS)[number];

/** From the best to the worst: what was not run refutes nothing. */
export const VERDICTS = ["not run", "proven", "not closed", "refuted"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The worst of the parts' verdicts. */
export function verdictOf(reports: readonly { readonly verdict: Verdict }[]): Verdict {
  const worst = Math.max(0, ...reports.map(({ verdict }) => VERDICTS.indexOf(verdict)));
  return VERDICTS[worst] ?? "refuted";
}
