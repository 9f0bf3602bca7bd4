/** The operations as data: the arguments of each on a command line, and the fields of its reply. */
import {
  BOOT_NAMES,
  CODE,
  CODE_NAMES,
  OP,
  OP_WIRES,
  PHASE_NAMES,
  RING,
  SAFE,
  SAFE_NAMES,
} from "../abi/abi.gen.ts";
import { EXIT, UserError } from "../base/errors.ts";
import { MessageError } from "./cose.ts";

/** Length of a journal record: 20 bytes of body, 32 of hash. */
export const RECORD_BYTES = 52;
/** Most records in one reply to journal.read. */
export const RECORDS_MAX = 8;
const HASH_BYTES = 32;
export const UINT32_MAX = 0xffff_ffff;

export function isUint32(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= UINT32_MAX;
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length;
}

export type ArgValue = boolean | number;

/**
 * An argument, written as `name=value`, or as the value alone if the operation requires all of its
 * arguments.
 */
interface Arg {
  readonly key: number;
  readonly name: string;
  /** The values it takes, for usage texts: `on|off`. */
  readonly form: string;
  readonly read: (text: string) => ArgValue | undefined;
}

export type FieldValue = boolean | number | string | readonly Uint8Array[];
export type Fields = Readonly<Record<string, FieldValue>>;

interface Field {
  readonly key: number;
  readonly name: string;
  readonly read: (value: unknown) => FieldValue | undefined;
  readonly optional?: true;
}
export type Shape = readonly Field[];

interface Operation {
  readonly args: readonly Arg[];
  /** How many arguments are needed. If fewer than `args`, they are given by name. */
  readonly least: number;
  readonly data: Shape;
}

const oneOf =
  <T>(on: T, off: T) =>
  (text: string) =>
    text === "on" ? on : text === "off" ? off : undefined;
const between = (low: number, high: number) => (text: string) => {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  return value >= low && value <= high ? value : undefined;
};

const ringNamed = (text: string) =>
  text === "local" ? RING.LOCAL : text === "remote" ? RING.REMOTE : undefined;

const bool = (value: unknown) => (typeof value === "boolean" ? value : undefined);
const uint = (value: unknown) => (isUint32(value) ? value : undefined);
/** A temperature that says that the board has no sensor, in 0.1 degrees. */
export const NO_TEMPERATURE = -32_768;
const tenths = (value: unknown) => {
  if (value === NO_TEMPERATURE) return "none";
  return Number.isInteger(value) ? Number(value) / 10 : undefined;
};
const named = (names: readonly string[]) => (value: unknown) =>
  isUint32(value) ? names[value]?.toLowerCase() : undefined;
const hash = (value: unknown) =>
  isBytes(value, HASH_BYTES) ? Buffer.from(value).toString("hex") : undefined;
const records = (value: unknown) =>
  Array.isArray(value) &&
  value.length <= RECORDS_MAX &&
  value.every((record) => isBytes(record, RECORD_BYTES))
    ? (value as Uint8Array[])
    : undefined;

const clock = (value: unknown) =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
const code = (value: unknown) => (isUint32(value) ? CODE_NAMES[value] : undefined);

const RELAY: Shape = [{ key: 1, name: "relay", read: bool }];

/**
 * Fields of the reply to `status`, and of every message on the status topic. The optional ones go only
 * to a principal whose rights allow it.
 */
export const STATUS_SHAPE: Shape = [
  { key: 1, name: "relay", read: bool, optional: true },
  { key: 2, name: "holdMs", read: uint, optional: true },
  { key: 3, name: "lastFault", read: named(["none", ...PHASE_NAMES.slice(1)]) },
  { key: 4, name: "journalNext", read: uint, optional: true },
  { key: 5, name: "journalHead", read: hash, optional: true },
  { key: 6, name: "executed", read: uint },
  { key: 7, name: "refused", read: uint },
  { key: 8, name: "dropped", read: uint },
  { key: 9, name: "boot", read: named(BOOT_NAMES) },
  { key: 10, name: "safe", read: named(SAFE_NAMES), optional: true },
  { key: 11, name: "telemetryS", read: uint, optional: true },
  { key: 12, name: "holdS", read: uint, optional: true },
  { key: 13, name: "boots", read: uint },
  { key: 14, name: "remoteNext", read: uint, optional: true },
];

/** Fields of the answer to a question for the epoch. */
export const ANSWER_SHAPE: Shape = [
  { key: 1, name: "lastSeq", read: uint },
  { key: 2, name: "counter", read: uint },
];

const TELEMETRY_SHAPE: Shape = [
  { key: 1, name: "temperature", read: tenths },
  { key: 2, name: "killedMin", read: tenths, optional: true },
  { key: 3, name: "killedMax", read: tenths, optional: true },
  { key: 4, name: "killedSamples", read: uint, optional: true },
];

