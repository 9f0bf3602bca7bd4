/**
 * Worker processes: processes of this program that run tasks which the parent sends them, one at a time.
 */
import { type ChildProcess, fork } from "node:child_process";
import { Interrupted, onSignal } from "../base/signals.ts";

/** A process of this program that runs the tasks sent to it. Both sides are sent as JSON. */
export class Worker<Task extends object, Result> {
  readonly #child: ChildProcess;
  readonly #withdraw: () => void;

  constructor(args: readonly string[]) {
    const [, program = ""] = process.argv;
    this.#child = fork(program, args, { execArgv: process.execArgv, stdio: "inherit" });
    this.#withdraw = onSignal(() => this.#child.kill("SIGKILL"));
  }

  readonly run = (task: Task): Promise<Result> =>
    new Promise((resolve, reject) => {
      // Ctrl-C ends a worker that does not handle it yet, maybe before this process handles its own.
      const exited = (code: number | null, signal: NodeJS.Signals | null) =>
        reject(
          signal === "SIGINT"
            ? new Interrupted()
            : new Error(`a worker process ended with code ${code ?? signal}`),
        );
      this.#child.once("exit", exited);
      this.#child.once("message", (result: Result) => {
        this.#child.off("exit", exited);
        resolve(result);
      });
      this.#child.send(task, (trouble) => {
        const { exitCode, signalCode } = this.#child;
        // A worker that still runs ends soon, and its exit says why.
        if (trouble !== null && (exitCode !== null || signalCode !== null))
          exited(exitCode, signalCode);
      });
    });

  close(): void {
    this.#withdraw();
    if (this.#child.connected) this.#child.disconnect();
  }
}

/** The worker's side: runs the tasks that the parent sends, until the parent disconnects. */
export function serveWorker<Task, Result extends object>(
  run: (task: Task) => Promise<Result>,
): Promise<void> {
  // Ctrl-C reaches every process of the terminal. The parent decides when its workers end.
  process.on("SIGINT", () => {});
  return new Promise((resolve, reject) => {
    process.on("disconnect", resolve);
    process.on("message", (task: Task) => {
      const send = (result: Result) =>
        // If the parent has gone, there is nobody to send to; the worker ends without an error.
        process.send?.(result, undefined, undefined, (gone) => gone && resolve());
      run(task).then(send, reject);
    });
  });
}
