/**
 * Eight instructions of the Cortex-M0+ whose flags rp2040js 1.4.1 gets wrong: ADCS and SBCS (overflow and carry
 * with a carry in), and shifts by a register (carry at 0, and beyond 32). ARMv6-M reference manual, A6.7.
 */

export interface AluState {
  readonly registers: Uint32Array;
  N: boolean;
  Z: boolean;
  C: boolean;
  V: boolean;
}

/** Whether an instruction is one of the data-processing group's first eight: AND to ROR. */
export const isAlu = (opcode: number): boolean => opcode >>> 9 === 0x20;

function addWithCarry(state: AluState, x: number, y: number): number {
  const carry = state.C ? 1 : 0;
  const unsigned = x + y + carry;
  const signed = (x | 0) + (y | 0) + carry;
  const result = unsigned >>> 0;
  state.C = unsigned > 0xffff_ffff;
  state.V = signed !== (result | 0);
  return result;
}

function shiftLeft(state: AluState, value: number, by: number): number {
  if (by === 0) return value;
  state.C = by <= 32 && ((value >>> (32 - by)) & 1) === 1;
  return by < 32 ? (value << by) >>> 0 : 0;
}

function shiftRight(state: AluState, value: number, by: number): number {
  if (by === 0) return value;
  state.C = by <= 32 && ((value >>> (by - 1)) & 1) === 1;
  return by < 32 ? value >>> by : 0;
}

function shiftArithmetic(state: AluState, value: number, by: number): number {
  if (by === 0) return value;
  state.C = (((value | 0) >> Math.min(by - 1, 31)) & 1) === 1;
  return ((value | 0) >> Math.min(by, 31)) >>> 0;
}

function rotate(state: AluState, value: number, by: number): number {
  if (by === 0) return value;
  const turn = by & 31;
  const result = turn === 0 ? value : ((value >>> turn) | (value << (32 - turn))) >>> 0;
  state.C = result >>> 31 === 1;
  return result;
}

/** Executes one of them on registers and flags. */
export function executeAlu(state: AluState, opcode: number): void {
  const { registers } = state;
  const to = opcode & 7;
  const value = registers[to] ?? 0;
  const other = registers[(opcode >>> 3) & 7] ?? 0;
  const by = other & 0xff;
  let result: number;
  switch ((opcode >>> 6) & 7) {
    case 0:
      result = (value & other) >>> 0;
      break;
    case 1:
      result = (value ^ other) >>> 0;
      break;
    case 2:
      result = shiftLeft(state, value, by);
      break;
    case 3:
      result = shiftRight(state, value, by);
      break;
    case 4:
      result = shiftArithmetic(state, value, by);
      break;
    case 5:
      result = addWithCarry(state, value, other);
      break;
    case 6:
      result = addWithCarry(state, value, ~other >>> 0);
      break;
    default:
      result = rotate(state, value, by);
  }
  registers[to] = result;
  state.N = result >>> 31 === 1;
  state.Z = result === 0;
}
