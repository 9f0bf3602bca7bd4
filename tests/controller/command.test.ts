/** Encodes commands, decodes messages of the device, and parses operations on a command line. */
import { describe, expect, test } from "vitest";
import { CODE, EPOCH_BYTES, OP, OP_WIRES, PRINCIPAL } from "../../host-sim/abi/abi.gen.ts";
import { EXIT, UserError } from "../../host-sim/base/errors.ts";
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

  test("has the payload that docs/PROTOCOL.md shows", () => {
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
    ["the device as principal", { principal: PRINCIPAL.DEVICE }],
    ["an unknown principal", { principal: 4 }],
    ["a short epoch", { epoch: NO_EPOCH.subarray(1) }],
    ["a negative sequence number", { seq: -1 }],
    ["a sequence number beyond uint32", { seq: 2 ** 32 }],
    ["a fractional sequence number", { seq: 0.5 }],
    ["NaN as sequence number", { seq: Number.NaN }],
    ["a negative operation", { op: -1 }],
  ])("is refused with %s", (_, change) => {
    expect(() => encodeCommand({ ...base, args: new Map(), ...change })).toThrow(RangeError);
  });
});

describe("a reply", () => {
  const good = [EPOCH, 0, 7, CODE.OK, new Map([[1, true]])];

  test("is decoded", () => {
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
    ["a text as epoch", 0, "12345678"],
    ["the device as principal", 1, PRINCIPAL.DEVICE],
    ["a negative principal", 1, -1],
    ["a negative sequence number", 2, -1],
    ["a sequence number beyond uint32", 2, 2 ** 32],
    ["an unknown code", 3, 9],
    ["an array as data", 4, []],
  ])("is refused with %s", (_, index, value) => {
    const bad = good.map((item, at) => (at === index ? value : item));
    expect(() => decodeReply(signed(bad), KEY)).toThrow(MessageError);
  });

  test("is refused too short, too long, under another key, or signed by a principal", () => {
    expect(() => decodeReply(signed(good.slice(1)), KEY)).toThrow(MessageError);
    expect(() => decodeReply(signed([...good, 0]), KEY)).toThrow(MessageError);
    expect(() => decodeReply(signed(good), new Uint8Array(32))).toThrow(
      /does not match the key of device/,
    );
    const payload = encodeCbor(good);
    expect(() => decodeReply(encodeMac0(KEY, "owner", payload), KEY)).toThrow(
      /not signed by device/,
    );
  });

  test.each([
    [CODE.STALE_EPOCH, new Map([[1, 41]]), { lastSeq: 41 }],
    [CODE.REPLAY, new Map([[1, 41]]), { lastSeq: 41 }],
    [CODE.HOLD, new Map([[1, 5000]]), { remainingMs: 5000 }],
    [CODE.FORBIDDEN, new Map(), {}],
    [CODE.MALFORMED, new Map(), {}],
  ])("with refusal code %s has the fields of that code", (code, data, fields) => {
    expect(replyFields(OP.STATUS, code, data)).toEqual(fields);
    if (data.size > 0) expect(() => replyFields(OP.STATUS, code, new Map())).toThrow(MessageError);
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

  test("name the last fault by its phase", () => {
    const faulted = new Map([...STATUS, [3, 5] as const]);
    expect(takeFields(STATUS_SHAPE, faulted).lastFault).toBe("fault_rail");
  });

  test("are refused if decoded as each other", () => {
    expect(() => decodeTelemetry(signed([EPOCH, STATUS]), KEY)).toThrow(MessageError);
    expect(() => decodeStatus(signed([EPOCH, 215]), KEY)).toThrow(MessageError);
    expect(() => decodeReply(signed([EPOCH, STATUS]), KEY)).toThrow(MessageError);
    expect(() => decodeTelemetry(signed([EPOCH, 21.5]), KEY)).toThrow(MessageError);
  });

  test.each([...STATUS.keys()])(
    "are refused without field %i, or with another type in it",
    (key) => {
      const without = new Map([...STATUS].filter(([other]) => other !== key));
      expect(() => decodeStatus(signed([EPOCH, without]), KEY)).toThrow(`data ${key} `);
      const other = new Map([...STATUS, [key, "x"] as const]);
      expect(() => decodeStatus(signed([EPOCH, other]), KEY)).toThrow(`data ${key} `);
    },
  );
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
    ["journal.read 0 0", /count must be 1..8/],
    ["journal.read 0 9", /count must be 1..8/],
    ["journal.read 4294967296 1", /first must be 0..4294967295/],
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

test("a request for the epoch carries eight zero bytes", () => {
  expect(toHex(NO_EPOCH)).toBe("00".repeat(EPOCH_BYTES));
});
