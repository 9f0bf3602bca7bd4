/**
 * How fast the proof goes: the gate's 2^32 words, the device's transitions, and beside them Spin on a
 * hand-written model of the same policy, in the same run. Must not know how any of them works.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { RealClock } from "../../host-sim/clock.ts";
import { firmwarePath, readModule } from "../../host-sim/firmware.ts";
import { fire } from "../../host-sim/prove/events.ts";
import { Explorer } from "../../host-sim/prove/explorer.ts";
import { proveGate } from "../../host-sim/prove/gate.ts";
import { decodeState } from "../../host-sim/prove/model.ts";
import { STATE_BYTES } from "../../host-sim/state.gen.ts";
import { type Figure, printFigures } from "./table.ts";

const STATES = 30_000;
const MODEL = resolve("tests/bench/policy.pml");

/** Processor time of this process, in s: other processes on the machine do not count. */
function processor(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function benchGate(): Figure[] {
  const gate = readModule(firmwarePath("gate"));
  const seconds = processor(() => proveGate(gate, { depth: "words" }));
  return [
    { what: "gate: all 2^32 words, permits() and phase()", value: seconds, atMost: 60, unit: "s" },
  ];
}

/** Events of the first states fired again with no question asked: what the guest itself takes. */
function bareRate(explorer: Explorer): number {
  const { machine, table } = explorer;
  const events = explorer.events.filter(({ twinOf, ends }) => twinOf === null && ends === 0);
  const region = new Uint8Array(STATE_BYTES);
  machine.onSend = () => 0;
  let fired = 0;
  const seconds = processor(() => {
    for (let index = 0; index < table.size; index += 10) {
      decodeState(table.codes[index] ?? 0, region);
      machine.settle(region);
      for (const event of events) fire(machine, event);
      fired += events.length;
    }
  });
  return fired / seconds / 1e6;
}

function benchDevice(): Figure[] {
  const explorer = new Explorer(readModule(firmwarePath("device")), { statesMax: STATES });
  let transitions = 0;
  const seconds = processor(() => {
    ({ transitions } = explorer.run());
  });
  return [
    { what: "device: transitions checked", value: transitions / seconds / 1e6, unit: "M/s" },
    { what: "device: the guest alone, nothing checked", value: bareRate(explorer), unit: "M/s" },
  ];
}

/** Spin's own count over its own processor time; null if it is not installed. */
function spinRate(): number | null {
  const folder = mkdtempSync(join(tmpdir(), "killswitch-spin-"));
  try {
    const run = (command: string, args: string[]) =>
      spawnSync(command, args, { cwd: folder, encoding: "utf8" });
    if (run("spin", ["-a", MODEL]).status !== 0) return null;
    const flags = ["-O3", "-DSAFETY", "-DNOREDUCE", "-DVECTORSZ=512", "-DMEMLIM=4000"];
    if (run("cc", [...flags, "-o", "pan", "pan.c"]).status !== 0) return null;
    const { stdout, stderr } = run("bash", ["-c", "TIMEFORMAT='%U %S'; time ./pan -m1000000 -w24"]);
    const transitions = Number(/(\d+) transitions/.exec(stdout)?.[1]);
    const [user = 0, system = 0] = stderr.trim().split(" ").map(Number);
    return stdout.includes("errors: 0") ? transitions / (user + system) / 1e6 : null;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export async function benchProve(): Promise<void> {
  const clock = new RealClock();
  const figures = [...benchGate(), ...benchDevice()];
  const spin = spinRate();
  if (spin !== null)
    figures.push({
      what: "Spin on tests/bench/policy.pml, 256-byte state",
      value: spin,
      unit: "M/s",
    });
  printFigures(figures);
  if (spin === null) process.stdout.write("\nSpin: NOT RUN (apt-get install spin)\n");
  process.stdout.write(`\n${(clock.now() / 1000).toFixed(0)} s in all\n`);
}
