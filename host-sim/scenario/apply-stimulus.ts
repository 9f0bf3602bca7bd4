/**
 * Applies a stimulus to the simulated board: for scenarios, and for the lines of `killswitch sim`.
 */
import type { Simulator } from "../sim/simulator.ts";
import type { Stimulus } from "./grammar.ts";

/** Tenths of a degree Celsius, the unit of the board's sensor, per degree. */
const TENTHS = 10;

/** A stimulus to the board itself, not to the broker. */
export type BoardStimulus = Exclude<Stimulus, { broker: unknown }>;

export function applyStimulus(simulator: Simulator, stimulus: BoardStimulus): void {
  const { board } = simulator;
  if ("switch" in stimulus) board.flick(stimulus.switch);
  else if ("button" in stimulus) board.press(stimulus.button === "press");
  else if ("fault" in stimulus) {
    const { fault } = stimulus;
    if ("set" in fault) board.setFault(fault.set, true);
    else board.setFault(fault.clear, false);
  } else if ("supply" in stimulus) {
    if (stimulus.supply === "on") simulator.powerOn();
    else if (stimulus.supply === "reset") simulator.reset();
    else simulator.powerOff(stimulus.supply === "sag");
  } else if ("storage" in stimulus) board.bytesToPowerLoss = stimulus.storage["lose-power-after"];
  else board.temperature = Math.round(stimulus.temperature * TENTHS);
}
