/**
 * The mutation score: how many mutants of a module are killed by the proofs, the scenarios or the
 * comparison, and why the others are not.
 */
import { UserError } from "../../base/errors.ts";
import { runBounded } from "../../base/guard.ts";
import { Prng } from "../../base/prng.ts";
import { makeGate } from "../../sim/firmware.ts";
import { Explorer, type ExplorerReport } from "../device/explorer.ts";
import { compareGates, sameFromPowerOn } from "../gate/compare.ts";
import { explorePaths } from "../gate/paths.ts";
import { proveGate } from "../gate/proof.ts";
import { type Compared, Differential } from "./differential.ts";
import { exportNames, mutantOf, type Site, sitesOf } from "./mutator.ts";

/** What kills a mutant: a rule of a proof, a scenario, or only a comparison with the module. */
export const KILLERS = ["rule", "scenario", "comparison"] as const;
export type Killer = (typeof KILLERS)[number];

/** A mutant that no rule and no scenario kills. */
export interface Spared {
  operator: string;
  place: string;
  /** The function that was changed. */
  inside: string;
  /** Why it is equivalent; null if it is not, or if no reason was found. */
  equivalent: string | null;
  /** The changed code never ran. */
  dead: boolean;
  /** An input on which it does something else than the module, or null. */
  differs: string | null;
}

export interface MutationReport {
  /** Number of sites of the module. */
  sites: number;
  made: number;
  killed: number;
  equivalent: number;
  survived: number;
  killers: Record<Killer, number>;
  /** Number of mutants killed by each rule and each scenario. */
  by: Record<string, number>;
  /** Number of inputs on which mutants are compared with the module. */
  inputs: { transitions: number; trials: number } | null;
  spared: Spared[];
}

export interface MutationOptions {
  /** Most mutants to make. If there are more sites, `seed` draws a sample. */
  most: number;
  seed: number;
  progress?: (done: number, of: number) => void;
}

/** A mutant that runs longer than this in one proof hangs, and is killed. */
const HANG_MS = 20_000;
/** The same for a comparison, which tries a million inputs or more. */
const HANG_COMPARED_MS = 300_000;

/** A sample of `most` sites, in their order. */
function sample(sites: readonly Site[], most: number, seed: number): Site[] {
  const prng = new Prng(seed);
  const pool = [...sites];
  while (pool.length > most) pool.splice(prng.below(pool.length), 1);
  return pool;
}

type Verdict =
  | { killer: Exclude<Killer, "comparison">; name: string }
  | Pick<Spared, "equivalent" | "dead" | "differs">;

async function score(
  bytes: Uint8Array<ArrayBuffer>,
  options: MutationOptions,
  judge: (mutant: Uint8Array<ArrayBuffer>, site: Site) => Verdict | Promise<Verdict>,
): Promise<MutationReport> {
  const sites = sitesOf(bytes);
  const chosen = sample(sites, options.most, options.seed);
  const report: MutationReport = {
    sites: sites.length,
    made: chosen.length,
    killed: 0,
    equivalent: 0,
    survived: 0,
    killers: { rule: 0, scenario: 0, comparison: 0 },
    by: {},
    inputs: null,
    spared: [],
  };
  for (const [done, site] of chosen.entries()) {
    const verdict = await judge(mutantOf(bytes, site), site);
    if ("killer" in verdict) {
      report.killed++;
      report.killers[verdict.killer]++;
      report.by[verdict.name] = (report.by[verdict.name] ?? 0) + 1;
    } else {
      const { operator, place, inside } = site;
      report.spared.push({ operator, place, inside, ...verdict });
      if (verdict.equivalent !== null) report.equivalent++;
      else if (verdict.differs === null) report.survived++;
      else {
        report.killed++;
        report.killers.comparison++;
      }
    }
    options.progress?.(done + 1, chosen.length);
  }
  return report;
}

/** The fewest bits in which any of `words` differs from any of `from`. */
function distance(words: readonly number[], from: Iterable<number>): number {
  let least = 32;
  for (const a of from)
    for (const b of words) {
      let bits = 0;
      for (let rest = (a ^ b) >>> 0; rest !== 0; rest &= rest - 1) bits++;
      if (bits < least) least = bits;
    }
  return least;
}

