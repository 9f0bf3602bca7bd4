/**
 * Runs code that may never return. V8 terminates it after a limit of wall time. This is the only
 * way to stop a WebAssembly module that hangs without changing its bytes.
 */
import { Script } from "node:vm";

const SLOT = Symbol.for("killswitch.guard");
const script = new Script("globalThis[Symbol.for('killswitch.guard')]()");
let guarded = false;

/**
 * Calls `run`. Returns false if it did not return within `timeoutMs` of wall time. It was then
 * terminated at the point that it had reached, without running its `finally` blocks. Setting a
 * limit costs about 80 us. A call inside another call sets no limit of its own, so that a long
 * series of short steps pays once; the outer limit applies.
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
