/**
 * The host loop with small guests in WebAssembly text: gate, cut, queue, imports, traps, watchdog.
 */
import { expect, test } from "vitest";
import {
  BOOT,
  CALLS_MAX,
  KEY,
  MESSAGE_MAX,
  STATE_MAX,
  TICK_MS,
} from "../../host-sim/abi/abi.gen.ts";
import { firmwarePath, makeGate, readModule } from "../../host-sim/sim/firmware.ts";
import { Runtime, TRAP_DELAY_MS, WATCHDOG_MS } from "../../host-sim/sim/runtime.ts";
import { CLEAN_KILL, FakeHal, type GuestText, makeGuest } from "./fake-hal.ts";
import { CALLS } from "./import-calls.ts";

const BOOT_MS = 300;
const ASK = "(call $radio_request (i32.const 1))";
const gate = makeGate(readModule(firmwarePath("gate")));

interface Bench {
  hal: FakeHal;
  runtime: Runtime;
  /** Runs every millisecond up to `time`. */
  until: (time: number) => void;
}

async function bench(text: GuestText): Promise<Bench> {
  const hal = new FakeHal();
  const runtime = new Runtime(hal, gate, await makeGuest(text), BOOT_MS);
  runtime.powerOn(BOOT.POWER_ON);
  const until = (time: number) => {
    for (; hal.time < time; hal.time++) if (runtime.deadline() <= hal.time) runtime.poll();
  };
  return { hal, runtime, until };
}

/** LIVE, radio on, link up, at 101 ms. */
async function connected(text: GuestText): Promise<Bench> {
  const made = await bench({ init: ASK, ...text });
  made.until(100);
  made.runtime.linkChanged(true);
  made.runtime.poll();
  made.until(101);
  expect([made.hal.radio, made.runtime.linkUp]).toEqual([true, true]);
  return made;
}

test("goes LIVE after 50 ms of clean ON, with an epoch that is not all zero", async () => {
  const { hal, runtime, until } = await bench({ init: ASK });
  until(50);
  expect(hal.radio).toBe(false);
  until(51);
  expect(hal.radio).toBe(true);
  expect(hal.of("epoch")).toEqual(["value=0101010101010101"]);
  expect([...runtime.epoch]).toEqual(Array(8).fill(1));
});

test("keeps the radio off for a guest that does not request it", async () => {
  const { hal, until } = await bench({});
  until(1000);
  expect(hal.of("gate")).toEqual(["phase=ARMING", "phase=LIVE"]);
  expect(hal.radio).toBe(false);
});

test("turns the radio off when the guest no longer requests it", async () => {
  const event = `(if (i32.eq (local.get $kind) (i32.const 3))
    (then (call $radio_request (i32.const 0))))`;
  const { hal, runtime, until } = await bench({ init: ASK, event });
  until(60);
  expect(hal.radio).toBe(true);
  runtime.linkChanged(true);
  runtime.poll();
  expect([hal.radio, runtime.linkUp]).toEqual([false, false]);
});

test("a cut discards radio, link, epoch, queue and guest, and restarts", async () => {
  const { hal, runtime, until } = await connected({});
  runtime.received(Uint8Array.of(1));
  hal.contacts = CLEAN_KILL;
  runtime.poll();
  expect(hal.radio).toBe(false);
  expect([runtime.guest, runtime.linkUp, runtime.requested]).toEqual([null, false, false]);
  expect([...runtime.epoch]).toEqual(Array(8).fill(0));
  expect(hal.lines.slice(-4)).toEqual([
    "@101 sense no=0 nc=1 rail=1",
    "@101 radio power=off",
    "@101 gate phase=KILLED",
    "@101 restart reason=CUT",
  ]);
  runtime.received(Uint8Array.of(2));
  runtime.linkChanged(true);
  until(101 + BOOT_MS + 1000);
  expect(hal.of("boot")).toEqual(["reason=POWER_ON", "reason=CUT"]);
  expect(hal.of("rx")).toEqual([]);
  expect(hal.of("link")).toEqual(["state=up"]);
});

test("keeps the levels of the pins through a cut", async () => {
  const init = `(if (i32.eqz (local.get $reason))
    (then (call $gpio_write (i32.const 0) (i32.const 1)))) ${ASK}`;
  const { hal, runtime, until } = await connected({ init });
  hal.contacts = CLEAN_KILL;
  runtime.poll();
  until(1000);
  expect([hal.of("gpio"), runtime.pins[0]]).toEqual([["pin=RELAY level=1"], 1]);
});

