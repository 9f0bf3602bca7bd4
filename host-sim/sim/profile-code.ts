/**
 * Checks one function body of a guest: the twin of boards/runtime/validate_code.c and
 * validate_stack.h, where the reasons are written. Source: WebAssembly Core Specification 1.0,
 * appendix "Validation Algorithm".
 */
import { MEMORY, NUMERIC, OP } from "./profile-ops.ts";
import { hold, Malformed, type Reader, TYPE_I32, TYPE_I64, TYPE_NONE } from "./profile-read.ts";

export interface Signature {
  readonly params: readonly number[];
  /** TYPE_NONE for none. */
  readonly result: number;
}

export interface Global {
  readonly type: number;
  readonly mutable: boolean;
  readonly imported: boolean;
}

/** What a body may refer to, and what the engine needs for all bodies. */
export interface ModuleFacts {
  readonly types: Signature[];
  /** By function: its type. */
  readonly functions: Signature[];
  readonly globals: Global[];
  tables: number;
  memories: number;
  words: number;
  elses: number;
}

export const LOCALS_MAX = 128;
export const VALUES_MAX = 192;
export const NESTING_MAX = 16;
const CONSTANTS_FREE = 16;
/** An operand of any type: below it the code cannot be reached. */
const TYPE_ANY = 0;
const REGISTER_FREE = -1;
const REGISTER_UNKNOWN = -2;

interface Frame {
  readonly opcode: number;
  readonly result: number;
  unreachable: boolean;
  readonly height: number;
  left: number;
}

class Body {
  readonly #module: ModuleFacts;
  readonly #reader: Reader;
  readonly #locals: number[] = [];
  readonly #operands: number[] = [];
  /** The last is the innermost open block. */
  readonly #frames: Frame[] = [];
  #room = VALUES_MAX;
  #constants = 0;
  #words = 5;
  #inRegister: number = REGISTER_FREE;
  #left = 0;
  #dead = 0;
  #elses = 0;
  #elsesMax = 0;

  constructor(module: ModuleFacts, reader: Reader) {
    this.#module = module;
    this.#reader = reader;
  }

  check(type: Signature): void {
    this.#readLocals(type);
    this.#reserve(this.#locals.length);
    this.#pushFrame(OP.BLOCK, type.result);
    while (this.#frames.length > 0) this.#instruction(this.#reader.byte());
    this.#module.words += this.#words;
    this.#module.elses = Math.max(this.#module.elses, this.#elsesMax);
  }

  #readLocals(type: Signature): void {
    this.#locals.push(...type.params);
    for (let groups = this.#reader.u32(); groups > 0; groups--) {
      const count = this.#reader.u32();
      const local = this.#reader.valueType();
      hold(count <= LOCALS_MAX - this.#locals.length);
      for (let i = 0; i < count; i++) this.#locals.push(local);
    }
  }

  get #top(): Frame {
    const top = this.#frames.at(-1);
    if (top === undefined) throw new Malformed();
    return top;
  }

  #push(type: number): void {
    if (type === TYPE_NONE) return;
    hold(this.#operands.length < this.#room);
    this.#operands.push(type);
  }

  #freeRegister(): void {
    if (this.#inRegister === REGISTER_FREE) return;
    this.#words += 2;
    if (this.#inRegister !== REGISTER_UNKNOWN) this.#inRegister = REGISTER_FREE;
  }

  #pushRegister(type: number): void {
    this.#freeRegister();
    this.#push(type);
    if (this.#inRegister === REGISTER_FREE) this.#inRegister = this.#operands.length;
  }

  #popAny(): number {
    if (this.#inRegister === this.#operands.length) this.#inRegister = REGISTER_FREE;
    else this.#words++;
    const { height, unreachable } = this.#top;
    if (this.#operands.length > height) return this.#operands.pop() ?? TYPE_ANY;
    hold(unreachable);
    return TYPE_ANY;
  }

  #pop(type: number): void {
    if (type === TYPE_NONE) return;
    const found = this.#popAny();
    hold(found === type || found === TYPE_ANY);
  }

  #peek(type: number): void {
    const inRegister = this.#inRegister;
    this.#pop(type);
    this.#push(type);
    this.#inRegister = inRegister;
  }

  #reserve(count: number): void {
    hold(this.#room - this.#operands.length >= count);
    this.#room -= count;
  }

