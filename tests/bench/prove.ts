/**
 * How fast the proof goes: the gate's 2^32 words, the device's transitions, and beside them Spin on a
 * hand-written model of the same policy, in the same run. Must not know how any of them works.
 */
import { RealClock } from "../../host-sim/base/clock.ts";
import { Explorer } from "../../host-sim/prove/device/explorer.ts";
import { proveGate } from "../../host-sim/prove/gate/proof.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";
import { runSpin, type SpinRun } from "./spin.ts";
import { type Figure, printFigures } from "./table.ts";

/** States whose events are fired again, unchecked, for what the guest itself takes. */
const BARE_STATES = 20_000;

/** Processor time of this process, in s: other processes on the guest do not count. */
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

interface DeviceRun {
  states: number;
  transitions: number;
  /** Millions of transitions a second: checked; and fired alone. */
  checked: number;
  bare: number;
  /** Processor time to closure, in s. */
  seconds: number;
}

/** The shipped guest to closure, every transition checked; then a part of it with no question asked. */
function runDevice(): DeviceRun {
  const explorer = new Explorer(readModule(firmwarePath("device")));
  let report = explorer.report;
  const seconds = processor(() => {
    report = explorer.run();
  });
  if (!report.closed) throw new Error("the exploration does not close: run `killswitch prove`");
  let fired = 0;
  const bareSeconds = processor(() => {
    const every = Math.ceil(explorer.table.size / BARE_STATES);
    for (let index = 0; index < explorer.table.size; index += every)
      fired += explorer.fireOnly(index);
  });
  const { states, transitions } = report;
  const checked = transitions / seconds / 1e6;
  return { states, transitions, checked, seconds, bare: fired / bareSeconds / 1e6 };
}

const n = (value: number) => value.toLocaleString("en-US");

/** What the two runs have in common, and what not. */
function compared(device: DeviceRun, spin: SpinRun): string {
  if (spin.states !== device.states + 1)
    throw new Error(
      `policy.pml is another policy: ${spin.states} states, the guest's ${device.states}`,
    );
  const rate = spin.transitions / spin.seconds / 1e6;
  return [
    `The explorer checks ${(device.checked / rate).toFixed(2)} times as many transitions a second as Spin, and`,
    `takes ${device.seconds.toFixed(0)} s to closure, Spin ${spin.seconds.toFixed(0)} s.`,
    `States: ${n(device.states)}, of both: Spin counts one more, that before the boot.`,
    `Transitions: ${n(device.transitions)}, and ${n(spin.transitions)}: Spin tries failing storage also where`,
    "nothing is written. Both hold all states exactly and check every transition; Spin's vector is",
    `${spin.vector} bytes. Spin's policy is native C on folded values. The explorer runs the shipped bytes, with`,
    "their CBOR, COSE, SHA-256 and storage, poisons the rest of their page before each event, and compares",
    "all that they send and write; Spin's model has none of that.",
  ].join("\n");
}

export async function benchProve(): Promise<void> {
  const clock = new RealClock();
  const figures = benchGate();
  const device = runDevice();
  figures.push(
    {
      what: "device: transitions checked, to closure (wanted: 2)",
      value: device.checked,
      unit: "M/s",
    },
    { what: "device: the guest alone, nothing checked", value: device.bare, unit: "M/s" },
  );
  const spin = runSpin();
  if (typeof spin !== "string")
    figures.push({
      what: "Spin on tests/bench/policy.pml, to closure",
      value: spin.transitions / spin.seconds / 1e6,
      unit: "M/s",
    });
  printFigures(figures);
  const told = typeof spin === "string" ? `Spin: NOT RUN (${spin})` : compared(device, spin);
  process.stdout.write(`\n${told}\n\n${(clock.now() / 1000).toFixed(0)} s in all\n`);
}
