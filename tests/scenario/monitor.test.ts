/** Shows that the monitor finds each kind of violation, with traces made for the test. */
import { expect, test } from "vitest";
import { loadBoard } from "../../host-sim/base/board-data.ts";
import { crc32 } from "../../host-sim/base/crc32.ts";
import { Monitor } from "../../host-sim/scenario/monitor.ts";

const BOARD = { ...loadBoard("esp32"), railFollows: "radio" as const, dischargeMs: 1 };

/** A trace up to LIVE at 50 ms and link up at 90 ms. */
const LIVE = `@0 boot reason=POWER_ON
@0 sense no=1 nc=0 rail=0
@0 gate phase=ARMING
@50 gate phase=LIVE
@50 epoch value=0102030405060708
@50 radio power=on
@51 sense no=1 nc=0 rail=1
@90 link state=up`;
const CUT = `@200 sense no=0 nc=0 rail=1
@200 radio power=off
@200 gate phase=TRAVEL
@200 restart reason=CUT`;
const MESSAGE = Uint8Array.of(1, 2, 3);
const RX = `@100 rx len=3 crc=${crc32(MESSAGE)}\n@100 mark name=ACCEPTED`;

function feed(monitor: Monitor, trace: string): void {
  for (const line of trace.split("\n")) {
    const [, at = "", kind = "", detail = ""] = /^@(\d+) (\S+) ?(.*)$/.exec(line) ?? [];
    monitor.line(Number(at), kind, detail);
  }
}

function broken(trace: string, until?: number, prepare?: (monitor: Monitor) => void): string {
  const monitor = new Monitor(BOARD);
  prepare?.(monitor);
  feed(monitor, trace);
  if (until !== undefined) monitor.end(until);
  return monitor.violation?.rule ?? "";
}

test.for([
  LIVE,
  `${LIVE}\n${CUT}\n@500 boot reason=CUT\n@500 sense no=0 nc=1 rail=0`,
  `${LIVE}\n@99 tx channel=STATUS len=1 crc=0\n@99 rx len=1 crc=0`,
  `${LIVE}\n@99 supply state=off\n@99 radio power=off\n@150 supply state=on\n@150 boot reason=POWER_ON`,
  `${LIVE}\n@99 supply state=reset\n@99 radio power=off\n@99 boot reason=RESET\n@99 sense no=1 nc=0 rail=1\n@100 sense no=1 nc=0 rail=0`,
])("finds no violation in valid trace %#", (trace) => {
  expect(broken(trace, 1000)).toBe("");
});

test.for([
  ["I1: the radio goes on only in LIVE", "@0 boot reason=POWER_ON\n@0 radio power=on"],
  [
    "I1: LIVE is entered only from",
    "@0 boot reason=POWER_ON\n@0 sense no=1 nc=0 rail=0\n@60 gate phase=LIVE",
  ],
  ["I1: LIVE is entered only after", LIVE.replace("@50 gate", "@49 gate")],
  [
    "I1: LIVE is entered only after",
    LIVE.replace("@50 gate", "@20 sense no=0 nc=0 rail=0\n@21 sense no=1 nc=0 rail=0\n@70 gate"),
  ],
  ["I1: contacts that are equal", LIVE.replace("no=1 nc=0 rail=0", "no=1 nc=1 rail=0")],
  ["I1: the radio goes off", `${LIVE}\n@200 sense no=0 nc=1 rail=1`],
  ["I1: the radio goes off", `${LIVE}\n@200 gate phase=TRAVEL`],
  ["I2: the board restarts", `${LIVE}\n${CUT.replace(/\n@200 restart.*/, "")}`],
  ["I2: messages pass only", `${LIVE.replace(/\n@90.*/, "")}\n@91 tx channel=REPLY len=1 crc=0`],
  ["I2: messages pass only", `${LIVE.replace(/\n@90.*/, "")}\n@91 rx len=1 crc=0`],
  ["I2: a stopped board", `${LIVE}\n${CUT}\n@300 tx channel=REPLY len=1 crc=0`],
  ["I2: a stopped board", `${LIVE}\n${CUT}\n@300 gpio pin=RELAY level=1`],
  ["I2: the link comes up only", "@0 boot reason=POWER_ON\n@0 link state=up"],
  ["I3: commands execute only", `${LIVE.replace(/\n@90.*/, "")}\n@91 mark name=ACCEPTED`],
  ["I4: an epoch is drawn", "@0 boot reason=POWER_ON\n@0 epoch value=0102030405060708"],
  ["I4: the epoch of all zeros", LIVE.replace("0102030405060708", "0000000000000000")],
  [
    "I4: no epoch is drawn twice",
    `${LIVE}\n${CUT}\n${LIVE.replaceAll("@", "@10").replace("POWER_ON", "CUT").replace("@1050 gate", "@10050 gate").replaceAll(/@105/g, "@1005").replaceAll("@10050", "@1050")}`,
  ],
  ["I8: a boot begins", `${LIVE}\n@200 boot reason=CUT`],
  ["I8: the reason of this boot is CUT", `${LIVE}\n${CUT}\n@500 boot reason=POWER_ON`],
  ["I8: the reason of this boot is POWER_ON", "@0 boot reason=CUT"],
  ["I1: the rail is down", `${LIVE}\n${CUT}\n@500 boot reason=CUT\n@500 sense no=0 nc=1 rail=1`],
] as [string, string][])("finds the violation of %s in trace %#", ([rule, trace]) => {
  expect(broken(trace, 20_000)).toContain(rule);
});

