/**
 * Encodes commands and questions, and decodes replies, status and telemetry messages: the controller's
 * half of docs/PROTOCOL.md.
 */
import {
  CODE_NAMES,
  EPOCH_BYTES,
  NONCE_BYTES,
  PRINCIPAL_KIDS,
  REPLY_TAG_BYTES,
  TAG_BYTES,
} from "../abi/abi.gen.ts";
import type { Kid } from "../abi/topics.ts";
import { decodeCbor, decodeMac0, encodeCbor, encodeMac0, MessageError } from "./cose.ts";
import {
  type ArgValue,
  type Fields,
  isUint32,
  NO_TEMPERATURE,
  STATUS_SHAPE,
  takeFields,
} from "./operations.ts";

/** An epoch that is never issued. */
export const NO_EPOCH = new Uint8Array(EPOCH_BYTES);

/** The first item of a message from a device: its kind. */
const KIND = { REPLY: 0, STATUS: 1, TELEMETRY: 2 } as const;

export interface Command {
  /** The key for commands of the principal. */
  readonly key: Uint8Array;
  /** PRINCIPAL. */
  readonly principal: number;
  /** EPOCH_BYTES. */
  readonly epoch: Uint8Array;
  /** Sequence number, a uint32. */
  readonly seq: number;
  /** On the session clock of the device, in ms. */
  readonly deadline: number;
  /** OP. */
  readonly op: number;
  readonly args: ReadonlyMap<number, ArgValue>;
}

function kidOf(principal: number): Kid {
  const kid = PRINCIPAL_KIDS[principal];
  if (kid === undefined) throw new RangeError(`principal ${principal} does not exist`);
  return kid;
}

/** Encodes and signs a command. Throws RangeError if a field is out of range. */
export function encodeCommand(command: Command): Uint8Array {
  const { key, principal, epoch, seq, deadline, op, args } = command;
  if (epoch.length !== EPOCH_BYTES) throw new RangeError(`epoch of ${epoch.length} bytes`);
  if (!isUint32(seq)) throw new RangeError(`sequence number ${seq}`);
  if (!Number.isSafeInteger(deadline) || deadline < 0) throw new RangeError(`deadline ${deadline}`);
  if (!isUint32(op)) throw new RangeError(`operation ${op}`);
  return encodeMac0(key, kidOf(principal), encodeCbor([epoch, seq, deadline, op, args]));
}

/** Encodes and signs a question for the epoch. `nonce`: NONCE_BYTES. Throws RangeError. */
export function encodeQuestion(key: Uint8Array, principal: number, nonce: Uint8Array): Uint8Array {
  if (nonce.length !== NONCE_BYTES) throw new RangeError(`nonce of ${nonce.length} bytes`);
  return encodeMac0(key, kidOf(principal), encodeCbor([nonce]));
}

/** What binds a reply to a command or question: the first bytes of its tag, which ends the message. */
export function replyTagOf(message: Uint8Array): Uint8Array {
  const tag = message.length - TAG_BYTES;
  return message.slice(tag, tag + REPLY_TAG_BYTES);
}

export interface Reply {
  /** REPLY_TAG_BYTES of the tag of the command or question. */
  readonly tag: Uint8Array;
  /** The device's epoch when it answered. */
  readonly epoch: Uint8Array;
  /** The device's session clock when it answered, in ms. */
  readonly clock: number;
  /** CODE. */
  readonly code: number;
  readonly data: ReadonlyMap<unknown, unknown>;
}

/** Decodes a reply to the principal `kid`, signed with `key`. Throws MessageError on anything else. */
export function decodeReply(message: Uint8Array, key: Uint8Array, kid: Kid): Reply {
  const [tag, epoch, clock, code, data] = payloadOf(message, key, kid, KIND.REPLY, 6);
  if (!isBytes(tag, REPLY_TAG_BYTES)) {
    throw new MessageError(`reply: the tag is not ${REPLY_TAG_BYTES} bytes`);
  }
  if (!isUint32(code) || code >= CODE_NAMES.length) throw new MessageError("reply: unknown code");
  if (!(data instanceof Map)) throw new MessageError("reply: the data is not a map");
  return { tag, epoch: epochIn(epoch), clock: clockIn(clock), code, data };
}

/** What a status and a telemetry message begin with: it puts the reports of a device in order. */
export interface ReportHead {
  readonly epoch: Uint8Array;
  /** Number of this report in its epoch. */
  readonly counter: number;
  /** The device's session clock, in ms. */
  readonly clock: number;
}

export interface Status extends ReportHead {
  readonly fields: Fields;
}

/** Decodes a status message to the principal `kid`. Throws MessageError on anything else. */
export function decodeStatus(message: Uint8Array, key: Uint8Array, kid: Kid): Status {
  const [head, data] = reportOf(message, key, kid, KIND.STATUS);
  return { ...head, fields: takeFields(STATUS_SHAPE, data) };
}

export interface Telemetry extends ReportHead {
  /** Degrees Celsius; null if the board has no sensor. */
  readonly temperature: number | null;
}

/** Decodes a telemetry message to the principal `kid`. Throws MessageError on anything else. */
export function decodeTelemetry(message: Uint8Array, key: Uint8Array, kid: Kid): Telemetry {
  const [head, tenths] = reportOf(message, key, kid, KIND.TELEMETRY);
  if (typeof tenths !== "number" || !Number.isInteger(tenths)) {
    throw new MessageError("telemetry: the temperature is not an integer");
  }
  return { ...head, temperature: tenths === NO_TEMPERATURE ? null : tenths / 10 };
}

function reportOf(
  message: Uint8Array,
  key: Uint8Array,
  kid: Kid,
  kind: number,
): [ReportHead, unknown] {
  const [epoch, counter, clock, last] = payloadOf(message, key, kid, kind, 5);
  if (!isUint32(counter)) throw new MessageError("the counter is not a uint32");
  return [{ epoch: epochIn(epoch), counter, clock: clockIn(clock) }, last];
}

/** The items after the kind of a payload of `length` items. Throws MessageError on another kind. */
function payloadOf(
  message: Uint8Array,
  key: Uint8Array,
  kid: Kid,
  kind: number,
  length: number,
): readonly unknown[] {
  const items = decodeCbor(decodeMac0(key, kid, message));
  if (!Array.isArray(items) || items.length !== length) {
    throw new MessageError(`the payload is not an array of ${length}`);
  }
  const [found, ...rest] = items as unknown[];
  if (found !== kind) throw new MessageError(`the message is not of kind ${kind}`);
  return rest;
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

function epochIn(value: unknown): Uint8Array {
  if (!isBytes(value, EPOCH_BYTES)) throw new MessageError(`the epoch is not ${EPOCH_BYTES} bytes`);
  return value;
}

function clockIn(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new MessageError("the session clock is not a time");
  }
  return value;
}
