/** The memo of the explorer: which transitions it takes for checked, and what a check may read. */

import { expect, test } from "vitest";
import { STATE_FIELDS } from "../../host-sim/abi/state.gen.ts";
import { BITS_OF_BYTE, NO_STATE, OFFSET, RANGES } from "../../host-sim/prove/device/abstraction.ts";
import { eventList, loadEvents } from "../../host-sim/prove/device/events.ts";
import { InstrumentedGuest } from "../../host-sim/prove/device/instrumented-guest.ts";
import { Transition } from "../../host-sim/prove/device/transition.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";

const device = readModule(firmwarePath("device"));
const events = eventList();
const RELEASE = events.findIndex(({ name }) => name === "release");
const RELAY_BIT = BITS_OF_BYTE[OFFSET.RELAY] ?? 0;
const HOLD_BIT = BITS_OF_BYTE[OFFSET.HOLD_MS] ?? 0;

/** Fires a release from a state, and returns how often it is checked, by a check that reads `reads`. */
function releaseFrom(reads: number): (code: number) => number {
  const guest = new InstrumentedGuest(device);
  const step = new Transition(guest);
  loadEvents(guest, events);
  const list = guest.addList(0, [RELEASE]);
  let checks = 0;
  guest.checkEvent = () => {
    checks++;
    return reads;
  };
  return (code) => {
    checks = 0;
    step.from(code);
    guest.startFrom(step.before);
    guest.setRegister("before", code);
    guest.recorder.run(list, 1);
    return checks;
  };
}

test("checks a transition once if the check reads no bit of the state", () => {
  const release = releaseFrom(0);
  expect([0, RELAY_BIT, HOLD_BIT].map(release)).toEqual([1, 0, 0]);
});

test("checks a transition once for each value of the bits that the check reads", () => {
  const release = releaseFrom(RELAY_BIT);
  const codes = [0, HOLD_BIT, RELAY_BIT, RELAY_BIT | HOLD_BIT, 0];
  expect(codes.map(release)).toEqual([1, 0, 1, 0, 0]);
});

test("notes the bits that a check reads, and refuses a field that is not in the memo's key", () => {
  const step = new Transition(new InstrumentedGuest(device));
  step.from(0);
  step.beginCheck("event");
  expect(step.changed(OFFSET.RELAY)).toBe(false);
  expect(step.reads).toBe(0);
  step.is(OFFSET.RELAY);
  expect(step.reads).toBe(RELAY_BIT);
  step.wasWord(OFFSET.HOLD_MS);
  expect(step.reads).toBe(RELAY_BIT | HOLD_BIT);
  expect(() => step.isWord(OFFSET.REFUSED)).toThrow(/observed-fields\.ts/);
  step.beginCheck("message");
  expect(() => step.wasWord(OFFSET.QUIET_MS)).toThrow(/observed-fields\.ts/);
});

test("the recorder accepts each field's highest value, and refuses the next one with the field's name", () => {
  const guest = new InstrumentedGuest(device);
  const valid = new Uint8Array(NO_STATE.length);
  const abstractStateWith = (offset: number, value: number) => {
    const state = valid.slice();
    state[offset] = value;
    guest.startFrom(state);
    guest.begin();
    return guest.abstractState();
  };
  for (const [field, most] of RANGES) {
    expect(() => abstractStateWith(OFFSET[field], most)).not.toThrow();
    expect(() => abstractStateWith(OFFSET[field], most + 1)).toThrow(`${field} is ${most + 1}`);
  }
  expect(() => abstractStateWith(OFFSET.BOOT_DUE, 2)).toThrow("BOOT_DUE is 2");
  // No byte follows the last field. If one does again, the recorder must refuse a value in it.
  const ends = Object.values(STATE_FIELDS).map(({ offset, size, count }) => offset + size * count);
  expect(Math.max(...ends)).toBe(valid.length);
});
