/**
 * Scenarios on boards of this machine that only wires reach: the whole way from the runner over two
 * serial lines, a fixture, contacts and a real broker. They pass; with a wire cut or a board that lies,
 * they do not.
 */
import { describe, expect, test } from "vitest";
import { trouble } from "../host-sim/scenario-support.ts";
import { notRun } from "../native/support.ts";
import { runOnBench } from "./support.ts";

const SCENARIOS = [
  "boot-at-on",
  "broken-wire-no",
  "command-retained",
  "forged-mac",
  "relay-keeps-its-level-through-cuts",
  "replay-after-rearm",
  "safe-state-after-supply-loss",
  "switch-left-in-travel",
  "wrong-principal",
];

/** Real time: a machine that is busy with other things is late, which a second try tells from a fault. */
const AGAIN = { retry: 2 };

test.each(SCENARIOS)("%s passes", AGAIN, async (name) => {
  expect(trouble(await runOnBench(name))).toBe("");
});

describe.skipIf(notRun("posix") !== null)("on the host in C", () => {
  test.each(["boot-at-on", "replay-across-supply-loss"])("%s passes", AGAIN, async (name) => {
    expect(trouble(await runOnBench(name, { native: true }))).toBe("");
  });
});

test.each([
  ["boot-at-kill", "a wait of 1h"],
  ["stuck-rail", "no wire makes the fault stuck-rail"],
  ["config-survives-supply-loss", "in the middle of a write"],
  ["telemetry-of-the-killed-time", "the temperature"],
  ["kill-in-mid-command", "two stimuli 4ms apart"],
  ["message-flood", "messages at one moment"],
  ["guest-wants-the-radio", "another guest"],
  ["hostile-image-on-one-chip", "runs the image that is on it"],
  ["brown-out-loop", "cannot be made to sag"],
  ["replay-across-reset", "the reset pin is a power-on"],
])("%s is not run, and says why", async (name, why) => {
  const outcome = await runOnBench(name);
  expect(outcome.status).toBe("not-run");
  expect(trouble(outcome)).toContain(why);
});

describe("fails", () => {
  test.each(["no", "nc"] as const)("with the %s wire cut", async (cut) => {
    const outcome = await runOnBench("replay-after-rearm", { cut });
    expect(outcome.status).toBe("failed");
  });

  test("with a relay that is not what the trace says", async () => {
    const outcome = await runOnBench("boot-at-on", { cut: "relay" });
    expect(trouble(outcome)).toContain("relay on on its wire, as in the trace, found relay off");
  });

  test("with a board that does not say that it cut the radio", async () => {
    const says = (line: string) => (line.endsWith("radio power=off") ? null : line);
    const outcome = await runOnBench("relay-keeps-its-level-through-cuts", { says });
    expect(outcome.status).toBe("failed");
  });

  test("with a board that claims KILLED and takes commands on", async () => {
    const says = (line: string) => line.replace("phase=LIVE", "phase=KILLED");
    const outcome = await runOnBench("boot-at-on", { says });
    expect(trouble(outcome)).toMatch(/I[1-4]:|LIVE/);
  });

  test("with torn lines it neither hangs nor breaks, and counts them", async () => {
    let count = 0;
    const says = (line: string) =>
      line.includes("mark ") && ++count % 2 === 1 ? `${line.slice(0, -3)}` : line;
    const outcome = await runOnBench("boot-at-on", { says });
    expect(outcome.status).toBe("passed");
    expect(outcome.notes?.join()).toMatch(/lines of the console were torn/);
  });
});
