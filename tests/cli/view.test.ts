/** The live view of `sim`: what it shows, and that it fits the terminal. */
import { describe, expect, test } from "vitest";
import { brokenCommand, clip, namedSender, View } from "../../host-sim/cli/live/view.ts";
import type { Simulator } from "../../host-sim/sim/simulator.ts";

const COMMAND =
  "./killswitch send relay.set on --as owner --device kitchen --broker mqtts://broker.example.org:8883";

function makeView(color = false): View {
  return new View({
    device: "kitchen",
    board: "example",
    tier: "soft-gated",
    broker: "mqtts://broker.example.org:8883",
    tryLine: COMMAND,
    color,
  });
}

function boardOf(...faults: string[]): Simulator {
  const board = { position: "on", rail: true, temperature: 215, faults: new Set(faults) };
  return { board, now: 5000 } as unknown as Simulator;
}

function filled(view: View): View {
  view.trace(0, "gate", "phase=LIVE");
  view.trace(0, "epoch", "value=0123456789abcdef");
  for (let at = 0; at < 100; at++)
    view.trace(at, "tx", `channel=TELEMETRY len=${at} ${"x".repeat(90)}`);
  return view;
}

describe("the screen", () => {
  test.each([
    [80, 24],
    [60, 24],
    [60, 12],
    [30, 40],
    [200, 60],
  ])("fits %i columns and %i rows, and keeps the state", (columns, rows) => {
    const view = filled(makeView());
    for (const menu of [false, true]) {
      view.menu = menu;
      const lines = view.lines(boardOf("broken-no"), { columns, rows });
      expect(lines.length).toBeLessThanOrEqual(rows);
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
      const text = lines.join("\n");
      for (const label of ["switch", "gate", "radio", "relay", "lamp", "command"])
        expect(text).toContain(`  ${label}`);
      expect(text).toContain("LIVE");
    }
  });

  test("fills the rest of the screen with the newest trace lines", () => {
    const lines = filled(makeView()).lines(boardOf(), { columns: 80, rows: 24 });
    expect(lines).toHaveLength(24);
    expect(lines.at(-1)).toContain("@99 tx");
  });

  test("draws without a newline after the last line, so that nothing scrolls", () => {
    expect(makeView().draw(boardOf(), { columns: 80, rows: 24 })).not.toMatch(
      /\n[^\n]*\n?$(?<=\n)/,
    );
  });

  test("has no colour sequences under NO_COLOR", () => {
    const size = { columns: 80, rows: 24 };
    expect(makeView(false).lines(boardOf("welded-no"), size).join("")).not.toContain("\x1b");
    expect(makeView(true).lines(boardOf("welded-no"), size).join("")).toContain("\x1b[33m");
  });
});

describe("faults", () => {
  const size = { columns: 80, rows: 24 };
  test("an active fault is named with the keys that clear it, and marked in the list", () => {
    const view = makeView();
    expect(view.lines(boardOf("broken-nc"), size).join("\n")).toContain("broken-nc: f 3 clears it");
    view.menu = true;
    const text = view.lines(boardOf("broken-nc"), size).join("\n");
    expect(text).toMatch(/^ {2}3 \* broken-nc /m);
    expect(text).toMatch(/^ {2}2 {3}broken-no /m);
  });

  test("a gate in a fault says how it comes back", () => {
    const view = makeView();
    view.trace(0, "gate", "phase=FAULT_CONTACT");
    expect(view.lines(boardOf(), size).join("\n")).toContain("at KILL, then ON: k, then k");
  });
});

describe("the last command", () => {
  test("shows who sent it and its outcome", () => {
    const view = makeView();
    const message = Buffer.concat([
      Buffer.from([0xd1, 0x84, 0x43, 0xa1, 0x01, 0x05, 0xa1, 0x04, 0x48]),
      Buffer.from("provider"),
      Buffer.from([0x41, 0x00]),
    ]);
    expect(namedSender(message)).toBe("provider");
    view.received(message);
    view.trace(4000, "mark", "name=HOLD");
    const text = view.lines(boardOf(), { columns: 80, rows: 24 }).join("\n");
    expect(text).toContain("command from provider: refused HOLD, 1.0 s ago");
  });

  test("of no sender is null", () => {
    expect(namedSender(Buffer.from("junk owner"))).toBeNull();
  });
});

test("clip counts visible characters alone", () => {
  expect(clip("\x1b[1mabcdef\x1b[0m", 3)).toBe("\x1b[1mabc\x1b[0m");
});

test("a long command is broken where a shell joins it again", () => {
  const lines = brokenCommand(COMMAND, 56);
  expect(lines.every((line) => line.length <= 56)).toBe(true);
  expect(lines.join("\n").replaceAll("\\\n", "").replaceAll(/ +/g, " ")).toBe(COMMAND);
});
