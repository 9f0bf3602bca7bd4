/**
 * Runs code that may never return. V8 ends it after a wall-clock bound: the only way to stop a hung
 * module without changing its bytes. Must not know what it runs.
 */
import { Script } from "node:vm";

const SLOT = Symbol.for("killswitch.guard");
const script = new Script("globalThis[Symbol.for('killswitch.guard')]()");
let guarded = false;

/**
 * Calls `run`. Returns false if it did not return within `timeoutMs` of wall time; it was then ended
 * at whatever point it had reached, without its `finally` blocks. A bound costs some 80 us, so inside
 * another bound the outer one holds alone: a long run of short steps pays once.
 */
export function runBounded(run: () => void, timeoutMs: number): boolean {
  if (guarded) {
    run();
    return true;
  }
  const slots = globalThis as { [SLOT]?: () => void };
  slots[SLOT] = run;
  guarded = true;
  try {
    script.runInThisContext({ timeout: timeoutMs });
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return false;
    throw error;
  } finally {
    guarded = false;
    delete slots[SLOT];
  }
}
