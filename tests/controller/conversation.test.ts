/** What a controller may conclude from each reply: docs/PROTOCOL.md, every row. */
import { describe, expect, test } from "vitest";
import { CODE, OP, PRINCIPAL } from "../../host-sim/abi/abi.gen.ts";
import { deriveKeys } from "../../host-sim/base/derived-keys.ts";
import { replyTagOf } from "../../host-sim/controller/command.ts";
import { type Conclusion, Conversation, GRACE_MS } from "../../host-sim/controller/conversation.ts";
import { decodeCbor, decodeMac0, encodeCbor, encodeMac0 } from "../../host-sim/controller/cose.ts";

const KEYS = deriveKeys("owner", new Uint8Array(32).fill(1));
const PROVIDER = deriveKeys("provider", new Uint8Array(32).fill(2));
const EPOCH = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const OTHER_EPOCH = Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1);
const DEADLINE_MS = 5_000;
const CLOCK = 100_000;

type Data = readonly (readonly [number, unknown])[];

/** A reply that the device signs for the owner, to the bytes that were published last. */
function reply(
  conversation: Conversation,
  code: unknown,
  data: Data = [],
  change: { tag?: Uint8Array; epoch?: Uint8Array; clock?: number; key?: Uint8Array } = {},
): Uint8Array {
  const tag = change.tag ?? replyTagOf(conversation.bytes);
  const head = [0, tag, change.epoch ?? EPOCH, change.clock ?? CLOCK];
  return encodeMac0(
    change.key ?? KEYS.reply,
    "owner",
    encodeCbor([...head, code, new Map(data.map(([key, value]) => [key, value]))]),
  );
}

function begin(): Conversation {
  return new Conversation({
    keys: KEYS,
    kid: "owner",
    principal: PRINCIPAL.OWNER,
    request: { op: OP.RELAY_SET, args: new Map([[1, true]]) },
    deadlineMs: DEADLINE_MS,
    nonce: new Uint8Array(8).fill(9),
  });
}

/** The payload of what is published now. */
const payload = (conversation: Conversation) =>
  decodeCbor(decodeMac0(KEYS.command, "owner", conversation.bytes)) as unknown[];

/** A conversation whose command has number 8. */
function asked(now = 0): Conversation {
  const conversation = begin();
  const answer: Data = [
    [1, 7],
    [2, 0],
  ];
  expect(conversation.received(reply(conversation, CODE.OK, answer), now)).toBe("send");
  return conversation;
}

describe("the question", () => {
  test("has the nonce alone, and nothing can execute until it is answered", () => {
    const conversation = begin();
    expect(payload(conversation)).toEqual([new Uint8Array(8).fill(9)]);
    expect([conversation.committed, conversation.giveUpAt]).toEqual([
      false,
      Number.POSITIVE_INFINITY,
    ]);
  });

  test("when answered leads to a command under that epoch, with the next number", () => {
    const conversation = asked(50);
    const deadline = CLOCK + DEADLINE_MS;
    expect(payload(conversation)).toEqual([EPOCH, 8, deadline, OP.RELAY_SET, new Map([[1, true]])]);
    expect(conversation.committed).toBe(true);
    expect(conversation.giveUpAt).toBeCloseTo(50 + DEADLINE_MS * 1.02 + GRACE_MS, 6);
  });

  test.each<[string, unknown, Data]>([
    ["a refusal", CODE.FORBIDDEN, []],
    ["an answer without a number", CODE.OK, [[2, 0]]],
    [
      "an answer with the last number there is",
      CODE.OK,
      [
        [1, 0xffff_ffff],
        [2, 0],
      ],
    ],
  ])("when answered by %s sends nothing", (_, code, data) => {
    const conversation = begin();
    const conclusion = conversation.received(reply(conversation, code, data), 0);
    expect(conclusion).toMatchObject({ kind: "unsent" });
    expect(conversation.committed).toBe(false);
  });
});

