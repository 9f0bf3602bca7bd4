/** What the explorer takes for known: no more than was asked, of states that agree in all that was read. */
import { expect, test } from "vitest";
import { at, DEPENDS } from "../../host-sim/prove/device/abstraction.ts";
import { eventList, program } from "../../host-sim/prove/device/events.ts";
import { Machine } from "../../host-sim/prove/device/instrumented-guest.ts";
import { AT } from "../../host-sim/prove/device/layout.ts";
import { Transition } from "../../host-sim/prove/device/transition.ts";
import { firmwarePath, readModule } from "../../host-sim/sim/firmware.ts";

const device = readModule(firmwarePath("device"));
const events = eventList();
const RELEASE = events.findIndex(({ name }) => name === "release");
const RELAY_BIT = DEPENDS[at.RELAY] ?? 0;
const HOLD_BIT = DEPENDS[at.HOLD_MS] ?? 0;

/** A guest, and how often it is asked about a release from each state, if a check reads `reads`. */
function asker(reads: number) {
  const machine = new Machine(device);
  const step = new Transition(machine);
  program(machine, events);
  const list = machine.addList(0, [RELEASE]);
  let asked = 0;
  machine.onEvent = () => {
    asked++;
    return reads;
  };
  return (code: number) => {
    asked = 0;
    step.from(code);
    machine.settle(step.before);
    machine.note(AT.code, code);
    machine.recorder.run(list, 1);
    return asked;
  };
}

test("a check that read nothing is known everywhere; one that read a bit, where the bit is the same", () => {
  const nothing = asker(0);
  expect([nothing(0), nothing(RELAY_BIT), nothing(HOLD_BIT)]).toEqual([1, 0, 0]);
  const relay = asker(RELAY_BIT);
  const codes = [0, HOLD_BIT, RELAY_BIT, RELAY_BIT | HOLD_BIT, 0];
  expect(codes.map(relay)).toEqual([1, 0, 1, 0, 0]);
});

test("a transition notes what is read, and refuses what is no part of its key", () => {
  const step = new Transition(new Machine(device));
  step.from(0);
  step.ask("done");
  expect(step.changed(at.RELAY)).toBe(false);
  expect(step.reads).toBe(0);
  step.is(at.RELAY);
  expect(step.reads).toBe(RELAY_BIT);
  step.wasWord(at.HOLD_MS);
  expect(step.reads).toBe(RELAY_BIT | HOLD_BIT);
  expect(() => step.isWord(at.REFUSED)).toThrow(/asked\.ts/);
  step.ask("sent");
  expect(() => step.wasWord(at.QUIET_MS)).toThrow(/asked\.ts/);
});
