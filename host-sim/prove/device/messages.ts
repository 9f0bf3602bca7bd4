/**
 * The messages that an exploration sends: what each principal may and may not do, fresh, replayed,
 * stale, forged and malformed, with what a sound device answers. Must not know how the guest parses.
 */
import { encode, rfc8949EncodeOptions } from "cborg";
import {
  MARK,
  OP,
  OP_WIRES,
  PRINCIPAL,
  PRINCIPAL_KIDS,
  SAFE,
  TAG_BYTES,
} from "../../abi/abi.gen.ts";
import { encodeCommand } from "../../controller/command.ts";
import { encodeMac0, type Kid, PROTECTED } from "../../controller/cose.ts";
import type { ArgValue } from "../../controller/operations.ts";
import { isPermitted } from "../../controller/permissions.ts";
import type { Signed } from "./instrumented-guest.ts";

/** Keys of the model: any will do, as long as they differ. */
export const MODEL_KEYS = PRINCIPAL_KIDS.map((_, index) =>
  new Uint8Array(32).fill(0x11 * (index + 1)),
);
/** The epoch in force, one that was, and the one that never is. */
export const EPOCHS = {
  current: Uint8Array.of(0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe),
  previous: Uint8Array.of(0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xff),
  zero: new Uint8Array(8),
} as const;
export type EpochName = keyof typeof EPOCHS;
/** Sequence numbers: the last that was used if any was, the next, and the one that is never new. */
export const SEQ = { last: 5, next: 6, never: 0 } as const;
export type SeqName = keyof typeof SEQ;

/** The model's values of the configuration. */
export const CONFIG_MODEL = { telemetryS: 10, holdS: 60 } as const;

/** What a message asks for, and how it is broken, if it is. */
export interface MessageSpec {
  principal: number;
  op: number;
  args: ReadonlyMap<number, ArgValue>;
  epoch: EpochName;
  seq: SeqName;
  /** The tag is not genuine; the envelope or the payload is not of the form. */
  broken?: "tag" | "kid" | "envelope" | "payload";
}

export interface Message extends MessageSpec {
  name: string;
  bytes: Uint8Array;
  /** The tag's claim; null if no principal made it. */
  signed: Signed | null;
  permitted: boolean;
}

const NO_ARGS: ReadonlyMap<number, ArgValue> = new Map();
const args = (...pairs: [number, ArgValue][]) => new Map<number, ArgValue>(pairs);

/** What arguments each operation is tried with. */
export const ASKED: readonly (readonly [number, ReadonlyMap<number, ArgValue>])[] = [
  [OP.RELAY_SET, args([1, true])],
  [OP.RELAY_SET, args([1, false])],
  [OP.RELAY_GET, NO_ARGS],
  [OP.STATUS, NO_ARGS],
  [OP.TELEMETRY_READ, NO_ARGS],
  [OP.CONFIG_SET, args([1, SAFE.ON], [2, CONFIG_MODEL.telemetryS], [3, CONFIG_MODEL.holdS])],
  [OP.CONFIG_SET, args([1, SAFE.OFF])],
  [OP.CONFIG_SET, args([2, 0])],
  [OP.CONFIG_SET, args([3, 0])],
  [OP.JOURNAL_READ, args([1, 0], [2, 8])],
  [OP.IDENTIFY, NO_ARGS],
];

/** The MAC_structure of RFC 9052, 6.3, for the profile's protected header. */
function structureOf(payload: Uint8Array): Uint8Array {
  return encode(["MAC0", PROTECTED, new Uint8Array(0), payload], rfc8949EncodeOptions);
}

function signedOf(principal: number, payload: Uint8Array, bytes: Uint8Array): Signed {
  const structure = structureOf(payload);
  const tag = bytes.slice(-TAG_BYTES);
  return { principal, structure, tag };
}

