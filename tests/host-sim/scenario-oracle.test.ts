/** The oracle finds each thing that a sound device does not do, on traces and messages made for it. */
import { expect, test } from "vitest";
import { CHANNEL, PRINCIPAL } from "../../host-sim/abi.gen.ts";
import { encodeCbor, encodeMac0 } from "../../host-sim/controller/cose.ts";
import { crc32 } from "../../host-sim/crc32.ts";
import type { Send, Stimulus } from "../../host-sim/scenario/grammar.ts";
import { Oracle } from "../../host-sim/scenario/oracle.ts";
import { Remote, SCENARIO_KEYS } from "../../host-sim/scenario/remote.ts";

const EPOCH = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const DEVICE_KEY = SCENARIO_KEYS[PRINCIPAL.DEVICE] ?? new Uint8Array();
const LIVE = `@0 boot reason=POWER_ON
@0 mark name=RETAINED_LOST
@0 gpio pin=RELAY level=0
@50 gate phase=LIVE
@50 epoch value=0102030405060708
@90 link state=up`;

const signed = (payload: unknown) => encodeMac0(DEVICE_KEY, "device", encodeCbor(payload));

/** The status of a device that has just gone LIVE, with some of it otherwise. */
function status(other: [number, unknown][] = [], epoch = EPOCH): Uint8Array {
  const map = new Map<number, unknown>([
    [1, false],
    [2, 0],
    [3, 0],
    [4, 2],
    [5, new Uint8Array(32)],
    [6, 0],
    [7, 0],
    [8, 0],
    [9, 0],
    [10, 0],
    [11, 10],
    [12, 60],
    [13, 1],
    ...other,
  ]);
  return signed([epoch, map]);
}

/** An oracle that has seen a device go LIVE, and what happens to it from there. */
class Case {
  readonly oracle = new Oracle();
  readonly #remote = new Remote();

  constructor(trace = LIVE) {
    this.lines(trace);
    this.#remote.heard(CHANNEL.STATUS, status(), EPOCH);
  }

  lines(trace: string): this {
    for (const line of trace.split("\n")) {
      const [, at = "", kind = "", detail = ""] = /^@(\d+) (\S+) ?(.*)$/.exec(line) ?? [];
      this.oracle.line(Number(at), kind, detail);
    }
    return this;
  }

  /** Sends a command and has it delivered at 100 ms. */
  given(send: Partial<Send>): this {
    const message = this.#remote.compose({ as: "owner", op: "relay.set on", ...send });
    this.oracle.sent(message);
    return this.lines(`@100 rx len=1 crc=${crc32(message.bytes)}`);
  }

  do(now: number, stimulus: Stimulus): this {
    this.oracle.stimulus(now, stimulus);
    return this;
  }

  says(channel: number, bytes: Uint8Array): this {
    this.oracle.message(100, channel, bytes);
    return this;
  }

  broken(until = 500): string {
    this.oracle.end(until);
    return this.oracle.violation?.rule ?? "";
  }
}

const ON =
  "@100 gpio pin=RELAY level=1\n@100 mark name=ACCEPTED\n@100 tx channel=REPLY len=1 crc=0";
const press = { button: "press" } as const;
const told = (mark: string) => `@100 mark name=${mark}\n@100 tx channel=REPLY len=1 crc=0`;

test("nothing is wrong with a device that does as it must", () => {
  expect(new Case().broken()).toBe("");
  expect(new Case().given({}).lines(ON).broken()).toBe("");
  expect(new Case().says(CHANNEL.STATUS, status()).broken()).toBe("");
  const pressed = "@200 mark name=HOLD_BEGUN\n@200 gpio pin=RELAY level=1";
  expect(new Case().do(200, press).lines(pressed).broken()).toBe("");
  expect(new Case().given({ tamper: "tag" }).lines("@100 mark name=BAD_MAC").broken()).toBe("");
  for (const [send, mark] of OUTCOMES)
    expect(new Case().given(send).lines(told(mark)).broken()).toBe("");
});

const OUTCOMES: [Partial<Send>, string][] = [
  [{ epoch: "zero" }, "STALE_EPOCH"],
  [{ seq: 0 }, "REPLAY"],
  [{ as: "manufacturer" }, "FORBIDDEN"],
  [{ as: "provider", op: "config.set hold=0" }, "FORBIDDEN"],
  [{ tamper: "form" }, "MALFORMED_PAYLOAD"],
];

test.for(OUTCOMES)("%j is decided %s, and is not executed", ([send, mark]) => {
  expect(new Case().given(send).lines(told("ACCEPTED")).broken()).toBe(
    `a message is decided ${mark}`,
  );
});

test("a message is one that was sent, is decided, and answered", () => {
  expect(new Case().lines("@99 rx len=1 crc=00000000").broken()).toMatch(/^only what was sent/);
  expect(new Case().given({}).lines("@101 gate phase=LIVE").broken()).toMatch(
    /^a message is decided/,
  );
  const silent = ON.split("\n").slice(0, 2).join("\n");
  expect(new Case().given({}).lines(silent).broken()).toMatch(/^who has a key is told: OK/);
  expect(new Case().lines(told("ACCEPTED")).broken()).toBe("a decision is about a message");
  expect(new Case().lines("@99 tx channel=REPLY len=1 crc=0").broken()).toMatch(/^a reply answers/);
});

