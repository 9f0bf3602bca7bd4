/** What the tests of hostile guests share: the guests, the scenario, and how long V8 may take. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../host-sim/base/paths.ts";
import type { Scenario } from "../../host-sim/scenario/grammar.ts";
import type { Firmware } from "../../host-sim/sim/firmware.ts";

const FOLDER = join(packageRoot(), "tests", "hostile");
/** Names of the hand-written guests. */
export const GUESTS: readonly string[] = readdirSync(FOLDER).filter((name) =>
  name.endsWith(".wat"),
);
export const guestPath = (name: string) => join(FOLDER, name);

/** Goes live, taps the button, kills while the guest runs, and does it again. */
export const HOSTILE_SCENARIO: Scenario = {
  name: "A hostile guest",
  about: "Live, button tapped, killed while the guest runs, live again, killed again",
  // A scenario with a guest of its own is not compared with the reference model.
  guest: "the one under test",
  start: { switch: "on" },
  steps: [
    { wait: "700ms" },
    { button: "tap" },
    { wait: "400ms" },
    { switch: "kill" },
    { wait: "200ms" },
    { expect: { radio: "off" } },
    { wait: "1s" },
    { expect: { radio: "off" } },
    { switch: "on" },
    { wait: "2s" },
    { switch: "kill" },
    { wait: "20ms" },
    { expect: { radio: "off" } },
  ],
};

/** Wall time after which V8 ends a guest, in ms: one that hangs by design, and a slow one. */
const V8_HANGING_MS = 400;
export const V8_SLOW_MS = 20_000;

/** How long V8 may run a guest of this name in one call, in ms. */
export const v8TimeoutMs = (name: string) => (name.includes("loop") ? V8_HANGING_MS : V8_SLOW_MS);

/** V8 accepts more of WebAssembly than the boards do. Whether a board refused, as it says, what V8 accepts. */
export function onlyBoardRefuses(firmware: Firmware, lines: readonly string[]): boolean {
  const refused = lines.some((line) => line.endsWith("guest state=refused reason=format"));
  return refused && typeof firmware.guest !== "string";
}
