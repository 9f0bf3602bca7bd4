/**
 * The messages that the exploration sends: for each principal, permitted and forbidden operations; fresh,
 * replayed, stale, forged and malformed.
 */
import { encode, rfc8949EncodeOptions } from "cborg";
import {
  MARK,
  NONCE_BYTES,
  OP,
  OP_WIRES,
  PRINCIPAL,
  PRINCIPAL_KIDS,
  RING,
  SAFE,
  TAG_BYTES,
} from "../../abi/abi.gen.ts";
import type { Kid } from "../../abi/topics.ts";
import { encodeCommand, replyTagOf } from "../../controller/command.ts";
import { encodeMac0, PROTECTED } from "../../controller/cose.ts";
import type { ArgValue } from "../../controller/operations.ts";
import { isPermitted } from "../../controller/permissions.ts";
import {
  CONFIG_PERIODS,
  DEADLINES,
  type DeadlineName,
  EPOCHS,
  type EpochName,
  SEQ,
  type SeqName,
  STAND_IN,
} from "./model-values.ts";

/** Keys of the principals. They must differ; the values do not matter. */
export const MODEL_KEYS = PRINCIPAL_KIDS.map((_, index) =>
  new Uint8Array(32).fill(0x11 * (index + 1)),
);

/** What a principal signed: the MAC_structure, and the genuine tag. */
export interface Signed {
  principal: number;
  structure: Uint8Array;
  tag: Uint8Array;
}

/** A command, and how the message that carries it is broken, if it is. */
export interface MessageSpec {
  principal: number;
  op: number;
  args: ReadonlyMap<number, ArgValue>;
  epoch: EpochName;
  seq: SeqName;
  /** `ahead` if absent. */
  deadline?: DeadlineName;
  /** A question for the epoch in place of a command; the other fields do not matter then. */
  question?: true;
  /** What is wrong: a forged tag, another principal's key, a malformed envelope or payload. */
  broken?: "tag" | "kid" | "envelope" | "payload";
}

export interface Message extends MessageSpec {
  name: string;
  bytes: Uint8Array;
  /** What was signed; null if no principal signed the message. */
  signed: Signed | null;
  permitted: boolean;
}

const NO_ARGS: ReadonlyMap<number, ArgValue> = new Map();
const args = (...pairs: [number, ArgValue][]) => new Map<number, ArgValue>(pairs);

/** The operations, each with the arguments that are tried. */
export const OPERATIONS: readonly (readonly [number, ReadonlyMap<number, ArgValue>])[] = [
  [OP.RELAY_SET, args([1, true])],
  [OP.RELAY_SET, args([1, false])],
  [OP.RELAY_GET, NO_ARGS],
  [OP.STATUS, NO_ARGS],
  [OP.TELEMETRY_READ, NO_ARGS],
  [OP.CONFIG_SET, args([1, SAFE.ON], [2, CONFIG_PERIODS.telemetryS], [3, CONFIG_PERIODS.holdS])],
  [OP.CONFIG_SET, args([1, SAFE.OFF])],
  [OP.CONFIG_SET, args([2, 0])],
  [OP.CONFIG_SET, args([3, 0])],
  [OP.JOURNAL_READ, args([1, 0], [2, 8], [3, RING.LOCAL])],
  [OP.JOURNAL_READ, args([1, 0], [2, 8], [3, RING.REMOTE])],
  [OP.IDENTIFY, NO_ARGS],
];

/** The MAC_structure (RFC 9052, 6.3) over a payload. */
function structureOf(payload: Uint8Array): Uint8Array {
  return encode(["MAC0", PROTECTED, new Uint8Array(0), payload], rfc8949EncodeOptions);
}

function signedOf(principal: number, payload: Uint8Array, bytes: Uint8Array): Signed {
  const structure = structureOf(payload);
  const tag = bytes.slice(-TAG_BYTES);
  return { principal, structure, tag };
}

/** The deadline of a command while the session clock is at `clock`, in ms. */
function deadlineOf({ deadline = "ahead" }: Pick<MessageSpec, "deadline">, clock: number): number {
  return clock + DEADLINES[deadline];
}

export function payloadOf(spec: MessageSpec, clock: number = STAND_IN.clock): Uint8Array {
  const { epoch, seq, op, args: given } = spec;
  const items = [EPOCHS[epoch], SEQ[seq], deadlineOf(spec, clock), op, given];
  return encode(items, rfc8949EncodeOptions);
}

