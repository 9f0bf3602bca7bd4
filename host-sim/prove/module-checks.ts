/**
 * What a module's shape alone proves: the gate can be reached by nothing, the guest only by its table,
 * and where a guest may keep state. Must not know what either does.
 */
import binaryen from "binaryen";
import { EXIT, UserError } from "../base/errors.ts";

/** The gate is pure: no import, no memory, no global. Returns the rules broken. Throws UserError. */
export function gateModuleChecks(bytes: Uint8Array<ArrayBuffer>): string[] {
  if (!WebAssembly.validate(bytes))
    throw new UserError("the gate is not WebAssembly", EXIT.BAD_FILE);
  const module = new WebAssembly.Module(bytes);
  const broken: string[] = [];
  if (WebAssembly.Module.imports(module).length > 0) broken.push("the gate imports nothing");
  const others = WebAssembly.Module.exports(module).filter(({ kind }) => kind !== "function");
  if (others.length > 0) broken.push("the gate exports functions and nothing else");
  const parsed = binaryen.readBinary(bytes);
  if (parsed.getNumGlobals() > 0) broken.push("the gate has no global");
  if (parsed.hasMemory()) broken.push("the gate has no memory");
  parsed.dispose();
  return broken;
}

export interface GuestShape {
  /** Constant bytes of the page, [start, end), in ascending order. */
  constants: [number, number][];
  /** Rules broken. */
  broken: string[];
}

/** What binaryen's type declarations leave out. */
interface DataSegments {
  getNumDataSegments(): number;
  getDataSegmentInfo(segment: number): { offset: number; data: ArrayBuffer };
}

/** The optimiser drops a constant's trailing zeroes: a segment's end is taken to the next word. */
const SEGMENT_ALIGN = 4;

/** What a guest can reach and where it can keep anything. `imports`: the table's names. */
export function guestModuleChecks(
  bytes: Uint8Array<ArrayBuffer>,
  imports: readonly string[],
): GuestShape {
  const module = new WebAssembly.Module(bytes);
  const broken: string[] = [];
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from !== "board" || kind !== "function" || !imports.includes(name))
      broken.push(`the guest reaches the board by its table alone, not by ${from}.${name}`);
  }
  const parsed = binaryen.readBinary(bytes);
  for (let index = 0; index < parsed.getNumGlobals(); index++) {
    const { mutable, name } = binaryen.getGlobalInfo(parsed.getGlobalByIndex(index));
    if (mutable) broken.push(`all mutable state lies in the state region, not in global ${name}`);
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
