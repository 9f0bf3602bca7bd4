/**
 * Encodes commands, and decodes replies, status and telemetry messages: the controller's half of
 * docs/PROTOCOL.md.
 */
import { CODE_NAMES, EPOCH_BYTES, PRINCIPAL, PRINCIPAL_KIDS } from "../abi/abi.gen.ts";
import { decodeCbor, decodeMac0, encodeCbor, encodeMac0, MessageError } from "./cose.ts";
import {
  type ArgValue,
  type Fields,
  isUint32,
  NO_TEMPERATURE,
  STATUS_SHAPE,
  takeFields,
} from "./operations.ts";

/** An epoch that is never issued. A command that carries it asks for the current epoch. */
export const NO_EPOCH = new Uint8Array(EPOCH_BYTES);

export interface Command {
  /** The principal's key. */
  readonly key: Uint8Array;
  /** PRINCIPAL: OWNER, PROVIDER or MANUFACTURER. */
  readonly principal: number;
  /** EPOCH_BYTES. */
  readonly epoch: Uint8Array;
  /** A uint32. */
  readonly seq: number;
  /** OP. */
  readonly op: number;
  readonly args: ReadonlyMap<number, ArgValue>;
}

/** Encodes and signs a command. Throws RangeError if a field is out of range. */
export function encodeCommand(command: Command): Uint8Array {
  const { key, principal, epoch, seq, op, args } = command;
  const kid = principal === PRINCIPAL.DEVICE ? undefined : PRINCIPAL_KIDS[principal];
  if (kid === undefined) throw new RangeError(`principal ${principal} cannot command`);
  if (epoch.length !== EPOCH_BYTES) throw new RangeError(`epoch of ${epoch.length} bytes`);
  if (!isUint32(seq)) throw new RangeError(`sequence number ${seq}`);
  if (!isUint32(op)) throw new RangeError(`operation ${op}`);
  return encodeMac0(key, kid, encodeCbor([epoch, seq, op, args]));
}

export interface Reply {
  /** The device's epoch when it answered. */
  readonly epoch: Uint8Array;
  /** PRINCIPAL of the command. */
  readonly principal: number;
  /** Sequence number of the command. */
  readonly seq: number;
  /** CODE. */
  readonly code: number;
  readonly data: ReadonlyMap<unknown, unknown>;
}

/** Decodes a reply. Throws MessageError if it is malformed or not signed by the device. */
export function decodeReply(message: Uint8Array, deviceKey: Uint8Array): Reply {
  const [epoch, principal, seq, code, data] = payloadOf(message, deviceKey, 5);
  if (!isUint32(principal) || principal >= PRINCIPAL.DEVICE) {
    throw new MessageError("reply: unknown principal");
  }
  if (!isUint32(seq)) throw new MessageError("reply: the sequence number is not a uint32");
  if (!isUint32(code) || code >= CODE_NAMES.length) throw new MessageError("reply: unknown code");
  if (!(data instanceof Map)) throw new MessageError("reply: the data is not a map");
  return { epoch, principal, seq, code, data };
}

export interface Status {
  readonly epoch: Uint8Array;
  readonly fields: Fields;
}

/** Decodes a status message. Throws MessageError if it is malformed or not signed by the device. */
export function decodeStatus(message: Uint8Array, deviceKey: Uint8Array): Status {
  const [epoch, data] = payloadOf(message, deviceKey, 2);
  return { epoch, fields: takeFields(STATUS_SHAPE, data) };
}

export interface Telemetry {
  readonly epoch: Uint8Array;
  /** Degrees Celsius; null: the board has no sensor. */
  readonly temperature: number | null;
}

/**
 * Decodes a telemetry message. Throws MessageError if it is malformed or not signed by the device.
 */
export function decodeTelemetry(message: Uint8Array, deviceKey: Uint8Array): Telemetry {
  const [epoch, tenths] = payloadOf(message, deviceKey, 2);
  if (typeof tenths !== "number" || !Number.isInteger(tenths)) {
    throw new MessageError("telemetry: the temperature is not an integer");
  }
  return { epoch, temperature: tenths === NO_TEMPERATURE ? null : tenths / 10 };
}

/** The items of a signed payload: an array of the device's epoch and `length` - 1 others. */
function payloadOf(
  message: Uint8Array,
  deviceKey: Uint8Array,
  length: number,
): [Uint8Array, ...unknown[]] {
  const items = decodeCbor(decodeMac0(deviceKey, "device", message));
  if (!Array.isArray(items) || items.length !== length) {
    throw new MessageError(`the payload is not an array of ${length}`);
  }
  const [epoch, ...rest] = items as unknown[];
  if (!(epoch instanceof Uint8Array && epoch.length === EPOCH_BYTES)) {
    throw new MessageError(`the epoch is not ${EPOCH_BYTES} bytes`);
  }
  return [epoch, ...rest];
}