function keyOf(principal: number): Uint8Array {
  const key = MODEL_KEYS[principal];
  if (key === undefined) throw new RangeError(`principal ${principal}`);
  return key;
}

function kidOf(principal: number): Kid {
  const kid = PRINCIPAL_KIDS[principal];
  if (kid === undefined) throw new RangeError(`principal ${principal}`);
  return kid;
}

/** A signed command with the given epoch and sequence number, at the given session clock. */
export function sealCommand(
  spec: Pick<MessageSpec, "principal" | "op" | "args" | "deadline">,
  epoch: Uint8Array,
  seq: number,
  clock: number = STAND_IN.clock,
): { bytes: Uint8Array; signed: Signed } {
  const { principal, op, args: given } = spec;
  const deadline = deadlineOf(spec, clock);
  const key = keyOf(principal);
  const bytes = encodeCommand({ key, principal, epoch, seq, deadline, op, args: given });
  const payload = encode([epoch, seq, deadline, op, given], rfc8949EncodeOptions);
  return { bytes, signed: signedOf(principal, payload, bytes) };
}

/** A message with a genuine tag over any payload. */
export function sealRaw(principal: number, raw: Uint8Array): { bytes: Uint8Array; signed: Signed } {
  const bytes = encodeMac0(keyOf(principal), kidOf(principal), raw);
  return { bytes, signed: signedOf(principal, raw, bytes) };
}

/** A correct message with the name that its spec gives. Callers break it if `broken` is set. */
export function makeMessage(spec: MessageSpec, clock: number = STAND_IN.clock): Message {
  const { principal, op, broken } = spec;
  const args = [...spec.args].map(([key, value]) => `${key}:${value}`).join(",");
  const deadline = spec.deadline === undefined ? "" : ` deadline=${spec.deadline}`;
  const how = `${deadline}${broken === undefined ? "" : ` broken=${broken}`}`;
  const name = `${kidOf(principal)} ${OP_WIRES[op]}{${args}} epoch=${spec.epoch} seq=${spec.seq}${how}`;
  const permitted = isPermitted(principal, op);
  const sealed = sealCommand(spec, EPOCHS[spec.epoch], SEQ[spec.seq], clock);
  return { ...spec, ...sealed, name, permitted };
}

/** The command that a principal sent last, if it sent any: the guest recognises the same bytes again. */
export function lastAccepted(principal: number): Message {
  const on = args([1, true]);
  return makeMessage({ principal, op: OP.RELAY_SET, args: on, epoch: "current", seq: "last" });
}

/** Whether the message is the principal's last accepted command again, byte for byte. */
export function isDuplicate({ principal, bytes }: Message): boolean {
  return Buffer.compare(replyTagOf(bytes), replyTagOf(lastAccepted(principal).bytes)) === 0;
}

/** A question for the epoch. */
function question(principal: number): Message {
  const spec = { principal, op: OP.STATUS, args: NO_ARGS, epoch: "current", seq: "next" } as const;
  const nonce = new Uint8Array(NONCE_BYTES).fill(0x5a);
  const sealed = sealRaw(principal, encode([nonce], rfc8949EncodeOptions));
  return { ...makeMessage(spec), ...sealed, question: true, name: `${kidOf(principal)} question` };
}

/** The message with one bit of its tag flipped, so nobody signed it. */
function forged(spec: MessageSpec): Message {
  const message = makeMessage({ ...spec, broken: "tag" });
  const bytes = message.bytes.slice();
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  return { ...message, bytes, signed: null };
}

/** A message that one principal signed but that names another. */
function wrongKey(spec: MessageSpec, signer: number, named: Kid): Message {
  const message = makeMessage({ ...spec, broken: "kid" });
  const bytes = encodeMac0(keyOf(signer), named, payloadOf(spec));
  const signed = { ...signedOf(signer, payloadOf(spec), bytes), principal: signer };
  return { ...message, name: `${message.name} signed as ${named}`, bytes, signed };
}

/** A genuine tag over a payload that is not a command. */
function badPayload(spec: MessageSpec, payload: unknown, what: string): Message {
  const message = makeMessage({ ...spec, broken: "payload" });
  const sealed = sealRaw(spec.principal, encode(payload, rfc8949EncodeOptions));
  return { ...message, name: `${message.name} ${what}`, ...sealed };
}

