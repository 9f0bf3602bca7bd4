/**
 * The instructions of the profile: opcodes, and what loads, stores and arithmetic take and leave.
 * Source: WebAssembly Core Specification 1.0, 5.4.
 */
import { TYPE_I32, TYPE_I64 } from "./profile-read.ts";

export const OP = {
  UNREACHABLE: 0x00,
  NOP: 0x01,
  BLOCK: 0x02,
  LOOP: 0x03,
  IF: 0x04,
  ELSE: 0x05,
  END: 0x0b,
  BR: 0x0c,
  BR_IF: 0x0d,
  BR_TABLE: 0x0e,
  RETURN: 0x0f,
  CALL: 0x10,
  CALL_INDIRECT: 0x11,
  DROP: 0x1a,
  SELECT: 0x1b,
  LOCAL_GET: 0x20,
  LOCAL_SET: 0x21,
  LOCAL_TEE: 0x22,
  GLOBAL_GET: 0x23,
  GLOBAL_SET: 0x24,
  LOAD_FIRST: 0x28,
  STORE_FIRST: 0x36,
  STORE_LAST: 0x3e,
  MEMORY_SIZE: 0x3f,
  MEMORY_GROW: 0x40,
  I32_CONST: 0x41,
  I64_CONST: 0x42,
} as const;

/** Loads and stores from LOAD_FIRST on: value type, and the base-2 logarithm of the width. */
export const MEMORY: readonly (readonly [number, number])[] = [
  ...([
    [TYPE_I32, 2],
    [TYPE_I64, 3],
    [0, 0],
    [0, 0],
  ] as const),
  ...([0, 0, 1, 1] as const).map((width) => [TYPE_I32, width] as const),
  ...([0, 0, 1, 1, 2, 2] as const).map((width) => [TYPE_I64, width] as const),
  ...([
    [TYPE_I32, 2],
    [TYPE_I64, 3],
    [0, 0],
    [0, 0],
  ] as const),
  ...([
    [TYPE_I32, 0],
    [TYPE_I32, 1],
    [TYPE_I64, 0],
    [TYPE_I64, 1],
    [TYPE_I64, 2],
  ] as const),
];

interface Numeric {
  readonly operands: number;
  readonly from: number;
  readonly to: number;
}

/** First and last opcode, operands, their type, the result's. */
export const NUMERIC = new Map<number, Numeric>();
for (const [first, last, operands, from, to] of [
  [0x45, 0x45, 1, TYPE_I32, TYPE_I32],
  [0x46, 0x4f, 2, TYPE_I32, TYPE_I32],
  [0x50, 0x50, 1, TYPE_I64, TYPE_I32],
  [0x51, 0x5a, 2, TYPE_I64, TYPE_I32],
  [0x67, 0x69, 1, TYPE_I32, TYPE_I32],
  [0x6a, 0x78, 2, TYPE_I32, TYPE_I32],
  [0x79, 0x7b, 1, TYPE_I64, TYPE_I64],
  [0x7c, 0x8a, 2, TYPE_I64, TYPE_I64],
  [0xa7, 0xa7, 1, TYPE_I64, TYPE_I32],
  [0xac, 0xad, 1, TYPE_I32, TYPE_I64],
] as const) {
  for (let opcode = first; opcode <= last; opcode++) NUMERIC.set(opcode, { operands, from, to });
}
