/**
 * The controller's proof: closes the model of explorer.ts in several sizes. Every report is true, or a
 * sequence of steps is returned that leads to one that is not.
 */
import { Conversation } from "../../controller/conversation.ts";
import { Explorer } from "./explorer.ts";
import type { ModelOptions, ModelResult } from "./model.ts";

export interface ControllerRun {
  /** What this run covers. */
  readonly name: string;
  readonly result: ModelResult;
}

/** The controller that is shipped. */
export const SHIPPED: ModelOptions["make"] = (options) => new Conversation(options);

/** Two settings of the relay: each undoes the other. */
const BOTH = ["relay.set on", "relay.set off"] as const;
/** Across operations: one moves the relay, the other does not. */
const MIXED = ["relay.set on", "identify"] as const;
/** The device's clock is slower than the controller's by the largest difference that is allowed. */
const SLOW = 1 / 1.02;

type Size = Omit<ModelOptions, "make" | "device">;
const plain = { hold: false, interrupts: false, rate: 1 } as const;

/** By name. Each run is closed: every state that the model can reach is visited. */
export const SIZES: Readonly<Record<string, Size>> = {
  "two commands, two epochs": { ...plain, operations: BOTH, requests: 2, epochs: 2 },
  "two operations, two epochs": { ...plain, operations: MIXED, requests: 2, epochs: 2 },
  "a slow clock": { ...plain, operations: BOTH, requests: 2, epochs: 1, rate: SLOW },
  "an interrupted request": {
    ...plain,
    operations: BOTH,
    requests: 2,
    epochs: 1,
    interrupts: true,
  },
  "a hold and an interrupted request": {
    ...plain,
    operations: BOTH,
    requests: 1,
    epochs: 2,
    hold: true,
    interrupts: true,
  },
  "three commands, two epochs": { ...plain, operations: BOTH, requests: 3, epochs: 2 },
};

/** Closes in minutes; every other size closes in seconds. */
export const LONGEST = "three commands, two epochs";

/** Closes one size, for the bytes of a device. */
export function closeModel(
  name: string,
  device: WebAssembly.Module,
  make: ModelOptions["make"] = SHIPPED,
): ControllerRun {
  const size = SIZES[name];
  if (size === undefined) throw new RangeError(`no model "${name}"`);
  return { name, result: new Explorer({ ...size, device, make }).run() };
}