/** A message whose envelope cannot be parsed. */
function badEnvelope(spec: MessageSpec, bytes: Uint8Array, what: string): Message {
  return {
    ...makeMessage({ ...spec, broken: "envelope" }),
    name: `malformed: ${what}`,
    bytes,
    signed: null,
  };
}

const DEADLINE = STAND_IN.clock + DEADLINES.ahead;

/** Every message of the model. */
export function messageCatalogue(): Message[] {
  const owner: MessageSpec = {
    principal: PRINCIPAL.OWNER,
    op: OP.RELAY_SET,
    args: args([1, true]),
    epoch: "current",
    seq: "next",
  };
  const out: Message[] = [];
  for (let principal = 0; principal < PRINCIPAL_KIDS.length; principal++) {
    for (const [op, given] of OPERATIONS)
      out.push(makeMessage({ principal, op, args: given, epoch: "current", seq: "next" }));
    const spec = { ...owner, principal };
    for (const level of [true, false]) {
      const at = { ...spec, args: args([1, level]) };
      out.push(
        makeMessage({ ...at, seq: "last" }),
        makeMessage({ ...at, epoch: "previous" }),
        forged(at),
      );
    }
    out.push(makeMessage({ ...spec, seq: "never" }), makeMessage({ ...spec, epoch: "zero" }));
    out.push(makeMessage({ ...spec, deadline: "past" }), makeMessage({ ...spec, deadline: "far" }));
    out.push(question(principal));
    out.push(
      badPayload(spec, [EPOCHS.current, SEQ.next, DEADLINE, Object.keys(OP).length, NO_ARGS], "op"),
    );
  }
  const config = { ...owner, op: OP.CONFIG_SET, args: args([1, SAFE.ON], [3, 0]) };
  out.push(makeMessage({ ...config, seq: "last" }), makeMessage({ ...config, epoch: "previous" }));
  out.push(forged(config), wrongKey(config, PRINCIPAL.PROVIDER, "owner"));
  out.push(wrongKey(owner, PRINCIPAL.MANUFACTURER, "owner"));
  const epoch = EPOCHS.current;
  out.push(badPayload(owner, [epoch, SEQ.next, DEADLINE, OP.RELAY_SET], "short"));
  out.push(
    badPayload(owner, [epoch.slice(1), SEQ.next, DEADLINE, OP.RELAY_SET, owner.args], "epoch"),
  );
  out.push(badPayload(owner, [epoch, 2 ** 32, DEADLINE, OP.RELAY_SET, owner.args], "seq"));
  out.push(badPayload(owner, [epoch, SEQ.next, DEADLINE, OP.RELAY_SET, NO_ARGS], "no level"));
  out.push(badPayload(owner, [epoch, SEQ.next, DEADLINE, OP.RELAY_SET, args([1, 1])], "level"));
  out.push(badPayload(owner, [epoch, SEQ.next, DEADLINE, OP.CONFIG_SET, args([3, 65536])], "hold"));
  out.push(
    badPayload(
      owner,
      [epoch, SEQ.next, DEADLINE, OP.JOURNAL_READ, args([1, 0], [2, 9], [3, 0])],
      "count",
    ),
    badPayload(
      owner,
      [epoch, SEQ.next, DEADLINE, OP.JOURNAL_READ, args([1, 0], [2, 8], [3, 2])],
      "ring",
    ),
  );
  const good = makeMessage(owner).bytes;
  out.push(badEnvelope(owner, good.subarray(0, good.length - 1), "truncated"));
  out.push(badEnvelope(owner, Uint8Array.of(...good, 0), "a byte after it"));
  out.push(
    badEnvelope(owner, Uint8Array.of(0), "one byte"),
    badEnvelope(owner, new Uint8Array(0), "empty"),
  );
  out.push(badEnvelope(owner, new Uint8Array(1024).fill(0x9f), "noise"));
  return out;
}

/** The marks that report the decision on a message, one bit each. */
export const DECISION_MARKS =
  (1 << MARK.ACCEPTED) |
  (1 << MARK.KILLED) |
  (1 << MARK.STALE_EPOCH) |
  (1 << MARK.REPLAY) |
  (1 << MARK.BAD_MAC) |
  (1 << MARK.FORBIDDEN) |
  (1 << MARK.HOLD) |
  (1 << MARK.MALFORMED_ENVELOPE) |
  (1 << MARK.MALFORMED_PAYLOAD) |
  (1 << MARK.FAILED) |
  (1 << MARK.EXPIRED) |
  (1 << MARK.DUPLICATE) |
  (1 << MARK.QUESTION);
