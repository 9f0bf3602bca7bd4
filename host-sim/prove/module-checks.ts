/**
 * What a module's imports, exports, globals and data show before it runs: nothing can reach the gate, the
 * guest reaches its host only through the ABI, and a guest has no mutable state outside its memory.
 */
import binaryen from "binaryen";
import { EXIT, UserError } from "../base/errors.ts";

/** The rules that a gate breaks. Throws a UserError if the bytes are not WebAssembly. */
export function gateModuleChecks(bytes: Uint8Array<ArrayBuffer>): string[] {
  if (!WebAssembly.validate(bytes))
    throw new UserError(
      "the gate is not a WebAssembly module: give the gate.wasm of `npm run build`",
      EXIT.BAD_FILE,
    );
  const module = new WebAssembly.Module(bytes);
  const broken: string[] = [];
  if (WebAssembly.Module.imports(module).length > 0) broken.push("the gate imports nothing");
  const others = WebAssembly.Module.exports(module).filter(({ kind }) => kind !== "function");
  if (others.length > 0) broken.push("the gate exports only functions");
  const parsed = binaryen.readBinary(bytes);
  if (parsed.getNumGlobals() > 0) broken.push("the gate has no global");
  if (parsed.hasMemory()) broken.push("the gate has no memory");
  parsed.dispose();
  return broken;
}

export interface GuestChecks {
  /** The constant bytes of the page, [start, end), in ascending order. */
  constants: [number, number][];
  /** The rules that the guest breaks. */
  broken: string[];
}

/** Functions that binaryen's type declarations leave out. */
interface DataSegments {
  getNumDataSegments(): number;
  getDataSegmentInfo(segment: number): { offset: number; data: ArrayBuffer };
}

/** The optimiser drops the trailing zeroes of a constant, so a segment's end is rounded up to a word. */
const SEGMENT_ALIGN = 4;

/** Checks a guest's imports and globals, and finds its constants. `imports`: names in the ABI. */
export function guestModuleChecks(
  bytes: Uint8Array<ArrayBuffer>,
  imports: readonly string[],
): GuestChecks {
  const module = new WebAssembly.Module(bytes);
  const broken: string[] = [];
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from !== "board" || kind !== "function" || !imports.includes(name))
      broken.push(`the guest imports only the functions of docs/ABI.md, not ${from}.${name}`);
  }
  const parsed = binaryen.readBinary(bytes);
  for (let index = 0; index < parsed.getNumGlobals(); index++) {
    const { mutable, name } = binaryen.getGlobalInfo(parsed.getGlobalByIndex(index));
    if (mutable) broken.push(`all mutable state is in the state region, not in global ${name}`);
  }
  const constants: [number, number][] = [];
  const segments = parsed as unknown as DataSegments;
  for (let index = 0; index < segments.getNumDataSegments(); index++) {
    const info = segments.getDataSegmentInfo(parsed.getDataSegmentByIndex(index));
    const end = info.offset + info.data.byteLength;
    constants.push([info.offset, Math.ceil(end / SEGMENT_ALIGN) * SEGMENT_ALIGN]);
  }
  parsed.dispose();
  return { constants: constants.sort(([a], [b]) => a - b), broken };
}