export function payloadOf({ epoch, seq, op, args: given }: MessageSpec): Uint8Array {
  return encode([EPOCHS[epoch], SEQ[seq], op, given], rfc8949EncodeOptions);
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

/** A command of a principal, signed, with these very values. */
export function sealCommand(
  { principal, op, args: given }: Pick<MessageSpec, "principal" | "op" | "args">,
  epoch: Uint8Array,
  seq: number,
): { bytes: Uint8Array; signed: Signed } {
  const bytes = encodeCommand({ key: keyOf(principal), principal, epoch, seq, op, args: given });
  const payload = encode([epoch, seq, op, given], rfc8949EncodeOptions);
  return { bytes, signed: signedOf(principal, payload, bytes) };
}

/** A good tag over any payload. */
export function sealRaw(principal: number, raw: Uint8Array): { bytes: Uint8Array; signed: Signed } {
  const bytes = encodeMac0(keyOf(principal), kidOf(principal), raw);
  return { bytes, signed: signedOf(principal, raw, bytes) };
}

/** A message as its spec says: sound but for `broken`. */
export function makeMessage(spec: MessageSpec): Message {
  const { principal, op, broken } = spec;
  const args = [...spec.args].map(([key, value]) => `${key}:${value}`).join(",");
  const how = broken === undefined ? "" : ` broken=${broken}`;
  const name = `${kidOf(principal)} ${OP_WIRES[op]}{${args}} epoch=${spec.epoch} seq=${spec.seq}${how}`;
  const permitted = isPermitted(principal, op);
  return { ...spec, ...sealCommand(spec, EPOCHS[spec.epoch], SEQ[spec.seq]), name, permitted };
}

/** The message with a bit of its tag flipped: nobody made it. */
function forged(spec: MessageSpec): Message {
  const message = makeMessage({ ...spec, broken: "tag" });
  const bytes = message.bytes.slice();
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  return { ...message, bytes, signed: null };
}

/** Signed by one principal under the name of another: a good tag, of somebody else. */
function borrowed(spec: MessageSpec, signer: number, named: Kid): Message {
  const message = makeMessage({ ...spec, broken: "kid" });
  const bytes = encodeMac0(keyOf(signer), named, payloadOf(spec));
  const signed = { ...signedOf(signer, payloadOf(spec), bytes), principal: signer };
  return { ...message, name: `${message.name} signed as ${named}`, bytes, signed };
}

/** A good tag over a payload that is no command. */
function misshapen(spec: MessageSpec, payload: unknown, what: string): Message {
  const message = makeMessage({ ...spec, broken: "payload" });
  const sealed = sealRaw(spec.principal, encode(payload, rfc8949EncodeOptions));
  return { ...message, name: `${message.name} ${what}`, ...sealed };
}

function mangled(spec: MessageSpec, bytes: Uint8Array, what: string): Message {
  return {
    ...makeMessage({ ...spec, broken: "envelope" }),
    name: `malformed: ${what}`,
    bytes,
    signed: null,
  };
}

/** Every message of the model. `principals`: how many of them command. */
export function messageCatalogue(): Message[] {
  const owner: MessageSpec = {
    principal: PRINCIPAL.OWNER,
    op: OP.RELAY_SET,
    args: args([1, true]),
    epoch: "current",
    seq: "next",
  };
  const out: Message[] = [];
  for (let principal = 0; principal < PRINCIPAL.DEVICE; principal++) {
    for (const [op, given] of ASKED)
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
    out.push(misshapen(spec, [EPOCHS.current, SEQ.next, Object.keys(OP).length, NO_ARGS], "op"));
  }
  const config = { ...owner, op: OP.CONFIG_SET, args: args([1, SAFE.ON], [3, 0]) };
  out.push(makeMessage({ ...config, seq: "last" }), makeMessage({ ...config, epoch: "previous" }));
  out.push(forged(config), borrowed(config, PRINCIPAL.PROVIDER, "owner"));
  out.push(
    borrowed(owner, PRINCIPAL.MANUFACTURER, "owner"),
    borrowed(owner, PRINCIPAL.OWNER, "device"),
  );
  const { epoch } = { epoch: EPOCHS.current };
  out.push(misshapen(owner, [epoch, SEQ.next, OP.RELAY_SET], "short"));
  out.push(misshapen(owner, [epoch.slice(1), SEQ.next, OP.RELAY_SET, owner.args], "epoch"));
  out.push(misshapen(owner, [epoch, 2 ** 32, OP.RELAY_SET, owner.args], "seq"));
  out.push(misshapen(owner, [epoch, SEQ.next, OP.RELAY_SET, NO_ARGS], "no level"));
  out.push(misshapen(owner, [epoch, SEQ.next, OP.RELAY_SET, args([1, 1])], "level"));
  out.push(misshapen(owner, [epoch, SEQ.next, OP.CONFIG_SET, args([3, 65536])], "hold"));
  out.push(misshapen(owner, [epoch, SEQ.next, OP.JOURNAL_READ, args([1, 0], [2, 9])], "count"));
  const good = makeMessage(owner).bytes;
  out.push(mangled(owner, good.subarray(0, good.length - 1), "truncated"));
  out.push(mangled(owner, Uint8Array.of(...good, 0), "a byte after it"));
  out.push(
    mangled(owner, Uint8Array.of(0), "one byte"),
    mangled(owner, new Uint8Array(0), "empty"),
  );
  out.push(mangled(owner, new Uint8Array(1024).fill(0x9f), "noise"));
  return out;
}

/** MARK by which the guest tells what became of a message. */
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
  (1 << MARK.FAILED);
