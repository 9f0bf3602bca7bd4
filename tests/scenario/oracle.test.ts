/**
 * Shows that the oracle finds each kind of deviation, with traces and messages made for the test.
 */
import { expect, test } from "vitest";
import { CHANNEL, CODE, PRINCIPAL, REPLY_TAG_BYTES } from "../../host-sim/abi/abi.gen.ts";
import { crc32 } from "../../host-sim/base/crc32.ts";
import { replyTagOf } from "../../host-sim/controller/command.ts";
import { encodeCbor, encodeMac0 } from "../../host-sim/controller/cose.ts";
import type { Send, Stimulus } from "../../host-sim/scenario/grammar.ts";
import { Oracle } from "../../host-sim/scenario/oracle.ts";
import { type Message, Remote, SCENARIO_KEYS } from "../../host-sim/scenario/remote.ts";

const EPOCH = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const OWNER = SCENARIO_KEYS[PRINCIPAL.OWNER] ?? { command: EPOCH, reply: EPOCH };
const LIVE = `@0 boot reason=POWER_ON
@0 mark name=RETAINED_LOST
@0 gpio pin=RELAY level=0
@50 gate phase=LIVE
@50 epoch value=0102030405060708
@90 link state=up`;

const signed = (payload: unknown) => encodeMac0(OWNER.reply, "owner", encodeCbor(payload));

/** The first status of a device that went LIVE 50 ms ago. `other` replaces fields of it. */
function status(other: [number, unknown][] = [], epoch = EPOCH, counter = 1): Uint8Array {
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
  return signed([1, epoch, counter, 50, map]);
}

/** An oracle with the trace of a device that has gone LIVE, and methods to continue it. */
class Case {
  readonly oracle = new Oracle();
  readonly #remote = new Remote();
  /** The message that was delivered last. */
  message: Message | null = null;

  constructor(trace = LIVE) {
    this.lines(trace);
    this.#remote.receive(100, PRINCIPAL.OWNER, CHANNEL.STATUS, status(), null);
  }

  lines(trace: string): this {
    for (const line of trace.split("\n")) {
      const [, at = "", kind = "", detail = ""] = /^@(\d+) (\S+) ?(.*)$/.exec(line) ?? [];
      this.oracle.line(Number(at), kind, detail);
    }
    return this;
  }

  /** Sends a command that is delivered at 100 ms. */
  given(send: Partial<Send>): this {
    const message = this.#remote.compose({ as: "owner", op: "relay.set on", ...send }, 100);
    this.message = message;
    this.oracle.sent(message);
    return this.lines(`@100 rx len=1 crc=${crc32(message.bytes)}`);
  }

  do(now: number, stimulus: Stimulus): this {
    this.oracle.stimulus(now, stimulus);
    return this;
  }

  says(channel: number, bytes: Uint8Array, principal: number = PRINCIPAL.OWNER): this {
    this.oracle.message(100, principal, channel, bytes);
    return this;
  }

  broken(until = 500): string {
    this.oracle.end(until);
    return this.oracle.violation?.rule ?? "";
  }
}

const ON =
  "@100 gpio pin=RELAY level=1\n@100 mark name=ACCEPTED\n@100 tx channel=REPLY to=OWNER len=1 crc=0";
const press = { button: "press" } as const;
const replied = (mark: string) =>
  `@100 mark name=${mark}\n@100 tx channel=REPLY to=OWNER len=1 crc=0`;

test("finds nothing wrong with a correct device", () => {
  expect(new Case().broken()).toBe("");
  expect(new Case().given({}).lines(ON).broken()).toBe("");
  expect(new Case().given({ deadline: "1m" }).lines(ON).broken()).toBe("");
  expect(new Case().says(CHANNEL.STATUS, status()).broken()).toBe("");
  const pressed = "@200 mark name=HOLD_BEGUN\n@200 gpio pin=RELAY level=1";
  expect(new Case().do(200, press).lines(pressed).broken()).toBe("");
  expect(new Case().given({ tamper: "tag" }).lines("@100 mark name=BAD_MAC").broken()).toBe("");
  for (const [send, mark] of OUTCOMES)
    expect(new Case().given(send).lines(replied(mark)).broken()).toBe("");
});

