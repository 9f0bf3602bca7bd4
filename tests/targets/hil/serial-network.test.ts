/**
 * Tests the network check of a board on a serial line: each problem is one line that names the fix.
 */
import { type AddressInfo, createServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { RealClock } from "../../../host-sim/base/clock.ts";
import { EXIT } from "../../../host-sim/base/errors.ts";
import { BoardLine } from "../../../host-sim/serial/board-line.ts";
import type { Wifi } from "../../../host-sim/serial/improv-client.ts";
import { Port } from "../../../host-sim/serial/port.ts";
import { loadHilData } from "../../../host-sim/targets/hil/hil-data.ts";
import { checkNetwork } from "../../../host-sim/targets/hil/serial-network.ts";
import { rewind, undo } from "../../mqtt/fixture.ts";
import { type BoardFaults, FakeBoard } from "../../serial/fake-board.ts";
import { noPty, Pty } from "../../serial/pty.ts";

afterEach(rewind);

const HOME: Wifi = { ssid: "home", password: "long enough" };
const LIVE = "status phase=LIVE wifi=failed:no-credentials mqtt=up owner=present";

/**
 * Runs the check on a fake board with the given faults. Returns the board and the moves of its
 * switch.
 */
async function check(faults: BoardFaults, wifi: Wifi | null = HOME, brokerPort = 0) {
  const pty = await Pty.open();
  const board = new FakeBoard(pty, { name: "hil", status: LIVE, ...faults });
  const port = await Port.open(pty.path, 115_200);
  const clock = new RealClock();
  const line = new BoardLine(port, (ms, then) => clock.wakeAt(clock.now() + ms, then));
  undo.push(
    () => pty.close(),
    () => port.close(),
    () => line.stop(),
  );
  const moves: string[] = [];
  const wires = {
    contacts: async (no: boolean, nc: boolean) => moves.push(`${no} ${nc}`),
    button: async () => {},
    sense: async () => ({}),
  };
  await checkNetwork({
    line,
    status: faults.status ?? LIVE,
    wires,
    clock,
    hil: { ...loadHilData(), slackMs: 100 },
    listen: { host: "127.0.0.1", port: brokerPort },
    wifi,
  });
  return { board, moves };
}

describe.skipIf(noPty() !== null)("the network check of a board on a serial line", () => {
  test("joins the network at ON and moves the switch back to KILL", async () => {
    const { board, moves } = await check({});
    expect(board.settings).toEqual([["home", "long enough"]]);
    expect(moves).toEqual(["true false", "false true"]);
  });

  test("does nothing on a board without Wi-Fi", async () => {
    const { board } = await check({ status: "status chip=none" }, null);
    expect(board.settings).toEqual([]);
  });

  test("names a port that another program uses, and the fix", async () => {
    const other = createServer();
    undo.push(() => other.close());
    await new Promise<void>((done) => other.listen(0, "127.0.0.1", done));
    const { port } = other.address() as AddressInfo;
    await expect(check({}, HOME, port)).rejects.toMatchObject({
      exitCode: EXIT.NETWORK,
      message: expect.stringMatching(/^port \d+ of 127\.0\.0\.1 cannot.*--listen/),
    });
  });

  test.each<[string, BoardFaults, Wifi | null, number, RegExp]>([
    [
      "no keys",
      { status: "status wifi=off owner=none" },
      HOME,
      EXIT.REFUSED,
      /has no keys: .*--scenario-keys/,
    ],
    ["no --wifi", {}, null, EXIT.USAGE, /loses its Wi-Fi .*: add --wifi SSID$/],
    [
      "other keys than the scenarios'",
      { name: "kitchen" },
      HOME,
      EXIT.REFUSED,
      /is "kitchen" .*--scenario-keys --broker/,
    ],
    ["a wrong password", { wifi: "fails" }, HOME, EXIT.REFUSED, /could not join "home"/],
    [
      "a broker that the board does not reach",
      { status: LIVE.replace("mqtt=up", "mqtt=failed:unreachable") },
      HOME,
      EXIT.NETWORK,
      /does not reach this machine's broker at port \d+ \(mqtt=failed:unreachable\)/,
    ],
  ])("reports %s in one line", async (_, faults, wifi, exitCode, message) => {
    await expect(check(faults, wifi)).rejects.toMatchObject({
      exitCode,
      message: expect.stringMatching(message),
    });
  });
});
