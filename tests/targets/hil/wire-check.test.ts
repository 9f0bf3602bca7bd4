/** Tests the wire check: it accepts correct wires, and names each wire that is cut or swapped. */
import { expect, test } from "vitest";
import { EXIT } from "../../../host-sim/base/errors.ts";
import { withBench } from "./support.ts";

/** These tests run in real time and may fail on a busy machine, so they are tried again. */
const RETRY = { retry: 2 };

const check = (defects: Parameters<typeof withBench>[0]) =>
  withBench(defects, (rig) => rig.check());

test("accepts correct wires", RETRY, () => check({}));

test.each([
  [{ cut: "no" }, /: no has no effect: check that it is connected$/],
  [{ cut: "button" }, /: button has no effect: check that it is connected$/],
  [{ cut: "reset" }, /: reset has no effect: check that it is connected$/],
  [{ cut: "relay" }, /: relay does not follow the board's relay: check that it is connected$/],
  [
    { cross: ["no", "nc"] },
    /: no is connected to the board's nc; nc is connected to the board's no$/,
  ],
  [
    { cross: ["no", "button"] },
    /: no is connected to the board's button; button is connected to the board's no$/,
  ],
  [
    { cross: ["button", "reset"] },
    /button is connected to the board's reset; reset is connected to the board's button/,
  ],
  [
    { cross: ["relay", "lamp"] },
    /: relay is connected to the board's lamp; lamp is connected to the board's relay$/,
  ],
  // NC is high at KILL and holds the reset pin, so the board never runs.
  [{ cross: ["nc", "reset"] }, /does not answer "status".*holds it in reset/],
] as const)("names the problem with %j", RETRY, async (defects, message) => {
  await expect(check(defects)).rejects.toThrow(message);
});

test("exits with EXIT.WIRING", RETRY, async () => {
  await expect(check({ cut: "no" })).rejects.toMatchObject({ exitCode: EXIT.WIRING });
});
