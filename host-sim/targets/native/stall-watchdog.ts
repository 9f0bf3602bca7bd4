/**
 * Ends a native board that does not answer. The caller waits in a system call that nothing in its
 * own thread can interrupt, so a second thread watches the board. It measures processor time, not
 * wall time, so that a busy machine ends no board. Without /proc there is no limit.
 */
import { Worker } from "node:worker_threads";

/** Limit of processor time for one answer, in ms. The slowest known guest takes about 3 s. */
export const STALL_MS = 60_000;
/** Interval between two checks of the second thread, in ms. */
const CHECK_MS = 250;
/** Checks without any processor time used, after which the board counts as asleep: 2 minutes. */
const IDLE_CHECKS = 480;

/**
 * Words that both threads share: the board's process id, the number of the awaited answer (0:
 * none), its limit in ms, and the number of the answer for which the board was ended.
 */
const PROCESS = 0;
const WAITS = 1;
const BOUND = 2;
const ENDED = 3;

// The thread's code is a string, because a file of its own could not be found from within the
// bundle.
const WATCH = `
const { readFileSync } = require("node:fs");
const words = new Int32Array(require("node:worker_threads").workerData);
/* Fields 14 and 15 of /proc/PID/stat, in 1/100 s: see proc(5). The name before may contain spaces. */
function used(pid) {
  const fields = readFileSync("/proc/" + pid + "/stat", "utf8").split(") ").pop().split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
let seen = 0, since = 0, checks = 0;
function check() {
  const answer = Atomics.load(words, ${WAITS});
  if (answer === 0) return;
  const pid = Atomics.load(words, ${PROCESS});
  try {
    const now = used(pid);
    if (answer !== seen) {
      [seen, since, checks] = [answer, now, 0];
      return;
    }
    const idle = now - since < 10 && ++checks > ${IDLE_CHECKS};
    if (!idle && now - since <= Atomics.load(words, ${BOUND})) return;
    if (Atomics.load(words, ${WAITS}) !== answer) return;
    Atomics.store(words, ${ENDED}, answer);
    process.kill(pid, "SIGKILL");
  } catch {
    /* The process has ended. */
  }
}
const never = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
  Atomics.wait(never, 0, 0, ${CHECK_MS});
  check();
}
`;

let words: Int32Array | null = null;
let answers = 0;

function watched(): Int32Array {
  if (words === null) {
    const shared = new SharedArrayBuffer(16);
    words = new Int32Array(shared);
    new Worker(WATCH, { eval: true, workerData: shared }).unref();
  }
  return words;
}

/**
 * Runs `wait`, which must return when the process answers or ends. Kills the process if it uses
 * more than `boundMs` of processor time. Returns whether it was killed.
 */
export function waitWithWatchdog(pid: number, boundMs: number, wait: () => void): boolean {
  const shared = watched();
  answers = (answers % 0x7fff_ffff) + 1;
  Atomics.store(shared, PROCESS, pid);
  Atomics.store(shared, BOUND, boundMs);
  Atomics.store(shared, WAITS, answers);
  wait();
  Atomics.store(shared, WAITS, 0);
  return Atomics.load(shared, ENDED) === answers;
}