test("the relay moves for a reason, and stays where it is put", () => {
  const moved = "@99 gpio pin=RELAY level=1";
  expect(new Case().lines(moved).broken()).toBe("the relay moves by hand, by command or at a boot");
  const other = ON.replace("level=1", "level=0");
  expect(new Case().given({}).lines(other).broken()).toBe("the relay is on");
});

test("I6: a press shows, unless it may be bounce or comes with a restart", () => {
  const rule = "I6: a press turns the relay over";
  expect(new Case().do(200, press).broken()).toBe(rule);
  expect(new Case().do(20, press).broken()).toBe("");
  const cut = "@200 restart reason=CUT";
  expect(new Case().do(200, press).lines(cut).broken()).toBe("");
});

test("I5: a hold begins by hand, ends by time, and keeps commands out", () => {
  expect(new Case().lines("@99 mark name=HOLD_BEGUN").broken()).toMatch(/^I5: only a press/);
  expect(new Case().lines("@99 mark name=HOLD_ENDED").broken()).toMatch(/^I5: only time/);
  const held = () =>
    new Case().do(95, press).lines("@95 mark name=HOLD_BEGUN\n@95 gpio pin=RELAY level=1");
  expect(held().lines("@60094 mark name=HOLD_ENDED").broken(60_094)).toMatch(/^I5: only time/);
  expect(held().lines("@60095 mark name=HOLD_ENDED").broken(60_095)).toBe("");
  const off = { op: "relay.set off" };
  expect(held().given(off).lines(told("HOLD")).broken()).toBe("");
  expect(held().given(off).lines(told("ACCEPTED")).broken()).toBe("a message is decided HOLD");
});

test.for([
  ["mark name=RETAINED_USED", "I8: the boot is RETAINED_LOST"],
  ["mark name=JOURNAL_FAILED", "a record is written, storage permitting"],
  ["mark name=JOURNAL_TORN", "only a loss of supply tears a record"],
  ["trap during=TICK", "a sound guest does not trap"],
  ["restart reason=WATCHDOG", "a sound guest returns"],
  ["drop event=BUTTON reason=FULL", "nothing but a message is dropped"],
])("%s is none of a sound device's", ([line, rule]) => {
  expect(new Case().lines(`@99 ${line}`).broken()).toBe(rule);
});

test("what storage cannot do is no fault of the device", () => {
  const fails = { fault: { set: "storage-fails" } } as const;
  const failed = () => new Case().do(95, fails).lines("@99 mark name=JOURNAL_FAILED");
  expect(failed().broken()).toBe("");
  const config = { op: "config.set hold=0" };
  expect(failed().given(config).lines(told("FAILED")).broken()).toBe("");
  expect(failed().given(config).lines(told("ACCEPTED")).broken()).toBe(
    "a message is decided FAILED",
  );
});

test.for<[string, Uint8Array, RegExp]>([
  [
    "unsigned",
    status().map((byte, at, all) => (at === all.length - 1 ? byte ^ 1 : byte)),
    /^what the device says is signed/,
  ],
  [
    "of another epoch",
    status(
      [],
      EPOCH.map((byte) => byte + 1),
    ),
    /^I4/,
  ],
  ["with the relay elsewhere", status([[1, true]]), /^relay is false/],
  ["with a hold that is none", status([[2, 5]]), /^holdMs is 0/],
  ["with a count of its own", status([[6, 3]]), /^executed is 0/],
  ["with another configuration", status([[12, 61]]), /^holdS is 60/],
  ["with another boot", status([[9, 1]]), /^boot is power_on/],
])("a status %s is found", ([, bytes, rule]) => {
  expect(new Case().says(CHANNEL.STATUS, bytes).broken()).toMatch(rule);
});

test("a reply says what was decided, to whom, and what is so", () => {
  const answer = (items: unknown[]) =>
    new Case()
      .given({})
      .lines(ON)
      .says(CHANNEL.REPLY, signed([EPOCH, ...items]))
      .broken();
  const relay = new Map([[1, true]]);
  expect(answer([0, 1, 0, relay])).toBe("");
  expect(answer([0, 1, 6, new Map([[1, 5]])])).toMatch(/^a reply says OK/);
  expect(answer([0, 2, 0, relay])).toMatch(/^a reply says OK/);
  expect(answer([1, 1, 0, relay])).toMatch(/^a reply says OK/);
  expect(answer([0, 1, 0, new Map([[1, false]])])).toMatch(/^relay is true/);
});

test("a measurement is of the last tick", () => {
  const warm = () => new Case().do(60, { temperature: 30 });
  const telemetry = (tenths: number) => signed([EPOCH, tenths]);
  expect(warm().says(CHANNEL.TELEMETRY, telemetry(300)).broken()).toBe("");
  expect(warm().says(CHANNEL.TELEMETRY, telemetry(301)).broken()).toMatch(/^a measurement/);
});
