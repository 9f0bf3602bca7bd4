/** The imports of a guest: misuse traps, correct use does not, and each answers as the ABI says. */
import { expect, test } from "vitest";
import { BOOT, CALLS_MAX, KEY, MARK_NAMES } from "../../host-sim/abi/abi.gen.ts";
import { firmwarePath, makeGate, readModule } from "../../host-sim/sim/firmware.ts";
import { Runtime } from "../../host-sim/sim/runtime.ts";
import { FakeHal, type GuestText, makeGuest } from "./fake-hal.ts";

const BOOT_MS = 300;
const gate = makeGate(readModule(firmwarePath("gate")));

/** A guest on the host loop, and a function that runs it up to a time. */
async function bench(text: GuestText) {
  const hal = new FakeHal();
  const runtime = new Runtime(hal, gate, await makeGuest(text), BOOT_MS);
  runtime.powerOn(BOOT.POWER_ON);
  const until = (time: number) => {
    for (; hal.time < time; hal.time++) if (runtime.deadline() <= hal.time) runtime.poll();
  };
  return { hal, until };
}

/** Calls that misuse an import, each with a similar call that is just within bounds. */
const CALLS: [string, string, string][] = [
  [
    "gpio_write",
    "(call $gpio_write (i32.const 2) (i32.const 0))",
    "(call $gpio_write (i32.const 1) (i32.const 1))",
  ],
  [
    "gpio level",
    "(call $gpio_write (i32.const 0) (i32.const 2))",
    "(call $gpio_write (i32.const 0) (i32.const 0))",
  ],
  [
    "gpio negative",
    "(call $gpio_write (i32.const -1) (i32.const 0))",
    "(call $mark (i32.const 0))",
  ],
  [
    "mark",
    `(call $mark (i32.const ${MARK_NAMES.length}))`,
    `(call $mark (i32.const ${MARK_NAMES.length - 1}))`,
  ],
  [
    "net_send principal",
    "(drop (call $net_send (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1)))",
    "(drop (call $net_send (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 1)))",
  ],
  [
    "mac_sign principal",
    "(drop (call $mac_sign (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0)))",
    "(drop (call $mac_sign (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0)))",
  ],
  [
    "net_send channel",
    "(drop (call $net_send (i32.const 0) (i32.const 3) (i32.const 0) (i32.const 1)))",
    "(drop (call $net_send (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 1)))",
  ],
  [
    "net_send length",
    "(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1025)))",
    "(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1024)))",
  ],
  [
    "net_send range",
    "(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 1)))",
    "(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const 65535) (i32.const 1)))",
  ],
  [
    "net_send overflow",
    "(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const -1) (i32.const 1024)))",
    "(drop (call $net_send (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 0)))",
  ],
  [
    "mac_verify principal",
    "(drop (call $mac_verify (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0)))",
    "(drop (call $mac_verify (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0)))",
  ],
  [
    "mac_verify tag",
    "(drop (call $mac_verify (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65505)))",
    "(drop (call $mac_verify (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65504)))",
  ],
  [
    "mac_sign bytes",
    "(drop (call $mac_sign (i32.const 0) (i32.const 65000) (i32.const 537) (i32.const 0)))",
    "(drop (call $mac_sign (i32.const 0) (i32.const 65000) (i32.const 536) (i32.const 0)))",
  ],
  [
    "mac_sign length",
    "(drop (call $mac_sign (i32.const 0) (i32.const 0) (i32.const 2049) (i32.const 0)))",
    "(drop (call $mac_sign (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 0)))",
  ],
  [
    "mac_verify length",
    "(drop (call $mac_verify (i32.const 0) (i32.const 0) (i32.const 2049) (i32.const 0)))",
    "(drop (call $mac_verify (i32.const 0) (i32.const 0) (i32.const 2048) (i32.const 0)))",
  ],
  [
    "mac_sign tag",
    "(drop (call $mac_sign (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -32)))",
    "(drop (call $mac_sign (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 65504)))",
  ],
  [
    "random length",
    "(call $random (i32.const 0) (i32.const 65))",
    "(call $random (i32.const 0) (i32.const 64))",
  ],
  [
    "random range",
    "(call $random (i32.const 65473) (i32.const 64))",
    "(call $random (i32.const 65472) (i32.const 64))",
  ],
  [
    "storage region",
    "(drop (call $storage_read (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1)))",
    "(drop (call $storage_read (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 1)))",
  ],
  [
    "storage end",
    "(drop (call $storage_write (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 64)))",
    "(drop (call $storage_write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 64)))",
  ],
  [
    "storage overflow",
    "(drop (call $storage_write (i32.const 1) (i32.const -1) (i32.const 0) (i32.const 2)))",
    "(drop (call $storage_write (i32.const 2) (i32.const 32767) (i32.const 0) (i32.const 1)))",
  ],
  [
    "storage range",
    "(drop (call $storage_read (i32.const 2) (i32.const 0) (i32.const 65535) (i32.const 2)))",
    "(drop (call $storage_read (i32.const 2) (i32.const 0) (i32.const 65535) (i32.const 1)))",
  ],
  [
    "log length",
    "(call $log (i32.const 0) (i32.const 121))",
    "(call $log (i32.const 0) (i32.const 120))",
  ],
  [
    "log range",
    "(call $log (i32.const 65536) (i32.const 1))",
    "(call $log (i32.const 65535) (i32.const 1))",
  ],
];

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
