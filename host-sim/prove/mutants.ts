/**
 * The mutation score: how many mutants of a module the proofs tell from the module itself, and, of
 * those that they do not, why. Must not know how a mutant is made or a proof is done.
 */

import { makeGate } from "../firmware.ts";
import { runBounded } from "../guard.ts";
import { Prng } from "../prng.ts";
import { Explorer, type ExplorerReport } from "./explorer.ts";
import { proveGate } from "./gate.ts";
import { compareGates, sameFromPowerOn } from "./gate-compare.ts";
import { explorePaths } from "./gate-paths.ts";
import { exportNames, mutantOf, type Site, sitesOf } from "./mutate.ts";

export interface Spared {
  operator: string;
  place: string;
  /** Why it is equivalent; null for one that survived. */
  equivalent: string | null;
  /** It does something else than the module, somewhere in what was tried, and breaks no rule. */
  differs: boolean;
}

export interface MutationReport {
  /** Sites of the module. */
  sites: number;
  made: number;
  killed: number;
  equivalent: number;
  survived: number;
  /** By what they were killed. */
  by: Record<string, number>;
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

/** `most` of the sites, without repeats, in their order. */
function sample(sites: readonly Site[], most: number, seed: number): Site[] {
  const prng = new Prng(seed);
  const pool = [...sites];
  while (pool.length > most) pool.splice(prng.below(pool.length), 1);
  return pool;
}

type Verdict = { killer: string } | { equivalent: string | null; differs: boolean };

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
    by: {},
    spared: [],
  };
  for (const [done, site] of chosen.entries()) {
    const verdict = await judge(mutantOf(bytes, site), site);
    if ("killer" in verdict) {
      report.killed++;
      report.by[verdict.killer] = (report.by[verdict.killer] ?? 0) + 1;
    } else {
      report[verdict.equivalent === null ? "survived" : "equivalent"]++;
      report.spared.push({ operator: site.operator, place: site.place, ...verdict });
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
    if (near.violations[0] !== undefined) return { killer: near.violations[0].rule };
    const all = options.whole ? (names.get(inside) ?? null) : null;
    const found = compareGates(bytes, mutant, all);
    if (found.words.some((word) => reachable.has(word))) {
      const same = sameFromPowerOn(bytes, mutant);
      const why =
        "other words for the same phases: from power-on on, phase and permit are the same for every sequence of inputs";
      return { equivalent: same ? why : null, differs: true };
    }
    if (found.words.length > 0) {
      const flips = distance(found.words, reachable);
      const why = `differs on ${found.words.length} words alone that no path from power-on reaches, ${flips} or more bit flips from any that one does`;
      return { equivalent: why, differs: true };
    }
    if (found.all !== null && found.all > 0)
      return { killer: "a word that does not check is KILLED" };
    const where = found.all === null ? "" : `, and ${all}() on all 2^32 words`;
    const why = `the same results on every word that checks by every input${where}`;
    return { equivalent: why, differs: false };
  });
}

/**
 * Mutants of a device, each explored for `statesMax` states, and then put to `scenarios`: it returns
 * the name of one that tells the mutant from the device, or null.
 */
export function scoreDevice(
  bytes: Uint8Array<ArrayBuffer>,
  options: MutationOptions & {
    statesMax: number;
    scenarios: (mutant: Uint8Array<ArrayBuffer>) => Promise<string | null>;
  },
): Promise<MutationReport> {
  const { statesMax } = options;
  const { digest } = new Explorer(bytes, { statesMax }).run();
  return score(bytes, options, async (mutant) => {
    const found: { report?: ExplorerReport } = {};
    const bounded = runBounded(() => {
      found.report = new Explorer(mutant, { statesMax }).run();
    }, HANG_MS);
    if (!bounded || found.report === undefined) return { killer: "the guest returns" };
    const rule = found.report.violations[0]?.rule;
    if (rule !== undefined) return { killer: kindOf(rule) };
    const killer = await options.scenarios(mutant);
    if (killer !== null) return { killer };
    return { equivalent: null, differs: found.report.digest !== digest };
  });
}

/** A rule without the particulars of one violation. */
function kindOf(rule: string): string {
  return rule.replace(/^(the guest never traps|the state keeps to its ranges): .*/, "$1");
}