describe("a reply to the command", () => {
  const rows: [string, unknown, Data, Partial<Conclusion>][] = [
    ["OK", CODE.OK, [[1, true]], { kind: "executed", seq: 8, fields: { relay: true } }],
    ["OK with data that cannot be read", CODE.OK, [[1, 5]], { kind: "executed", fields: null }],
    [
      "REPLAY with the result OK",
      CODE.REPLAY,
      [
        [1, 8],
        [2, CODE.OK],
      ],
      { kind: "executed", seq: 8, fields: null },
    ],
    [
      "REPLAY with the result HOLD",
      CODE.REPLAY,
      [
        [1, 8],
        [2, CODE.HOLD],
      ],
      { kind: "refused", seq: 8, code: CODE.HOLD },
    ],
    [
      "REPLAY with the result EXPIRED, of an older number",
      CODE.REPLAY,
      [
        [1, 9],
        [2, CODE.EXPIRED],
      ],
      { kind: "refused", code: CODE.EXPIRED },
    ],
    [
      "HOLD",
      CODE.HOLD,
      [[1, 60]],
      { kind: "refused", code: CODE.HOLD, fields: { remainingMs: 60 } },
    ],
    ["FORBIDDEN", CODE.FORBIDDEN, [], { kind: "refused", code: CODE.FORBIDDEN }],
    ["FAILED", CODE.FAILED, [], { kind: "refused", code: CODE.FAILED }],
    ["MALFORMED", CODE.MALFORMED, [], { kind: "refused", code: CODE.MALFORMED }],
    ["EXPIRED", CODE.EXPIRED, [[1, CLOCK]], { kind: "refused", code: CODE.EXPIRED }],
    ["STALE_EPOCH", CODE.STALE_EPOCH, [], { kind: "unknown" }],
    ["REPLAY of a later number, without a result", CODE.REPLAY, [[1, 9]], { kind: "unknown" }],
    ["REPLAY that cannot be read", CODE.REPLAY, [], { kind: "unknown" }],
  ];
  test.each(rows)("%s", (_, code, data, conclusion) => {
    const conversation = asked();
    expect(conversation.received(reply(conversation, code, data), 10)).toMatchObject(conclusion);
  });

  test("REPLAY of its own number without a result leads to a new command, three times", () => {
    const conversation = asked();
    for (let seq = 8; seq < 11; seq++) {
      const clock = CLOCK + seq;
      const used = reply(conversation, CODE.REPLAY, [[1, seq]], { clock });
      expect(conversation.received(used, seq)).toBe("send");
      expect(payload(conversation).slice(0, 3)).toEqual([EPOCH, seq + 1, clock + DEADLINE_MS]);
      expect(conversation.giveUpAt).toBeCloseTo(seq + DEADLINE_MS * 1.02 + GRACE_MS, 6);
    }
    const last = reply(conversation, CODE.REPLAY, [[1, 11]]);
    const conclusion = { kind: "refused", code: CODE.REPLAY, fields: { lastSeq: 11 } };
    expect(conversation.received(last, 20)).toMatchObject(conclusion);
  });
});

describe("a message that proves nothing about the command", () => {
  const other = new Uint8Array(16).fill(7);
  test.each<[string, (conversation: Conversation) => Uint8Array]>([
    ["a reply to other bytes", (c) => reply(c, CODE.OK, [[1, true]], { tag: other })],
    [
      "the device's reply to another principal",
      (c) => reply(c, CODE.OK, [[1, true]], { key: PROVIDER.reply }),
    ],
    [
      "a reply signed with the key for commands",
      (c) => reply(c, CODE.OK, [[1, true]], { key: KEYS.command }),
    ],
    ["the command itself", (c) => c.bytes],
    ["an unknown code", (c) => reply(c, 99)],
    ["a short tag", (c) => reply(c, CODE.OK, [[1, true]], { tag: other.subarray(1) })],
    ["noise", () => Buffer.from("noise")],
    ["nothing", () => new Uint8Array()],
  ])("%s", (_, message) => {
    const conversation = asked();
    const before = conversation.bytes;
    expect(conversation.received(message(conversation), 10)).toBeNull();
    expect([conversation.foreign, conversation.bytes]).toEqual([1, before]);
    const ok = reply(conversation, CODE.OK, [[1, true]]);
    expect(conversation.received(ok, 20)).toMatchObject({ kind: "executed" });
  });

  test("the answer to its own question, repeated", () => {
    const conversation = begin();
    const answer: Data = [
      [1, 7],
      [2, 0],
    ];
    const first = reply(conversation, CODE.OK, answer);
    expect(conversation.received(first, 0)).toBe("send");
    expect(conversation.received(first, 1)).toBeNull();
  });

  test("a reply of another epoch is as good as its tag", () => {
    const conversation = asked();
    const stale = reply(conversation, CODE.STALE_EPOCH, [], { epoch: OTHER_EPOCH });
    expect(conversation.received(stale, 1)).toMatchObject({ kind: "unknown" });
  });
});
