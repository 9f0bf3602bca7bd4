/**
 * Generates the copies of the guest ABI (AssemblyScript, TypeScript, C, Markdown) from
 * firmware/abi.json, and those of the guest's state region from firmware/state.json. With `--check`:
 * writes nothing, and fails if a copy is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";

interface Entry {
  name: string;
  value?: number;
  wire?: string;
  kid?: string;
  doc: string;
}
interface Signature {
  name: string;
  params: [string, string][];
  result: string | null;
  doc: string;
}
interface Abi {
  version: number;
  constants: Entry[];
  enums: { name: string; doc: string; values: Entry[] }[];
  inputs: Entry[];
  exports: Signature[];
  imports: Signature[];
}

const SOURCE = "firmware/abi.json";
const HEAD = `Generated from ${SOURCE} by \`npm run gen\`. Do not edit.`;

function constantsOf(abi: Abi): Entry[] {
  return [
    { name: "ABI_VERSION", value: abi.version, doc: "Version of this table" },
    ...abi.constants,
    ...abi.inputs.map((row) => ({ ...row, name: `INPUT_${row.name}` })),
  ];
}

function assemblyScript(abi: Abi): string {
  const out = [`// ${HEAD}`, "// The guest ABI: the imports of module `board`, and constants.", ""];
  for (const { name, value, doc } of constantsOf(abi)) {
    out.push(`/** ${doc}. */`, `export const ${name}: u32 = ${value};`);
  }
  for (const { name, doc, values } of abi.enums) {
    out.push("", `// ${name}: ${doc}.`);
    values.forEach((row, index) => {
      out.push(`/** ${row.doc}. */`, `export const ${name}_${row.name}: u32 = ${index};`);
    });
    out.push(`export const ${name}_COUNT: u32 = ${values.length};`);
  }
  out.push("");
  for (const { name, params, result, doc } of abi.imports) {
    const list = params.map(([param]) => `${param}: u32`).join(", ");
    out.push(
      `/** ${doc}. */`,
      `@external("board", "${name}")`,
      `export declare function ${name}(${list}): ${result ? "u32" : "void"};`,
    );
  }
  return `${out.join("\n")}\n`;
}

function typeScript(abi: Abi): string {
  const out = [`/** ${HEAD} */`, ""];
  for (const { name, value, doc } of constantsOf(abi)) {
    out.push(`/** ${doc}. */`, `export const ${name} = ${value};`);
  }
  for (const { name, doc, values } of abi.enums) {
    out.push("", `/** ${doc}. */`, `export const ${name} = {`);
    values.forEach((row, index) => {
      out.push(`  /** ${row.doc}. */`, `  ${row.name}: ${index},`);
    });
    out.push(
      "} as const;",
      `export const ${name}_NAMES = ${JSON.stringify(values.map((row) => row.name))} as const;`,
    );
    for (const key of ["wire", "kid"] as const) {
      if (!values.every((row) => row[key] !== undefined)) continue;
      out.push(
        `export const ${name}_${key.toUpperCase()}S = ${JSON.stringify(values.map((row) => row[key]))} as const;`,
      );
    }
  }
  out.push(
    "",
    "/** Imports of module `board`: number of parameters, and whether it returns a status. */",
  );
  out.push("export const IMPORTS = {");
  for (const { name, params, result } of abi.imports) {
    out.push(`  ${name}: { params: ${params.length}, returns: ${result !== null} },`);
  }
  out.push(
    "} as const;",
    "",
    "/** Exports that a guest must have, besides `memory`. */",
    "export const EXPORTS = {",
  );
  for (const { name, params, result } of abi.exports) {
    out.push(`  ${name}: { params: ${params.length}, returns: ${result !== null} },`);
  }
  out.push(
    "} as const;",
    "",
    "/** Exports of a guest. */",
    "export interface GuestExports {",
    "  memory: WebAssembly.Memory;",
  );
  for (const { name, params, result } of abi.exports) {
    const list = params.map(([param]) => `${param}: number`).join(", ");
    out.push(`  ${name}(${list}): ${result ? "number" : "void"};`);
  }
  out.push(
    "}",
    "",
    "/** Imports of a guest, as the host implements them. */",
    "export interface BoardImports {",
  );
  for (const { name, params, result } of abi.imports) {
    const list = params.map(([param]) => `${param}: number`).join(", ");
    out.push(`  ${name}(${list}): ${result ? "number" : "void"};`);
  }
  out.push("}");
  return `${out.join("\n")}\n`;
}

