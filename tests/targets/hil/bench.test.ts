/**
 * Runs scenarios on two simulated boards that are wired to each other: from the runner over two
 * serial lines, a fixture, contacts and a real broker. They pass. With a cut wire or with a board
 * whose trace is false, they fail.
 */
import { describe, expect, test } from "vitest";
import { trouble } from "../../scenario/support.ts";
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

/** These tests run in real time and may fail on a busy machine, so they are tried again. */
const RETRY = { retry: 2 };

test.each(SCENARIOS)("passes %s", RETRY, async (name) => {
  expect(trouble(await runOnBench(name))).toBe("");
});

describe.skipIf(notRun("posix") !== null)("on the host in C", () => {
  test.each(["boot-at-on", "replay-across-supply-loss"])("passes %s", RETRY, async (name) => {
    expect(trouble(await runOnBench(name, { native: true }))).toBe("");
  });
});

test.each([
  ["boot-at-kill", "a wait of 1h"],
  ["stuck-rail", "no wire can cause the fault stuck-rail"],
  ["config-survives-supply-loss", "in the middle of a write"],
  ["telemetry-of-the-killed-time", "the temperature"],
  ["kill-in-mid-command", "two stimuli 4ms apart"],
  ["message-flood", "two messages at the same instant"],
  ["guest-wants-the-radio", "another guest"],
  ["hostile-image-on-one-chip", "runs the native image that was flashed onto it"],
  ["brown-out-loop", "cannot be made to sag"],
  ["replay-across-reset", "the reset pin causes a power-on reset"],
])("does not run %s, and gives the reason", async (name, why) => {
  const outcome = await runOnBench(name);
  expect(outcome.status).toBe("not-run");
  expect(trouble(outcome)).toContain(why);
});

describe("fails", () => {
  test.each(["no", "nc"] as const)("with the %s wire cut", async (cut) => {
    const outcome = await runOnBench("replay-after-rearm", { cut });
    expect(outcome.status).toBe("failed");
  });

  test("with a relay output that differs from the trace", async () => {
    const outcome = await runOnBench("boot-at-on", { cut: "relay" });
    expect(trouble(outcome)).toContain(
      "the wire of the relay to be on, as in the trace, found the wire off",
    );
  });

  test("with a board that does not report that it cut the radio", async () => {
    const says = (line: string) => (line.endsWith("radio power=off") ? null : line);
    const outcome = await runOnBench("relay-keeps-its-level-through-cuts", { says });
    expect(outcome.status).toBe("failed");
  });

  test("with a board that reports KILLED but still executes commands", async () => {
    const says = (line: string) => line.replace("phase=LIVE", "phase=KILLED");
    const outcome = await runOnBench("boot-at-on", { says });
    expect(trouble(outcome)).toMatch(/I[1-4]:|LIVE/);
  });
});

test("passes in spite of torn trace lines, and counts them", async () => {
  let count = 0;
  const says = (line: string) =>
    line.includes("mark ") && ++count % 2 === 1 ? `${line.slice(0, -3)}` : line;
  const outcome = await runOnBench("boot-at-on", { says });
  expect(outcome.status).toBe("passed");
  expect(outcome.notes?.join()).toMatch(/lines of the console were torn/);
});