const LEVEL_ARG: Arg = { key: 1, name: "level", form: "on|off", read: oneOf(true, false) };

/** By OP. */
const OPERATIONS: Readonly<Record<number, Operation>> = {
  [OP.RELAY_SET]: { args: [LEVEL_ARG], least: 1, data: RELAY },
  [OP.RELAY_GET]: { args: [], least: 0, data: RELAY },
  [OP.STATUS]: { args: [], least: 0, data: STATUS_SHAPE },
  [OP.TELEMETRY_READ]: { args: [], least: 0, data: TELEMETRY_SHAPE },
  [OP.CONFIG_SET]: {
    args: [
      { key: 1, name: "safe", form: "on|off", read: oneOf<number>(SAFE.ON, SAFE.OFF) },
      { key: 2, name: "telemetry", form: "0..65535 s", read: between(0, 65_535) },
      { key: 3, name: "hold", form: "0..65535 s", read: between(0, 65_535) },
    ],
    least: 1,
    data: [],
  },
  [OP.JOURNAL_READ]: {
    args: [
      { key: 1, name: "first", form: "0..4294967295", read: between(0, UINT32_MAX) },
      { key: 2, name: "count", form: `1..${RECORDS_MAX}`, read: between(1, RECORDS_MAX) },
      { key: 3, name: "ring", form: "local|remote", read: ringNamed },
    ],
    least: 3,
    data: [{ key: 1, name: "records", read: records }],
  },
  [OP.IDENTIFY]: { args: [], least: 0, data: [] },
};

/** Fields of a refusal, by CODE. Other refusals have none. */
const REFUSALS: Readonly<Record<number, Shape>> = {
  [CODE.REPLAY]: [
    { key: 1, name: "lastSeq", read: uint },
    { key: 2, name: "result", read: code, optional: true },
  ],
  [CODE.EXPIRED]: [{ key: 1, name: "clock", read: clock }],
  [CODE.HOLD]: [{ key: 1, name: "remainingMs", read: uint }],
};

/**
 * Reads a map by a shape and ignores other keys. Throws MessageError if a field is missing or bad.
 */
export function takeFields(shape: Shape, data: unknown): Fields {
  if (!(data instanceof Map)) throw new MessageError("the data is not a map");
  const fields: Record<string, FieldValue> = {};
  for (const { key, name, read, optional } of shape) {
    if (optional && !data.has(key)) continue;
    const value = read(data.get(key));
    if (value === undefined) throw new MessageError(`data ${key} (${name}) is missing or wrong`);
    fields[name] = value;
  }
  return fields;
}

/** The shape of the data of a reply to an operation. */
export function replyShape(op: number, code: number): Shape {
  return (code === CODE.OK ? OPERATIONS[op]?.data : REFUSALS[code]) ?? [];
}

/** The fields of the reply to an operation. Throws MessageError if a field is missing or bad. */
export function replyFields(op: number, code: number, data: unknown): Fields {
  return takeFields(replyShape(op, code), data);
}

export interface Request {
  /** OP. */
  readonly op: number;
  readonly args: ReadonlyMap<number, ArgValue>;
}

/** How to write an operation: `relay.set <level: on|off>`. */
export function usageOf(op: number): string {
  const { args, least } = OPERATIONS[op] ?? { args: [], least: 0 };
  const optional = least < args.length;
  const words = args.map(({ name, form }) =>
    optional ? `[${name}=${form}]` : `<${name}: ${form}>`,
  );
  return [OP_WIRES[op], ...words].join(" ");
}

/** Parses an operation and its arguments, the words of a command line. Throws UserError. */
export function parseRequest(wire: string, words: readonly string[]): Request {
  const op = (OP_WIRES as readonly string[]).indexOf(wire);
  const operation = OPERATIONS[op];
  if (operation === undefined) {
    throw new UserError(
      `operation "${wire}" does not exist: use one of ${OP_WIRES.join(", ")}`,
      EXIT.USAGE,
    );
  }
  const wrong = (why: string) => new UserError(`${why}: write ${usageOf(op)}`, EXIT.USAGE);
  const args = new Map<number, ArgValue>();
  for (const [index, word] of words.entries()) {
    const [, name, text] = /^(?:([a-z]+)=)?(.*)$/s.exec(word) ?? [];
    const positional = operation.least === operation.args.length;
    const arg = name
      ? operation.args.find((candidate) => candidate.name === name)
      : operation.args[positional ? index : -1];
    if (arg === undefined) throw wrong(`${wire} has no argument "${word}"`);
    const value = arg.read(text ?? "");
    if (value === undefined) throw wrong(`argument "${word}": ${arg.name} must be ${arg.form}`);
    if (args.has(arg.key)) throw wrong(`argument "${word}": ${arg.name} is given twice`);
    args.set(arg.key, value);
  }
  if (args.size < operation.least) throw wrong(`${wire} needs more arguments`);
  return { op, args };
}
