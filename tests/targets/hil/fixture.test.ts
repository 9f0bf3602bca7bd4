/**
 * Tests the fixture over its serial line, with a device on its wires. Its guest runs on the
 * simulator's host and on the host in C.
 */
import { afterEach, describe, expect, test } from "vitest";
import { loadBoard } from "../../../host-sim/base/board-data.ts";
import { RealClock } from "../../../host-sim/base/clock.ts";
import { virtualNetwork } from "../../../host-sim/cli/live/session.ts";
import { SCENARIO_SECRETS } from "../../../host-sim/scenario/remote.ts";
import { firmwarePath, loadFirmware, readModule } from "../../../host-sim/sim/firmware.ts";
import { loadGuest } from "../../../host-sim/sim/module.ts";
import { Simulator } from "../../../host-sim/sim/simulator.ts";
import { FixtureWires } from "../../../host-sim/targets/hil/fixture.ts";
import { frameToBoard, parseFrameFromBoard } from "../../../host-sim/targets/hil/frames.ts";
import { SocketLine } from "../../../host-sim/targets/hil/socket-line.ts";
import { rewind, undo, until } from "../../mqtt/fixture.ts";
import { notRun } from "../native/support.ts";
import { openBench } from "./boards.ts";
import { type SocketEnd, socketEnd } from "./support.ts";

afterEach(rewind);

/** Opens a bench and records what each board prints. */
async function open(native: boolean) {
  const [dut, fixture] = await Promise.all([socketEnd(), socketEnd()]);
  const output: Record<"dut" | "fixture", string> = { dut: "", fixture: "" };
  const spy = (end: SocketEnd, name: "dut" | "fixture"): SocketEnd => {
    const { send } = end;
    end.send = (bytes) => {
      output[name] += Buffer.from(bytes).toString("latin1");
      send(bytes);
    };
    return end;
  };
  const bench = openBench({
    dut: spy(dut, "dut"),
    fixture: spy(fixture, "fixture"),
    brokerPort: 1,
    native,
  });
  const line = await SocketLine.open(fixture.name);
  undo.push(
    () => dut.close(),
    () => fixture.close(),
    () => bench.close(),
    () => line.close(),
  );
  const lines = (name: "dut" | "fixture") => output[name].split("\r\n");
  return { line, lines };
}

const ALL = new Set(["reset", "supply", "relay", "lamp"] as const);

const reason = notRun("posix");
describe.each([
  ["the simulator's host", false],
  ["the host in C", true],
] as const)("on %s", (_, native) => {
  const run = test.skipIf(native && reason !== null);

  run("drives contacts and button of a device and reads its outputs", async () => {
    const { line, lines } = await open(native);
    const wires = new FixtureWires(line, new RealClock(), ALL);
    undo.push(() => wires.close());
    await wires.contacts(true, false, 2);
    await until("LIVE", () => lines("dut").some((text) => text.endsWith("gate phase=LIVE")));
    // The contact closes three times: two bounces, then for good. Travel comes before each.
    expect(lines("dut").filter((text) => text.endsWith("gate phase=TRAVEL"))).toHaveLength(3);
    expect(lines("dut").some((text) => text.includes("FAULT"))).toBe(false);
    expect((await wires.sense()).relay).toBe(false);
    await wires.button(true);
    await until("the relay", async () => (await wires.sense()).relay === true);
    await wires.button(false);
    await wires.contacts(false, true, 0);
    await until("the cut", () => lines("dut").some((text) => text.endsWith("restart reason=CUT")));
    // Contacts break before they make.
    const moves = lines("fixture").filter((text) => /LINE_[01]/.test(text));
    expect(moves.slice(-2).map((text) => text.replace(/^@\d+ /, ""))).toEqual([
      "gpio pin=LINE_0 level=0",
      "gpio pin=LINE_1 level=1",
    ]);
  });

  run("reports a changed output without a request", async () => {
    const { line, lines } = await open(native);
    const wires = new FixtureWires(line, new RealClock(), ALL);
    undo.push(() => wires.close());
    // The device takes a press within the first 50 ms of a boot for bounce.
    await wires.contacts(true, false, 0);
    await until("LIVE", () => lines("dut").some((text) => text.endsWith("gate phase=LIVE")));
    await wires.button(true);
    const report = () =>
      lines("fixture").some((text) => {
        const { bytes = [] } = parseFrameFromBoard(text) ?? {};
        return bytes[0] === 0x82 && ((bytes[3] ?? 0) & 1) === 1;
      });
    await until("the report", report);
  });

  run(
    "refuses invalid commands, ignores torn lines, and executes the next valid command",
    async () => {
      const { line, lines } = await open(native);
      await line.write(Buffer.from(frameToBoard(new Uint8Array())));
      const answers = () =>
        lines("fixture").flatMap((text) => {
          const frame = parseFrameFromBoard(text);
          return frame === null || frame.channel !== 0
            ? []
            : [Buffer.from(frame.bytes).toString("hex")];
        });
      await until("the link", () =>
        lines("fixture").some((text) => text.endsWith("link state=up")),
      );
      for (const bytes of [[0], [2, 1, 0, 0], [1, 2, 3, 0, 0]])
        await line.write(Buffer.from(frameToBoard(Uint8Array.from(bytes))));
      await line.write(Buffer.from(`> 0101${"x".repeat(20)}\n> 01010101 00000000\n@ ??\n\n`));
      await line.write(Buffer.from(frameToBoard(Uint8Array.of(0, 9, 0, 0))));
      await until("an answer to the last", () => answers().some((hex) => hex.startsWith("8009")));
      expect(answers().map((hex) => hex.slice(0, 4))).toEqual(["ff00", "ff00", "ff00", "8009"]);
    },
  );
});

test("traps the fixture's guest on a board without lines, before it drives anything", () => {
  const lines: string[] = [];
  const simulator = new Simulator({
    board: loadBoard("posix"),
    firmware: { ...loadFirmware(), guest: loadGuest(readModule(firmwarePath("fixture"))) },
    link: virtualNetwork(),
    seed: 1,
    secrets: SCENARIO_SECRETS,
    position: "on",
    trace: (_, kind, detail) => lines.push(`${kind} ${detail}`),
  });
  simulator.advance(10);
  expect(lines).toContain("trap during=init");
  expect(lines.some((line) => line.startsWith("gpio"))).toBe(false);
});
