/**
 * The boards' own rules for a guest: the twin of boards/runtime/validate.c. `flash`, `build`, `run` and
 * the simulator ask it, and it answers with a board's own word. Source: WebAssembly Core Specification
 * 1.0, chapters 3 (validation) and 5 (binary format).
 */
import { EXPORTS, IMPORTS } from "../abi/abi.gen.ts";
import { checkBody, type ModuleFacts, type Signature } from "./profile-code.ts";
import { OP } from "./profile-ops.ts";
import { hold, Malformed, Reader, TYPE_I32, TYPE_I64, TYPE_NONE } from "./profile-read.ts";

/** What a board has for its guest. */
export interface GuestRoom {
  /** Bytes of the guest's page that are backed. */
  readonly memory: number;
  /** Of the engine's heap, for code and tables. */
  readonly words: number;
}

const PAGE_BYTES = 65_536;
/** A board for any guest. */
export const ANY_GUEST: GuestRoom = { memory: PAGE_BYTES, words: 16_384 };
/** What the engine takes of its heap for itself, and a margin, in bytes. */
const ENGINE_BYTES = 4096;

/** The room on a board, from the sizes of its engine's heap, of the guest's memory and of its stack. */
export function roomOf(
  heapBytes: number,
  memory: number,
  stackBytes: number,
  wordBytes: number,
): GuestRoom {
  // On a core of 64 bits a word is longer, and there are more of them.
  const each = wordBytes + Math.floor(wordBytes / 8);
  const words = Math.floor((heapBytes - memory - stackBytes - ENGINE_BYTES) / each);
  return { memory, words: Math.min(words, ANY_GUEST.words) };
}

export type Refusal = "format" | "import" | "export" | "memory" | "segment" | "size";

const KIND = { FUNCTION: 0, TABLE: 1, MEMORY: 2, GLOBAL: 3 } as const;
const PARAMS_MAX = 32;
const TYPES_MAX = 64;
const FUNCTIONS_MAX = 256;
const GLOBALS_MAX = 64;
const TABLE_MAX = 64;
const EXPORTS_MAX = 64;
const SEGMENTS_MAX = 64;
const PAGES_MAX = 1;
const PAGES_VALID = 65_536;
const SECTION_LAST = 11;

interface Row {
  readonly params: number;
  readonly returns: boolean;
}

const isI32 = (type: number) => type === TYPE_I32;

function matches(type: Signature | undefined, row: Row): boolean {
  if (type === undefined || !type.params.every(isI32)) return false;
  return type.params.length === row.params && type.result === (row.returns ? TYPE_I32 : TYPE_NONE);
}

class Check implements ModuleFacts {
  readonly types: Signature[] = [];
  readonly functions: Signature[] = [];
  readonly globals: { type: number; mutable: boolean; imported: boolean }[] = [];
  tables = 0;
  memories = 0;
  words = 0;
  elses = 0;
  readonly #room: GuestRoom;
  readonly #exports = new Set<string>();
  readonly #found = new Set<string>();
  #imported = 0;
  #bodies = 0;
  #segments = 0;
  #tableMin = 0;
  #memory = { min: 0, max: 0, bounded: false, exported: false };
  #badImport = false;
  #segmentsFit = true;

  constructor(room: GuestRoom) {
    this.#room = room;
  }

