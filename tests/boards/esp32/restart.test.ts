/**
 * Cuts, restarts and panics of the firmware in virtual time, and events drawn by seed. See tests/boards/esp32/world.
 */
import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadBoard } from "../../../host-sim/base/board-data.ts";
import { Prng } from "../../../host-sim/base/prng.ts";
import { BOARD, buildWorld, chips, missing, temporary } from "./support.ts";
import { HOUR, joined, MINUTE, run, type Script, SECOND } from "./world.ts";

const reason = missing("gcc", "gcc");
const folder = temporary();
afterAll(() => rmSync(folder, { recursive: true }));
const boards: Record<string, string> = {};
beforeAll(() => {
  for (const chip of reason === null ? chips() : []) boards[chip] = buildWorld(folder, chip);
}, 300_000);
const board = () => boards.esp32c3 ?? "";

describe.skipIf(reason !== null).each(chips())("a cut on %s", (chip) => {
  test.each(["no 0", "nc 1"])("comes with the edge: %s", (contact) => {
    const found = run(boards[chip] ?? "", joined().at(20_003, contact), MINUTE);
    expect(found.first("reset clock=", 20_000)).toBe(20_003);
    expect(found.all("edge lost")).toEqual([]);
  });

  test("switches the radio off while the host is masked, and restarts when it unmasks", () => {
    const found = run(boards[chip] ?? "", joined().at(20_003, "glimpse"), MINUTE);
    expect(found.all("glimpse radio=off")).toHaveLength(1);
    const reset = found.first("reset clock=", 20_000) ?? 0;
    expect(reset).toBeGreaterThanOrEqual(20_003);
    expect(reset).toBeLessThanOrEqual(20_015);
    expect(found.all("restart reason=CUT")).toHaveLength(1);
    expect(found.status()).toContain("boot=CUT");
    expect(found.status()).toContain("wifi=up");
  });

  test("restores the clock's source before the reset, and keeps the relay", () => {
    const { relay } = loadBoard(BOARD).chips?.[chip]?.pins ?? {};
    const found = run(boards[chip] ?? "", joined().press(10_000).kill(20_000), MINUTE);
    expect(found.all("reset clock=").map(({ text }) => text)).toEqual([
      "reset clock=default flash=idle",
    ]);
    expect(found.all(`pad ${relay}=`).map(({ text }) => text)).toEqual([`pad ${relay}=1`]);
    expect(found.status()).toContain("boot=CUT");
  });

  test("waits for an erase of the flash to end, and keeps the relay", () => {
    const { relay } = loadBoard(BOARD).chips?.[chip]?.pins ?? {};
    // Every message writes a record; every 16th write erases a sector.
    const script = joined().press(10_000);
    for (let index = 0; index < 40; index++) script.at(12_000 + index * 50, "message 00");
    const found = run(boards[chip] ?? "", script.kill(12_670), MINUTE);
    expect(found.all("reset clock=default flash=idle")).toHaveLength(1);
    expect(found.all(`pad ${relay}=`).map(({ text }) => text)).toEqual([`pad ${relay}=1`]);
    expect(found.first("> @", 12_700)).toBeDefined();
    expect(found.status()).toContain("boot=CUT");
  });

  test("boots for CUT even if the ROM's watchdog had to reset the chip again", () => {
    const found = run(boards[chip] ?? "", joined().at(20_000, "flash-busy").kill(20_001), MINUTE);
    expect(found.all("flash=busy")).toHaveLength(1);
    expect(found.status()).toContain("boot=CUT");
  });
});

describe.skipIf(reason !== null)("the first tick", () => {
  test("has the temperature of a chip with a sensor, and none without", () => {
    const first = (chip: string) =>
      run(boards[chip] ?? "", joined(), 5_000).all("temperature ")[0]?.text;
    expect(first("esp32c3")).toBe("temperature 314");
    expect(first("esp32")).toBe("temperature -32768");
  });
});

