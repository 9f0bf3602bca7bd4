/**
 * The package's entry for tests of guests: `import { simulate } from "@killswitch-device/killswitch"`. docs/LIBRARY.md
 * describes it.
 */
export { UserError } from "../base/errors.ts";
export type { Scenario, Send, Step } from "../scenario/grammar.ts";
export type { Observed } from "../scenario/observed.ts";
export type { ReceivedReply } from "../scenario/remote.ts";
export { rig, simulate } from "./simulate.ts";
export {
  type RigOptions,
  type SimulateOptions,
  type Simulation,
  Unexpected,
} from "./simulation.ts";
