/**
 * Ends a native board that does not answer. Its harness waits in a system call that nothing in its
 * own thread can interrupt, so another thread watches: processor time, not wall time, so that a busy
 * machine ends no board. Needs /proc; without it, there is no bound. Must not know what is asked.
 */
import { Worker } from "node:worker_threads";

/** Processor time for one answer, in ms. The longest known, a guest that floods, takes some 3 s. */
export const STALL_MS = 60_000;
/** How often the other thread looks, in ms. */
const LOOK_MS = 250;
/** Looks without any processor time used, after which a board sleeps for good: 2 minutes. */
const IDLE_LOOKS = 480;

/** Words that both threads see: the board's process, the answer waited for (0 for none), its bound, the answer it was ended for. */
const PROCESS = 0;
const WAITS = 1;
const BOUND = 2;
const ENDED = 3;

// A thread of its own file would have to be found again from within the bundle.
const WATCH = `
const { readFileSync } = require("node:fs");
const words = new Int32Array(require("node:worker_threads").workerData);
/* Fields 14 and 15 of proc(5)'s stat, in hundredths of a second, behind a name that may hold spaces. */
function used(pid) {
  const fields = readFileSync("/proc/" + pid + "/stat", "utf8").split(") ").pop().split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}
let seen = 0, since = 0, looks = 0;
function look() {
  const answer = Atomics.load(words, ${WAITS});
  if (answer === 0) return;
  const pid = Atomics.load(words, ${PROCESS});
  try {
    const now = used(pid);
    if (answer !== seen) {
      [seen, since, looks] = [answer, now, 0];
      return;
    }
    const idle = now - since < 10 && ++looks > ${IDLE_LOOKS};
    if (!idle && now - since <= Atomics.load(words, ${BOUND})) return;
    if (Atomics.load(words, ${WAITS}) !== answer) return;
    Atomics.store(words, ${ENDED}, answer);
    process.kill(pid, "SIGKILL");
  } catch {
    /* It has ended by itself. */
  }
}
const never = new Int32Array(new SharedArrayBuffer(4));
for (;;) {
  Atomics.wait(never, 0, 0, ${LOOK_MS});
  look();
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
 * Runs `wait`, which returns when the process answers or ends; ends the process if it takes too long.
 * Returns whether it was ended so.
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