  /** Throws Malformed. */
  read(bytes: Uint8Array): void {
    const reader = new Reader(bytes);
    const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
    hold(header.every((byte) => reader.byte() === byte));
    for (let last = 0; reader.at < reader.end; ) {
      const id = reader.byte();
      const section = reader.part(reader.u32());
      hold(id === 0 || (id > last && id <= SECTION_LAST));
      if (id !== 0) last = id;
      this.#section(id, section);
      hold(section.at === section.end);
    }
    // Functions without a code section have no bodies.
    hold(this.#bodies === this.functions.length - this.#imported);
  }

  /** After read(): why the module is not a guest for the board; null if it is one. */
  refusal(): Refusal | null {
    const { bounded, max, exported } = this.#memory;
    if (this.#badImport) return "import";
    if (!exported || Object.keys(EXPORTS).some((name) => !this.#found.has(name))) return "export";
    if (!bounded || max > PAGES_MAX) return "memory";
    if (!this.#segmentsFit) return "segment";
    return this.needed() > this.#room.words ? "size" : null;
  }

  /** Words of the engine's heap, from above: see words_of() in validate.c. */
  needed(): number {
    const types = this.types.map(({ params }) => 6 + Math.floor(params.length / 4));
    return (
      this.words +
      Math.floor(this.words / 8) +
      128 * (this.elses + 2) +
      15 * this.functions.length +
      19 * this.#imported +
      10 * this.globals.length +
      6 * this.#segments +
      this.#tableMin +
      types.reduce((sum, words) => sum + words, 0)
    );
  }

  #section(id: number, r: Reader): void {
    const each = (read: () => void, most = Number.POSITIVE_INFINITY) => {
      const count = r.u32();
      hold(count <= most);
      for (let i = 0; i < count; i++) read();
      return count;
    };
    if (id === 0) {
      r.name();
      r.at = r.end;
    } else if (id === 1) each(() => this.#type(r), TYPES_MAX);
    else if (id === 2) {
      each(() => this.#import(r));
      this.#imported = this.functions.length;
    } else if (id === 3) each(() => this.#function(r));
    else if (id === 4) each(() => this.#table(r));
    else if (id === 5) each(() => this.#addMemory(r));
    else if (id === 6) each(() => this.#constant(r, this.#global(r, false)));
    else if (id === 7) each(() => this.#export(r), EXPORTS_MAX);
    else if (id === 8) this.#start(r);
    else if (id === 9) each(() => this.#elements(r), SEGMENTS_MAX);
    else if (id === 10) this.#code(r);
    else this.#segments = each(() => this.#data(r), SEGMENTS_MAX);
  }

  #type(r: Reader): void {
    hold(r.byte() === 0x60);
    const count = r.u32();
    hold(count <= PARAMS_MAX);
    const params = Array.from({ length: count }, () => r.valueType());
    const results = r.u32();
    hold(results <= 1);
    this.types.push({ params, result: results === 1 ? r.valueType() : TYPE_NONE });
  }

  #function(r: Reader): Signature {
    const type = this.types[r.u32()];
    if (type === undefined || this.functions.length >= FUNCTIONS_MAX) throw new Malformed();
    this.functions.push(type);
    return type;
  }

  #limits(r: Reader, most: number): { min: number; max: number; bounded: boolean } {
    const flags = r.byte();
    const min = r.u32();
    const max = flags === 1 ? r.u32() : most;
    hold(flags <= 1 && min <= most && max <= most && max >= min);
    return { min, max, bounded: flags === 1 };
  }

  #table(r: Reader): void {
    hold(r.byte() === 0x70 && this.tables === 0);
    this.tables = 1;
    this.#tableMin = this.#limits(r, 0xffff_ffff).min;
    hold(this.#tableMin <= TABLE_MAX);
  }

  #addMemory(r: Reader): void {
    hold(this.memories === 0);
    this.memories = 1;
    Object.assign(this.#memory, this.#limits(r, PAGES_VALID));
  }

  #global(r: Reader, imported: boolean): number {
    const type = r.valueType();
    const mutable = r.byte();
    hold(mutable <= 1 && this.globals.length < GLOBALS_MAX);
    this.globals.push({ type, mutable: mutable === 1, imported });
    return type;
  }

  #import(r: Reader): void {
    const from = r.name();
    const name = r.name();
    const kind = r.byte();
    if (kind === KIND.FUNCTION) {
      const type = this.#function(r);
      const row = Object.entries<Row>(IMPORTS).find(([own]) => own === name)?.[1];
      if (from !== "board" || row === undefined || !matches(type, row)) this.#badImport = true;
      return;
    }
    this.#badImport = true;
    if (kind === KIND.TABLE) this.#table(r);
    else if (kind === KIND.MEMORY) this.#addMemory(r);
    else if (kind === KIND.GLOBAL) this.#global(r, true);
    else throw new Malformed();
  }

  /** A constant expression of a type; its value modulo 2^32, if it is an i32.const. */
  #constant(r: Reader, type: number): number {
    const opcode = r.byte();
    let value = 0;
    if (opcode === OP.I32_CONST) {
      const start = r.at;
      r.skipSigned(32);
      for (let at = start, shift = 0; at < r.at; at++, shift += 7) {
        const byte = r.bytes[at] ?? 0;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80 && (byte & 0x40) !== 0 && shift + 7 < 32) value |= -1 << (shift + 7);
      }
      hold(type === TYPE_I32);
    } else if (opcode === OP.I64_CONST) {
      r.skipSigned(64);
      hold(type === TYPE_I64);
    } else if (opcode === OP.GLOBAL_GET) {
      const global = this.globals[r.u32()];
      hold(global?.imported === true && !global.mutable && global.type === type);
    } else throw new Malformed();
    hold(r.byte() === OP.END);
    return value >>> 0;
  }

  #export(r: Reader): void {
    const name = r.name();
    const { length } = r.bytes.subarray(r.at - byteLength(name), r.at);
    hold(!this.#exports.has(name));
    this.#exports.add(name);
    const kind = r.byte();
    const index = r.u32();
    const there = [this.functions.length, this.tables, this.memories, this.globals.length][kind];
    hold(there !== undefined && index < there);
    this.words += 3 + Math.floor(length / 4);
    if (kind === KIND.MEMORY && name === "memory") this.#memory.exported = true;
    if (kind !== KIND.FUNCTION) return;
    const row = Object.entries<Row>(EXPORTS).find(([own]) => own === name)?.[1];
    if (row !== undefined && matches(this.functions[index], row)) this.#found.add(name);
  }

  #start(r: Reader): void {
    const type = this.functions[r.u32()];
    hold(type?.params.length === 0 && type.result === TYPE_NONE);
  }

  #elements(r: Reader): void {
    hold(r.u32() === 0 && this.tables > 0);
    const offset = this.#constant(r, TYPE_I32);
    const length = r.u32();
    for (let i = 0; i < length; i++) hold(r.u32() < this.functions.length);
    if (offset + length > this.#tableMin) this.#segmentsFit = false;
  }

  #data(r: Reader): void {
    const pages = Math.min(this.#memory.min, PAGES_MAX);
    hold(r.u32() === 0 && this.memories > 0);
    const offset = this.#constant(r, TYPE_I32);
    const length = r.u32();
    r.take(length);
    const size = Math.min(pages * PAGE_BYTES, this.#room.memory);
    if (offset + length > size) this.#segmentsFit = false;
  }

  #code(r: Reader): void {
    this.#bodies = r.u32();
    hold(this.#bodies === this.functions.length - this.#imported);
    for (let i = 0; i < this.#bodies; i++) {
      const type = this.functions[this.#imported + i];
      if (type !== undefined) checkBody(this, type, r.part(r.u32()));
    }
  }
}

const byteLength = (text: string) => Buffer.byteLength(text, "utf8");

/** Words of the engine's heap that a valid guest needs, or why a board refuses it. */
export function checkGuest(bytes: Uint8Array, room: GuestRoom = ANY_GUEST): number | Refusal {
  const check = new Check(room);
  try {
    check.read(bytes);
  } catch (error) {
    if (error instanceof Malformed) return "format";
    throw error;
  }
  return check.refusal() ?? check.needed();
}
