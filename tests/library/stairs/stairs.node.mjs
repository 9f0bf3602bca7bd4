// A test of the example for node:test. GUEST is the path of the module: node --test stairs.node.mjs
import assert from "node:assert/strict";
import { test } from "node:test";
import { simulate } from "@killswitch-device/killswitch";

const guest = process.env.GUEST;

test("a press lights the stairs for ten seconds", async () => {
  const board = await simulate({ guest, switch: "kill" });
  await board.tap();
  assert.equal(board.state.relay, "on");
  await board.wait("11s");
  await board.step({ expect: { relay: "off", phase: "KILLED" } });
  await board.end();
});
