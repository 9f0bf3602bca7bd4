/**
 * What a scenario asks that no wire reaches, or no hand could time. Must not know the board.
 */
import { durationMs, type Step } from "../scenario/grammar.ts";
import type { HilData } from "./board.ts";
import { WIRE_FAULTS } from "./switch.ts";
import type { RigCapabilities } from "./wires.ts";

/** Steps that look, and do nothing. */
const PASSIVE_STEPS = ["expect", "trace", "journal", "witness", "wait"];

function unsupportedSupplyReason(
  supply: string,
  hil: HilData,
  capabilities: RigCapabilities,
): string | null {
  if (supply === "sag") return "the supply cannot be made to sag";
  if (supply !== "reset") return capabilities.supply ? null : "no wire switches the supply";
  if (hil.resetIsPowerOn) return "the reset pin is a power-on: nothing in RAM survives it";
  return capabilities.reset ? null : "no wire goes to the reset pin";
}

/** A message that goes out at once and is not waited for. */
function isFireAndForget(step: Step | undefined): boolean {
  if (step === undefined || !("send" in step)) return false;
  const { via = "direct", reply, data } = step.send;
  return via === "direct" && reply === undefined && data === undefined;
}

/** Why a step cannot be done; null if it can. */
export function unsupportedStepReason(
  step: Step,
  next: Step | undefined,
  hil: HilData,
  capabilities: RigCapabilities,
): string | null {
  if ("supply" in step) return unsupportedSupplyReason(step.supply, hil, capabilities);
  if ("fault" in step) {
    const fault = "set" in step.fault ? step.fault.set : step.fault.clear;
    return WIRE_FAULTS.has(fault) ? null : `no wire makes the fault ${fault}`;
  }
  if ("storage" in step) return "the supply cannot be made to fail in the middle of a write";
  if ("stall" in step) return "the board's processor cannot be stalled";
  if ("temperature" in step) return "the temperature cannot be set";
  if ("witness" in step && step.witness.rail !== undefined && !capabilities.railMeter)
    return "no meter is on the rail";
  if ("expect" in step && step.expect.rail === "up" && !capabilities.railSense)
    return "the board's sense of its rail is not emulated";
  if (isFireAndForget(step) && isFireAndForget(next))
    return "messages at one moment: no network keeps them together";
  if (!("wait" in step)) return null;
  const ms = durationMs(step.wait);
  if (ms > hil.longestMs) return `a wait of ${step.wait}: ${hil.longestMs / 1000}s is the longest`;
  const acts = next !== undefined && !PASSIVE_STEPS.some((kind) => kind in next);
  if (acts && ms < hil.finestMs)
    return `two stimuli ${step.wait} apart: ${hil.finestMs}ms is the least`;
  return null;
}
