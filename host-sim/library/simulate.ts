/** Makes boards for tests: simulated ones, and those of `killswitch run --target`. */
import { EXIT, UserError } from "../base/errors.ts";
import { firmwareOf, guestBytes } from "../scenario/guest.ts";
import { SimTarget } from "../targets/sim.ts";
import { type RigOptions, type SimulateOptions, Simulation } from "./simulation.ts";

async function bytesOf({ guest }: SimulateOptions): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (guest === undefined) return undefined;
  return typeof guest === "string" ? guestBytes(guest) : new Uint8Array(guest);
}

/**
 * A simulated board in virtual time, with its supply just switched on. Throws UserError if the guest
 * cannot be read. A guest that a host refuses gives a trace that says so.
 */
export async function simulate(options: SimulateOptions = {}): Promise<Simulation> {
  const firmware = firmwareOf(await bytesOf(options));
  const simulation = new Simulation(options, new SimTarget(), firmware);
  await simulation.start();
  return simulation;
}

/**
 * The same on another target: a name as for `killswitch run --target`. Throws UserError if the target
 * cannot be used on this machine.
 */
export async function rig(target: string, options: RigOptions = {}): Promise<Simulation> {
  const { checkTarget, isTargetName, makeTarget, targetNames, targetTrouble } = await import(
    "../targets/registry.ts"
  );
  if (!isTargetName(target)) {
    const names = targetNames().join(", ");
    throw new UserError(
      `there is no target "${target}": use one of ${names}, serial:PORT`,
      EXIT.USAGE,
    );
  }
  const trouble = targetTrouble(target);
  if (trouble !== null) throw new UserError(`NOT RUN ${target}: ${trouble}`, EXIT.BAD_FILE);
  const { guest: _given, ...wiring } = options;
  await checkTarget(target, wiring);
  const guest = await bytesOf(options);
  const made = makeTarget(target, { ...wiring, ...(guest && { guest }) });
  const simulation = new Simulation(options, made, firmwareOf(guest));
  await simulation.start();
  return simulation;
}