function cHeader(abi: Abi): string {
  const out = [`/* ${HEAD} */`, "#ifndef ABI_GEN_H", "#define ABI_GEN_H", ""];
  for (const { name, value, doc } of constantsOf(abi)) {
    out.push(`/* ${doc}. */`, `#define KS_${name} ${value}u`);
  }
  for (const { name, doc, values } of abi.enums) {
    out.push("", `/* ${doc}. */`, "enum {");
    values.forEach((row, index) => {
      out.push(`    KS_${name}_${row.name} = ${index}, /* ${row.doc}. */`);
    });
    out.push(`    KS_${name}_COUNT = ${values.length}`, "};");
    out.push(`#define KS_${name}_NAMES ${values.map((row) => `"${row.name}"`).join(", ")}`);
    if (values.every((row) => row.kid !== undefined)) {
      out.push(`#define KS_${name}_KIDS ${values.map((row) => `"${row.kid}"`).join(", ")}`);
    }
  }
  out.push(
    "",
    "/* X(name, wasm3 signature) for every import of module `board`. */",
    "#define KS_IMPORTS(X) \\",
  );
  out.push(
    abi.imports
      .map(
        ({ name, params, result }) =>
          `    X(${name}, "${result ? "i" : "v"}(${"i".repeat(params.length)})")`,
      )
      .join(" \\\n"),
  );
  out.push(
    "",
    "/* X(name, parameters, results) for every export that a guest must have, besides its memory. */",
    "#define KS_EXPORTS(X) \\",
  );
  out.push(
    abi.exports
      .map(({ name, params, result }) => `    X(${name}, ${params.length}, ${result ? 1 : 0})`)
      .join(" \\\n"),
  );
  out.push("", "#endif");
  return `${out.join("\n")}\n`;
}

