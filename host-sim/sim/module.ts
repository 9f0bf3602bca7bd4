/**
 * Validates the imports, exports and memory of a guest module before any of its code runs.
 * Source: WebAssembly Core Specification 1.0, chapter 5 (binary format).
 */
import { type BoardImports, EXPORTS, type GuestExports, IMPORTS } from "../abi/abi.gen.ts";

export interface GuestModule {
  module: WebAssembly.Module;
  bytes: Uint8Array<ArrayBuffer>;
  /** Returns an instance in its initial state. Default: makes a new instance. */
  instantiate?(imports: BoardImports): GuestExports;
}

/** The largest memory of a guest, in pages of 64 KiB. */
const PAGES_MAX = 1;
const SECTION_TYPE = 1;
const SECTION_IMPORT = 2;
const SECTION_FUNCTION = 3;
const SECTION_MEMORY = 5;
const SECTION_EXPORT = 7;
const KIND_FUNCTION = 0;
const KIND_MEMORY = 2;
const TYPE_I32 = 0x7f;

/** Numbers of parameters and results, if all of them are i32; otherwise `other`. */
type Signature = { params: number; results: number } | "other";

/** What a module declares to its host. */
interface Interface {
  imports: { module: string; name: string; signature: Signature | null }[];
  exports: Map<string, { kind: number; signature: Signature | null }>;
  memory: { min: number; max: number | null } | null;
}

class Reader {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  byte(): number {
    const value = this.bytes[this.at];
    if (value === undefined) throw new RangeError("truncated");
    this.at++;
    return value;
  }

  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("integer too long");
  }

  name(): string {
    const length = this.u32();
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, this.at + length));
    this.at += length;
    return text;
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.u32() }, read);
  }

  valueTypes(): { count: number; i32: boolean } {
    const types = this.list(() => this.byte());
    return { count: types.length, i32: types.every((type) => type === TYPE_I32) };
  }

  limits(): { min: number; max: number | null } {
    const flags = this.u32();
    const min = this.u32();
    return { min, max: flags & 1 ? this.u32() : null };
  }
}

/** The section identifiers of a valid module, in order. */
export function sectionsOf(bytes: Uint8Array): number[] {
  const reader = new Reader(bytes);
  const sections: number[] = [];
  for (reader.at = 8; reader.at < bytes.length; ) {
    sections.push(reader.byte());
    const size = reader.u32();
    reader.at += size;
  }
  return sections;
}

/** The interface of a valid module. Throws a RangeError if it imports anything but functions. */
function interfaceOf(bytes: Uint8Array): Interface {
  const reader = new Reader(bytes);
  reader.at = 8;
  let types: Signature[] = [];
  const functions: (Signature | null)[] = [];
  const found: Interface = { imports: [], exports: new Map(), memory: null };
  while (reader.at < bytes.length) {
    const id = reader.byte();
    const size = reader.u32();
    const end = reader.at + size;
    if (id === SECTION_TYPE) {
      types = reader.list(() => {
        reader.byte();
        const params = reader.valueTypes();
        const results = reader.valueTypes();
        return params.i32 && results.i32
          ? { params: params.count, results: results.count }
          : "other";
      });
    } else if (id === SECTION_IMPORT) {
      found.imports = reader.list(() => {
        const module = reader.name();
        const name = reader.name();
        const signature = reader.byte() === KIND_FUNCTION ? (types[reader.u32()] ?? null) : null;
        if (signature === null) throw new RangeError(`imports ${module}.${name}, not a function`);
        functions.push(signature);
        return { module, name, signature };
      });
    } else if (id === SECTION_FUNCTION) {
      functions.push(...reader.list(() => types[reader.u32()] ?? null));
    } else if (id === SECTION_MEMORY) {
      found.memory = reader.list(() => reader.limits())[0] ?? null;
    } else if (id === SECTION_EXPORT) {
      reader.list(() => {
        const name = reader.name();
        const kind = reader.byte();
        const index = reader.u32();
        found.exports.set(name, {
          kind,
          signature: kind === KIND_FUNCTION ? (functions[index] ?? null) : null,
        });
      });
    }
    reader.at = end;
  }
  return found;
}

function matches(signature: Signature | null, row: { params: number; returns: boolean }): boolean {
  if (signature === null || signature === "other") return false;
  return signature.params === row.params && signature.results === (row.returns ? 1 : 0);
}

/** The reason why a module with this interface is refused. Null if it is accepted. */
function refusal({ imports, exports, memory }: Interface): string | null {
  for (const { module, name, signature } of imports) {
    const row = (IMPORTS as Record<string, { params: number; returns: boolean }>)[name];
    if (module !== "board" || row === undefined || !matches(signature, row)) return "import";
  }
  for (const [name, row] of Object.entries(EXPORTS)) {
    if (!matches(exports.get(name)?.signature ?? null, row)) return "export";
  }
  if (exports.get("memory")?.kind !== KIND_MEMORY || memory === null) return "export";
  const { min, max } = memory;
  return min > PAGES_MAX || max === null || max > PAGES_MAX ? "memory" : null;
}

/**
 * Compiles a guest. If the guest is refused, returns the reason:
 * - `format`: not a valid WebAssembly module.
 * - `import`: an import that does not exist or has another signature.
 * - `export`: a required export is missing or has another signature.
 * - `memory`: more than one page, or no maximum declared.
 */
export function loadGuest(bytes: Uint8Array<ArrayBuffer>): GuestModule | string {
  try {
    const module = new WebAssembly.Module(bytes);
    return refusal(interfaceOf(bytes)) ?? { module, bytes };
  } catch (error) {
    if (error instanceof RangeError && error.message.startsWith("imports")) return "import";
    return "format";
  }
}