const OUTCOMES: [Partial<Send>, string][] = [
  [{ epoch: "zero" }, "STALE_EPOCH"],
  [{ seq: 0 }, "REPLAY"],
  [{ as: "manufacturer" }, "FORBIDDEN"],
  [{ as: "provider", op: "config.set hold=0" }, "FORBIDDEN"],
  [{ tamper: "form" }, "MALFORMED_PAYLOAD"],
  [{ op: "question" }, "QUESTION"],
  [{ deadline: "0ms" }, "EXPIRED"],
  [{ deadline: "60001ms" }, "EXPIRED"],
];

test.for(OUTCOMES)("expects the outcome of %j to be %s", ([send, mark]) => {
  expect(new Case().given(send).lines(replied("ACCEPTED")).broken()).toBe(
    `the outcome of the message is ${mark}`,
  );
});

test("finds a message that was not sent, has no outcome, or gets no reply", () => {
  expect(new Case().lines("@99 rx len=1 crc=00000000").broken()).toMatch(/^only messages that/);
  expect(new Case().given({}).lines("@101 gate phase=LIVE").broken()).toMatch(
    /^the outcome of a message is printed at once/,
  );
  const silent = ON.split("\n").slice(0, 2).join("\n");
  expect(new Case().given({}).lines(silent).broken()).toMatch(/^a principal gets a reply/);
  expect(new Case().lines(replied("ACCEPTED")).broken()).toMatch(/^an outcome belongs/);
  expect(new Case().lines("@99 tx channel=REPLY to=OWNER len=1 crc=0").broken()).toMatch(
    /^a reply answers/,
  );
});

test("finds a relay that moves without a reason or to the wrong level", () => {
  const moved = "@99 gpio pin=RELAY level=1";
  expect(new Case().lines(moved).broken()).toMatch(/^the relay moves only by/);
  const other = ON.replace("level=1", "level=0");
  expect(new Case().given({}).lines(other).broken()).toBe("the relay's pin is on");
});

test("I6: finds a press without effect, unless it may be bounce or comes with a restart", () => {
  const rule = "I6: a press toggles the relay";
  expect(new Case().do(200, press).broken()).toBe(rule);
  expect(new Case().do(20, press).broken()).toBe("");
  const cut = "@200 restart reason=CUT";
  expect(new Case().do(200, press).lines(cut).broken()).toBe("");
});

test("I5: finds a hold that begins without a press, ends early, or admits a command", () => {
  expect(new Case().lines("@99 mark name=HOLD_BEGUN").broken()).toMatch(/^I5: only a press/);
  expect(new Case().lines("@99 mark name=HOLD_ENDED").broken()).toMatch(/^I5: only time/);
  const held = () =>
    new Case().do(95, press).lines("@95 mark name=HOLD_BEGUN\n@95 gpio pin=RELAY level=1");
  expect(held().lines("@60094 mark name=HOLD_ENDED").broken(60_094)).toMatch(/^I5: only time/);
  expect(held().lines("@60095 mark name=HOLD_ENDED").broken(60_095)).toBe("");
  const off = { op: "relay.set off" };
  expect(held().given(off).lines(replied("HOLD")).broken()).toBe("");
  expect(held().given(off).lines(replied("ACCEPTED")).broken()).toBe(
    "the outcome of the message is HOLD",
  );
});

test.for([
  ["mark name=RETAINED_USED", "I8: the mark of this boot is RETAINED_LOST"],
  ["mark name=JOURNAL_FAILED", "records are written unless storage fails"],
  ["mark name=JOURNAL_TORN", "only a loss of supply tears a record"],
  ["trap during=TICK", "a correct guest does not trap"],
  ["restart reason=WATCHDOG", "a correct guest returns from every call"],
  ["drop event=BUTTON reason=FULL", "only messages are dropped, never other events"],
])("finds the line %s, which a correct device does not print", ([line, rule]) => {
  expect(new Case().lines(`@99 ${line}`).broken()).toBe(rule);
});

test("accepts the effects of failing storage", () => {
  const fails = { fault: { set: "storage-fails" } } as const;
  const failed = () => new Case().do(95, fails).lines("@99 mark name=JOURNAL_FAILED");
  expect(failed().broken()).toBe("");
  const config = { op: "config.set hold=0" };
  expect(failed().given(config).lines(replied("FAILED")).broken()).toBe("");
  expect(failed().given(config).lines(replied("ACCEPTED")).broken()).toBe(
    "the outcome of the message is FAILED",
  );
});