test("delivers nothing and sends nothing while KILLED", async () => {
  const event = `(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4)))`;
  const { hal, runtime, until } = await bench({ init: ASK, event });
  hal.contacts = CLEAN_KILL;
  until(100);
  expect(runtime.running).toBe(true);
  runtime.linkChanged(true);
  runtime.received(Uint8Array.of(1));
  until(5000);
  expect([hal.sent, hal.of("rx"), hal.of("link")]).toEqual([[], [], []]);
});

test("delivers nothing and sends nothing while LIVE without a session", async () => {
  const event = `(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 4)))`;
  const { hal, runtime, until } = await bench({ init: ASK, event });
  until(100);
  expect(hal.radio).toBe(true);
  runtime.received(Uint8Array.of(1));
  until(1000);
  expect([hal.sent, hal.of("rx")]).toEqual([[], []]);
});

test("delivers messages in order, at most four, and drops longer ones than MESSAGE_MAX", async () => {
  const { hal, runtime } = await connected({});
  runtime.received(new Uint8Array(MESSAGE_MAX + 1));
  for (let length = 1; length <= 6; length++) runtime.received(new Uint8Array(length));
  runtime.poll();
  expect(hal.of("drop")).toEqual([
    `event=RX reason=SIZE len=${MESSAGE_MAX + 1}`,
    "event=RX reason=FULL",
    "event=RX reason=FULL",
  ]);
  expect(hal.of("rx").map((line) => line.split(" ")[0])).toEqual([
    "len=1",
    "len=2",
    "len=3",
    "len=4",
  ]);
});

test("copies a message to the guest's buffer, so that the caller may reuse its own", async () => {
  const event = `(if (i32.eq (local.get $kind) (i32.const 2))
    (then (drop (call $net_send (i32.const 1) (i32.const 0) (i32.const 1024) (local.get $b)))))`;
  const { hal, runtime } = await connected({ event });
  const bytes = Uint8Array.of(7, 8, 9);
  runtime.received(bytes);
  bytes.fill(0);
  runtime.poll();
  expect(hal.sent).toEqual([{ principal: 1, channel: 0, bytes: Uint8Array.of(7, 8, 9) }]);
});

test("queues at most eight outgoing messages", async () => {
  const one = "(drop (call $net_send (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))";
  const event = `(if (i32.eq (local.get $kind) (i32.const 2)) (then ${one.repeat(8)}
    (if (i32.ne (call $net_send (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)) (i32.const 2))
      (then unreachable))))`;
  const { hal, runtime } = await connected({ event });
  runtime.received(Uint8Array.of(1));
  runtime.poll();
  expect([hal.sent.length, hal.of("trap")]).toEqual([8, []]);
});

test("ticks at boot and every TICK_MS", async () => {
  const event = "(if (i32.eqz (local.get $kind)) (then (call $mark (i32.const 0))))";
  const { hal, until } = await bench({ event });
  hal.contacts = CLEAN_KILL;
  until(4 * TICK_MS);
  expect(hal.of("mark").length).toBe(4);
});

test("drops events when the queue is full", async () => {
  const { hal, runtime, until } = await bench({});
  until(1);
  for (let edge = 0; edge < 40; edge++) runtime.button(edge % 2 === 0);
  expect(hal.of("drop")).toEqual(Array(8).fill("event=BUTTON reason=FULL"));
});

test.for(CALLS)("%s: traps on misuse and not on correct use", async ([, misuse, use]) => {
  const bad = await bench({ event: misuse });
  bad.until(1);
  expect(bad.hal.lines.slice(-2)).toEqual(["@0 trap during=GATE", "@0 restart reason=TRAP"]);
  const good = await bench({ event: use });
  good.until(1);
  expect(good.hal.of("trap")).toEqual([]);
});

test("traps after more than CALLS_MAX import calls per event", async () => {
  const loop = (count: number) => `(local $n i32) (loop $again
    (call $mark (i32.const 0))
    (local.set $n (i32.add (local.get $n) (i32.const 1)))
    (br_if $again (i32.lt_u (local.get $n) (i32.const ${count}))))`;
  const good = await bench({ init: loop(CALLS_MAX) });
  good.until(1);
  expect(good.hal.of("trap")).toEqual([]);
  const bad = await bench({ init: loop(CALLS_MAX + 1) });
  bad.until(1);
  expect(bad.hal.of("trap")).toEqual(["during=init"]);
});