describe.skipIf(reason !== null)("a panic", () => {
  test("is counted, and named at the next boot", () => {
    const found = run(board(), joined().at(20_000, "panic"), MINUTE);
    expect(found.status()).toContain("boot=WATCHDOG");
    expect(found.status()).toContain("panics=1 held=no");
    expect(found.all("> = panics=1 since the supply came up")).toHaveLength(1);
    expect(found.status()).toContain("wifi=up");
  });

  test("at ON, three times in a row, holds the radio until a clean KILL; the button works", () => {
    const script = joined().at(1_500, "panics 1000").press(30_000).type(40_000, "status");
    const found = run(board(), script.at(45_000, "panics 0").kill(50_000).on(55_000), 2 * MINUTE);
    expect(found.all("panic assert")).toHaveLength(3);
    expect(found.status(41_000)).toContain("panics=3 held=yes");
    expect(found.status(41_000)).toContain("radio=off");
    expect(found.first("> = panics=3 since the supply came up: the radio stays off")).toBeDefined();
    expect(found.all("gpio pin=RELAY level=1", 30_000)).toHaveLength(1);
    expect(found.status()).toContain("wifi=up");
    expect(found.status()).toContain("held=no");
  });

  test("tries again once for each clean KILL, and holds again", () => {
    const script = joined()
      .at(1_500, "panics 1000")
      .kill(30_000)
      .on(35_000)
      .kill(50_000)
      .on(55_000);
    const found = run(board(), script, 2 * MINUTE);
    expect(found.all("panic assert")).toHaveLength(5);
    expect(found.status()).toContain("held=yes");
  });

  test("does not hold the radio if panics are hours apart", () => {
    const script = joined().at(0, "coarse 1");
    for (let hour = 1; hour <= 6; hour++) script.at(hour * HOUR, "panic");
    const found = run(board(), script, 7 * HOUR);
    expect(found.status()).toContain("wifi=up");
    expect(found.status()).toContain("panics=6 held=no");
  });
});

/** Six hours of events, at least a minute apart, and half an hour of quiet at the end. */
function drawn(seed: number): Script {
  const prng = new Prng(seed);
  const script = joined().at(0, "coarse 1");
  const codes = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 15, 16, 34, 39, 47, 200, 201, 202, 203, 204, 205, 207,
  ];
  const code = () => codes[prng.below(codes.length)] ?? 8;
  for (let ms = MINUTE; ms < 6 * HOUR; ms += 5 * SECOND + prng.below(3 * MINUTE)) {
    const event = prng.below(10);
    if (event < 3) script.at(ms, `kick 0 ${code()}`);
    else if (event === 3) script.at(ms, "ap 0 on=0").at(ms + prng.below(MINUTE), "ap 0 on=1");
    else if (event === 4) script.ap(ms, 0, { reason: code(), refusals: prng.below(4) });
    else if (event === 5) script.at(ms, "broker down").at(ms + prng.below(MINUTE), "broker up");
    else if (event === 6) script.at(ms, "message 0011");
    else if (event === 7) script.kill(ms).on(ms + 2_000 + prng.below(20_000));
    else if (event === 8) script.ap(ms, 0, { dhcp: 0 }).ap(ms + prng.below(MINUTE), 0, { dhcp: 1 });
    else script.press(ms).provision(ms + 3_000, prng.below(2) === 0 ? "home" : "away", "secret99");
  }
  const end = 6 * HOUR + 3 * MINUTE;
  return script
    .ap(end, 0, { on: 1, dhcp: 1, refusals: 0 })
    .at(end, "broker up")
    .kill(end)
    .on(end + 5_000);
}

describe.skipIf(reason !== null)("events drawn by seed", () => {
  test.each(Array.from({ length: 20 }, (_, index) => index + 1))(
    "seed %i: the board is on the air half an hour later, without a panic",
    (seed) => {
      const found = run(board(), drawn(seed), 6 * HOUR + 33 * MINUTE);
      expect(found.status()).toContain("wifi=up mqtt=up");
      expect(found.all("panic ")).toEqual([]);
      expect(found.report("heap_least")).toBeGreaterThan(130_000);
    },
  );
});
