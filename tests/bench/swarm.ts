/** The speed of the swarm on one core, and what a run contains. */
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";
import { Engine } from "../../host-sim/swarm/engine.ts";
import { type Figure, printFigures } from "./table.ts";

const TIME_MS = 60_000;
/** Seeds of a round. The first round warms up the compiler and is not counted. */
const SEEDS = 4_000;
const ROUNDS = 3;

/** Measures runs per second of user time. Other processes do not count, but share the caches. */
export async function benchSwarm(): Promise<void> {
  const gate = readModule(firmwarePath("gate"));
  const engine = await Engine.make({ gate, device: readModule(firmwarePath("device")) }, TIME_MS);
  await engine.runSeeds(0, SEEDS);
  const rates: number[] = [];
  let stimuli = 0;
  let messages = 0;
  let lines = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const before = process.cpuUsage();
    const totals = await engine.runSeeds(round * SEEDS, SEEDS);
    rates.push(SEEDS / (process.cpuUsage(before).user / 1e6));
    const { wait = 0, stall = 0, send = 0, replay = 0, ...others } = totals.steps;
    const rest = Object.values(others).reduce((sum, count) => sum + count, 0);
    stimuli += stall + send + replay + rest;
    messages += send + replay;
    lines += totals.lines;
    if (wait === 0 || totals.violated > 0)
      throw new Error(
        "a run of the swarm had no wait, or found a violation: run `killswitch swarm` to see it",
      );
  }
  const runs = ROUNDS * SEEDS;
  const figures: Figure[] = [
    {
      what: "runs of 60 simulated s a second, best of three",
      value: Math.round(Math.max(...rates)),
      atLeast: 2_000,
      unit: "/s",
    },
    { what: "stimuli a run", value: stimuli / runs, unit: "" },
    { what: "messages a run", value: messages / runs, unit: "" },
    { what: "trace lines a run", value: lines / runs, unit: "" },
  ];
  printFigures(figures);
}