const EQUAL_CONTACTS = `@0 boot reason=POWER_ON
@0 sense no=1 nc=1 rail=0
@0 gate phase=TRAVEL`;
const FAULT = `${EQUAL_CONTACTS}\n@21 gate phase=FAULT_CONTACT`;
const FAULT_RAIL = `${LIVE}\n${CUT}
@500 boot reason=CUT
@500 sense no=0 nc=1 rail=1
@600 gate phase=FAULT_RAIL`;

test.for([
  ["", FAULT],
  ["", `${FAULT}\n@30 sense no=0 nc=1 rail=0\n@30 gate phase=KILLED`],
  ["I1: contacts that are equal", `${EQUAL_CONTACTS}\n@22 gpio pin=LAMP level=1`],
  ["I1: contacts that are equal", `${EQUAL_CONTACTS}\n@10 sense no=0 nc=0 rail=0`],
  ["I1: FAULT_CONTACT needs", FAULT.replace("@21", "@20")],
  ["I1: FAULT_CONTACT needs", `${LIVE}\n@99 gate phase=FAULT_CONTACT`],
  ["I1: FAULT_CONTACT ends only", `${FAULT}\n@30 sense no=1 nc=0 rail=0\n@30 gate phase=ARMING`],
  ["", `${FAULT_RAIL}\n@700 sense no=0 nc=1 rail=0\n@700 gate phase=KILLED`],
  ["I1: FAULT_RAIL ends only", `${FAULT_RAIL}\n@700 gate phase=KILLED`],
] as [string, string][])(
  "checks the causes and ends of faults: %j in trace %#",
  ([rule, trace]) => {
    const held = (monitor: Monitor) => {
      monitor.railHeld = true;
    };
    const found = broken(trace, 900, held);
    if (rule === "") expect(found).toBe("");
    else expect(found).toContain(rule);
  },
);

test("restarts the time of clean ON after a stall", () => {
  const arming = LIVE.split("\n").slice(0, 3).join("\n");
  const after = (ms: number, live: number) => {
    const monitor = new Monitor(BOARD);
    feed(monitor, arming);
    monitor.stalled(40, ms);
    feed(monitor, `@${live} gate phase=LIVE`);
    return monitor.violation?.rule ?? "";
  };
  expect(after(10, 50)).toBe("");
  expect(after(11, 50)).toContain("I1: LIVE is entered only after");
  expect(after(11, 90)).toBe("");
});

test("finds a meter reading that contradicts the board", () => {
  const metered = (rail: string) => {
    const monitor = new Monitor(BOARD);
    feed(monitor, LIVE);
    monitor.meter(100, rail);
    return monitor.violation?.rule ?? "";
  };
  expect(metered("up")).toBe("");
  expect(metered("down")).toContain("I1: the board reports the level");
});

test("finds a rail that is held up and not announced", () => {
  const held = `${LIVE}\n${CUT}\n@500 boot reason=CUT\n@500 sense no=0 nc=1 rail=1`;
  const prepare = (monitor: Monitor) => {
    monitor.railHeld = true;
  };
  expect(broken(held, 601, prepare)).toBe("");
  expect(broken(held, 602, prepare)).toContain("FAULT_RAIL");
  expect(broken(`${held}\n@600 gate phase=FAULT_RAIL`, 9999, prepare)).toBe("");
});

test.for([
  ["", "0102030405060708", true, "relay.set", ""],
  ["I4: a command of another epoch", "ffffffffffffffff", true, "relay.set", ""],
  ["I7: a message that is not genuine", "0102030405060708", false, "relay.set", ""],
  ["I4: a command executes only once", "0102030405060708", true, "relay.get", `\n${RX}`],
] as const)(
  "checks the execution of messages: %j in case %#",
  ([rule, epoch, genuine, op, more]) => {
    const prepare = (monitor: Monitor) => monitor.sent(MESSAGE, { epoch, genuine, op });
    const found = broken(`${LIVE}\n${RX}${more}`, 1000, prepare);
    if (rule === "") expect(found).toBe("");
    else expect(found).toContain(rule);
  },
);

test("I5: finds a relay.set that executes before the hold ends", () => {
  const facts = { epoch: "0102030405060708", genuine: true, op: "relay.set" };
  const prepare = (monitor: Monitor) => monitor.sent(MESSAGE, facts);
  const held = `${LIVE}\n@95 mark name=HOLD_BEGUN`;
  expect(broken(`${held}\n${RX}`, 1000, prepare)).toContain("I5");
  expect(broken(`${held}\n@96 mark name=HOLD_ENDED\n${RX}`, 1000, prepare)).toBe("");
});