  #pushFrame(opcode: number, result: number): void {
    hold(this.#frames.length < NESTING_MAX);
    const height = this.#operands.length;
    this.#frames.push({ opcode, result, unreachable: false, height, left: 0 });
    if (result === TYPE_NONE) return;
    this.#reserve(1);
    this.#words += 2;
  }

  #popFrame(): Frame {
    const frame = this.#top;
    this.#pop(frame.result);
    hold(this.#operands.length === frame.height);
    this.#frames.pop();
    this.#room += frame.left + (frame.result === TYPE_NONE ? 0 : 1);
    this.#left -= frame.left;
    if (frame.opcode === OP.ELSE) this.#elses--;
    if (frame.unreachable) this.#dead--;
    this.#inRegister = this.#dead === 0 ? REGISTER_FREE : REGISTER_UNKNOWN;
    return frame;
  }

  #setUnreachable(): void {
    const top = this.#top;
    if (!top.unreachable) this.#dead++;
    this.#operands.length = top.height;
    this.#inRegister = REGISTER_UNKNOWN;
    top.unreachable = true;
  }

  #label(depth: number): Frame {
    const frame = this.#frames[this.#frames.length - 1 - depth];
    if (frame === undefined) throw new Malformed();
    return frame;
  }

  #beginBlock(opcode: number): void {
    if (opcode === OP.IF) this.#pop(TYPE_I32);
    this.#freeRegister();
    this.#words += 2 + 3 * (this.#operands.length + this.#left);
    const type = this.#reader.byte();
    hold(type === TYPE_NONE || type === TYPE_I32 || type === TYPE_I64);
    this.#pushFrame(opcode, type);
  }

  #branchTable(): void {
    this.#pop(TYPE_I32);
    const count = this.#reader.u32();
    const labels: number[] = [];
    for (let i = 0; i < count; i++) labels.push(this.#reader.u32());
    const type = carried(this.#label(this.#reader.u32()));
    for (const depth of labels) {
      hold(carried(this.#label(depth)) === type);
      this.#words += 9;
    }
    this.#words += 24;
    this.#pop(type);
    this.#setUnreachable();
  }

  #call(type: Signature | undefined): void {
    if (type === undefined) throw new Malformed();
    for (const param of [...type.params].reverse()) this.#pop(param);
    this.#push(type.result);
    this.#words += 2 * type.params.length;
  }

  #callIndirect(): void {
    const index = this.#reader.u32();
    hold(this.#reader.byte() === 0 && this.#module.tables > 0);
    this.#freeRegister();
    this.#pop(TYPE_I32);
    this.#words += 5;
    this.#call(this.#module.types[index]);
  }

  #select(): void {
    this.#pop(TYPE_I32);
    const first = this.#popAny();
    const second = this.#popAny();
    hold(first === second || first === TYPE_ANY || second === TYPE_ANY);
    this.#pushRegister(first === TYPE_ANY ? second : first);
    this.#words += 1;
  }

  #localAccess(opcode: number): void {
    const type = this.#locals[this.#reader.u32()];
    if (type === undefined) throw new Malformed();
    if (opcode === OP.LOCAL_GET) {
      this.#push(type);
      return;
    }
    if (opcode === OP.LOCAL_TEE) this.#peek(type);
    else this.#pop(type);
    this.#words += this.#operands.length === 0 && this.#left === 0 ? 2 : 3;
  }

  #globalAccess(opcode: number): void {
    const global = this.#module.globals[this.#reader.u32()];
    if (global === undefined) throw new Malformed();
    this.#words += 3;
    if (opcode === OP.GLOBAL_GET) this.#push(global.type);
    else {
      hold(global.mutable);
      this.#pop(global.type);
    }
  }

  #constant(words: number, type: number): void {
    this.#reader.skipSigned(32 * words);
    this.#constants += 2 * words - 1;
    this.#words += words;
    if (this.#constants > CONSTANTS_FREE) this.#words += 2;
    this.#push(type);
  }

  #memoryAccess(opcode: number): void {
    const [type, width] = MEMORY[opcode - OP.LOAD_FIRST] ?? [0, 0];
    hold(type !== 0 && this.#module.memories > 0);
    hold(this.#reader.u32() <= width);
    this.#reader.u32();
    if (opcode >= OP.STORE_FIRST) this.#pop(type);
    this.#pop(TYPE_I32);
    if (opcode < OP.STORE_FIRST) this.#pushRegister(type);
    this.#words += 2;
  }

  #memorySize(opcode: number): void {
    hold(this.#reader.byte() === 0 && this.#module.memories > 0);
    if (opcode === OP.MEMORY_GROW) this.#pop(TYPE_I32);
    this.#pushRegister(TYPE_I32);
    this.#words += 3;
  }

  #numeric(opcode: number): void {
    const shape = NUMERIC.get(opcode);
    if (shape === undefined) throw new Malformed();
    for (let i = 0; i < shape.operands; i++) this.#pop(shape.from);
    this.#words += shape.operands === 2 ? 1 : 2;
    this.#pushRegister(shape.to);
  }

  #endBlock(opcode: number): void {
    const frame = this.#popFrame();
    if (opcode === OP.ELSE) {
      hold(frame.opcode === OP.IF);
      this.#words += 2;
      this.#elses++;
      this.#elsesMax = Math.max(this.#elsesMax, this.#elses);
      this.#pushFrame(OP.ELSE, frame.result);
      return;
    }
    // An if without an else leaves nothing.
    hold(frame.opcode !== OP.IF || frame.result === TYPE_NONE);
    if (this.#frames.length > 0) this.#push(frame.result);
  }

  #branch(opcode: number): void {
    if (opcode === OP.BR_IF) this.#pop(TYPE_I32);
    const depth = opcode === OP.RETURN ? this.#frames.length - 1 : this.#reader.u32();
    const frame = this.#label(depth);
    const type = carried(frame);
    this.#words += type === TYPE_NONE ? 4 : 6;
    if (opcode === OP.BR_IF) {
      if (this.#inRegister !== REGISTER_FREE) this.#words += 2;
      if (type !== TYPE_NONE) this.#peek(type);
      return;
    }
    this.#pop(type);
    const left = this.#operands.length - this.#top.height;
    this.#setUnreachable();
    if (frame.opcode !== OP.LOOP) return;
    this.#reserve(left);
    this.#top.left += left;
    this.#left += left;
  }

  #instruction(opcode: number): void {
    if (opcode === OP.LOCAL_GET || opcode === OP.LOCAL_SET || opcode === OP.LOCAL_TEE)
      this.#localAccess(opcode);
    else if (opcode === OP.I32_CONST) this.#constant(1, TYPE_I32);
    else if (opcode === OP.I64_CONST) this.#constant(2, TYPE_I64);
    else if (opcode >= OP.LOAD_FIRST && opcode <= OP.STORE_LAST) this.#memoryAccess(opcode);
    else if (opcode >= OP.MEMORY_SIZE && opcode <= OP.MEMORY_GROW) this.#memorySize(opcode);
    else if (opcode === OP.GLOBAL_GET || opcode === OP.GLOBAL_SET) this.#globalAccess(opcode);
    else if (opcode > OP.MEMORY_GROW) this.#numeric(opcode);
    else this.#control(opcode);
  }

  #control(opcode: number): void {
    switch (opcode) {
      case OP.NOP:
        break;
      case OP.UNREACHABLE:
        this.#words += 1;
        this.#setUnreachable();
        break;
      case OP.BLOCK:
      case OP.LOOP:
      case OP.IF:
        this.#beginBlock(opcode);
        break;
      case OP.ELSE:
      case OP.END:
        this.#endBlock(opcode);
        break;
      case OP.BR:
      case OP.BR_IF:
      case OP.RETURN:
        this.#branch(opcode);
        break;
      case OP.BR_TABLE:
        this.#branchTable();
        break;
      case OP.CALL: {
        const index = this.#reader.u32();
        this.#words += 3;
        this.#call(this.#module.functions[index]);
        break;
      }
      case OP.CALL_INDIRECT:
        this.#callIndirect();
        break;
      case OP.DROP:
        this.#popAny();
        break;
      case OP.SELECT:
        this.#select();
        break;
      default:
        throw new Malformed();
    }
  }
}

/** What a branch to the label carries. */
function carried(frame: Frame): number {
  return frame.opcode === OP.LOOP ? TYPE_NONE : frame.result;
}

/** Checks a body of a function of this type; adds to the module's words. Throws Malformed. */
export function checkBody(module: ModuleFacts, type: Signature, reader: Reader): void {
  new Body(module, reader).check(type);
  hold(reader.at === reader.end);
}