test("mac_verify distinguishes a good tag, a bad tag and a missing key", async () => {
  const bytes = new Uint8Array(5);
  const good = new FakeHal().mac(0, KEY.COMMAND, bytes) ?? bytes;
  const text = [...good].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  const memory = `(memory (export "memory") 1 1) (data (i32.const 64) "${text}")`;
  const verdict = (principal: number, wanted: number) =>
    `(if (i32.ne (call $mac_verify (i32.const ${principal}) (i32.const 0) (i32.const 5)
      (i32.const 64)) (i32.const ${wanted})) (then unreachable))`;
  // A tag that the device signs is not one that it accepts, of the same principal and bytes.
  const sign = "(drop (call $mac_sign (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 64)))";
  const init = verdict(0, 0) + verdict(2, 3) + verdict(1, 4) + sign + verdict(0, 3);
  const { hal, until } = await bench({ memory, init });
  until(1);
  expect(hal.of("trap")).toEqual([]);
});

test("returns an error and does not trap when storage fails", async () => {
  const failed = (name: string) => `(if (i32.ne (call $${name} (i32.const 1) (i32.const 0)
    (i32.const 0) (i32.const 8)) (i32.const 5)) (then unreachable))`;
  const hal = new FakeHal();
  hal.storageWorks = false;
  const init = failed("storage_read") + failed("storage_write");
  const runtime = new Runtime(hal, gate, await makeGuest({ init }), BOOT_MS);
  runtime.powerOn(BOOT.POWER_ON);
  runtime.poll();
  expect(hal.of("trap")).toEqual([]);
});

test("replaces bytes of a log line that are not printable ASCII", async () => {
  const memory = '(memory (export "memory") 1 1) (data (i32.const 0) "a\\"b\\\\c\\00\\ffz")';
  const { hal, until } = await bench({ memory, init: "(call $log (i32.const 0) (i32.const 8))" });
  until(1);
  expect(hal.of("log")).toEqual(['text="a.b.c..z"']);
});

test("restarts after a delay on a trap; a trap in init also releases the relay", async () => {
  const init = `(call $gpio_write (i32.const 0) (i32.const 1)) unreachable`;
  const { hal, runtime, until } = await bench({ init });
  until(1);
  expect(runtime.pins[0]).toBe(0);
  until(BOOT_MS + TRAP_DELAY_MS);
  expect(hal.of("boot")).toEqual(["reason=POWER_ON"]);
  until(BOOT_MS + TRAP_DELAY_MS + 1);
  expect(hal.of("boot")).toEqual(["reason=POWER_ON", "reason=TRAP"]);
});

test("treats endless recursion as a trap", async () => {
  const event = "(call $deep)";
  const memory = '(memory (export "memory") 1 1) (func $deep (call $deep) (call $deep))';
  const { hal, until } = await bench({ event, memory });
  until(1);
  expect(hal.of("trap")).toEqual(["during=GATE"]);
});

test.for([{ version: 1 }, { stateLen: STATE_MAX + 1 }, { stateLen: -1 }, { rxBuffer: 64513 }])(
  "traps a guest that declares %j before its init runs",
  async (text) => {
    const { hal, until } = await bench({ init: "(call $mark (i32.const 0))", ...text });
    until(1);
    expect([hal.of("trap"), hal.of("mark")]).toEqual([["during=init"], []]);
  },
);

test("keeps the gate running while the guest hangs, and restarts by the watchdog", async () => {
  const { hal, runtime, until } = await connected({});
  runtime.hung();
  runtime.received(Uint8Array.of(1));
  until(100 + WATCHDOG_MS);
  expect([hal.radio, hal.of("rx")]).toEqual([true, []]);
  until(103 + WATCHDOG_MS);
  expect([hal.radio, hal.of("restart")]).toEqual([false, ["reason=WATCHDOG"]]);

  const other = await connected({});
  other.runtime.hung();
  other.hal.contacts = CLEAN_KILL;
  other.runtime.poll();
  expect([other.hal.radio, other.hal.of("restart")]).toEqual([false, ["reason=CUT"]]);
});

test("stays up and KILLED with a refused guest", () => {
  const hal = new FakeHal();
  const runtime = new Runtime(hal, gate, "import", BOOT_MS);
  runtime.powerOn(BOOT.POWER_ON);
  for (; hal.time < 1000; hal.time++) runtime.poll();
  expect([hal.radio, hal.of("guest")]).toEqual([false, ["state=refused reason=import"]]);
  expect(hal.of("restart")).toEqual([]);
});
