// The guest's state: the class against the offsets of firmware/state.json, and the two helpers.

import { countDown, increment, STATE, STATE_LEN, State, state } from "../../firmware/device/state";

describe("the state region", () => {
  it("has its fields at the offsets of the table", () => {
    expect(offsetof<State>("now")).toBe(0);
    expect(offsetof<State>("epoch")).toBe(8);
    expect(offsetof<State>("holdMs")).toBe(28);
    expect(offsetof<State>("refusedPending")).toBe(76);
    // The last field: a shift of any field before it would move it.
    expect(offsetof<State>("holdTakenS")).toBe(176);
    expect(offsetof<State>()).toBeLessThanOrEqual(STATE_LEN as usize);
  });

  it("has its arrays at the offsets of the table", () => {
    memory.fill(STATE, 0, STATE_LEN);
    for (let principal: u32 = 0; principal < 3; principal++)
      state.setLastSeq(principal, 0x1000 + principal);
    for (let principal: u32 = 0; principal < 3; principal++) {
      expect(load<u32>(STATE + 16 + principal * 4)).toBe(0x1000 + principal);
      expect(state.getLastSeq(principal)).toBe(0x1000 + principal);
    }
    expect(state.epoch).toBe(0);
    expect(state.holdMs).toBe(0);
    expect(state.journalHashPtr).toBe(STATE + 80);
  });
});

describe("increment", () => {
  it("adds one and stops at the largest u32", () => {
    expect(increment(0)).toBe(1);
    expect(increment(u32.MAX_VALUE - 1)).toBe(u32.MAX_VALUE);
    expect(increment(u32.MAX_VALUE)).toBe(u32.MAX_VALUE);
  });
});

describe("countDown", () => {
  it("takes the time off and stops at 0", () => {
    expect(countDown(30, 10)).toBe(20);
    expect(countDown(30, 30)).toBe(0);
    expect(countDown(30, 31)).toBe(0);
    expect(countDown(0, 1)).toBe(0);
    expect(countDown(5, u32.MAX_VALUE)).toBe(0);
  });
});
