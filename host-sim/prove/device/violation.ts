/** Turns what a guest threw into the rule that it broke. */
import { OutOfRange } from "./abstraction.ts";
import { Misuse } from "./instrumented-guest.ts";

/**
 * The rule that a guest broke which trapped, misused an import or left the range of a field. Throws every
 * other error again: it is a defect of this program.
 */
export function violationFromError(error: unknown): string {
  if (error instanceof OutOfRange) return `every field keeps to its range: ${error.message}`;
  if (error instanceof Misuse) return `the guest keeps to docs/ABI.md: ${error.message}`;
  if (error instanceof WebAssembly.RuntimeError) return `the guest never traps: ${error.message}`;
  if (error instanceof RangeError) return "the guest never exhausts its stack";
  throw error;
}
