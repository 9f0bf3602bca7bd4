/** Commands and replies as bytes, and the grammar of a command line's words. */
import { describe, expect, test } from "vitest";
import { CODE, EPOCH_BYTES, OP, OP_WIRES, PRINCIPAL } from "../../host-sim/abi.gen.ts";
import {
  decodeReply,
  decodeStatus,
  decodeTelemetry,
  encodeCommand,
  NO_EPOCH,
} from "../../host-sim/controller/command.ts";
import {
  decodeMac0,
  encodeCbor,
  encodeMac0,
  MessageError,
} from "../../host-sim/controller/cose.ts";
import {
  parseRequest,
  replyFields,
  STATUS_SHAPE,
  takeFields,
  usageOf,
} from "../../host-sim/controller/operations.ts";
import { EXIT, UserError } from "../../host-sim/errors.ts";

const KEY = new Uint8Array(32).fill(7);
const EPOCH = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const signed = (payload: unknown) => encodeMac0(KEY, "device", encodeCbor(payload));
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

const STATUS = new Map<number, unknown>([
  [1, true],
  [2, 1500],
  [3, 0],
  [4, 9],
  [5, new Uint8Array(32).fill(0xab)],
  [6, 1],
  [7, 2],
  [8, 3],
  [9, 1],
  [10, 0],
  [11, 60],
  [12, 300],
  [13, 4],
]);

describe("a command", () => {
  const base = { key: KEY, principal: PRINCIPAL.OWNER, epoch: EPOCH, seq: 7, op: OP.RELAY_SET };

  test("is the payload that docs/PROTOCOL.md shows", () => {
    const args = new Map([[1, true]]);
    const payload = decodeMac0(KEY, "owner", encodeCommand({ ...base, args }));
    expect(toHex(payload)).toBe("844801020304050607080700a101f5");
  });

  test("has its arguments sorted", () => {
    const args = new Map([
      [3, 300],
      [1, 0],
    ]);
    const payload = decodeMac0(KEY, "owner", encodeCommand({ ...base, op: OP.CONFIG_SET, args }));
    expect(toHex(payload)).toMatch(/a201000319012c$/);
  });

  test.each([
    ["the device commands nothing", { principal: PRINCIPAL.DEVICE }],
    ["no such principal", { principal: 4 }],
    ["a short epoch", { epoch: NO_EPOCH.subarray(1) }],
    ["a negative number", { seq: -1 }],
    ["a number beyond uint32", { seq: 2 ** 32 }],
    ["a fraction", { seq: 0.5 }],
    ["no number", { seq: Number.NaN }],
    ["a negative operation", { op: -1 }],
  ])("is not made of: %s", (_, change) => {
    expect(() => encodeCommand({ ...base, args: new Map(), ...change })).toThrow(RangeError);
  });
});

