/**
 * Describes how two builds of a file differ: the first byte, and the sections whose contents differ. Reads
 * the section tables of WebAssembly and of ELF (32 and 64 bits).
 */

interface Section {
  name: string;
  start: number;
  end: number;
}

const WASM_MAGIC = "\0asm";
const ELF_MAGIC = "\x7fELF";
const WASM_HEADER_BYTES = 8;
const WASM_SECTIONS = [
  "custom",
  "type",
  "import",
  "function",
  "table",
  "memory",
  "global",
  "export",
  "start",
  "element",
  "code",
  "data",
  "data count",
] as const;
/** An ELF section of this type takes no bytes in the file. */
const SHT_NOBITS = 8;

function leb(bytes: Uint8Array, from: number): { value: number; next: number } {
  let value = 0;
  let at = from;
  for (let shift = 0; at < bytes.length && shift < 35; shift += 7) {
    const byte = bytes[at++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  return { value, next: at };
}

function wasmSections(bytes: Uint8Array): Section[] {
  const found: Section[] = [];
  for (let at = WASM_HEADER_BYTES; at < bytes.length; ) {
    const id = bytes[at] ?? 0;
    const { value, next } = leb(bytes, at + 1);
    let name: string = WASM_SECTIONS[id] ?? `${id}`;
    if (id === 0) {
      const length = leb(bytes, next);
      const own = bytes.subarray(length.next, length.next + length.value);
      name = `custom "${Buffer.from(own).toString("latin1")}"`;
    }
    found.push({ name, start: at, end: next + value });
    at = next + value;
  }
  return found;
}

function elfSections(bytes: Uint8Array): Section[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const wide = view.getUint8(4) === 2;
  const little = view.getUint8(5) === 1;
  const half = (at: number) => view.getUint16(at, little);
  const word = (at: number) => view.getUint32(at, little);
  const size = (at: number) => (wide ? Number(view.getBigUint64(at, little)) : word(at));
  const table = size(wide ? 0x28 : 0x20);
  const [each, count, names] = wide
    ? [half(0x3a), half(0x3c), half(0x3e)]
    : [half(0x2e), half(0x30), half(0x32)];
  const header = (index: number) => {
    const at = table + index * each;
    const [place, length] = wide ? [at + 0x18, at + 0x20] : [at + 0x10, at + 0x14];
    return { name: word(at), type: word(at + 4), start: size(place), bytes: size(length) };
  };
  const strings = header(names).start;
  const found: Section[] = [{ name: "section headers", start: table, end: table + each * count }];
  for (let index = 1; index < count; index++) {
    const { name, type, start, bytes: length } = header(index);
    if (type === SHT_NOBITS) continue;
    const text = Buffer.from(bytes.subarray(strings + name, bytes.indexOf(0, strings + name)));
    found.push({ name: text.toString("latin1"), start, end: start + length });
  }
  return found;
}

function sectionsOf(bytes: Uint8Array): Section[] {
  const magic = Buffer.from(bytes.subarray(0, 4)).toString("latin1");
  try {
    if (magic === WASM_MAGIC) return wasmSections(bytes);
    if (magic === ELF_MAGIC) return elfSections(bytes);
  } catch (error) {
    // The table points beyond the file.
    if (!(error instanceof RangeError)) throw error;
  }
  return [];
}

/** The names of the sections whose contents differ, wherever they are in the files. */
function differingSections(one: Uint8Array, other: Uint8Array): string[] {
  const contents = (bytes: Uint8Array) =>
    new Map(sectionsOf(bytes).map(({ name, start, end }) => [name, bytes.subarray(start, end)]));
  const [these, those] = [contents(one), contents(other)];
  const names = [...new Set([...these.keys(), ...those.keys()])];
  const none = new Uint8Array(0);
  return names.filter(
    (name) => Buffer.compare(these.get(name) ?? none, those.get(name) ?? none) !== 0,
  );
}

/** How two builds of a file differ, in one line, or null. */
export function fileDifference(one: Uint8Array, other: Uint8Array): string | null {
  if (Buffer.compare(one, other) === 0) return null;
  const common = Math.min(one.length, other.length);
  let at = 0;
  while (at < common && one[at] === other[at]) at++;
  const hex = (bytes: Uint8Array) =>
    at < bytes.length ? `0x${(bytes[at] ?? 0).toString(16).padStart(2, "0")}` : "the end";
  const apart = differingSections(one, other);
  const sections = apart.length > 0 ? `; differing sections: ${apart.join(", ")}` : "";
  const sizes = one.length === other.length ? "" : `; ${one.length} and ${other.length} bytes`;
  return `first at byte ${at}: ${hex(one)} and ${hex(other)}${sizes}${sections}`;
}
