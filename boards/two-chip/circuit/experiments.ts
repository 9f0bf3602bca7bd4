/** The types that the experiments share: their context, their results and the curves for the plots. */
import type { Claim, ClaimId } from "./claims.ts";
import type { Engine } from "./engine.ts";
import type { Worst } from "./sweep.ts";
import type { Circuit } from "./table.ts";

/** A curve for a plot: x in ms (or % of states), y in volts. */
export interface Curve {
  name: string;
  x: number[];
  y: number[];
}

export interface Proof {
  claims: Claim[];
  /** Further figures without a claim, by name: ms, V or counts. */
  figures: Record<string, number>;
  curves: { cut: Curve[]; bounce: Curve[]; backPower: Curve[]; dip: Curve[] };
}

export interface ProofOptions {
  full: boolean;
  progress: (done: number, total: number, label: string) => void;
}

/** The context of the experiments. */
export interface Experiments {
  engine: Engine;
  circuit: Circuit;
  proof: Proof;
  step: (label: string) => void;
  claim: (id: ClaimId, worst: Worst) => void;
}
