/**
 * The speed of the proof: the gate's 2^32 words, the device's transitions, and in the same run Spin on a
 * hand-written model of the same policy.
 */
import { RealClock } from "../../host-sim/base/clock.ts";
import { Explorer } from "../../host-sim/prove/device/explorer.ts";
import { proveGate } from "../../host-sim/prove/gate/proof.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";
import { runSpin, type SpinRun } from "./spin.ts";
import { type Figure, printFigures } from "./table.ts";

/** Number of states whose events are fired again without checks, to measure the guest alone. */
const BARE_STATES = 20_000;

/** Processor time of this process, in s. Other processes on the machine do not count. */
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
  /** Millions of transitions a second: checked, and fired without checks. */
  checked: number;
  unchecked: number;
  /** Processor time to closure, in s. */
  seconds: number;
}

/** Explores the shipped guest to closure, then fires the events of some states without checks. */
function runDevice(): DeviceRun {
  const explorer = new Explorer(readModule(firmwarePath("device")));
  let report = explorer.report;
  const seconds = processor(() => {
    report = explorer.run();
  });
  if (!report.closed)
    throw new Error(
      "the exploration does not close: run `killswitch prove --part device` to see why",
    );
  let fired = 0;
  const uncheckedSeconds = processor(() => {
    const every = Math.ceil(explorer.table.size / BARE_STATES);
    for (let index = 0; index < explorer.table.size; index += every)
      fired += explorer.fireOnly(index);
  });
  const { states, transitions } = report;
  const checked = transitions / seconds / 1e6;
  return { states, transitions, checked, seconds, unchecked: fired / uncheckedSeconds / 1e6 };
}

const n = (value: number) => value.toLocaleString("en-US");

/** What the two runs have in common, and how they differ. */
function compared(device: DeviceRun, spin: SpinRun): string {
  if (spin.states !== device.states + 1)
    throw new Error(
      `tests/bench/policy.pml is not the guest's policy: it has ${spin.states} states, the guest ${device.states}`,
    );
  const rate = spin.transitions / spin.seconds / 1e6;
  return [
    `The explorer checks ${(device.checked / rate).toFixed(2)} times as many transitions a second as Spin. It takes`,
    `${device.seconds.toFixed(0)} s to closure, Spin takes ${spin.seconds.toFixed(0)} s.`,
    `Both find ${n(device.states)} states. Spin counts one more, the one before the boot.`,
    `The explorer has ${n(device.transitions)} transitions, Spin ${n(spin.transitions)}: Spin tries failing storage also`,
    "where nothing is written. Both keep an exact set of states and check every transition. Spin's state",
    `vector has ${spin.vector} bytes. Spin's policy is native C on abstract values. The explorer runs the shipped`,
    "bytes with their CBOR, COSE, SHA-256 and storage, poisons the rest of their page before each event, and",
    "compares everything that they send and write. Spin's model has none of this.",
  ].join("\n");
}

export async function benchProve(): Promise<void> {
  const clock = new RealClock();
  const figures = benchGate();
  const device = runDevice();
  figures.push(
    {
      what: "device: transitions checked, to closure (aim: 2)",
      value: device.checked,
      unit: "M/s",
    },
    { what: "device: transitions without checks", value: device.unchecked, unit: "M/s" },
  );
  const spin = runSpin();
  if (typeof spin !== "string")
    figures.push({
      what: "Spin on tests/bench/policy.pml, to closure",
      value: spin.transitions / spin.seconds / 1e6,
      unit: "M/s",
    });
  printFigures(figures);
  const comparison = typeof spin === "string" ? `Spin: NOT RUN (${spin})` : compared(device, spin);
  process.stdout.write(`\n${comparison}\n\n${(clock.now() / 1000).toFixed(0)} s in total\n`);
}