test.for<[string, Uint8Array, RegExp]>([
  [
    "unsigned",
    status().map((byte, at, all) => (at === all.length - 1 ? byte ^ 1 : byte)),
    /^messages of the device are signed/,
  ],
  [
    "of another epoch",
    status(
      [],
      EPOCH.map((byte) => byte + 1),
    ),
    /^I4/,
  ],
  ["with the wrong relay level", status([[1, true]]), /^relay is false/],
  ["with a hold that does not exist", status([[2, 5]]), /^holdMs is 0/],
  ["with a wrong count", status([[6, 3]]), /^executed is 0/],
  ["with another configuration", status([[12, 61]]), /^holdS is 60/],
  ["with another boot", status([[9, 1]]), /^boot is power_on/],
])("finds a status %s", ([, bytes, rule]) => {
  expect(new Case().says(CHANNEL.STATUS, bytes).broken()).toMatch(rule);
});

test("finds a reply that is not bound to its command, or has a wrong code or field", () => {
  const answer = (change: { tag?: Uint8Array; items?: unknown[]; clock?: number } = {}) => {
    const one = new Case().given({}).lines(ON);
    const tag = change.tag ?? replyTagOf(one.message?.bytes ?? EPOCH);
    const items = change.items ?? [CODE.OK, new Map([[1, true]])];
    const reply = signed([0, tag, EPOCH, change.clock ?? 50, ...items]);
    return (to: number = PRINCIPAL.OWNER) => one.says(CHANNEL.REPLY, reply, to).broken();
  };
  expect(answer()()).toBe("");
  expect(answer({ tag: new Uint8Array(REPLY_TAG_BYTES) })()).toMatch(/^I11: a reply says OK to/);
  expect(answer({ items: [CODE.HOLD, new Map([[1, 5]])] })()).toMatch(/^I11: a reply says OK to/);
  expect(answer({ items: [CODE.OK, new Map([[1, false]])] })()).toMatch(/^relay is true/);
  expect(answer({ clock: 51 })()).toBe("the session clock is 50, not 51");
  expect(answer()(PRINCIPAL.PROVIDER)).toMatch(/^messages of the device are signed/);
});

test("finds a report that is out of order or goes to a principal without the right to it", () => {
  const report = (...counters: number[]) => {
    const one = new Case();
    for (const counter of counters) one.says(CHANNEL.STATUS, status([], EPOCH, counter));
    return one.broken();
  };
  expect(report(1, 2)).toBe("");
  expect(report(1, 1)).toBe("report 2 of its epoch, not 1");
  expect(report(1, 3)).toBe("report 2 of its epoch, not 3");
  const afterLine = (line: string) =>
    new Case()
      .says(CHANNEL.STATUS, status([], EPOCH, 1))
      .lines(`@100 ${line}`)
      .says(CHANNEL.STATUS, status([], EPOCH, 3))
      .broken();
  expect(afterLine("link state=down")).toBe("");
  expect(afterLine("sense no=1 nc=0 rail=0")).toBe("");
  expect(afterLine("sense no=1 nc=0 rail=1")).toBe("report 2 of its epoch, not 3");
  const key = SCENARIO_KEYS[PRINCIPAL.MANUFACTURER]?.reply ?? EPOCH;
  const telemetry = encodeMac0(key, "manufacturer", encodeCbor([2, EPOCH, 1, 50, 215]));
  const told = new Case().says(CHANNEL.TELEMETRY, telemetry, PRINCIPAL.MANUFACTURER);
  expect(told.broken()).toMatch(/^a report goes only to a principal/);
});

test("finds telemetry that is not of the last tick", () => {
  const warm = () => new Case().do(60, { temperature: 30 });
  const telemetry = (tenths: number) => signed([2, EPOCH, 1, 50, tenths]);
  expect(warm().says(CHANNEL.TELEMETRY, telemetry(300)).broken()).toBe("");
  expect(warm().says(CHANNEL.TELEMETRY, telemetry(301)).broken()).toMatch(/^telemetry reports/);
});