describe("a reply", () => {
  const good = [EPOCH, 0, 7, CODE.OK, new Map([[1, true]])];

  test("is read whole", () => {
    const reply = decodeReply(signed(good), KEY);
    expect(reply).toEqual({
      epoch: EPOCH,
      principal: 0,
      seq: 7,
      code: 0,
      data: new Map([[1, true]]),
    });
    expect(replyFields(OP.RELAY_GET, reply.code, reply.data)).toEqual({ relay: true });
  });

  test.each([
    ["a short epoch", 0, EPOCH.subarray(1)],
    ["an epoch of text", 0, "12345678"],
    ["the device as principal", 1, PRINCIPAL.DEVICE],
    ["a negative principal", 1, -1],
    ["a negative number", 2, -1],
    ["a number beyond uint32", 2, 2 ** 32],
    ["an unknown code", 3, 9],
    ["data that is no map", 4, []],
  ])("is refused with %s", (_, index, value) => {
    const bad = good.map((item, at) => (at === index ? value : item));
    expect(() => decodeReply(signed(bad), KEY)).toThrow(MessageError);
  });

  test("is refused short, long, under another key or as a principal's word", () => {
    expect(() => decodeReply(signed(good.slice(1)), KEY)).toThrow(MessageError);
    expect(() => decodeReply(signed([...good, 0]), KEY)).toThrow(MessageError);
    expect(() => decodeReply(signed(good), new Uint8Array(32))).toThrow(/tag is not device's/);
    const payload = encodeCbor(good);
    expect(() => decodeReply(encodeMac0(KEY, "owner", payload), KEY)).toThrow(/not made by device/);
  });

  test.each([
    [CODE.STALE_EPOCH, new Map([[1, 41]]), { lastSeq: 41 }],
    [CODE.REPLAY, new Map([[1, 41]]), { lastSeq: 41 }],
    [CODE.HOLD, new Map([[1, 5000]]), { remainingMs: 5000 }],
    [CODE.FORBIDDEN, new Map(), {}],
    [CODE.MALFORMED, new Map(), {}],
  ])("of refusal %s tells what goes with it", (code, data, fields) => {
    expect(replyFields(OP.STATUS, code, data)).toEqual(fields);
    if (data.size > 0) expect(() => replyFields(OP.STATUS, code, new Map())).toThrow(MessageError);
  });

  test("to telemetry.read leaves out what only the owner is told", () => {
    expect(replyFields(OP.TELEMETRY_READ, CODE.OK, new Map([[1, -55]]))).toEqual({
      temperature: -5.5,
    });
    const all = new Map([
      [1, 215],
      [2, 180],
      [3, 230],
      [4, 12],
    ]);
    expect(replyFields(OP.TELEMETRY_READ, CODE.OK, all)).toEqual({
      temperature: 21.5,
      killedMin: 18,
      killedMax: 23,
      killedSamples: 12,
    });
  });

  test("to journal.read holds at most eight whole records", () => {
    const page = (count: number, length: number) =>
      replyFields(
        OP.JOURNAL_READ,
        CODE.OK,
        new Map([[1, Array(count).fill(new Uint8Array(length))]]),
      );
    expect(page(8, 52).records).toHaveLength(8);
    expect(() => page(9, 52)).toThrow(MessageError);
    expect(() => page(1, 51)).toThrow(MessageError);
  });
});

describe("status and telemetry", () => {
  test("are read whole", () => {
    const { epoch, fields } = decodeStatus(signed([EPOCH, STATUS]), KEY);
    expect(epoch).toEqual(EPOCH);
    expect(fields).toEqual({
      relay: true,
      holdMs: 1500,
      lastFault: "none",
      journalNext: 9,
      journalHead: "ab".repeat(32),
      executed: 1,
      refused: 2,
      dropped: 3,
      boot: "cut",
      safe: "off",
      telemetryS: 60,
      holdS: 300,
      boots: 4,
    });
    expect(decodeTelemetry(signed([EPOCH, -12]), KEY)).toEqual({ epoch: EPOCH, temperature: -1.2 });
    expect(decodeTelemetry(signed([EPOCH, -32_768]), KEY).temperature).toBe(null);
  });

  test("names the last fault by its phase", () => {
    const faulted = new Map([...STATUS, [3, 5] as const]);
    expect(takeFields(STATUS_SHAPE, faulted).lastFault).toBe("fault_rail");
  });

  test("are not taken for each other", () => {
    expect(() => decodeTelemetry(signed([EPOCH, STATUS]), KEY)).toThrow(MessageError);
    expect(() => decodeStatus(signed([EPOCH, 215]), KEY)).toThrow(MessageError);
    expect(() => decodeReply(signed([EPOCH, STATUS]), KEY)).toThrow(MessageError);
    expect(() => decodeTelemetry(signed([EPOCH, 21.5]), KEY)).toThrow(MessageError);
  });

  test.each([...STATUS.keys()])("are refused without field %i, or with another type", (key) => {
    const without = new Map([...STATUS].filter(([other]) => other !== key));
    expect(() => decodeStatus(signed([EPOCH, without]), KEY)).toThrow(`data ${key} `);
    const other = new Map([...STATUS, [key, "x"] as const]);
    expect(() => decodeStatus(signed([EPOCH, other]), KEY)).toThrow(`data ${key} `);
  });
});

describe("the words of a command line", () => {
  test.each([
    ["relay.set on", OP.RELAY_SET, [[1, true]]],
    ["relay.set off", OP.RELAY_SET, [[1, false]]],
    ["relay.set level=on", OP.RELAY_SET, [[1, true]]],
    ["relay.get", OP.RELAY_GET, []],
    [
      "config.set safe=off telemetry=60 hold=300",
      OP.CONFIG_SET,
      [
        [1, 0],
        [2, 60],
        [3, 300],
      ],
    ],
    ["config.set hold=0", OP.CONFIG_SET, [[3, 0]]],
    ["config.set telemetry=65535", OP.CONFIG_SET, [[2, 65_535]]],
    [
      "journal.read 0 8",
      OP.JOURNAL_READ,
      [
        [1, 0],
        [2, 8],
      ],
    ],
    [
      "journal.read count=1 first=4294967295",
      OP.JOURNAL_READ,
      [
        [2, 1],
        [1, 4_294_967_295],
      ],
    ],
  ] as const)("%s", (line, op, args) => {
    const [wire = "", ...words] = line.split(" ");
    expect(parseRequest(wire, words)).toEqual({ op, args: new Map<number, unknown>(args) });
  });

  test.each([
    ["relay.set", /needs more arguments: write relay.set <level: on\|off>/],
    ["relay.set maybe", /level is on\|off/],
    ["relay.set constructor", /level is on\|off/],
    ["relay.set on off", /argument "off" is not one/],
    ["relay.set on level=off", /level was given before/],
    ["relay.get now", /argument "now" is not one/],
    ["config.set", /needs more arguments/],
    ["config.set off", /argument "off" is not one/],
    ["config.set telemetry=65536", /telemetry is 0..65535 s/],
    ["config.set hold=65536", /hold is 0..65535 s/],
    ["config.set hold=-1", /hold is/],
    ["config.set hold=1e3", /hold is/],
    ["config.set hold=", /hold is/],
    ["config.set colour=1", /argument "colour=1" is not one/],
    ["journal.read 0", /needs more arguments/],
    ["journal.read 0 0", /count is 1..8/],
    ["journal.read 0 9", /count is 1..8/],
    ["journal.read 4294967296 1", /first is 0..4294967295/],
    ["explode", /operation "explode": there is relay.set/],
    ["toString", /operation "toString"/],
  ])("refuses %s", (line, message) => {
    const [wire = "", ...words] = line.split(" ");
    const parse = () => parseRequest(wire, words);
    expect(parse).toThrow(UserError);
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ exitCode: EXIT.USAGE }));
  });

  test("every operation of the table can be written and has a form", () => {
    for (const [op, wire] of OP_WIRES.entries()) expect(usageOf(op).split(" ")[0]).toBe(wire);
  });
});

test("the question for the epoch carries eight zero bytes", () => {
  expect(toHex(NO_EPOCH)).toBe("00".repeat(EPOCH_BYTES));
});
