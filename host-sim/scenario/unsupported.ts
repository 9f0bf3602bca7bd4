/** Whether a target can run a scenario, or steps of one. */
import type { Scenario, Step } from "./grammar.ts";
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

/** Why the target cannot run the scenario; null if it can. */
export function unsupportedScenarioReason(scenario: Scenario, target: Target): string | null {
  const { start, time, steps } = scenario;
  if (target.realTime !== undefined) {
    if (time === "exact")
      return "it needs the board's exact times, so it runs in virtual time only";
    if (start.clock !== undefined) return "a board's clock starts at 0";
  }
  return target.unsupportedImageReason(start.image ?? "own") ?? unsupportedReason(steps, target);
}