/**
 * Scores mutants of a gate. Each is put to the proof. One that the proof does not refute is compared with
 * the gate word by word; `whole`: the changed function on all 2^32 words.
 */
export function scoreGate(
  bytes: Uint8Array<ArrayBuffer>,
  options: MutationOptions & { whole: boolean },
): Promise<MutationReport> {
  const reachable = explorePaths(makeGate(bytes)).words;
  const names = exportNames(bytes);
  return score(bytes, options, (mutant, { inside }) => {
    const near = proveGate(mutant, { depth: "near" });
    if (near.violations[0] !== undefined) return ruled(near.violations[0].rule);
    const all = options.whole ? (names.get(inside) ?? null) : null;
    const found = compareGates(bytes, mutant, all);
    if (found.words.some((word) => reachable.has(word))) {
      if (!sameFromPowerOn(bytes, mutant)) return { equivalent: null, dead: false, differs: null };
      return alike(
        "it uses other words for the same phases: from power-on, phase and permit are the same for every sequence of inputs",
      );
    }
    if (found.words.length > 0) {
      const flips = distance(found.words, reachable);
      return alike(
        `it differs only on ${found.words.length} words that no path from power-on reaches; these are ${flips} or more bit flips away from every reachable word`,
      );
    }
    if (found.all !== null && found.all > 0) return ruled("a word that does not check is KILLED");
    const where = found.all === null ? "" : `, and ${all}() on all 2^32 words`;
    return alike(`it gives the same results on every valid word and every input${where}`);
  });
}

const ruled = (rule: string): Verdict => ({ killer: "rule", name: rule });
const alike = (why: string): Verdict => ({ equivalent: why, dead: false, differs: null });

/**
 * Scores mutants of a device. Each is explored for `statesMax` states, then put to `scenarios`, which
 * returns the name of a scenario that fails, or null. Then it is compared with the device on every input
 * that runs the changed code.
 */
export async function scoreDevice(
  bytes: Uint8Array<ArrayBuffer>,
  options: MutationOptions & {
    statesMax: number;
    /** Compare on the trials only. */
    trialsOnly: boolean;
    scenarios: (mutant: Uint8Array<ArrayBuffer>) => Promise<string | null>;
  },
): Promise<MutationReport> {
  const { statesMax } = options;
  const differential = new Differential(bytes, options);
  const report = await score(bytes, options, async (mutant, site) => {
    const found: { compared?: Compared } = {};
    const rule = brokenBy(mutant, statesMax);
    if (rule !== null) return ruled(rule);
    const killer = await options.scenarios(mutant);
    if (killer !== null) return { killer: "scenario", name: killer };
    const returned = runBounded(() => {
      found.compared = differential.compare(mutant, site);
    }, HANG_COMPARED_MS);
    if (!returned || found.compared === undefined) return ruled("the guest returns");
    const { runs, differs } = found.compared;
    if (differs !== null) return { equivalent: null, dead: false, differs };
    if (runs === 0) return { equivalent: "it never runs", dead: true, differs };
    const why = `it does the same on each of the ${runs} inputs that run it`;
    return { equivalent: why, dead: false, differs };
  });
  return { ...report, inputs: differential.inputs };
}

/** The rule that a mutant breaks in its first states, or null. */
function brokenBy(mutant: Uint8Array<ArrayBuffer>, statesMax: number): string | null {
  const found: { report?: ExplorerReport } = {};
  try {
    const run = () => {
      found.report = new Explorer(mutant, { statesMax }).run();
    };
    if (!runBounded(run, HANG_MS) || found.report === undefined) return "the guest returns";
  } catch (error) {
    // No host accepts the module as a guest.
    if (error instanceof UserError) return "the guest keeps to docs/ABI.md";
    throw error;
  }
  const rule = found.report.violations[0]?.rule;
  return rule === undefined ? null : kindOf(rule);
}

/** A rule without the details of one violation. */
function kindOf(rule: string): string {
  return rule.replace(/^(the guest never traps|every field keeps to its range): .*/, "$1");
}