function markdown(abi: Abi): string {
  const sign = ({ name, params, result }: Signature) =>
    `\`${name}(${params.map(([param]) => param).join(", ")})${result ? ` -> ${result}` : ""}\``;
  const out = [
    "# The guest ABI",
    "",
    `${HEAD} Version ${abi.version}. All parameters are i32.`,
    "",
  ];
  out.push("## Imports (module `board`)", "", "| import | what it does |", "| --- | --- |");
  for (const row of abi.imports) out.push(`| ${sign(row)} | ${row.doc} |`);
  out.push("", "## Exports", "", "| export | what it does |", "| --- | --- |");
  for (const row of abi.exports) out.push(`| ${sign(row)} | ${row.doc} |`);
  out.push(
    "| `memory` | One page of 64 KiB at most |",
    "",
    "## Constants",
    "",
    "| name | value | meaning |",
    "| --- | --- | --- |",
  );
  for (const { name, value, doc } of constantsOf(abi))
    out.push(`| \`${name}\` | ${value} | ${doc} |`);
  for (const { name, doc, values } of abi.enums) {
    out.push(
      "",
      `## ${name}`,
      "",
      `${doc}.`,
      "",
      "| value | name | meaning |",
      "| --- | --- | --- |",
    );
    values.forEach((row, index) => {
      const label = row.wire ?? row.kid;
      out.push(`| ${index} | \`${row.name}\`${label ? ` (\`${label}\`)` : ""} | ${row.doc} |`);
    });
  }
  return `${out.join("\n")}\n`;
}

interface Field {
  name: string;
  offset: number;
  type: string;
  count?: number;
  doc: string;
}
interface Layout {
  bytes: number;
  fields: Field[];
}

const LAYOUT_SOURCE = "firmware/state.json";
const LAYOUT_HEAD = `Generated from ${LAYOUT_SOURCE} by \`npm run gen\`. Do not edit.`;

const bytesOf = (type: string) => Number(/[0-9]+$/.exec(type)?.[0]) / 8;
const camelCase = (name: string) =>
  name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/**
 * Members for an array. AssemblyScript has no arrays inside a class, so unused fields reserve the space,
 * of the widest type that the offset and the length allow. Code reads an array of bytes by its address,
 * and any other array through a getter and a setter that take an index.
 */
function arrayMembers({ name, offset, type, doc }: Field, count: number): string[] {
  const size = bytesOf(type);
  const word = [8, 4, 2, 1].find((bytes) => (offset | (size * count)) % bytes === 0) ?? 1;
  const field = camelCase(name);
  const room = Array.from(
    { length: (size * count) / word },
    (_, index) => `  private ${field}${index}: u${word * 8};`,
  );
  const at = `changetype<usize>(this) + ${offset}`;
  if (type === "u8") {
    return [
      ...room,
      `  /** ${doc}. Address of ${count} bytes. */`,
      `  @inline get ${field}Ptr(): usize {`,
      `    return ${at};`,
      "  }",
    ];
  }
  const place = `${at} + (index as usize) * ${size}`;
  const capital = `${field.charAt(0).toUpperCase()}${field.slice(1)}`;
  return [
    ...room,
    `  /** ${doc}. \`index\` < ${count}. */`,
    `  @inline get${capital}(index: u32): ${type} {`,
    `    return load<${type}>(${place});`,
    "  }",
    `  @inline set${capital}(index: u32, value: ${type}): void {`,
    `    store<${type}>(${place}, value);`,
    "  }",
  ];
}

/** Throws if a field is not where AssemblyScript puts it: after the previous one, aligned to its size. */
function checkOffsets({ bytes, fields }: Layout): void {
  let end = 0;
  for (const { name, offset, type, count } of fields) {
    const size = bytesOf(type);
    const expected = Math.ceil(end / size) * size;
    if (offset !== expected)
      throw new Error(`${LAYOUT_SOURCE}: ${name}: offset ${offset} must be ${expected}`);
    end = offset + size * (count ?? 1);
  }
  if (end > bytes) throw new Error(`${LAYOUT_SOURCE}: the fields need ${end} bytes, not ${bytes}`);
}

function layoutAssemblyScript(layout: Layout): string {
  const { bytes, fields } = layout;
  checkOffsets(layout);
  const out = [
    `// ${LAYOUT_HEAD}`,
    "// The guest's state region as a class.",
    "",
    "/** Start of the region. */",
    `export const STATE: usize = memory.data(${bytes}, 8);`,
    "/** Its length in bytes. */",
    `export const STATE_LEN: u32 = ${bytes};`,
    "",
    "@unmanaged",
    "export class State {",
  ];
  for (const field of fields) {
    if (field.count !== undefined) out.push(...arrayMembers(field, field.count));
    else out.push(`  /** ${field.doc}. */`, `  ${camelCase(field.name)}: ${field.type};`);
  }
  out.push("}", "", "export const state: State = changetype<State>(STATE);");
  return `${out.join("\n")}\n`;
}

function layoutTypeScript({ bytes, fields }: Layout): string {
  const out = [`/** ${LAYOUT_HEAD} */`, ""];
  out.push(
    "/** Size of the guest's state region, in bytes. */",
    `export const STATE_BYTES = ${bytes};`,
  );
  out.push(
    "",
    "/** Its fields: offset in the region, size of an element in bytes, number of elements. */",
  );
  out.push("export const STATE_FIELDS = {");
  for (const { name, offset, type, count, doc } of fields) {
    out.push(`  /** ${doc}. */`);
    out.push(`  ${name}: { offset: ${offset}, size: ${bytesOf(type)}, count: ${count ?? 1} },`);
  }
  out.push("} as const;", "export type StateField = keyof typeof STATE_FIELDS;");
  return `${out.join("\n")}\n`;
}

const abi = JSON.parse(readFileSync(SOURCE, "utf8")) as Abi;
const layout = JSON.parse(readFileSync(LAYOUT_SOURCE, "utf8")) as Layout;

const OUTPUTS: [string, string, () => string][] = [
  ["firmware/device/abi.gen.ts", SOURCE, () => assemblyScript(abi)],
  ["host-sim/abi/abi.gen.ts", SOURCE, () => typeScript(abi)],
  ["boards/runtime/abi.gen.h", SOURCE, () => cHeader(abi)],
  ["docs/ABI.md", SOURCE, () => markdown(abi)],
  ["firmware/device/state.gen.ts", LAYOUT_SOURCE, () => layoutAssemblyScript(layout)],
  ["host-sim/abi/state.gen.ts", LAYOUT_SOURCE, () => layoutTypeScript(layout)],
];

const check = process.argv.includes("--check");
for (const [path, source, render] of OUTPUTS) {
  const text = render();
  if (!check) {
    writeFileSync(path, text);
    continue;
  }
  let have = "";
  try {
    have = readFileSync(path, "utf8");
  } catch {
    // A missing copy counts as stale.
  }
  if (have !== text) {
    process.stderr.write(`gen: ${path} is older than ${source}: run \`npm run gen\`\n`);
    process.exitCode = 1;
  }
}
