/**
 * Ctrl-C at three moments of every verb that runs for long: the terminal sends SIGINT to the whole
 * process group. The verb ends at once with 130, prints no result, and leaves no process.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ABI_VERSION } from "../../host-sim/abi/abi.gen.ts";
import { EXIT } from "../../host-sim/base/errors.ts";
import { packageRoot } from "../../host-sim/base/paths.ts";
import { targetTrouble } from "../../host-sim/targets/registry.ts";
import { noPty, Pty } from "../serial/pty.ts";

const program = join(packageRoot(), "dist", "killswitch.js");
/** When the signal comes, in ms after the start. Node needs some 300 ms to load the program. */
const MOMENTS_MS = [100, 800, 2500];
/** How soon the verb must end, in ms. A loaded machine is the reason that it is not 0.2 s. */
const END_MS = 2000;

let folder = "";
let silent: Pty | null = null;
const without = noPty();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "killswitch-interrupt-"));
  if (without === null) silent = await Pty.open();
});
afterAll(async () => {
  await silent?.close();
  rmSync(folder, { recursive: true });
});

/** A process and all processes that it started, directly or not. Linux only. */
function family(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return [pid, ...(text === "" ? [] : text.split(" ").map(Number).flatMap(family))];
  } catch {
    return [];
  }
}

function runs(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

interface Ended {
  /** The exit code as a shell sees it. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
  readonly tookMs: number;
  readonly left: readonly number[];
}

async function interrupted(line: string, afterMs: number): Promise<Ended> {
  const child: ChildProcess = spawn(process.execPath, [program, ...line.split(" ")], {
    cwd: folder,
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  let [out, err] = ["", ""];
  child.stdout?.on("data", (text) => {
    out += text;
  });
  child.stderr?.on("data", (text) => {
    err += text;
  });
  const closed = new Promise<number>((done) =>
    child.once("close", (code, signal) => done(code ?? (signal === "SIGINT" ? 130 : 128))),
  );
  await sleep(afterMs);
  const pid = child.pid ?? 0;
  const members = family(pid);
  const start = performance.now();
  if (child.exitCode === null) process.kill(-pid, "SIGINT");
  const code = await closed;
  const tookMs = performance.now() - start;
  // A process that was killed disappears a little later.
  for (let tries = 0; tries < 50 && members.some(runs); tries++) await sleep(20);
  const left = members.filter(runs);
  for (const one of left) process.kill(one, "SIGKILL");
  return { code, out, err, tookMs, left };
}

const native = ["posix", "qemu-riscv32"].map((name) => [name, targetTrouble(name)] as const);
for (const [name, trouble] of native)
  if (trouble !== null) process.stderr.write(`NOT RUN Ctrl-C on ${name}: ${trouble}\n`);
const targets = native.filter(([, trouble]) => trouble === null).map(([name]) => name);

const LINES = [
  "sim --port 0",
  "sim --virtual",
  "prove",
  "prove --part device",
  "prove --part device-mutants --seed 2",
  "run --json",
  "swarm --seeds 4000000",
  "swarm --seeds 4000000 --jobs 2",
  "journal verify -",
  ...targets.map((name) => `run --target ${name}`),
  ...(targets.length > 0 ? ["conform"] : []),
  ...(targets.includes("posix") ? ["bridge --board posix --port 0"] : []),
];

describe.runIf(process.platform === "linux")("Ctrl-C", () => {
  beforeAll(() => {
    const { status } = spawnSync(process.execPath, [program, "keys", "init"], { cwd: folder });
    expect(status).toBe(0);
    // Compiled before, so that the moments below are those of the run itself.
    for (const board of targets)
      spawnSync(process.execPath, [program, "build", "--board", board], { cwd: folder });
  }, 120_000);

  const check = ({ code, out, err, tookMs, left }: Ended) => {
    expect({ code, left }, out + err).toEqual({ code: EXIT.INTERRUPTED, left: [] });
    expect(tookMs).toBeLessThan(END_MS);
    expect(out + err).not.toMatch(/^proven|passed, |internal error|at .*:\d+:\d+\)/);
  };

  test.each(LINES)("%s", async (line) => {
    for (const ended of await Promise.all(MOMENTS_MS.map((ms) => interrupted(line, ms))))
      check(ended);
  });

  test.runIf(targets.includes("posix"))("build, while it compiles", async () => {
    for (const [index, ms] of MOMENTS_MS.slice(0, 2).entries()) {
      // A guest that was never compiled.
      const text = `(module (memory (export "memory") 1 1) (global i32 (i32.const ${process.pid}))
        (func (export "abi_version") (result i32) i32.const ${ABI_VERSION})
        (func (export "init") (param i32) (drop (i32.const ${process.pid * 10 + index})))
        (func (export "on_event") (param i32 i32 i32))
        (func (export "rx_buffer") (result i32) i32.const 0)
        (func (export "state_ptr") (result i32) i32.const 0)
        (func (export "state_len") (result i32) i32.const 0))`;
      writeFileSync(join(folder, "guest.wat"), text);
      const line = "build --board posix --engine aot --guest guest.wat";
      const ended = await interrupted(line, ms);
      if (ended.code !== EXIT.OK) check(ended);
    }
  });

  test
    .skipIf(without !== null)
    .each(["flash --board esp32c3 --guest", "console", "provision --scan"])(
    "%s on a silent serial line",
    async (words) => {
      for (const ms of MOMENTS_MS) {
        const line = `${words} --port ${silent?.path}`;
        check(await interrupted(line, ms));
      }
    },
  );
});
