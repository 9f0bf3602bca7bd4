/**
 * Decides which steps of a scenario a test rig cannot do, for lack of a wire or of timing
 * precision.
 */
import { durationMs, type Step } from "../../scenario/grammar.ts";
import type { HilData } from "./hil-data.ts";
import { WIRE_FAULTS } from "./switch.ts";
import type { RigCapabilities } from "./wires.ts";

/** Steps that only observe. */
const PASSIVE_STEPS = ["expect", "trace", "journal", "witness", "wait"];

function unsupportedSupplyReason(
  supply: string,
  hil: HilData,
  capabilities: RigCapabilities,
): string | null {
  if (supply === "sag") return "the supply cannot be made to sag";
  if (supply !== "reset") return capabilities.supply ? null : "no wire switches the supply";
  if (hil.resetIsPowerOn)
    return "the reset pin causes a power-on reset: nothing in RAM survives it";
  return capabilities.reset ? null : "no wire goes to the reset pin";
}

/** Whether a step sends a message immediately and does not wait for a reply. */
function isFireAndForget(step: Step | undefined): boolean {
  if (step === undefined || !("send" in step)) return false;
  const { via = "direct", reply, data } = step.send;
  return via === "direct" && reply === undefined && data === undefined;
}

/** Why the rig cannot do a step that is followed by `next`; null if it can. */
export function unsupportedStepReason(
  step: Step,
  next: Step | undefined,
  hil: HilData,
  capabilities: RigCapabilities,
): string | null {
  if ("supply" in step) return unsupportedSupplyReason(step.supply, hil, capabilities);
  if ("fault" in step) {
    const fault = "set" in step.fault ? step.fault.set : step.fault.clear;
    return WIRE_FAULTS.has(fault) ? null : `no wire can cause the fault ${fault}`;
  }
  if ("storage" in step) return "the supply cannot be cut in the middle of a write";
  if ("stall" in step) return "the board's processor cannot be stalled";
  if ("temperature" in step) return "the temperature cannot be set";
  if ("witness" in step && step.witness.rail !== undefined && !capabilities.railMeter)
    return "no meter is connected to the rail";
  if ("expect" in step && step.expect.rail === "up" && !capabilities.railSense)
    return "the emulator does not emulate the board's rail sense";
  if (isFireAndForget(step) && isFireAndForget(next))
    return "two messages at the same instant: a real network does not keep them together";
  if (!("wait" in step)) return null;
  const ms = durationMs(step.wait);
  if (ms > hil.longestMs)
    return `a wait of ${step.wait}: the longest on this board is ${hil.longestMs / 1000}s`;
  const acts = next !== undefined && !PASSIVE_STEPS.some((kind) => kind in next);
  if (acts && ms < hil.finestMs)
    return `two stimuli ${step.wait} apart: the shortest interval is ${hil.finestMs}ms`;
  return null;
}
