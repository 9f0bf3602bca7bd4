/** The worked example of docs/LIBRARY.md: tests of a guest of one's own, in vitest. */
import { type Simulation, simulate } from "@killswitch-device/killswitch";
import { afterEach, beforeEach, expect, test } from "vitest";
import { buildGuest } from "./build.ts";

const guest = await buildGuest();

let board: Simulation;
beforeEach(async () => {
  board = await simulate({ guest, switch: "on" });
  await board.wait("200ms");
});
// Also checks the invariants that are due at the end.
afterEach(() => board.end());

test("a press lights the stairs for ten seconds", async () => {
  await board.tap();
  expect(board.state.relay).toBe("on");
  await board.wait("9s");
  expect(board.state.relay).toBe("on");
  await board.wait("2s");
  expect(board.state.relay).toBe("off");
});

test("a second press begins the ten seconds again", async () => {
  await board.tap();
  await board.wait("9s");
  await board.tap();
  await board.wait("9s");
  expect(board.state.relay).toBe("on");
});

test("the light works while the device is killed", async () => {
  await board.flick("kill");
  await board.wait("1s");
  expect(board.state).toMatchObject({ phase: "KILLED", radio: "off", lamp: "off" });
  await board.tap();
  expect(board.state.relay).toBe("on");
});

test("the lamp is lit while the device is live, and a command has no reply", async () => {
  expect(board.state).toMatchObject({ phase: "LIVE", radio: "on", lamp: "on" });
  const reply = await board.send({ as: "owner", op: "relay.set on", epoch: "zero" });
  expect(reply).toBeNull();
  expect(board.state.relay).toBe("off");
});
