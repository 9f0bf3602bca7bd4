/** Wires that are cut or crossed are told by name before a scenario runs; good ones are let pass. */
import { expect, test } from "vitest";
import { EXIT } from "../../host-sim/errors.ts";
import { withBench } from "./support.ts";

/** Real time: a machine that is busy with other things is late, which a second try tells from a fault. */
const AGAIN = { retry: 2 };

const check = (defects: Parameters<typeof withBench>[0]) =>
  withBench(defects, (rig) => rig.check());

test("wires that are as they should be", AGAIN, () => check({}));

test.each([
  [{ cut: "no" }, /: no has no effect: not connected\?$/],
  [{ cut: "button" }, /: button has no effect: not connected\?$/],
  [{ cut: "reset" }, /: reset has no effect: not connected\?$/],
  [{ cut: "relay" }, /: relay does not follow the board's relay: not connected\?$/],
  [{ cross: ["no", "nc"] }, /: no goes to the board's nc; nc goes to the board's no$/],
  [{ cross: ["no", "button"] }, /: no goes to the board's button; button goes to the board's no$/],
  [
    { cross: ["button", "reset"] },
    /button goes to the board's reset; reset goes to the board's button/,
  ],
  [
    { cross: ["relay", "lamp"] },
    /: relay comes from the board's lamp; lamp comes from the board's r/,
  ],
  // The one at rest is high: the board never runs.
  [{ cross: ["nc", "reset"] }, /does not obey "status".*held in reset/],
] as const)("%j", AGAIN, async (defects, words) => {
  await expect(check(defects)).rejects.toThrow(words);
});

test("they have an exit code of their own", AGAIN, async () => {
  await expect(check({ cut: "no" })).rejects.toMatchObject({ exitCode: EXIT.WIRING });
});
