/**
 * The mutation score: how many mutants of a module the proofs tell from the module itself, and, of
 * those that they do not, why. Must not know how a mutant is made or a proof is done.
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

/** What killed a mutant: a rule of a proof, a scenario, or nothing but doing something else than the module. */
export const KILLERS = ["rule", "scenario", "comparison"] as const;
export type Killer = (typeof KILLERS)[number];

/** A mutant that no rule and no scenario killed. */
export interface Spared {
  operator: string;
  place: string;
  /** Function that holds it. */
  inside: string;
  /** Why it is equivalent; null for one that is not, or that nothing told from the module. */
  equivalent: string | null;
  /** It never ran, in all that was tried. */
  dead: boolean;
  /** An input on which it does something else than the module; null if none was found. */
  differs: string | null;
}

export interface MutationReport {
  /** Sites of the module. */
  sites: number;
  made: number;
  killed: number;
  equivalent: number;
  survived: number;
  killers: Record<Killer, number>;
  /** Rule, or scenario, by which they were killed. */
  by: Record<string, number>;
  /** Inputs on which mutants were compared with the module. */
  inputs: { transitions: number; trials: number } | null;
  spared: Spared[];
}

export interface MutationOptions {
  /** Mutants to make: a sample drawn by `seed` if there are more sites. */
  most: number;
  seed: number;
  progress?: (done: number, of: number) => void;
}

/** A mutant that runs longer than this in one proof is hung: killed. */
const HANG_MS = 20_000;
/** The same for a comparison, which tries a million inputs and more. */
const HANG_COMPARED_MS = 300_000;

/** `most` of the sites, without repeats, in their order. */
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

/** Fewest bits in which any of `words` differs from any of `from`. */
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
 * Mutants of a gate, each put to the proof. One that the proof does not refute is compared with the
 * gate itself, word by word; `whole`: the function that was changed over all 2^32 words.
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
        "other words for the same phases: from power-on on, phase and permit are the same for every sequence of inputs",
      );
    }
    if (found.words.length > 0) {
      const flips = distance(found.words, reachable);
      return alike(
        `differs on ${found.words.length} words alone that no path from power-on reaches, ${flips} or more bit flips from any that one does`,
      );
    }
    if (found.all !== null && found.all > 0) return ruled("a word that does not check is KILLED");
    const where = found.all === null ? "" : `, and ${all}() on all 2^32 words`;
    return alike(`the same results on every word that checks by every input${where}`);
  });
}

const ruled = (rule: string): Verdict => ({ killer: "rule", name: rule });
const alike = (why: string): Verdict => ({ equivalent: why, dead: false, differs: null });

/**
 * Mutants of a device, each explored for `statesMax` states, then put to `scenarios`, which returns the
 * name of one that tells the mutant from the device, or null; and then compared with the device, on
 * every input that runs what was changed.
 */
export async function scoreDevice(
  bytes: Uint8Array<ArrayBuffer>,
  options: MutationOptions & {
    statesMax: number;
    /** Compare on trials alone. */
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
    const why = `does the same on each of the ${runs} inputs that run it`;
    return { equivalent: why, dead: false, differs };
  });
  return { ...report, inputs: differential.inputs };
}

/** The rule that a mutant breaks in its first states; null if none. */
function brokenBy(mutant: Uint8Array<ArrayBuffer>, statesMax: number): string | null {
  const found: { report?: ExplorerReport } = {};
  try {
    const run = () => {
      found.report = new Explorer(mutant, { statesMax }).run();
    };
    if (!runBounded(run, HANG_MS) || found.report === undefined) return "the guest returns";
  } catch (error) {
    // A module that no host takes for a guest.
    if (error instanceof UserError) return "the guest keeps to docs/ABI.md";
    throw error;
  }
  const rule = found.report.violations[0]?.rule;
  return rule === undefined ? null : kindOf(rule);
}

/** A rule without the particulars of one violation. */
function kindOf(rule: string): string {
  return rule.replace(/^(the guest never traps|the state keeps to its ranges): .*/, "$1");
}
