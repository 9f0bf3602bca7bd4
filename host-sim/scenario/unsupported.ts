/** Whether a target can run the steps of a scenario. */
import type { Step } from "./grammar.ts";
import type { Target } from "./target.ts";

/**
 * Why the target cannot run the steps; null if it can. `around`: the steps repeat, so the first one
 * follows the last one.
 */
export function unsupportedReason(
  steps: readonly Step[],
  target: Target,
  around = false,
): string | null {
  for (const [index, step] of steps.entries()) {
    const next = steps[index + 1] ?? (around ? steps[0] : undefined);
    const reason =
      "repeat" in step
        ? unsupportedReason(step.repeat.steps, target, true)
        : target.unsupportedReason(step, next);
    if (reason !== null) return reason;
  }
  return null;
}
