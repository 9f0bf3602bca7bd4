/** Shared by the swarm tests: the shipped modules, a swarm engine for them, and broken devices. */
import { readFileSync } from "node:fs";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";
import { Engine, type Modules } from "../../host-sim/swarm/engine.ts";
import type { Patch } from "../prove/build.ts";

export const TIME_MS = 60_000;

export const shipped: Modules = {
  gate: readModule(firmwarePath("gate")),
  device: readModule(firmwarePath("device")),
};

export function engineOf(device = shipped.device): Promise<Engine> {
  return Engine.make({ ...shipped, device }, TIME_MS);
}

/** Devices with a deliberate fault each. The proof refutes them as well. */
export const broken = JSON.parse(
  readFileSync(new URL("../prove/fixtures/broken.json", import.meta.url), "utf8"),
) as (Patch & { name: string })[];
