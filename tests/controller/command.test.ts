/** Encodes commands, decodes messages of the device, and parses operations on a command line. */
import { describe, expect, test } from "vitest";
import {
  CODE,
  EPOCH_BYTES,
  OP,
  OP_WIRES,
  PRINCIPAL,
  REPLY_TAG_BYTES,
} from "../../host-sim/abi/abi.gen.ts";
import { EXIT, UserError } from "../../host-sim/base/errors.ts";
import {
  decodeReply,
  decodeStatus,
  decodeTelemetry,
  encodeCommand,
  encodeQuestion,
  NO_EPOCH,
  replyTagOf,
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

const KEY = new Uint8Array(32).fill(7);
const EPOCH = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const TAG = new Uint8Array(REPLY_TAG_BYTES).fill(0x3c);
const signed = (payload: unknown) => encodeMac0(KEY, "owner", encodeCbor(payload));
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

/** Keys of the status map that are sent only to a principal with the right to them. */
const OF_A_RIGHT = new Set([1, 2, 4, 5, 10, 11, 12]);

describe("a command", () => {
  const base = {
    key: KEY,
    principal: PRINCIPAL.OWNER,
    epoch: EPOCH,
    seq: 7,
    deadline: 5_000,
    op: OP.RELAY_SET,
  };

  test("has the payload that docs/PROTOCOL.md shows", () => {
    const args = new Map([[1, true]]);
    const payload = decodeMac0(KEY, "owner", encodeCommand({ ...base, args }));
    expect(toHex(payload)).toBe("854801020304050607080719138800a101f5");
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
    ["an unknown principal", { principal: 3 }],
    ["a short epoch", { epoch: NO_EPOCH.subarray(1) }],
    ["a negative sequence number", { seq: -1 }],
    ["a sequence number beyond uint32", { seq: 2 ** 32 }],
    ["a fractional sequence number", { seq: 0.5 }],
    ["NaN as sequence number", { seq: Number.NaN }],
    ["a negative deadline", { deadline: -1 }],
    ["a fractional deadline", { deadline: 0.5 }],
    ["a deadline beyond 2^53", { deadline: 2 ** 53 }],
    ["a negative operation", { op: -1 }],
  ])("is refused with %s", (_, change) => {
    expect(() => encodeCommand({ ...base, args: new Map(), ...change })).toThrow(RangeError);
  });
});

describe("a question", () => {
  test("has its nonce alone as payload", () => {
    const message = encodeQuestion(KEY, PRINCIPAL.PROVIDER, EPOCH);
    expect(toHex(decodeMac0(KEY, "provider", message))).toBe("81480102030405060708");
    expect(toHex(replyTagOf(message))).toBe(toHex(message).slice(-64, -32));
  });

  test("is refused with a short nonce", () => {
    const short = () => encodeQuestion(KEY, PRINCIPAL.OWNER, EPOCH.subarray(1));
    expect(short).toThrow(RangeError);
  });
});

describe("a reply", () => {
  const good = [0, TAG, EPOCH, 90, CODE.OK, new Map([[1, true]])];

  test("is decoded", () => {
    const reply = decodeReply(signed(good), KEY, "owner");
    expect(reply).toEqual({
      tag: TAG,
      epoch: EPOCH,
      clock: 90,
      code: 0,
      data: new Map([[1, true]]),
    });
    expect(replyFields(OP.RELAY_GET, reply.code, reply.data)).toEqual({ relay: true });
  });

  test.each([
    ["another kind", 0, 1],
    ["a short tag", 1, TAG.subarray(1)],
    ["a number as tag", 1, 7],
    ["a short epoch", 2, EPOCH.subarray(1)],
    ["a text as epoch", 2, "12345678"],
    ["a negative clock", 3, -1],
    ["a clock beyond 2^53", 3, 2 ** 53],
    ["an unknown code", 4, 99],
    ["a negative code", 4, -1],
    ["an array as data", 5, []],
  ])("is refused with %s", (_, index, value) => {
    const bad = good.map((item, at) => (at === index ? value : item));
    expect(() => decodeReply(signed(bad), KEY, "owner")).toThrow(MessageError);
  });

  test("is refused too short, too long, under another key, or to another principal", () => {
    const decode = (bytes: Uint8Array, key = KEY) => decodeReply(bytes, key, "owner");
    expect(() => decode(signed(good.slice(0, -1)))).toThrow(MessageError);
    expect(() => decode(signed([...good, 0]))).toThrow(MessageError);
    expect(() => decode(signed(good), new Uint8Array(32))).toThrow(
      /does not match the key of owner/,
    );
    const other = encodeMac0(KEY, "provider", encodeCbor(good));
    expect(() => decode(other)).toThrow(/not signed by owner/);
  });

  test.each([
    [CODE.STALE_EPOCH, new Map(), {}],
    [CODE.REPLAY, new Map([[1, 41]]), { lastSeq: 41 }],
    [CODE.EXPIRED, new Map([[1, 9_000]]), { clock: 9_000 }],
    [CODE.HOLD, new Map([[1, 5000]]), { remainingMs: 5000 }],
    [CODE.FORBIDDEN, new Map(), {}],
    [CODE.MALFORMED, new Map(), {}],
  ])("with refusal code %s has the fields of that code", (code, data, fields) => {
    expect(replyFields(OP.STATUS, code, data)).toEqual(fields);
    if (data.size > 0) expect(() => replyFields(OP.STATUS, code, new Map())).toThrow(MessageError);
  });

  test("with REPLAY to the same bytes names their result", () => {
    const data = new Map([
      [1, 41],
      [2, CODE.HOLD],
    ]);
    expect(replyFields(OP.STATUS, CODE.REPLAY, data)).toEqual({ lastSeq: 41, result: "HOLD" });
    const unknown = new Map([...data, [2, 99] as const]);
    expect(() => replyFields(OP.STATUS, CODE.REPLAY, unknown)).toThrow(MessageError);
  });

  test("to telemetry.read has the killed-time fields only if the device sends them", () => {
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

  test("to journal.read has at most eight records of full length", () => {
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
  test("are decoded", () => {
    const { fields, ...head } = decodeStatus(signed([1, EPOCH, 5, 70, STATUS]), KEY, "owner");
    expect(head).toEqual({ epoch: EPOCH, counter: 5, clock: 70 });
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
    const telemetry = (tenths: number) => signed([2, EPOCH, 6, 80, tenths]);
    expect(decodeTelemetry(telemetry(-12), KEY, "owner")).toEqual({
      epoch: EPOCH,
      counter: 6,
      clock: 80,
      temperature: -1.2,
    });
    expect(decodeTelemetry(telemetry(-32_768), KEY, "owner").temperature).toBe(null);
  });

  test("name the last fault by its phase", () => {
    const faulted = new Map([...STATUS, [3, 5] as const]);
    expect(takeFields(STATUS_SHAPE, faulted).lastFault).toBe("fault_rail");
  });

  test("are refused if decoded as each other", () => {
    const status = signed([1, EPOCH, 5, 70, STATUS]);
    const telemetry = (value: unknown) => signed([2, EPOCH, 5, 70, value]);
    expect(() => decodeTelemetry(status, KEY, "owner")).toThrow(/not of kind 2/);
    expect(() => decodeStatus(telemetry(215), KEY, "owner")).toThrow(/not of kind 1/);
    expect(() => decodeReply(status, KEY, "owner")).toThrow(MessageError);
    expect(() => decodeTelemetry(telemetry(21.5), KEY, "owner")).toThrow(MessageError);
  });

  test.each([
    ["a short epoch", 1, EPOCH.subarray(1)],
    ["a negative counter", 2, -1],
    ["a counter beyond uint32", 2, 2 ** 32],
    ["a text as clock", 3, "now"],
  ])("are refused with %s", (_, index, value) => {
    const bad = [1, EPOCH, 5, 70, STATUS].map((item, at) => (at === index ? value : item));
    expect(() => decodeStatus(signed(bad), KEY, "owner")).toThrow(MessageError);
  });

  const decodeMap = (map: unknown) => decodeStatus(signed([1, EPOCH, 5, 70, map]), KEY, "owner");

  test.each([...STATUS.keys()])("are refused with another type in field %i", (key) => {
    const other = new Map([...STATUS, [key, "x"] as const]);
    expect(() => decodeMap(other)).toThrow(`data ${key} `);
  });

  test.each([...STATUS.keys()])("do without field %i only if a right decides on it", (key) => {
    const without = new Map([...STATUS].filter(([other]) => other !== key));
    if (OF_A_RIGHT.has(key)) expect(decodeMap(without).fields).toBeDefined();
    else expect(() => decodeMap(without)).toThrow(`data ${key} `);
  });
});

describe("an operation on a command line", () => {
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
      "journal.read 0 8 local",
      OP.JOURNAL_READ,
      [
        [1, 0],
        [2, 8],
        [3, 0],
      ],
    ],
    [
      "journal.read count=1 first=4294967295 ring=remote",
      OP.JOURNAL_READ,
      [
        [2, 1],
        [1, 4_294_967_295],
        [3, 1],
      ],
    ],
  ] as const)("is parsed: %s", (line, op, args) => {
    const [wire = "", ...words] = line.split(" ");
    expect(parseRequest(wire, words)).toEqual({ op, args: new Map<number, unknown>(args) });
  });

  test.each([
    ["relay.set", /needs more arguments: write relay.set <level: on\|off>/],
    ["relay.set maybe", /level must be on\|off/],
    ["relay.set constructor", /level must be on\|off/],
    ["relay.set on off", /relay\.set has no argument "off"/],
    ["relay.set on level=off", /level is given twice/],
    ["relay.get now", /relay\.get has no argument "now"/],
    ["config.set", /needs more arguments/],
    ["config.set off", /config\.set has no argument "off"/],
    ["config.set telemetry=65536", /telemetry must be 0..65535 s/],
    ["config.set hold=65536", /hold must be 0..65535 s/],
    ["config.set hold=-1", /hold must be/],
    ["config.set hold=1e3", /hold must be/],
    ["config.set hold=", /hold must be/],
    ["config.set colour=1", /config\.set has no argument "colour=1"/],
    ["journal.read 0", /needs more arguments/],
    ["journal.read 0 0 local", /count must be 1..8/],
    ["journal.read 0 9 local", /count must be 1..8/],
    ["journal.read 4294967296 1 local", /first must be 0..4294967295/],
    ["journal.read 0 8 both", /ring must be local\|remote/],
    ["explode", /operation "explode" does not exist: use one of relay.set/],
    ["toString", /operation "toString"/],
  ])("is refused: %s", (line, message) => {
    const [wire = "", ...words] = line.split(" ");
    const parse = () => parseRequest(wire, words);
    expect(parse).toThrow(UserError);
    expect(parse).toThrow(message);
    expect(parse).toThrow(expect.objectContaining({ exitCode: EXIT.USAGE }));
  });

  test("has a usage text, for every operation", () => {
    for (const [op, wire] of OP_WIRES.entries()) expect(usageOf(op).split(" ")[0]).toBe(wire);
  });
});

test("the epoch that is never issued is eight zero bytes", () => {
  expect(toHex(NO_EPOCH)).toBe("00".repeat(EPOCH_BYTES));
});
